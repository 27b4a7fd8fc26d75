"""P10: a search that cannot find is no test; so what it has to find is written in every form, and it has to find it."""

import base64
import bz2
import gzip
import html
import io
import json
import lzma
import os
import quopri
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from client.domain.certificate import SerialNo
from printing.desk.press import FilePress
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from tests.leak_search import LeakSearch
from tests.store_builders import an_issue

UNICODE = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
JAPANESE = ("cp932", "euc_jp", "iso2022_jp", "shift_jis_2004", "euc_jis_2004", "iso2022_jp_2004")
NAME = "邊\U000e0101𠮷野　彌太郎左衛門"  # a variant, a letter of plane 2, a wide space
READING = "ナベヨシノ　ヤタロウザエモン"
PLACE = "曼珠沙華通り９９９番ＡＢハイツ７７７"
LATIN = "Zyxwvuts Qponmlkj"
KEY = bytes(range(7, 39))
SEARCH = LeakSearch([NAME, READING, PLACE, LATIN], {"a key": KEY})
LEGACY = "彌太郎左衛門"  # what every Japanese encoding has of it


def base64_after(text: bytes, letters: int) -> bytes:
    return base64.b64encode(b"x" * letters + text + b"yy")


def octal(text: bytes) -> bytes:
    return "".join(f"\\{byte:03o}" for byte in text).encode()


def packed_with_zip(text: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a/b.txt", text)
    return out.getvalue()


TEXT_FORMS: dict[str, Callable[[str], bytes]] = {
    **{encoding: lambda text, encoding=encoding: text.encode(encoding) for encoding in UNICODE},  # type: ignore[misc]  # mypy sees no type in the default
    **{encoding: lambda text, encoding=encoding: text.encode(encoding, "ignore") for encoding in JAPANESE},  # type: ignore[misc]  # the same
    "JSON": lambda text: json.dumps(text).encode(),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)).encode(),
    "JSON as UTF-16": lambda text: json.dumps(text).encode("utf-16"),
    "Python": lambda text: text.encode("unicode_escape"),
    "Python bytes": lambda text: repr(text.encode()).encode(),
    "percent": lambda text: urllib.parse.quote(text).encode(),
    "percent as cp932": lambda text: urllib.parse.quote(text, encoding="cp932", errors="ignore").encode(),
    "percent-u": lambda text: json.dumps(text).replace("\\u", "%u").encode(),
    "HTML numbers": lambda text: text.encode("ascii", "xmlcharrefreplace"),
    "HTML hex": lambda text: "".join(f"&#x{ord(letter):X};" for letter in text).encode(),
    "JavaScript": lambda text: "".join(f"\\u{{{ord(letter):x}}}" for letter in text).encode(),
    "HTML": lambda text: html.escape(text).encode(),
    "octal": lambda text: octal(text.encode()),
    "quoted-printable": lambda text: quopri.encodestring(text.encode()),
    "hex": lambda text: text.encode().hex().encode(),
    "HEX of UTF-16": lambda text: text.encode("utf-16-be").hex().upper().encode(),
    "PDF hex string": lambda text: b"<FEFF" + text.encode("utf-16-be").hex().encode() + b">",
    "PDF string": lambda text: (
        b"("
        + text.encode("utf-16-be").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        + b")"
    ),
    "PDF octal string": lambda text: b"(\\376\\377" + octal(text.encode("utf-16-be")) + b")",
    **{
        f"base64 of {encoding} after {letters}": lambda text, letters=letters, encoding=encoding: (
            base64_after(  # type: ignore[misc]  # as above
                text.encode(encoding, "ignore"), letters
            )
        )
        for letters in range(3)
        for encoding in ("utf-8", "utf-16-le", "cp932")
    },
    "base64 in lines": lambda text: base64.encodebytes(os.urandom(40) + text.encode() * 4),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(b"\xfb\xef" + text.encode()).rstrip(b"="),
    "without selectors": lambda text: text.replace("\U000e0101", "").encode(),
    "without spaces": lambda text: text.replace("　", "").encode(),
}
WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zlib, quick": lambda text: zlib.compress(text, 1),
    "zip": packed_with_zip,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "base64": base64.b64encode,
    "hex": lambda text: text.hex().encode(),
    "among noise": lambda text: os.urandom(3001) + text + os.urandom(999),
}


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_a_name_is_found_written_as(form: str) -> None:
    written = TEXT_FORMS[form](NAME)
    assert SEARCH.in_bytes(os.urandom(501) + written + os.urandom(77))


@pytest.mark.parametrize("encoding", JAPANESE)
@pytest.mark.parametrize("instead", ["ignore", "replace"])
def test_what_an_old_encoding_has_of_a_name_is_found(encoding: str, instead: str) -> None:
    written = ("氏名 " + NAME + " 様").encode(encoding, instead)
    assert any(LEGACY in leak for leak in SEARCH.in_bytes(b"x" * 31 + written))


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("cp932", "髙髙髙髙"),
        ("shift_jis_2004", "𠮟剝𩸽剝"),
        ("euc_jis_2004", "𠮟剝𩸽剝"),
        ("iso2022_jp_2004", "𠮟剝𩸽剝"),
        ("euc_jp", "丄丅丌丟"),
        ("iso2022_jp_1", "丄丅丌丟"),
    ],
)
def test_a_name_is_found_whose_letters_one_old_encoding_alone_has(encoding: str, name: str) -> None:
    assert LeakSearch([name]).in_bytes(b"ab" + f"は{name}様".encode(encoding) + b"cd")


@pytest.mark.parametrize(
    "spelt",
    [
        "なべよしの　やたろうざえもん",
        "ﾅﾍﾞﾖｼﾉ ﾔﾀﾛｳｻﾞｴﾓﾝ",
        "ナベヨシノヤタロウザエモン",
        "曼珠沙華通り999番ABハイツ777",
        "曼珠沙華通り999番abハイツ777",
        "ＺＹＸＷＶＵＴＳ　ＱＰＯＮＭＬＫＪ",
        "ZYXWVUTS QPONMLKJ",
        "zyxwvutsqponmlkj",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "cp932"])
def test_another_spelling_is_found(spelt: str, encoding: str) -> None:
    assert SEARCH.in_bytes(b"\0" + spelt.encode(encoding) + b"\0")


@pytest.mark.parametrize(
    "written",
    [KEY, KEY.hex().encode(), KEY.hex().upper().encode(), base64.b64encode(KEY), repr(KEY).encode()],
)
def test_a_key_is_found(written: bytes) -> None:
    assert any("a key" in leak for leak in SEARCH.in_bytes(b"key=" + written + b"\n"))


@given(st.sampled_from(sorted(TEXT_FORMS)), st.lists(st.sampled_from(sorted(WRAPPINGS)), max_size=3))
def test_a_name_is_found_however_it_is_wrapped(form: str, wrappings: list[str]) -> None:
    content = TEXT_FORMS[form](NAME)
    for wrapping in wrappings:
        content = WRAPPINGS[wrapping](content)
    assert SEARCH.in_bytes(content), (form, wrappings)


@given(st.binary(max_size=4000), st.lists(st.sampled_from(sorted(WRAPPINGS)), max_size=2))
def test_what_is_not_there_is_not_found(content: bytes, wrappings: list[str]) -> None:
    for wrapping in wrappings:
        content = WRAPPINGS[wrapping](content)
    assert SEARCH.in_bytes(content) == []


@pytest.mark.parametrize("wrapping", ["gzip", "zlib"])
def test_a_torn_stream_is_read_as_far_as_it_goes(wrapping: str) -> None:
    whole = WRAPPINGS[wrapping](NAME.encode() + os.urandom(9000))
    assert SEARCH.in_bytes(whole[: len(whole) // 2])


def test_a_file_is_searched_its_name_where_it_leads_and_what_is_tied_to_it(tmp_path: Path) -> None:
    (tmp_path / "deep/deeper").mkdir(parents=True)
    (tmp_path / "deep/deeper/one").write_bytes(NAME.encode("utf-16-le"))
    (tmp_path / f"{LATIN}.log").touch()
    (tmp_path / "recent").symlink_to(tmp_path / NAME)
    (tmp_path / "left out").mkdir()
    (tmp_path / "left out/two").write_bytes(NAME.encode())
    found = {leak.split(":")[0] for leak in SEARCH.in_folder(tmp_path, leave_out=("left out/",))}
    assert found == {"deep/deeper/one", f"{LATIN}.log", "recent"}
    try:
        os.setxattr(tmp_path / "left out", "user.origin", NAME.encode())
    except OSError:
        return  # this file system has none
    assert any("attribute" in leak for leak in SEARCH.in_folder(tmp_path))


@pytest.mark.asyncio
async def test_a_name_on_a_paper_is_found_though_the_paper_has_glyphs_and_no_letters(tmp_path: Path) -> None:
    draft = an_issue()
    number = SerialNo(draft.day, "あおぞら市", "T0002", "プリンタ001", 1)
    press = FilePress(FontChain(find_fonts()), tmp_path, "プリンタ001")
    try:
        await press.print(replace(draft.decided, serial=number, seal=None), job_name="x")
    finally:
        press.close()
    name = draft.decided.members[0].name.text
    leaks = list(LeakSearch([name]).in_folder(tmp_path))
    assert any("PDF > " in leak for leak in leaks), name

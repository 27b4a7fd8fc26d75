"""Files that are not what they should be: refused or listed, never half loaded, never quoted."""

import os
import zipfile
from pathlib import Path

import pytest

from cloud.founding import is_founded
from cloud.layout.faults import DeliveryError
from cloud.layout.items import open_layout
from cloud.layout.source import open_source
from tests.cloud.cloud_builders import CODE, tiny_town
from tests.cloud.layout_builders import (
    LAYOUT,
    Loaded,
    a_delivery,
    a_register,
    a_town,
    everything,
    export,
    load,
    person,
    write_file,
)

TARO, HANAKO = "1000000014", "1000000022"


def refused(folder: Path, source: Path, accept_errors: int = 0) -> Loaded:
    """Load what cannot be loaded; nothing of it may be there."""
    register = a_register(folder, "town")
    loaded = load(register, source, accept_errors=accept_errors)
    assert not loaded.told.loaded
    assert not is_founded(register.engine, CODE)
    assert not any(everything(register).values())
    return loaded


def changed(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))


@pytest.mark.parametrize(
    ("encoding", "cause"),
    [
        ("cp932", "文字コードが違う"),
        ("euc_jp", "文字コードが違う"),
        ("utf-16", "項目名の行が項目定義と合わない"),
    ],
)
def test_another_encoding_is_told_before_a_row_is_read(tmp_path: Path, encoding: str, cause: str) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO, full_name="渡辺　太郎", address_town="みどり県")])
    path = source / "resident.csv"
    path.write_bytes(path.read_text("utf-8").encode(encoding))
    assert refused(tmp_path, source, accept_errors=9).causes[-1] == cause


def test_a_broken_letter_is_named_by_row_and_item(tmp_path: Path) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO), person(HANAKO, full_name="○")])
    changed(source / "resident.csv", "○".encode(), b"\xe8\xbe")
    loaded = refused(tmp_path, source)
    assert loaded.places[-1] == ("resident.csv", "3", "7")
    assert loaded.causes[-1] == "使えない文字（NUL か壊れた文字）がある"


def test_a_byte_order_mark_is_tolerated(tmp_path: Path) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO)])
    for path in source.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load(a_register(tmp_path, "town"), source).told.loaded


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_rows_may_end_either_way(tmp_path: Path, end: bytes) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO, remarks="一行\r\n二行\n三行")])
    before = (source / "resident.csv").read_bytes()
    kept = before.replace("一行\r\n二行".encode(), b"\0").replace(b"\r\n", end)
    (source / "resident.csv").write_bytes(kept.replace(b"\0", "一行\r\n二行".encode()))
    register = a_register(tmp_path, "town")
    assert load(register, source).told.loaded
    assert everything(register)["resident"][0]["remarks"] == "一行\r\n二行\n三行"


def test_a_file_cut_off_within_quotes_is_never_accepted(tmp_path: Path) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO), person(HANAKO, remarks="一,二")])
    path = source / "resident.csv"
    path.write_bytes(path.read_bytes()[:-6])
    assert "引用符が閉じないままファイルが終わる" in refused(tmp_path, source, accept_errors=99).causes


@pytest.mark.parametrize("lines_lost", [1, 2])
def test_a_file_cut_off_between_rows_is_found_by_the_list_sent_along(tmp_path: Path, lines_lost: int) -> None:
    town = a_town(a_register(tmp_path, "first"), tiny_town())
    out = export(town, tmp_path / "out")
    lines = (out / "resident.csv").read_bytes().splitlines(keepends=True)
    (out / "resident.csv").write_bytes(b"".join(lines[:-lines_lost]))
    loaded = refused(tmp_path, out, accept_errors=99)
    assert "送付一覧の件数かハッシュ値と合わない" in loaded.causes


def test_a_missing_file_is_found_by_the_list_sent_along(tmp_path: Path) -> None:
    out = export(a_town(a_register(tmp_path, "first"), tiny_town()), tmp_path / "out")
    (out / "block.csv").unlink()
    assert "送付一覧にあるファイルがない" in refused(tmp_path, out, accept_errors=99).causes


def test_a_delivery_without_residents_founds_no_town(tmp_path: Path) -> None:
    source = a_delivery(tmp_path / "in", [])
    (source / "resident.csv").unlink()
    assert "必須のファイルがない" in refused(tmp_path, source).causes


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        (b"\r\n1", b"\r\n1,1", "項目の数が多すぎる"),
        (b",1,1,1,", b",1,1,", "項目の数が足りない"),
        ("渡邉".encode(), b"\0", "使えない文字（NUL か壊れた文字）がある"),
        (b",19830412", b",19831312", "日付でない"),
        (b",19830412", b",1983/4/12", "日付でない"),
        ("氏名_漢字".encode(), "氏名".encode(), "項目名の行が項目定義と合わない"),
        ("渡邉".encode(), b'w"x"', "引用符か改行の使い方が誤り。行の区切りが信じられない"),
        ("渡邉".encode(), b"w\rx", "引用符か改行の使い方が誤り。行の区切りが信じられない"),
        ("渡邉".encode(), "渡邉󠄐".encode() * 201, "長さが項目定義を超える"),
        (b"1000000014,1,", b"1000000014,x,", "数値でない"),
        (b"1000000014,1,", b"1000000014,10000,", "長さが項目定義を超える"),
        (b",1,1,1,", b",1,7,1,", "コード一覧にない"),
        (b"1000000014,1,", b",1,", "必須の項目がない"),
    ],
)
def test_a_wrong_row_is_listed_with_its_cause(tmp_path: Path, old: bytes, new: bytes, cause: str) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO)])
    changed(source / "resident.csv", old, new)
    loaded = refused(tmp_path, source)
    assert cause in loaded.causes


def test_no_list_quotes_a_value_or_a_strange_file_name(tmp_path: Path) -> None:
    source = a_delivery(
        tmp_path / "in", [person("9999999", sex="渡邉", birth_sort="渡邉", history_no="渡邉")]
    )
    (source / "=渡邉.csv").write_text("渡邉")
    loaded = refused(tmp_path, source)
    for report in loaded.report.iterdir():
        content = report.read_text("utf-8-sig")
        assert "渡邉" not in content, report.name
        assert "9999999" not in content, report.name
        assert report.stat().st_mode & 0o077 == 0
    assert "（名前を示さない）" in loaded.list_text


def test_a_field_of_ten_megabytes_is_passed_over_not_held(tmp_path: Path) -> None:
    names = [{"phone_id": "1", "number": "x" * 10_000_000}, {"phone_id": "2", "number": "0990"}]
    source = a_delivery(tmp_path / "in", [person(TARO)])
    write_file(source, "phone", names)  # type: ignore[arg-type]  # every value is a text
    register = a_register(tmp_path, "town")
    loaded = load(register, source, accept_errors=1)
    assert loaded.told.loaded
    assert "行が長すぎる" in loaded.causes
    assert [row["phone_id"] for row in everything(register)["phone"]] == ["2"]


def test_statements_in_every_text_field_are_texts(tmp_path: Path) -> None:
    attack = "'); DROP TABLE resident; --"
    texts: dict[str, str | None] = {
        item.column: attack
        for items in LAYOUT.files
        if items.table == "resident"
        for item in items.item
        if item.type == "text" and item.length >= len(attack) and not item.required
    }
    source = a_delivery(tmp_path / "in", [person(TARO) | texts])
    register = a_register(tmp_path, "town")
    assert load(register, source).told.loaded
    row = everything(register)["resident"][0]
    assert len(texts) > 20
    assert {column: row[column] for column in texts} == texts


def test_a_formula_comes_in_as_it_is(tmp_path: Path) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO, remarks="=cmd|'/c calc'!A1")])
    register = a_register(tmp_path, "town")
    assert load(register, source).told.loaded
    assert everything(register)["resident"][0]["remarks"] == "=cmd|'/c calc'!A1"


def test_after_too_many_errors_reading_ends(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "layout.toml").write_text("[limits]\nerrors = 10\n")
    source = a_delivery(tmp_path / "in", [person(f"{number:010}", sex="x") for number in range(50)])
    loaded = load(a_register(tmp_path, "town"), source, layout=open_layout(tmp_path / "own"))
    assert not loaded.told.loaded
    assert loaded.causes[-1] == "誤りが多すぎるので読むのをやめた"
    assert len(loaded.causes) < 25  # of each row a warning too


# zips


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("../resident.csv", b"x", "file_path"),
        ("/etc/passwd", b"x", "file_path"),
        ("C:resident.csv", b"x", "file_path"),
        ("..\\resident.csv", b"x", "file_path"),
        ("folder/", b"", "file_path"),
        ("resident.csv", b"0" * 30_000_000, "file_bomb"),
        ("RESIDENT.CSV", b"x", "file_twice"),
    ],
)
def test_a_zip_that_means_harm_is_not_opened(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    members = {"Resident.csv": b"x", name: content} if code == "file_twice" else {name: content}
    path = packed(tmp_path / "in.zip", members)
    with pytest.raises(DeliveryError) as caught:
        open_source(path, LAYOUT.settings.limits)
    assert caught.value.code == code


def test_a_zip_of_too_many_or_too_large_files_is_not_opened(tmp_path: Path) -> None:
    many = packed(tmp_path / "many.zip", {f"{number}.csv": b"" for number in range(201)})
    with pytest.raises(DeliveryError, match="file_too_large"):
        open_source(many, LAYOUT.settings.limits)
    (tmp_path / "layout.toml").write_text("[limits]\nbytes = 1000\n")
    large = packed(tmp_path / "large.zip", {"a.csv": os.urandom(600), "b.csv": os.urandom(600)})
    with pytest.raises(DeliveryError, match="file_too_large"):
        open_source(large, open_layout(tmp_path).settings.limits)


def test_a_damaged_zip_loads_nothing(tmp_path: Path) -> None:
    out = export(a_town(a_register(tmp_path, "first"), tiny_town()), tmp_path / "out.zip")
    content = bytearray(out.read_bytes())
    with zipfile.ZipFile(out) as whole:
        start = whole.getinfo("resident.csv").header_offset
    content[start + 100 : start + 140] = bytes(40)
    out.write_bytes(content)
    assert "ファイルが壊れている" in refused(tmp_path, out, accept_errors=99).causes
    out.write_bytes(b"PK")
    with pytest.raises(DeliveryError, match="file_damaged"):
        open_source(out, LAYOUT.settings.limits)


def test_files_that_say_they_are_of_another_town_are_refused(tmp_path: Path) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO)])
    write_file(source, "town", [{"code": "131016", "name": "千代田区"}])
    assert "ほかの自治体のファイル" in refused(tmp_path, source, accept_errors=99).causes


@pytest.mark.parametrize(
    ("flag", "code"), [(0x1, "file_locked"), (0x20, "file_damaged"), (0x40, "file_locked")]
)
def test_a_zip_with_a_password_is_not_opened(tmp_path: Path, flag: int, code: str) -> None:
    path = packed(tmp_path / "in.zip", {"resident.csv": b"x"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= flag
    path.write_bytes(content)
    with pytest.raises(DeliveryError, match=code):
        open_source(path, LAYOUT.settings.limits)

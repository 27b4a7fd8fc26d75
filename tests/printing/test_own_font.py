"""A town's own letters are drawn exactly from their outlines, on screen and paper, or named as missing."""

import io
from pathlib import Path

import pypdf
import pytest
import uharfbuzz as hb  # type: ignore[import-untyped]  # has no types
from hypothesis import given
from hypothesis import strategies as st

from client.domain.errors import PaperError
from client.domain.gaiji import Gaiji
from printing.desk.draw import Drawer
from printing.desk.picture import pictures
from printing.layout import outlines
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from printing.layout.own_font import NO_OWN_FONT, build
from printing.layout.page import Page, Text
from tests.printing.test_drawing import embedded_font, outline

BAR = Gaiji("E001", "カツラ", outline=b"M120 100H880V160H120Z")
CURVED = Gaiji("F0001", mj_code="MJ026190", outline=b"M100 100 C 100 500 500 900 900 900 Q 500 500 100 100 Z")
BROKEN = {
    "nothing": b"",
    "words": b"a letter",
    "no numbers": b"M L",
    "half a number": b"M1 1 L 2",
    "not a number": b"M0 0 L nan inf Z",
    "too far": b"M0 0H1e9V10Z",
    "infinite": b"M0 0H1e999V10Z",
    "one point": b"M5 5Z",
    "one line": b"M5 5H900",
    "a picture": b"\x89PNG\r\n\x1a\n",
    "huge": b"M0 0" + b"H1V1" * 20_000,
    "many points": b"M0 0" + b"H1V1" * 4_000,
    "a file's name": b"M0 0H10V10Z <image href='/etc/passwd'/>",
}


def own_chain(*gaiji: Gaiji, strict: bool = True) -> FontChain:
    chain = FontChain(find_fonts(), strict=strict)
    chain.take_own(build(gaiji))
    return chain


def test_a_letter_is_drawn_exactly_from_its_outline() -> None:
    (glyph,) = own_chain(BAR).glyphs("\ue001")
    font = hb.Font(hb.Face(hb.Blob(build((BAR,)).data)))
    drawn = {at for _, at in outline(font, glyph.gid)}
    assert drawn == {(120, 780), (880, 780), (880, 720), (120, 720)}  # y upwards from a baseline at 880
    assert (glyph.advance_em, font.face.upem) == (1.0, 1000)


def test_the_same_rows_make_the_same_font() -> None:
    assert build((BAR, CURVED)).data == build((CURVED, BAR)).data
    assert build(()) is NO_OWN_FONT


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_outline_leaves_its_letter_missing_and_the_others_there(kind: str) -> None:
    made = build((BAR, Gaiji("E002", outline=BROKEN[kind])))
    assert made.faults == ("E002",)
    assert made.left_out == {"\ue002"}
    chain = own_chain(BAR, Gaiji("E002", outline=BROKEN[kind]))
    assert chain.missing("\ue001\ue002山") == ("\ue002",)
    with pytest.raises(PaperError) as refused:
        chain.glyphs("山\ue002")
    assert refused.value.facts == {"letters": "U+E002"}


def test_a_row_that_is_no_letter_is_of_no_use_and_named() -> None:
    made = build((Gaiji("9089", outline=BAR.outline), Gaiji("ZZ", outline=BAR.outline)))
    assert (made.data, made.faults, made.left_out) == (b"", ("9089", "ZZ"), frozenset())


@given(
    st.one_of(
        st.binary(max_size=80), st.text("MmLlHhVvCcSsQqTtAaZz0123456789eE+-., ", max_size=60).map(str.encode)
    )
)
def test_whatever_the_outline_it_is_drawn_or_refused(path: bytes) -> None:
    try:
        read = outlines.read(b"M0 0" + path)
    except ValueError:
        return
    assert outlines.font({"\ue000": read})


def test_private_use_comes_from_the_towns_font_alone() -> None:
    """IPAmj明朝 has signs of its maker's there."""
    chain = own_chain(BAR)
    assert hb.Font(hb.Face(hb.Blob.from_file_path(str(find_fonts()[0])))).get_nominal_glyph(0xF860)
    assert chain.missing("\uf860\ue001") == ("\uf860",)
    assert own_chain().missing("\ue001") == ("\ue001",)


def test_a_font_file_of_the_towns_draws_its_own_letters_but_not_those_the_register_has(
    tmp_path: Path,
) -> None:
    (tmp_path / "gaiji").mkdir()
    file = tmp_path / "gaiji" / "own.ttf"
    file.write_bytes(
        build((BAR, Gaiji("E005", outline=BAR.outline), Gaiji("E006", outline=BAR.outline))).data
    )
    chain = FontChain((*find_fonts(), file))
    assert [glyph.font for glyph in chain.glyphs("\ue001\ue005")] == [1, 1]
    chain.take_own(build((BAR, Gaiji("E006", outline=b"broken"))))
    assert [glyph.font for glyph in chain.glyphs("\ue001\ue005")] == [2, 1]
    assert chain.missing("\ue006") == ("\ue006",)


def test_a_changed_outline_is_drawn_from_then_on() -> None:
    chain = own_chain(BAR, strict=False)
    before = Drawer(chain)
    page = Page(210, 297, (Text("山\ue001", 20, 20, 24, 20),))
    first = before.pdf((page,), title="t")
    chain.take_own(build((Gaiji("E001", outline=CURVED.outline),)))
    assert before.pdf((page,), title="t") != first
    chain.take_own(NO_OWN_FONT)
    assert chain.missing("\ue001") == ("\ue001",)


def test_paper_has_the_letter_and_gives_it_back() -> None:
    chain = own_chain(BAR, CURVED)
    page = Page(210, 297, (Text("山\ue001\U000f0001", 20, 20, 24, 30),))
    pdf = Drawer(chain).pdf((page,), title="t")
    assert "山\ue001\U000f0001" in pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    inside = hb.Font(hb.Face(hb.Blob(embedded_font(pdf, "/F2"))))
    assert {at for _, at in outline(inside, 1)} == {(120, 780), (880, 780), (880, 720), (120, 720)}
    (picture,) = pictures(pdf, dpi=72)
    assert any(picture.pixels[at] < 100 for at in range(0, len(picture.pixels), 4))


@pytest.mark.parametrize(
    ("letter", "name"),
    [
        ("棃", "MJ014031"),
        ("梨", "MJ014007"),
        ("﨑", "MJ030196"),
        ("崎", "MJ010541"),
        ("髙", "MJ028902"),
        ("高", "MJ028901"),
        ("邉", "MJ026190"),
        ("邉\U000e0110", "MJ060248"),
        ("邉\U000e0111", "MJ060239"),
        ("葛\U000e0102", "MJ022335"),
        ("あ", None),
        ("A", None),
        ("邉\U000e0100", None),  # not in the font: no letter, no number
        ("\ue001", None),
        ("\U000f0001", "MJ026190"),  # what the register says of a letter of the town's own
        ("\ud800", None),
        ("", None),
    ],
)
def test_a_letter_is_called_by_the_number_of_the_glyph_that_draws_it(letter: str, name: str | None) -> None:
    assert own_chain(BAR, CURVED).mj_name(letter) == name


def test_letters_of_other_fonts_have_no_number() -> None:
    biz = Path("/usr/share/fonts/truetype/bizud-gothic/BIZUDPGothic-Regular.ttf")
    assert FontChain((biz,)).mj_name("高") is None

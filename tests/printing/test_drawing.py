"""The PDF says what the record says: extracted by three readers, drawn glyph by glyph, and nothing more in it."""

import io
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pypdf
import pypdfium2  # type: ignore[import-untyped]  # has no types
import pytest
import uharfbuzz as hb  # type: ignore[import-untyped]  # has no types
from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.errors import PaperError
from client.domain.letters import clusters
from printing.desk.draw import Drawer
from printing.desk.picture import pictures
from printing.desk.seal import read_mask
from printing.desk.truetype import TrueType
from printing.layout.fonts import find_font, find_fonts
from printing.layout.glyphs import FontChain
from printing.layout.page import MM_PER_POINT, Box, Image, Page, Text, Tone
from printing.papers.juminhyo_copy import pages
from tests.printing.paper_builders import (
    KATSURAGI,
    TSUJI,
    WATANABE,
    YOSHIDA,
    decided,
    family,
    foreigner,
    person,
    seal_png,
)

TITLE = "住民票の写し"
CHAIN = FontChain(find_fonts())
DRAWER = Drawer(CHAIN)
BIZ = find_font("BIZUDMincho-Regular.ttf", {"MADOGUCHI_FONT_DIR": "/usr/share/fonts/truetype/bizud-mincho"})


def by_pypdf(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def by_pdfium(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


def by_poppler(pdf: bytes) -> str:
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed (poppler-utils)")
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


READERS = {"pypdf": by_pypdf, "pdfium": by_pdfium, "poppler": by_poppler}


def bare(text: str) -> str:
    """Drop the white space readers put between runs, and nothing else."""
    return "".join(letter for letter in text if not letter.isspace())


def letters_in(pdf: bytes, font: str = "/F1") -> dict[str, int]:
    """Return each letter's code in a font of the PDF, from its ToUnicode."""
    resources = pypdf.PdfReader(io.BytesIO(pdf)).pages[0]["/Resources"]
    entry = resources["/Font"][font]  # type: ignore[index]  # pypdf types the page loosely
    lines = entry["/ToUnicode"].get_data().decode().splitlines()
    pairs = (line.strip("<>").split("> <") for line in lines if line.startswith("<"))
    return {bytes.fromhex(text).decode("utf-16-be"): int(code, 16) for code, text in pairs}


def embedded_font(pdf: bytes, font: str = "/F1") -> bytes:
    resources = pypdf.PdfReader(io.BytesIO(pdf)).pages[0]["/Resources"]
    descendant = resources["/Font"][font]["/DescendantFonts"][0].get_object()  # type: ignore[index]  # as above
    data: bytes = descendant["/FontDescriptor"]["/FontFile2"].get_data()
    return data


def outline(font: hb.Font, gid: int) -> list[tuple[str, tuple[float, ...]]]:
    """Return how a glyph is drawn, stroke by stroke."""
    strokes: list[tuple[str, tuple[float, ...]]] = []
    pen = hb.DrawFuncs()
    pen.set_move_to_func(lambda x, y, kept: kept.append(("m", (x, y))))
    pen.set_line_to_func(lambda x, y, kept: kept.append(("l", (x, y))))
    pen.set_quadratic_to_func(lambda *at: at[-1].append(("q", at[:-1])))
    pen.set_cubic_to_func(lambda *at: at[-1].append(("c", at[:-1])))
    font.draw_glyph(gid, pen, strokes)
    return strokes


SAMPLES = {
    "family": decided(),
    "foreign": decided((foreigner(), person(2)), show_as_of=True),
    "six": decided(family(6)),
}


def values(laid: tuple[Page, ...]) -> tuple[str, ...]:
    return tuple(field.text for page in laid for field in page.fields if ":label" not in field.name)


@pytest.mark.parametrize("reader", [by_pypdf, by_pdfium])
@pytest.mark.parametrize("sample", SAMPLES)
def test_every_value_comes_back_as_the_register_has_it(sample: str, reader: Callable[[bytes], str]) -> None:
    laid = pages(SAMPLES[sample], CHAIN)
    found = reader(DRAWER.pdf(laid, title=TITLE))
    assert [text for text in values(laid) if text not in found] == []


@pytest.mark.parametrize("sample", SAMPLES)
def test_poppler_agrees_but_for_the_white_space_it_makes_of_full_width_spaces(sample: str) -> None:
    laid = pages(SAMPLES[sample], CHAIN)
    found = bare(by_poppler(DRAWER.pdf(laid, title=TITLE)))
    assert [text for text in values(laid) if bare(text) not in found] == []


@pytest.mark.parametrize("reader", READERS)
def test_sequences_and_plane_two_come_back_letter_by_letter(reader: str) -> None:
    text = f"{WATANABE}{KATSURAGI}{TSUJI}{YOSHIDA}髙﨑"
    page = Page(210, 297, (Text(text, 20, 40, 14, CHAIN.width(text) * 14 * MM_PER_POINT),))
    assert bare(READERS[reader](DRAWER.pdf((page,), title=""))) == text


def test_the_glyph_drawn_is_the_sequences_own_and_not_the_bases() -> None:
    text = f"邉{WATANABE}葛{KATSURAGI}辻{TSUJI}𠮷"
    pdf = DRAWER.pdf((Page(210, 297, (Text(text, 20, 40, 14, 60),)),), title="")
    codes = letters_in(pdf)
    inside, source = (
        hb.Font(hb.Face(embedded_font(pdf))),
        hb.Font(hb.Face(hb.Blob.from_file_path(str(find_fonts()[0])))),
    )
    for glyph in CHAIN.glyphs(text):
        drawn = outline(inside, codes[glyph.cluster])
        assert drawn == outline(source, glyph.gid)
        assert drawn
    for base in ("邉", "葛", "辻"):
        exact = next(letter for letter in codes if letter.startswith(base) and len(letter) > 1)
        assert outline(inside, codes[base]) != outline(inside, codes[exact])


@settings(max_examples=30, deadline=None)  # a busy machine is no failure
@given(st.text(alphabet=st.sampled_from("山川邉葛𠮷髙A1　\U000e0110\U000e0102"), min_size=1, max_size=20))
def test_any_text_that_can_be_drawn_is_extracted_unchanged(text: str) -> None:
    if CHAIN.missing(text):
        with pytest.raises(PaperError):
            DRAWER.pdf((Page(210, 297, (Text(text, 5, 40, 8, 1),)),), title="")
        return
    pdf = DRAWER.pdf((Page(210, 297, (Text(text, 5, 40, 8, 1),)),), title="")
    assert set(letters_in(pdf)) == set(clusters(text))
    assert bare(by_pypdf(pdf)) == bare(text)


def test_letters_of_two_fonts_stand_in_one_line() -> None:
    both = FontChain((BIZ, *CHAIN.paths))
    text = f"山{YOSHIDA}{WATANABE}"
    pdf = Drawer(both).pdf((Page(210, 297, (Text(text, 20, 40, 14, 60),)),), title="")
    assert set(letters_in(pdf, "/F1")) == {"山", "田", "渡"}
    assert set(letters_in(pdf, "/F2")) == {"𠮷", "邉\U000e0110"}
    assert bare(by_pypdf(pdf)) == text


def _toy_font(path: Path) -> Path:
    """Write a font with short offsets: an empty glyph, a triangle, and three glyphs made of triangles."""
    triangle = struct.pack(">5h", 1, 0, 0, 100, 100) + struct.pack(">HH", 2, 0) + b"\x01\x01\x01"
    triangle += struct.pack(">3h", 0, 100, -50) + struct.pack(">3h", 0, 0, 100)
    head = struct.pack(">5h", -1, 0, 0, 100, 100)
    scale = 0x4000  # 1.0 in 2.14
    two = struct.pack(">HHhhh", 0x29, 1, 5, 5, scale) + struct.pack(">HHbbhh", 0x42, 1, 7, 7, scale, scale)
    matrix = struct.pack(">HHbbhhhh", 0x82, 2, 1, 1, scale, 0, 0, scale)
    glyphs = [b"", triangle, head + two, head + matrix, head + struct.pack(">HHbb", 0x02, 1, 0, 0)]
    loca, glyf = [0], b""
    for glyph in glyphs:
        glyf += glyph + bytes(-len(glyph) % 2)
        loca.append(len(glyf) // 2)
    tables = {
        b"glyf": glyf,
        b"head": struct.pack(">LLLLHH", 0x10000, 0, 0, 0x5F0F3CF5, 0, 1000)
        + bytes(16)
        + struct.pack(">4h", 0, 0, 100, 100)
        + bytes(10),
        b"hhea": struct.pack(">L", 0x10000)
        + struct.pack(">hh", 880, -120)
        + bytes(26)
        + struct.pack(">H", 2),
        b"hmtx": struct.pack(">HhHh", 0, 0, 500, 0) + struct.pack(">3h", 1, 2, 3),
        b"loca": struct.pack(f">{len(loca)}H", *loca),
        b"maxp": struct.pack(">LH", 0x10000, len(glyphs)) + bytes(26),
    }
    rows, body = b"", b""
    for tag, data in tables.items():
        rows += struct.pack(">4sLLL", tag, 0, 12 + 16 * len(tables) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    path.write_bytes(struct.pack(">LHHHH", 0x10000, len(tables), 0, 0, 0) + rows + body)
    return path


@pytest.mark.parametrize("gids", [(0, 3), (0, 4, 2), (0, 1, 2, 3, 4), (0, 2, 1), (0, 3, 3)])
def test_composite_glyphs_bring_their_parts(gids: tuple[int, ...], tmp_path: Path) -> None:
    path = _toy_font(tmp_path / "toy.ttf")
    source = TrueType(path)
    inside, outside = hb.Font(hb.Face(source.subset(gids))), hb.Font(hb.Face(path.read_bytes()))
    for place, gid in enumerate(gids):
        assert outline(inside, place) == outline(outside, gid)
        assert bool(outline(inside, place)) is (gid > 0)
        assert inside.get_glyph_h_advance(place) == source.advance(gid)


def test_one_seal_on_two_sheets_is_in_the_file_once() -> None:
    seal = Image(Box(10, 10, 24, 24), seal_png(64))
    pdf = DRAWER.pdf((Page(210, 297, images=(seal,)), Page(210, 297, images=(seal,))), title="")
    assert pdf.count(b"/ImageMask") == 1
    assert [len(page.images) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages] == [1, 1]


def test_the_same_pages_give_the_same_bytes() -> None:
    laid = pages(decided(family(6)), CHAIN)
    assert DRAWER.pdf(laid, title=TITLE) == Drawer(CHAIN).pdf(laid, title=TITLE)


def test_nothing_beside_the_pages_names_a_person() -> None:
    reader = pypdf.PdfReader(io.BytesIO(DRAWER.pdf(pages(decided(), CHAIN), title=TITLE)))
    info = {key: str(value) for key, value in (reader.metadata or {}).items()}
    assert info.pop("/Title") == TITLE
    assert not any(name in value for value in info.values() for name in ("渡", "髙", "山"))
    assert reader.xmp_metadata is None
    assert reader.outline == []
    assert not reader.attachments


def test_every_font_named_is_embedded_and_none_is_a_stand_in() -> None:
    reader = pypdf.PdfReader(io.BytesIO(DRAWER.pdf(pages(decided(drill=True), CHAIN), title=TITLE)))
    fonts = reader.pages[0]["/Resources"]["/Font"]  # type: ignore[index]  # pypdf types the page loosely
    assert list(fonts) == ["/F1"]
    assert fonts["/F1"]["/BaseFont"].endswith("+ipamjm")
    assert fonts["/F1"]["/Encoding"] == "/Identity-H"


def test_the_seal_is_printed_at_its_true_size_dot_by_dot() -> None:
    pdf = DRAWER.pdf(pages(decided(), CHAIN), title=TITLE)
    document = pypdfium2.PdfDocument(pdf)
    (image,) = [part for part in document[0].get_objects() if part.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]
    left, bottom, right, top = image.get_bounds()
    assert right - left == pytest.approx(24 / MM_PER_POINT, abs=0.01)
    assert top - bottom == pytest.approx(24 / MM_PER_POINT, abs=0.01)
    assert image.get_px_size() == (200, 200)
    document.close()


def _png(
    side: int, *, depth: int = 1, colour: int = 0, palette: bytes = b"", rows: bytes | None = None
) -> bytes:
    body = rows if rows is not None else bytes(side * ((side * depth + 7) // 8 + 1))
    chunks = [(b"IHDR", struct.pack(">LLBBBBB", side, side, depth, colour, 0, 0, 0))]
    chunks += [(b"PLTE", palette)] if palette else []
    chunks += [(b"IDAT", zlib.compress(body)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def test_a_palette_may_call_black_one() -> None:
    assert not read_mask(seal_png(16)).black_is_one
    assert read_mask(_png(8, colour=3, palette=b"\xff\xff\xff\0\0\0")).black_is_one
    assert not read_mask(_png(8, colour=3, palette=b"\0\0\0\xff\xff\xff")).black_is_one


@pytest.mark.parametrize(
    "png",
    [
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n",
        _png(8, depth=8),
        _png(8, colour=2),
        _png(8, rows=b"\0\0"),
        seal_png(16)[:40] + b"x" + seal_png(16)[41:],
    ],
    ids=["no-png", "empty", "grey", "colour", "cut-short", "flipped-bit"],
)
def test_a_picture_that_is_no_sound_seal_is_refused(png: bytes) -> None:
    with pytest.raises(PaperError, match="bad_seal"):
        read_mask(png)


def test_a_drawn_page_is_seen(tmp_path: Path) -> None:
    (picture,) = pictures(DRAWER.pdf(pages(decided(), CHAIN), title=TITLE), dpi=40)
    assert (picture.width, picture.height) == (331, 468)
    inked = sum(picture.pixels[n] < 128 for n in range(0, len(picture.pixels), 4))
    assert 0.01 < inked / (picture.width * picture.height) < 0.3


def test_the_mark_of_a_drill_is_an_outline_that_reaches_across() -> None:
    laid = pages(decided(drill=True), CHAIN)
    pdf = DRAWER.pdf(tuple(Page(p.width, p.height, p.texts[:1]) for p in laid), title="")
    (picture,) = pictures(pdf, dpi=40)
    inked = [n // 4 for n in range(0, len(picture.pixels), 4) if picture.pixels[n] < 250]
    columns = [n % (picture.stride // 4) for n in inked]
    rows = [n // (picture.stride // 4) for n in inked]
    assert laid[0].texts[0].tone is Tone.OUTLINE
    assert min(columns) > 0
    assert max(columns) < picture.width - 1
    assert max(columns) - min(columns) > 0.75 * picture.width
    assert max(rows) - min(rows) > 0.55 * picture.height


def test_a_font_without_outlines_of_its_kind_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "cff.otf"
    broken.write_bytes(b"OTTO" + struct.pack(">HHHH", 1, 16, 0, 0) + b"CFF " + bytes(12))
    with pytest.raises(PaperError) as refused:
        TrueType(broken)
    assert refused.value.facts == {"font": "cff.otf"}

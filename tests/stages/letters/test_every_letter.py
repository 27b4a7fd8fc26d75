"""P14 for every letter there is: what the name font has is looked up, drawn and read back exactly as written.

The font's own tables are read here by a few lines of the test's own, not by the library the product asks.
"""

import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.domain.letters import clusters
from printing.desk.draw import Drawer
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from printing.layout.page import Page, Text

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

NAMES = find_fonts()[0]
ACROSS, DOWN = 40, 60  # letters on a page
UNIHAN, SELECTORS, PRIVATE = (0x3400, 0x3FFFF), (0xE0100, 0xE01F0), (0xE000, 0xF900)
LEAST = (50_000, 10_000)  # letters and sequences of IPAmj明朝: fewer, and these tests read it wrongly


def table(font: bytes, tag: bytes) -> bytes:
    """Return a table of a TrueType file."""
    for at in range(12, 12 + 16 * struct.unpack(">H", font[4:6])[0], 16):
        if font[at : at + 4] == tag:
            start, length = struct.unpack(">II", font[at + 8 : at + 16])
            return font[start : start + length]
    raise KeyError(tag)


def subtables(cmap: bytes) -> dict[int, bytes]:
    """Return the maps of a cmap by format."""
    found = {}
    for number in range(struct.unpack(">H", cmap[2:4])[0]):
        (start,) = struct.unpack(">I", cmap[8 + 8 * number : 12 + 8 * number])
        found[struct.unpack(">H", cmap[start : start + 2])[0]] = cmap[start:]
    return found


def letters(groups: bytes) -> dict[int, int]:
    """Read format 12: code point to glyph."""
    found: dict[int, int] = {}
    for first, last, gid in struct.iter_unpack(
        ">III", groups[16 : 16 + 12 * struct.unpack(">I", groups[12:16])[0]]
    ):
        found |= {point: gid + point - first for point in range(first, last + 1)}
    return found


def uint24(data: bytes, at: int) -> int:
    """Read three bytes."""
    return int.from_bytes(data[at : at + 3])


def sequences(selectors: bytes, plain: dict[int, int]) -> Iterator[tuple[str, int]]:
    """Read format 14: (base, selector) to glyph; a default sequence has the glyph of its base."""
    for number in range(struct.unpack(">I", selectors[6:10])[0]):
        at = 10 + 11 * number
        selector = chr(uint24(selectors, at))
        default, own = struct.unpack(">II", selectors[at + 3 : at + 11])
        if default:
            for entry in range(
                default + 4, default + 4 + 4 * struct.unpack_from(">I", selectors, default)[0], 4
            ):
                first = uint24(selectors, entry)
                for point in range(first, first + selectors[entry + 3] + 1):
                    yield chr(point) + selector, plain[point]
        if own:
            for entry in range(own + 4, own + 4 + 5 * struct.unpack_from(">I", selectors, own)[0], 5):
                yield (
                    chr(uint24(selectors, entry)) + selector,
                    struct.unpack_from(">H", selectors, entry + 3)[0],
                )


@pytest.fixture(scope="module")
def maps() -> dict[int, bytes]:
    """The font's own maps, by format."""
    return subtables(table(NAMES.read_bytes(), b"cmap"))


@pytest.fixture(scope="module")
def known(maps: dict[int, bytes]) -> dict[str, int]:
    """Every ideograph of the font and every sequence, with its glyph; a town's own code points apart."""
    plain = letters(maps[12])
    kanji = {
        chr(point): gid
        for point, gid in plain.items()
        if UNIHAN[0] <= point <= UNIHAN[1] and point not in range(*PRIVATE) and gid
    }
    varied = {
        cluster: gid for cluster, gid in sequences(maps[14], plain) if ord(cluster[1]) in range(*SELECTORS)
    }
    assert (len(kanji) >= LEAST[0], len(varied) >= LEAST[1]) == (True, True), (len(kanji), len(varied))
    return kanji | varied


def test_each_is_one_letter_and_found_as_the_font_has_it(known: dict[str, int]) -> None:
    chain = FontChain((NAMES,))
    assert [cluster for cluster in known if clusters(cluster) != (cluster,)] == []
    wrong = [cluster for cluster, gid in known.items() if [one.gid for one in chain.glyphs(cluster)] != [gid]]
    assert wrong == []


def test_a_code_point_that_is_a_towns_own_is_never_drawn_from_this_font(maps: dict[int, bytes]) -> None:
    private = [chr(point) for point in letters(maps[12]) if point in range(*PRIVATE)]
    assert private, "the font has letters of its own there: they must not stand for the town's"
    assert FontChain((NAMES,)).missing("".join(private)) == tuple(private)


def test_each_is_drawn_and_read_back_as_written(known: dict[str, int], tmp_path: Path) -> None:
    chain = FontChain((NAMES,))
    drawer = Drawer(chain)
    everything, a_page = tuple(known), ACROSS * DOWN
    for number in range(0, len(everything), a_page):
        part = everything[number : number + a_page]
        rows = ["".join(part[at : at + ACROSS]) for at in range(0, len(part), ACROSS)]
        texts = tuple(
            Text(row, 10, 10 + 4.5 * line, 10, chain.width(row) * 10 * 25.4 / 72)
            for line, row in enumerate(rows)
        )
        pdf = tmp_path / f"{number}.pdf"
        pdf.write_bytes(drawer.pdf((Page(210, 297, texts),), title="letters"))
        told = subprocess.run(
            ["pdftotext", "-raw", "-enc", "UTF-8", str(pdf), "-"], capture_output=True, check=True
        ).stdout.decode()
        assert told.split() == rows, f"page {number}"
        pdf.unlink()

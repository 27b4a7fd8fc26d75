"""A name and its reading in one cell: side by side, or the reading below, or both smaller."""

from printing.layout.glyphs import FontChain
from printing.layout.measure import Sizes, place
from printing.layout.page import MM_PER_POINT, Box, Sheet

_PAD = 1.6
_GAP_EM = 1.0  # between name and reading, of the name's size
_STACKED = 0.85  # of the name's size where the reading stands below
_NAME_SHARE = 0.6  # of the cell's height where the reading stands below


def write_name(
    sheet: Sheet,
    chain: FontChain,
    prefix: str,
    name: tuple[str, str],
    box: Box,
    *,
    sizes: tuple[float, float],
) -> None:
    """Write a name large and its reading after it, in parentheses [STD j1020]."""
    text, reading = name
    inner = box.inset(_PAD, 0.3)
    beside, below = _beside(chain, name, inner, sizes), _below(inner)
    name_box, reading_box = beside or below if reading else (inner, inner)
    size = sizes[0] if name_box.height == inner.height else sizes[0] * _STACKED
    wanted = Sizes(size, sizes[0] * 0.6, 5.0)
    sheet.write(prefix + "name", name_box, place(chain, text, name_box, wanted, name=prefix + "name"))
    if reading:
        small = Sizes(sizes[1], 5.0, 4.5)
        field = prefix + "furigana"
        sheet.write(field, reading_box, place(chain, reading, reading_box, small, name=field))


def _beside(
    chain: FontChain, name: tuple[str, str], inner: Box, sizes: tuple[float, float]
) -> tuple[Box, Box] | None:
    name_width = chain.width(name[0]) * sizes[0] * MM_PER_POINT
    gap = _GAP_EM * sizes[0] * MM_PER_POINT
    reading_width = chain.width(name[1]) * sizes[1] * MM_PER_POINT
    if name_width + gap + reading_width > inner.width:
        return None
    x = inner.x + name_width + gap
    return (
        Box(inner.x, inner.y, name_width + 1e-6, inner.height),
        Box(x, inner.y, inner.right - x, inner.height),
    )


def _below(inner: Box) -> tuple[Box, Box]:
    split = inner.height * _NAME_SHARE
    return (
        Box(inner.x, inner.y, inner.width, split),
        Box(inner.x, inner.y + split, inner.width, inner.height - split),
    )

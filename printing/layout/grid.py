"""A ruled table: labels spread in their cells, values fitted in theirs."""

from collections.abc import Mapping, Sequence

from printing.layout.form import CellForm, RowForm
from printing.layout.glyphs import FontChain
from printing.layout.measure import Sizes, place, spread
from printing.layout.page import MM_PER_POINT, Box, Line, Sheet

THIN = 0.12
MEDIUM = 0.25
HEAVY = 0.45
_PAD = 1.6
_LABEL_PAD = 1.0
_SMALLEST = 5.0  # points: below this a paper is not readable
_WIDEST_SPREAD = 17.0  # labels do not run apart further than this,
_SPREAD_SHARE = 0.65  # nor over more of their cell than this


def lay_rows(
    sheet: Sheet,
    chain: FontChain,
    rows: Sequence[RowForm],
    values: Mapping[str, str],
    *,
    at: tuple[float, float],
    sizes: tuple[float, float],
    prefix: str = "",
) -> Mapping[str, Box]:
    """Rule rows and write labels and values; fields without a value are left to the caller, by their boxes."""
    left, top = at
    open_boxes: dict[str, Box] = {}
    for row in rows:
        x = left
        for cell in row.cells:
            box = Box(x + cell.label_width, top, cell.width, row.height)
            _lay_label(sheet, chain, cell, box, prefix=prefix, size=sizes[0])
            if cell.field in values:
                write_value(sheet, chain, prefix + cell.field, values[cell.field], box, size=sizes[1])
            else:
                open_boxes[cell.field] = box
            x = box.right
        top += row.height
        if row is not rows[-1]:
            sheet.lines.append(Line(left, top, x, top, THIN))
    return open_boxes


def write_value(sheet: Sheet, chain: FontChain, name: str, text: str, box: Box, *, size: float) -> None:
    """Write a value in its cell: smaller, then wrapped, before it is refused."""
    sizes = Sizes(size, min(size, 6.5), _SMALLEST)
    sheet.write(name, box, place(chain, text, box.inset(_PAD, 0.3), sizes, name=name))


def _lay_label(sheet: Sheet, chain: FontChain, cell: CellForm, box: Box, *, prefix: str, size: float) -> None:
    left = box.x - cell.label_width
    for x in (left, box.x):
        sheet.lines.append(Line(x, box.y, x, box.bottom, THIN))
    needed = chain.width(cell.label) * size * MM_PER_POINT
    wanted = min(_WIDEST_SPREAD, _SPREAD_SHARE * cell.label_width)
    inner = min(max(needed, wanted), cell.label_width - 2 * _LABEL_PAD)
    label = Box(left + (cell.label_width - inner) / 2, box.y, inner, box.height)
    sheet.write(f"{prefix}{cell.field}:label", label, spread(chain, cell.label, label, size))

"""Text in a box: one line, smaller, in more lines; else the paper is refused, never cut ([STD j1070])."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from client.domain.errors import PaperError
from client.domain.letters import clusters
from printing.layout.glyphs import FontChain
from printing.layout.page import MM_PER_POINT, Box, Text, baseline_in

_STEP = 0.5  # points
_LEADING = 1.12  # of the size
_NOT_FIRST = frozenset("、。，．・：；？！）」』】〕］｝ー々ゝゞァィゥェォッャュョヮヵヶぁぃぅぇぉっゃゅょゎ")
_SPACES = frozenset(" 　")


class Align(Enum):
    """Where a text stands in its box."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes in points: the one wanted, the smallest on one line, the smallest of all."""

    wanted: float
    one_line: float
    least: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """What fits: the lines and the size."""

    lines: tuple[str, ...]
    size: float


def fit(chain: FontChain, text: str, box: Box, sizes: Sizes, *, name: str) -> Fitted:
    """Shrink on one line, then wrap, then refuse: PaperError ``paper.overflow`` with the field's name."""
    whole = chain.width(text)
    for size in _steps(sizes.wanted, sizes.one_line):
        if whole * size * MM_PER_POINT <= box.width and size * MM_PER_POINT <= box.height:
            return Fitted((text,), size)
    for size in _steps(sizes.wanted, sizes.least):
        lines = wrap(chain, text, box.width / (size * MM_PER_POINT))
        if _height(len(lines), size) <= box.height and _fits(chain, lines, box.width, size):
            return Fitted(lines, size)
    raise PaperError("paper.overflow", field=name)


def wrap(chain: FontChain, text: str, width_em: float) -> tuple[str, ...]:
    """Break a text into lines no wider than a width; spaces may hang over the end, letters never part."""
    lines: list[str] = []
    rest = list(clusters(text))
    while rest:
        taken = _take(chain, rest, width_em)
        lines.append("".join(rest[:taken]))
        rest = rest[taken:]
    return tuple(lines) or ("",)


def place(
    chain: FontChain, text: str, box: Box, sizes: Sizes, *, name: str, align: Align = Align.LEFT
) -> tuple[Text, ...]:
    """Return a text laid in a box, its lines centred from top to bottom."""
    fitted = fit(chain, text, box, sizes, name=name)
    pitch = fitted.size * MM_PER_POINT * _LEADING
    top = box.y + (box.height - _height(len(fitted.lines), fitted.size)) / 2
    letter = fitted.size * MM_PER_POINT
    return tuple(
        _set(
            chain,
            line,
            box,
            baseline=baseline_in(top + row * pitch, letter, fitted.size),
            size=fitted.size,
            align=align,
        )
        for row, line in enumerate(fitted.lines)
    )


@lru_cache(maxsize=1024)  # a form's labels are the same on every page; no record's text comes here
def spread(chain: FontChain, text: str, box: Box, size: float) -> tuple[Text, ...]:
    """Set a label's letters from edge to edge; a single letter, or one too long, is simply placed."""
    letters = clusters(text)
    width = chain.width(text) * size * MM_PER_POINT
    if len(letters) < 2 or width > box.width:
        return place(chain, text, box, Sizes(size, size * 0.7, size * 0.5), name=text, align=Align.CENTRE)
    gap = (box.width - width) / (len(letters) - 1)
    return (Text(text, box.x, baseline_in(box.y, box.height, size), size, box.width, spacing=gap),)


def _set(chain: FontChain, line: str, box: Box, *, baseline: float, size: float, align: Align) -> Text:
    width = chain.width(_bare(line)) * size * MM_PER_POINT
    shift = {Align.CENTRE: (box.width - width) / 2, Align.RIGHT: box.width - width}.get(align, 0.0)
    return Text(line, box.x + shift, baseline, size, width)


def _steps(wanted: float, least: float) -> Iterator[float]:
    size = wanted
    while size >= least - 1e-9:
        yield size
        size -= _STEP


def _height(lines: int, size: float) -> float:
    return size * MM_PER_POINT * (1 + _LEADING * (lines - 1))


def _fits(chain: FontChain, lines: tuple[str, ...], width: float, size: float) -> bool:
    return all(chain.width(_bare(line)) * size * MM_PER_POINT <= width for line in lines)


def _bare(line: str) -> str:
    return line.rstrip("".join(_SPACES))


def _take(chain: FontChain, letters: list[str], width_em: float) -> int:
    used, taken = 0.0, 0
    for letter in letters:
        used += chain.width(letter)
        if used > width_em and letter not in _SPACES:
            break
        taken += 1
    if taken == len(letters) or taken == 0:
        return max(taken, 1)
    return _good_break(letters, taken)


def _good_break(letters: list[str], taken: int) -> int:
    """Move a break back to a space inside a Latin word, and off a letter that may not begin a line."""
    if letters[taken].isascii() and letters[taken - 1].isascii() and letters[taken - 1] not in _SPACES:
        back = next((n for n in range(taken - 1, 0, -1) if letters[n - 1] in _SPACES), 0)
        if back:
            return back
    while taken > 1 and letters[taken] in _NOT_FIRST:
        taken -= 1
    return taken

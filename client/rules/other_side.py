"""May who asks be whom a measure protects from? A match is for the 支援措置責任者; that there is none is never told.

Names are compared by the key residents are found by (variants of a letter, widths and selectors as one), a reading by its
sounds. Who typed it may be told a false name: nothing here proves that somebody is not the other side.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from client.domain.blocks import OtherSide


@dataclass(frozen=True, slots=True)
class Asking:
    """Who stands at the window and asks, as their papers say; ``birth`` is None where it was not told."""

    name: str = field(repr=False)
    birth: date | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Folds:
    """How names are folded to be compared: as they are written, and as they sound."""

    written: Callable[[str], str]
    sounding: Callable[[str], tuple[str, ...]]


def may_be(asking: Asking, side: OtherSide, folds: Folds) -> bool:
    """Tell whether these may be one person: the same name or reading, and no other day of birth."""
    if asking.birth and side.birth and asking.birth != side.birth:
        return False
    written = {key for one in (side.name, side.reading) if (key := folds.written(one))}
    sounding = {key for one in (side.reading, side.name) for key in folds.sounding(one) if key}
    return folds.written(asking.name) in written or bool(sounding & set(folds.sounding(asking.name)))


def any_may_be(asking: Asking, sides: Iterable[OtherSide], folds: Folds) -> bool:
    """Tell whether who asks may be one of several."""
    return any(
        [may_be(asking, one, folds) for one in sides]
    )  # every one is looked at: the time tells nothing

"""The frequency tables beside the code, and drawing from them by weight."""

import csv
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from importlib.resources import files
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


def read(name: str) -> list[dict[str, str]]:
    """Return the rows of a table; lines that begin with # say where its figures come from."""
    text = files("cloud.town").joinpath("tables", f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


class Urn(Generic[T]):
    """Things drawn by weight; the same dice give the same draws."""

    __slots__ = ("_bounds", "_total", "items")

    def __init__(self, weighted: Iterable[tuple[T, float]]) -> None:
        kept = [(item, weight) for item, weight in weighted if weight > 0]
        self.items: Sequence[T] = [item for item, _ in kept]
        self._bounds = list(accumulate(weight for _, weight in kept))
        self._total = self._bounds[-1]

    def draw(self, dice: Random) -> T:
        """Return one of the things."""
        return self.items[bisect_right(self._bounds, dice.random() * self._total)]

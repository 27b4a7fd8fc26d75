"""This terminal's issue numbers: always one above every mark known, never again, never from memory (P05).

The number belongs to the terminal, whose own number the cloud never gives twice; so nobody need be asked.
"""

from collections.abc import Iterable
from itertools import pairwise

SERIES = 100_000  # numbers left unused after a loss: more than a terminal issues between two marks


def next_serial(*marks: int) -> int:
    """Return the number after the highest of all marks: the ledger's counter, the slot beside it, the cloud's."""
    return max(marks, default=0) + 1


def next_series(*marks: int) -> int:
    """Return the first number of a new series, where continuity was broken and numbers may be unknown.

    A whole series lies between the highest mark and the new number.
    """
    return (max(marks, default=0) // SERIES + 2) * SERIES + 1


def gaps(serials: Iterable[int]) -> tuple[range, ...]:
    """Return the stretches of numbers between the lowest and the highest that are not there."""
    numbers = sorted(set(serials))
    return tuple(range(low + 1, high) for low, high in pairwise(numbers) if high - low > 1)

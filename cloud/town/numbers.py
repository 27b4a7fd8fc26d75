"""Numbers of the register with their check digits: 宛名番号, 世帯番号, 全国地方公共団体コード, 法人番号.

No 個人番号 and no 住民票コード is ever made.
"""

from itertools import cycle
from operator import mul
from random import Random


def modulus_11(digits: str) -> str | None:
    """Return the check digit by modulus 11 with weights 2 to 7 from the right ([STD j130]).

    Remainder 0 gives 0. For remainder 1 the standard gives none: the answer is None, and such a serial is
    never given out, so that every number here is right under any town's rule.
    """
    total = sum(map(mul, map(int, reversed(digits)), cycle(range(2, 8))))
    remainder = total % 11
    if remainder == 1:
        return None
    return "0" if remainder == 0 else str(11 - remainder)


def next_number(last: str) -> str:
    """Return the next number of the same length with a valid check digit; ValueError where none is left."""
    body, width = int(last[:-1] or 0), len(last) - 1
    while True:
        body += 1
        text = f"{body:0{width}d}"
        if len(text) > width:
            raise ValueError("no number of that length is left")
        digit = modulus_11(text)
        if digit is not None:
            return f"{text}{digit}"


def municipality_code(five: str) -> str:
    """Return a 全国地方公共団体コード with its sixth digit (weights 6 5 4 3 2, last digit of 11 - sum mod 11)."""
    total = sum(int(digit) * weight for digit, weight in zip(five, (6, 5, 4, 3, 2), strict=True))
    return f"{five}{(11 - total % 11) % 10}"


def corporate_number(serial: int) -> str:
    """Return a 法人番号: twelve digits behind their check digit (法人番号の指定等に関する省令 第2条).

    The first four of the twelve name a registry office; there is no 9999, so nobody bears these numbers.
    """
    digits = f"9999{serial:08d}"
    total = sum(int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return f"{9 - total % 9}{digits}"


class Serials:
    """A run of ten-digit numbers: a rising nine-digit serial with gaps, and its check digit."""

    def __init__(self, first: int, dice: Random, gap: int = 2) -> None:
        self._next = first
        self._dice = dice
        self._gap = gap

    def take(self) -> str:
        """Return the next number of the run."""
        while True:
            body = f"{self._next:09d}"
            self._next += 1 + int(self._dice.random() * self._gap)
            check = modulus_11(body)
            if check is not None:
                return body + check

"""Rows of table ``tax_account``: what a payer owes in each instalment of the present fiscal year, and has paid."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from cloud.town.days import iso

Row = dict[str, object]

# Due days as month and day, from the fiscal year's first; 13 and 14 are January and February of the next year.
_DUES = {
    "juminzei": ((6, 30), (8, 31), (10, 31), (13, 31)),
    "nhi": ((7, 31), (8, 31), (9, 30), (10, 31), (11, 30), (12, 25), (13, 31), (14, 28)),
    "light_vehicle": ((5, 31),),
    "fixed_asset": ((5, 31), (7, 31), (12, 25), (14, 28)),
}
_TOLD_IN = {"juminzei": 6, "nhi": 7, "light_vehicle": 5, "fixed_asset": 4}  # the month of the notice
_SATURDAY = 5
_KNOWN_AFTER_DAYS = 3  # a payment at a bank is known here some days later
_ARREARS, _LATE, _AT_ONCE = 0.04, 0.07, 0.16  # bounds of a payer's habits


class _Calendar(NamedTuple):
    fiscal_year: int
    dues: tuple[int, ...]


def fiscal_year_of(tax: str, today: date) -> int:
    """Return the fiscal year of a tax whose notices went out last."""
    return today.year if today.month >= _TOLD_IN[tax] else today.year - 1


class Accounts:
    """Writes down what is owed and paid; holds the days of the year, and no state."""

    def __init__(self, today: date) -> None:
        self._confirmed = today.toordinal() - _KNOWN_AFTER_DAYS
        self._calendars = {tax: _calendar(tax, fiscal_year_of(tax, today)) for tax in _DUES}

    def fiscal_year(self, tax: str) -> int:
        """Return the fiscal year that is being paid."""
        return self._calendars[tax].fiscal_year

    def bill(
        self, payer: str, tax: str, amount: int, dice: Random, *, subject: str | None = None
    ) -> Iterator[Row]:
        """Yield a row for each instalment of a yearly amount."""
        year, dues = self._calendars[tax]
        habit, some_days = dice.random(), int(dice.random() * 15)
        first, each = instalments(amount, len(dues))
        for no, due in enumerate(dues, 1):
            billed = first if no == 1 else each
            if not billed:
                return
            row: Row = {"atena_no": payer, "tax": tax, "fiscal_year": year, "instalment": no}
            if subject:
                row["subject"] = subject
            row["due"], row["billed"] = iso(due), billed
            self._pay(row, habit, some_days, dues, no)
            yield row

    def _pay(self, row: Row, habit: float, some_days: int, dues: tuple[int, ...], no: int) -> None:
        """Add what is known of the payment, as the payer's habit has it."""
        billed = int(str(row["billed"]))
        paid, day = billed, dues[no - 1] - some_days
        if habit < _ARREARS:
            behind = no - 1 - int(habit / _ARREARS * len(dues))
            paid = billed if behind < 0 else billed // 200 * 100 if behind == 0 and some_days > 7 else 0
        elif habit < _LATE:
            day = dues[no - 1] + 5 + some_days * 2
        elif habit < _AT_ONCE:
            day = dues[0] - some_days
        if day > self._confirmed:
            paid = 0
        row["paid"] = paid
        if paid:
            row["paid_on"] = iso(day)
        row["confirmed_on"] = iso(self._confirmed)


def instalments(amount: int, count: int) -> tuple[int, int]:
    """Return the first and each further instalment: cut to 1,000 yen, the rest in the first (地方税法 第20条の4の2)."""
    each = amount // count // 1000 * 1000
    return amount - each * (count - 1), each


def _calendar(tax: str, year: int) -> _Calendar:
    days = (date(year + (month > 12), (month - 1) % 12 + 1, day) for month, day in _DUES[tax])
    return _Calendar(year, tuple(_next_weekday(day).toordinal() for day in days))


def _next_weekday(day: date) -> date:
    """Return the day a term really ends: no Saturday, no Sunday (地方税法 第20条の5)."""
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return day

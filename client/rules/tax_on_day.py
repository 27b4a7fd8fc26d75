"""Taxes on a day: which year's certificate is the newest, what is due, what is in arrears as far as it is known.

Payments reach the register late, and none arrives while the line is down. So every answer about them names the day
it goes up to (納付確認日), and beyond it nothing is said to be paid or owing (P07).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum

from client.domain.tax import Instalment, Juminzei, LightVehicle, Tax
from client.rules.on_day import USUAL, Calendar

_LEVIED = (4, 1)  # 賦課期日 of 軽自動車税（種別割）(地方税法 第463条の17)


def newest_certificate_year(day: date, calendar: Calendar = USUAL) -> int:
    """Return the newest 年度 whose 所得・課税証明書 can be had on a day."""
    return day.year if (day.month, day.day) >= calendar.certificates_from else day.year - 1


def newest_juminzei(rows: Iterable[Juminzei], day: date, calendar: Calendar = USUAL) -> Juminzei | None:
    """Return a person's newest year on a day; None where the replica does not have it, never an older one for it."""
    year = newest_certificate_year(day, calendar)
    return next((row for row in rows if row.fiscal_year == year), None)


class Due(Enum):
    """How an instalment stands on a day."""

    PAID = "paid"
    NOT_YET = "not_yet"  # its 納期限 has not passed
    OVERDUE = "overdue"  # unpaid after it, up to 納付確認日
    UNKNOWN = "unknown"  # nobody here can know whether it was paid in time


def due_on(instalment: Instalment, day: date) -> Due:
    """Return how an instalment stands on a day."""
    if _paid_by(instalment, day) >= instalment.billed:
        return Due.PAID
    due, confirmed = instalment.due, instalment.confirmed_on
    if due is None:
        return Due.UNKNOWN
    if day <= due:
        return Due.NOT_YET
    return Due.OVERDUE if confirmed is not None and due <= confirmed else Due.UNKNOWN


@dataclass(frozen=True, slots=True)
class Arrears:
    """What is overdue, in yen, on the last day payments are known of; None where on no day."""

    yen: int
    known_until: date | None

    def none_on(self, day: date) -> bool:
        """Tell whether it can be said that there are no arrears on a day."""
        return self.yen == 0 and self.known_until is not None and day <= self.known_until


def arrears_on(instalments: Iterable[Instalment], day: date) -> Arrears:
    """Return 未納 of some instalments on a day, or on the last day before it that is known of all of them.

    Where nothing has fallen due, nothing is said: rows of earlier years may be elsewhere.
    """
    rows = [row for row in instalments if row.billed > 0 and (row.due is None or row.due < day)]
    confirmed = [row.confirmed_on for row in rows]
    if not rows or None in confirmed or any(row.due is None for row in rows):
        return Arrears(sum(_open(row, day) for row in rows), None)
    known = min(day, *(one for one in confirmed if one))
    return Arrears(sum(_open(row, known) for row in rows if row.due and row.due < known), known)


class Inspection(Enum):
    """Whether the paper for a vehicle's inspection (軽自動車税納税証明書, 継続検査用) can be given."""

    COVERED = "covered"
    ARREARS = "arrears"
    SCRAPPED = "scrapped"
    UNKNOWN = "unknown"  # the replica does not have the year, or not the payments up to its 納期限


def inspection_on(
    vehicle: LightVehicle, instalments: Iterable[Instalment], day: date, calendar: Calendar = USUAL
) -> Inspection:
    """Return whether a vehicle is covered for 継続検査 on a day (道路運送車両法 第97条の2).

    The last year whose 納期限 has passed must be there, paid, and known of up to that day; a year before it unpaid voids
    the paper. A vehicle bought after 賦課期日 has no such year, and is not judged here.
    """
    if vehicle.scrapped is not None and vehicle.scrapped <= day:
        return Inspection.SCRAPPED
    rows = [row for row in instalments if row.tax is Tax.LIGHT_VEHICLE and row.subject == vehicle.vehicle_id]
    states = {row: due_on(row, day) for row in rows}
    if Due.OVERDUE in states.values():
        return Inspection.ARREARS
    dues = [row.due for row in rows if row.due and row.fiscal_year == day.year]
    needed = day.year if day > max([date(day.year, *calendar.vehicle_due), *dues]) else day.year - 1
    of_year = [row for row in rows if row.fiscal_year == needed]
    known = all(row.due and row.confirmed_on and row.due <= row.confirmed_on for row in of_year)
    passed = all(states[row] is Due.PAID for row in rows if row.fiscal_year <= needed)
    bought_late = vehicle.acquired is not None and vehicle.acquired > date(needed, *_LEVIED)
    return Inspection.COVERED if of_year and known and passed and not bought_late else Inspection.UNKNOWN


def _paid_by(instalment: Instalment, day: date) -> int:
    """Return what was paid by a day; the row knows the day of the last payment only, so what came later is not split."""
    late = instalment.paid_on is not None and instalment.paid_on > day
    return 0 if late else instalment.paid or 0


def _open(instalment: Instalment, day: date) -> int:
    return max(0, instalment.billed - _paid_by(instalment, day))

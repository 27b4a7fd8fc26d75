"""Registering what concerns the services beside the register: seals, insurance, support measures."""

from datetime import date, timedelta

from cloud import storage
from cloud.holds import hold_id
from cloud.office.case import Case, Outcome
from cloud.office.moves import seals_ended
from cloud.payloads.services import NhiLose, SealEnd
from cloud.register import put, remove

_REASONS = {"seal.abolish": "廃止申請", "seal.card_lost": "亡失"}


def seal_end(case: Case) -> Outcome:
    """Return the registration as ended on the day it was filed."""
    request = case.request
    if not isinstance(request, SealEnd):
        raise TypeError("a case of another kind")
    day = request.todoke_date.isoformat()
    return Outcome(seals_ended(case, day, _REASONS[case.kind], request.registration_no or None))


def nhi_lose(case: Case) -> Outcome:
    """Return the memberships of everybody concerned as ended."""
    request = case.request
    if not isinstance(request, NhiLose):
        raise TypeError("a case of another kind")
    table = storage.rows["nhi_member"]
    standing = case.register.rows(
        case.connection, "nhi_member", table.c.atena_no.in_(case.numbers), table.c.lost.is_(None)
    )
    told = {"lost": request.lost.isoformat(), "lost_reason": request.reason}
    return Outcome([put("nhi_member", row | told) for row in standing])


def shien_sochi(case: Case) -> Outcome:
    """Return the measures in force for a year less a day from today; they lift themselves never [STD j160, j440]."""
    starts = case.today
    is_leap_day = (starts.month, starts.day) == (2, 29)
    ends = starts.replace(year=starts.year + 1, day=28) if is_leap_day else _a_year_less_a_day(starts)
    rows = [
        {
            "measure_id": hold_id(case.key, place),
            "atena_no": one,
            "provisional": False,
            "starts": starts.isoformat(),
            "ends": ends.isoformat(),
        }
        for place, one in enumerate(case.numbers, 1)
    ]
    return Outcome([put("shien_sochi", row) for row in rows])


def _a_year_less_a_day(day: date) -> date:
    return day.replace(year=day.year + 1) - timedelta(days=1)


def shien_sochi_end(case: Case) -> Outcome:
    """Return everybody concerned without their measures."""
    table = storage.rows["shien_sochi"]
    standing = case.register.rows(case.connection, "shien_sochi", table.c.atena_no.in_(case.numbers))
    return Outcome([remove("shien_sochi", (str(row["measure_id"]),)) for row in standing])

"""Registering what concerns the services beside the register: seals, insurance, support measures."""

from datetime import date, timedelta

from cloud import storage
from cloud.holds import application_of, hold_id
from cloud.households import members_of
from cloud.office.case import Case, Outcome, Record
from cloud.office.moves import seals_ended
from cloud.office.row_case import HEAD
from cloud.payloads.services import NhiChange, NhiLose, SealEnd
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
    told = {"lost": request.lost.isoformat(), "lost_reason": request.reason}
    return Outcome([put("nhi_member", row | told) for row in _memberships(case)])


def nhi_change(case: Case) -> Outcome:
    """Return the memberships under the present householder where that is what changed; the rest is the office's."""
    request = case.request
    if not isinstance(request, NhiChange):
        raise TypeError("a case of another kind")
    if request.what not in {"世帯主", "世帯"}:
        return Outcome(())
    heads = {
        str(row["atena_no"]): _head_of(case, str(row["household_no"])) for row in case.rows(case.numbers)
    }
    return Outcome(
        [
            put("nhi_member", row | {"householder_atena_no": head})
            for row in _memberships(case)
            if (head := heads.get(str(row["atena_no"]))) and head != row.get("householder_atena_no")
        ]
    )


def _memberships(case: Case) -> list[Record]:
    """Return the standing memberships of everybody concerned."""
    table = storage.rows["nhi_member"]
    return case.register.rows(
        case.connection, "nhi_member", table.c.atena_no.in_(case.numbers), table.c.lost.is_(None)
    )


def _head_of(case: Case, household_no: str) -> str | None:
    members = members_of(case.register, case.connection, household_no)
    return next((str(one["atena_no"]) for one in members if one.get("relationship") == HEAD), None)


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
    """Return everybody concerned without their measures; of those protected with the subject, without the subject's.

    What one of them is protected by at somebody else's application stands: who ended theirs did not speak for that.
    """
    table = storage.rows["shien_sochi"]
    standing = case.register.rows(case.connection, "shien_sochi", table.c.atena_no.in_(case.numbers))
    own = {application_of(str(row["measure_id"])) for row in standing if row["atena_no"] in case.numbers[:1]}
    ending = [str(row["measure_id"]) for row in standing]
    return Outcome([remove("shien_sochi", (one,)) for one in ending if application_of(one) in {*own, ""}])

"""Registering who comes into the register, by moving in or by birth: a number, a place in a household, a first record."""

from collections.abc import Sequence
from datetime import date

from msgspec import UNSET

from cloud.households import history_no_of, members_of, present_row
from cloud.office.case import Case, Outcome, Record
from cloud.office.numbers import next_atena_numbers, next_household_no
from cloud.payloads.todoke import Birth, Newcomer, Tennyu
from cloud.problems import malformed
from cloud.register import put
from cloud.wareki import write_wareki


def tennyu(case: Case) -> Outcome:
    """Return the first records of those who moved in; one who comes back goes on under the old number [STD j130]."""
    request = case.request
    if not isinstance(request, Tennyu):
        raise TypeError("a case of another kind")
    new = iter(next_atena_numbers(case))
    numbers = {one.id: one.former or next(new) for one in request.newcomer_list}
    home = _home(case, request, _named(request.newcomer_list, request.subject))
    day = request.ido_date.isoformat()
    place: Record = {
        "address_town": request.to.town,
        "address_banchi": request.to.banchi,
        "address_katagaki": request.to.katagaki,
        "postcode": request.to.postcode,
        "resident_since_text": write_wareki(request.ido_date),
        "resident_since_sort": day,
        "resident_since_reason": "転入",
        "address_since_text": write_wareki(request.ido_date),
        "address_since_sort": day,
        "tennyu_from": request.tennyu_from,
        "ido_reason": "国外転入等" if request.certificate == "abroad" else "国内転入",
        "ido_date": day,
        "todoke_date": request.todoke_date.isoformat(),
    }
    first_place = int(str(home.pop("first_place")))
    rows = [
        _first_record(case, one, numbers[one.id]) | home | place | {"order_no": order}
        for order, one in enumerate(request.newcomer_list, first_place)
    ]
    return Outcome([put("resident", _without_blanks(row)) for row in rows], numbers)


def birth(case: Case) -> Outcome:
    """Return the first record of a child, at its parent's home."""
    request = case.request
    if not isinstance(request, Birth):
        raise TypeError("a case of another kind")
    (parent,) = case.rows(case.numbers)
    household = members_of(case.register, case.connection, str(parent["household_no"]))
    number, born = next(next_atena_numbers(case)), request.child.birth_date
    inherited = ("household_no", "householder_name", "address_code", "postcode", "address_town")
    row: Record = {
        **_first_record(case, request.child, number),
        **{name: parent.get(name, "") for name in (*inherited, "address_banchi", "address_katagaki")},
        "order_no": 1 + max(int(str(one["order_no"])) for one in household),
        "resident_since_text": write_wareki(born),
        "resident_since_sort": born.isoformat(),
        "resident_since_reason": "出生",
        "ido_reason": "出生",
        "ido_date": born.isoformat(),
    }
    return Outcome([put("resident", _without_blanks(row))], {request.child.id: number})


def _home(case: Case, request: Tennyu, subject: Newcomer) -> Record:
    """Return the household they come into: the one they join, or a new one headed by the subject."""
    if request.joins is UNSET:
        name = subject.full_name or subject.latin_name
        return {"household_no": next_household_no(case), "householder_name": name, "first_place": 1}
    members = members_of(case.register, case.connection, request.joins)
    if not members:
        raise malformed("joins: no such household")
    last = max(int(str(one["order_no"])) for one in members)
    name = str(members[0].get("householder_name", ""))
    return {"household_no": request.joins, "householder_name": name, "first_place": last + 1}


def _first_record(case: Case, one: Newcomer, number: str) -> Record:
    before = present_row(case.register, case.connection, number)
    row: Record = {
        "atena_no": number,
        "history_no": 1 + (history_no_of(before) if before else 0),
        "status": "resident",
        "kind": one.kind,
        "full_name": one.full_name,
        "latin_name": one.latin_name,
        "furigana": one.furigana,
        "former_surname": one.former_name,
        "former_surname_furigana": one.former_name_furigana,
        "tsusho": one.common_name,
        "tsusho_furigana": one.common_name_furigana,
        "birth_text": _birth_text(one.kind, one.birth_date),
        "birth_sort": one.birth_date.isoformat(),
        "sex": one.sex,
        "relationship": one.relationship,
        "honseki": one.honseki,
        "hittosha": one.hittosha,
        "nationality": one.nationality,
        "article_30_45": one.foreigner_category,
        "residence_status": one.residence_status,
        "residence_period": one.residence_period,
        "residence_until": one.residence_until.isoformat() if one.residence_until else "",
        "residence_card_no": one.residence_card_no,
        "ido_todoke_date": case.request.todoke_date.isoformat(),
        "processed_date": case.today.isoformat(),
    }
    return row


def _birth_text(kind: str, born: date) -> str:
    """Write a birthday as the record has it: a foreigner's by the western year [STD j90]."""
    return write_wareki(born) if kind == "japanese" else f"{born.year}年{born.month}月{born.day}日"


def _named(newcomer_list: Sequence[Newcomer], subject: str) -> Newcomer:
    return next(one for one in newcomer_list if one.id == subject)


def _without_blanks(row: Record) -> Record:
    return {column: value for column, value in row.items() if value != ""}

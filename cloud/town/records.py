"""Rows of table ``resident``: a full row for each version, from entry to the present state ([STD j200]).

What happened before the register was computerised stands in one version, 改製.
"""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from cloud.town.addresses import Address
from cloud.town.days import COMPUTERISED, iso, wareki, western
from cloud.town.people import Household, Member

Row = dict[str, object]

# The order of what happens on one day.
_FIRST_ENTRY, _ARRIVAL, _MOVE, _NEW_HEAD, _FORMER_SURNAME, _PLANNED, _REMOVAL = range(7)
_SETTLING = frozenset(
    {_FIRST_ENTRY, _ARRIVAL, _MOVE}
)  # what sets an address, and with it the 届出の年月日 on papers


class _Event(NamedTuple):
    day: int
    rank: int  # order of events of one day
    reason: str


class _State(NamedTuple):
    """What the events change of a record."""

    household_no: str
    relationship: str
    householder: str
    address: Address
    address_since: int
    before_move: str | None


def resident_rows(household: Household, dice: Random, today: int) -> Iterator[Row]:
    """Yield the versions of every member, oldest first."""
    for order, member in enumerate(household.members, 1):
        yield from _versions(household, member, order, dice, today)


def _versions(household: Household, member: Member, order: int, dice: Random, today: int) -> Iterator[Row]:
    base = _person(household, member, order)
    events = _events(household, member)
    history_no, processed, settled = 0, 0, 0
    for place, event in enumerate(events):
        todoke = _todoke_day(household, event, dice, today)
        settled = todoke if event.rank in _SETTLING else settled
        if event.day < COMPUTERISED and place + 1 < len(events) and events[place + 1].day <= COMPUTERISED:
            continue
        history_no += 1
        old = event.day < COMPUTERISED
        state = _state(household, member, event)
        row = {**base, **_situation(state), "history_no": history_no}
        processed = max(processed, min(today, todoke + int(dice.random() * 2)), COMPUTERISED if old else 0)
        row["todoke_date"] = iso(settled)
        row["ido_todoke_date"] = iso(todoke)
        row["ido_reason"] = "改製" if old else event.reason
        row["ido_date"] = iso(COMPUTERISED if old else event.day)
        row["processed_date"] = iso(processed)
        _add_outcome(household, member, event, row)
        yield row


def _events(household: Household, member: Member) -> list[_Event]:
    """Return what happened to a member in the city, in order of time."""
    arrived = household.arrived(member)
    events = []
    if member.origin:
        events.append(_Event(member.birth, _FIRST_ENTRY, "出生"))
        events.append(_Event(arrived, _ARRIVAL, "転居"))
    else:
        events.append(_Event(arrived, _ARRIVAL, _entry_reason(member, arrived)))
    for since, _ in household.addresses[1:]:
        if since > arrived:
            events.append(_Event(since, _MOVE, "転居"))
    changed = household.head_changed
    if changed is not None and changed > arrived and member.former_relationship:
        events.append(_Event(changed, _NEW_HEAD, "世帯主変更"))
    if member.former_surname_since is not None:
        events.append(_Event(member.former_surname_since, _FORMER_SURNAME, "旧氏の記載"))
    if household.leaving:
        events.append(_Event(household.leaving[0], _PLANNED, "国内転出"))
    if member.removed:
        events = [event for event in events if event.day < member.removed.day]
        events.append(_Event(member.removed.day, _REMOVAL, member.removed.reason))
    events.sort()
    return events


def _entry_reason(member: Member, day: int) -> str:
    if day == member.birth:
        return "出生"
    return "国外転入等" if member.foreign and member.came_from == member.foreign.nationality else "国内転入"


def _state(household: Household, member: Member, event: _Event) -> _State:
    origin = member.origin
    if event.rank == _FIRST_ENTRY and origin:
        return _State(origin.household_no, "子", origin.householder_name, origin.address, member.birth, None)
    arrived = household.arrived(member)
    since, address, before = arrived, household.address_on(member, arrived), None
    if origin:
        before = origin.address.text
    # On the day of a removal nobody moves any more.
    last = event.day - 1 if event.rank == _REMOVAL else event.day
    for moved, new in household.addresses[1:]:
        if arrived < moved <= last:
            since, address, before = moved, new, address.text
    changed = household.head_changed
    former = changed is not None and event.day < changed and member.former_relationship is not None
    householder = household.former_head_name if former else household.head.full_name
    relationship = member.former_relationship if former else member.relationship
    if member.removed and member.relationship == "世帯主" and changed is not None:
        householder, relationship = member.full_name, "世帯主"
    return _State(household.number, relationship or "", householder or "", address, since, before)


def _situation(state: _State) -> Row:
    row: Row = {
        "household_no": state.household_no,
        "relationship": state.relationship,
        "householder_name": state.householder,
        **state.address.columns,
        "address_since_text": wareki(state.address_since),
        "address_since_sort": iso(state.address_since),
    }
    if state.before_move:
        row["before_move"] = state.before_move
    return row


def _todoke_day(household: Household, event: _Event, dice: Random, today: int) -> int:
    if event.rank == _PLANNED and household.leaving:
        return household.leaving[1]
    found = household.todoke_days.get(event.day)
    if found is None:
        found = household.todoke_days[event.day] = min(today, event.day + int(dice.random() * 13))
    return found


def _add_outcome(household: Household, member: Member, event: _Event, row: Row) -> None:
    """Add what only some versions have: the maiden name, the 旧氏, a planned move out, the removal."""
    if event.rank == _FIRST_ENTRY and member.origin:
        surname = member.origin.surname
        row["full_name"] = f"{surname.text}　{member.given.text}"
        row["furigana"] = f"{surname.kana}　{member.given.kana}"
        row["hittosha"] = member.origin.householder_name
    if member.former_surname_since is not None and event.day >= member.former_surname_since and member.maiden:
        row["former_surname"] = member.maiden.text
        row["former_surname_furigana"] = member.maiden.kana
    if event.rank == _PLANNED and household.leaving:
        row["tenshutsu_planned"] = iso(household.leaving[0])
        row["tenshutsu_to"] = household.leaving[2]
    if event.rank == _REMOVAL and member.removed:
        row["status"] = member.removed.status
        row["removed_reason"] = member.removed.reason
        row["removed_date"] = iso(member.removed.day)
        if member.removed.destination:
            row["tenshutsu_to"] = member.removed.destination


def _person(household: Household, member: Member, order: int) -> Row:
    """Return the columns that are the same in all versions."""
    since = household.resident_since(member)
    born_here = since == member.birth
    row: Row = {
        "atena_no": member.atena_no,
        "order_no": order,
        "status": "resident",
        "kind": "foreign" if member.foreign else "japanese",
        "furigana": member.furigana,
        "sex": member.sex,
        "resident_since_text": wareki(since),
        "resident_since_sort": iso(since),
        "resident_since_reason": "出生" if born_here else "転入",
    }
    if member.birth_known:
        row["birth_sort"] = iso(member.birth)
    if not born_here:
        row["tennyu_from"] = member.came_from or household.came_from
    if member.foreign:
        _add_foreign(member, row)
    else:
        row["full_name"] = member.full_name
        row["furigana_confirmed"] = True
        row["birth_text"] = member.birth_text or wareki(member.birth)
        row["honseki"] = member.honseki
        row["hittosha"] = member.hittosha
    return row


def _add_foreign(member: Member, row: Row) -> None:
    foreign = member.foreign
    if foreign is None:
        return
    row["birth_text"] = western(member.birth)
    row["latin_name"] = foreign.latin
    row["furigana_confirmed"] = False
    row["nationality"] = foreign.nationality
    row["article_30_45"] = foreign.category
    optional: Row = {
        "full_name": foreign.kanji or None,
        "residence_status": foreign.status,
        "residence_period": foreign.period,
        "residence_until": None if foreign.until is None else iso(foreign.until),
        "residence_card_no": foreign.card_no,
        "tsusho": foreign.tsusho.text if foreign.tsusho else None,
        "tsusho_furigana": foreign.tsusho.kana if foreign.tsusho else None,
    }
    row.update({column: value for column, value in optional.items() if value is not None})

"""Requests: what is taken in at a counter. It touches no record until the office decides; what must stop, stops at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from cloud import newcomers, storage
from cloud.clock import day_in_tokyo
from cloud.command import Answer, accepted, conflict, refused, told_before
from cloud.contract import Row
from cloud.forbidden_numbers import forbidden_field
from cloud.hearing import Hearing
from cloud.holds import holds_of
from cloud.households import history_no_of, present_row
from cloud.letters import name_key
from cloud.payloads.base import PROVISIONAL, Request
from cloud.payloads.kinds import REQUESTS, BadFieldError, keep, read, read_kept
from cloud.payloads.todoke import Tennyu, newcomers_in
from cloud.register import Register, put
from cloud.services import is_payer

OPEN_STATES = ("received", "reviewing")
_LIVING = frozenset(  # of these everybody concerned must live here
    (
        *("todoke.tenkyo", "todoke.tenshutsu", "todoke.setai_henko", "todoke.death", "todoke.birth"),
        *("nhi.acquire", "seal.register", "seal.abolish", "seal.card_lost"),
    )
)
_ONE_HOUSEHOLD = frozenset(("todoke.tenkyo", "todoke.tenshutsu"))
_PAYERS_TOO = frozenset(("contact.change", "tax.reduction"))  # who pays here need not live here
OF_ANYBODY = frozenset(("koseki.memo",))  # may be about people nobody has told of


@dataclass(frozen=True, slots=True)
class _Concerned:
    """Whom a request is about: rows of those who have a number, and how many wait for theirs."""

    rows: Sequence[Row]
    unknown: int
    based: frozenset[str]  # those named by number, of whom the terminal saw a version


def take(hearing: Hearing) -> Answer:
    """Take a request in: refused, in conflict, or received as an intake, which is one register version."""
    command = hearing.command
    try:
        request = read(REQUESTS[command.kind], hearing.payload)
    except BadFieldError as error:
        return refused(command, "refused.input", str(error))
    forbidden = forbidden_field(hearing.payload)
    if forbidden is not None:  # what the office makes of it could not stand in the register
        return refused(command, "refused.forbidden_number", forbidden)
    trouble = request.date_trouble(hearing.today)
    if trouble is not None:
        return refused(command, "refused.date", trouble)
    concerned = _concerned(hearing, request)
    refusal = _wrong_people(hearing, request, concerned) or _wrong_former(hearing, request)
    if refusal is not None:
        return refused(command, *refusal)
    return _heard(hearing, request, concerned)


def _heard(hearing: Hearing, request: Request, concerned: _Concerned) -> Answer:
    command = hearing.command
    current = {str(row["atena_no"]): history_no_of(row) for row in concerned.rows}
    seen = {one: history_no for one, history_no in current.items() if one in concerned.based}
    if any(command.base.get(one) != history_no for one, history_no in seen.items()):
        return conflict(command, seen)
    first = _told_before(hearing, request)
    if first is not None:
        return told_before(command, first)
    return _receive(hearing, request, tuple(current))


def _concerned(hearing: Hearing, request: Request) -> _Concerned:
    rows, unknown, based = [], 0, set()
    for person in request.persons:
        if person in request.newcomers:
            continue
        number = newcomers.number_of(hearing.connection, hearing.register.municipality, person)
        if number is newcomers.WAITING:
            continue
        row = number and present_row(hearing.register, hearing.connection, number)
        if not row:
            unknown += not _may_be_unknown(hearing, person, number)
            continue
        rows.append(row)
        if number == person:
            based.add(person)
    return _Concerned(rows, unknown, frozenset(based))


def _may_be_unknown(hearing: Hearing, person: str, number: str | None) -> bool:
    """Tell whether a request of this kind may be about somebody who is no resident."""
    kind = hearing.command.kind
    if number is None:
        return kind in OF_ANYBODY and person.startswith(PROVISIONAL)
    return kind in _PAYERS_TOO and is_payer(hearing.register, hearing.connection, number)


def _wrong_people(hearing: Hearing, request: Request, concerned: _Concerned) -> tuple[str, str] | None:
    """Refuse people who are not those named in the clear, not there, here no longer, or not of one household."""
    kind = hearing.command.kind
    odd = request.odd_field()
    if odd is not None or set(request.persons) != set(hearing.command.residents):
        return "refused.input", odd or "residents"
    if concerned.unknown:
        return "refused.not_found", ""
    if kind in _LIVING and any(row["status"] != "resident" for row in concerned.rows):
        return "refused.not_resident", ""
    homes = {row["household_no"] for row in concerned.rows}
    return ("refused.input", "members") if kind in _ONE_HOUSEHOLD and len(homes) > 1 else None


def _wrong_former(hearing: Hearing, request: Request) -> tuple[str, str] | None:
    """Refuse one who comes back and never left, or was never here [STD j600]."""
    if not isinstance(request, Tennyu):
        return None
    for former in [one.former for one in request.newcomer_list if one.former]:
        row = present_row(hearing.register, hearing.connection, former)
        if row is None or row["status"] != "tenshutsu":
            return "refused.input", "former"
    return None


def _told_before(hearing: Hearing, request: Request) -> Mapping[str, object] | None:
    """Return the intake of the same event of the same person, from another counter or another day."""
    cases, new = storage.intake_case, request.newcomers
    here = cases.c.municipality == hearing.register.municipality
    query = sa.select(cases).where(here).order_by(cases.c.received_at, cases.c.command_key)
    same_kind = query.where(cases.c.kind == hearing.command.kind)
    is_open = cases.c.state.in_(OPEN_STATES)
    if new:  # each counter has ids of its own for them; told of they were on the day they came, or after it
        is_over = sa.and_(cases.c.state == "registered", cases.c.todoke_date >= str(request.event[0]))
        alike = same_kind.where(sa.or_(is_open, is_over))
    else:
        alike = same_kind.where(is_open, cases.c.atena_no.in_(request.persons))
    kind = REQUESTS[hearing.command.kind]
    first = next(
        (
            case
            for case in hearing.connection.execute(alike)
            if _is_the_same(request, read_kept(kind, case.payload), is_open=case.state in OPEN_STATES)
        ),
        None,
    )
    if first is None and new:
        known = cases.c.command_key.in_(newcomers.told_in(hearing, new))
        first = hearing.connection.execute(query.where(known)).first()
    if first is None:
        return None
    return {"key": first.command_key, "made_at": first.made_at, "terminal": first.terminal}


def _is_the_same(request: Request, other: Request, *, is_open: bool) -> bool:
    """Tell whether another request told of the same: of everybody in this one, or of one of those who come."""
    if request.newcomers:
        is_somebody = bool(_identities(request) & _identities(other))
        return is_somebody and (is_open or request.event == other.event)
    is_about = request.subject == other.subject or set(request.persons) <= set(other.persons)
    return is_about and request.event == other.event


def _identities(request: Request) -> set[tuple[object, ...]]:
    """Return what newcomers are known by at every counter: the number of before; birth, sex and name, without variants."""
    found: set[tuple[object, ...]] = set()
    for one in newcomers_in(request):
        names = filter(None, map(name_key, (one.full_name, one.latin_name)))
        found.update((one.birth_date, one.sex, name) for name in names)
        if one.former:
            found.add((one.former,))
    return found


def _receive(hearing: Hearing, request: Request, numbers: Sequence[str]) -> Answer:
    command, register = hearing.command, hearing.register
    case = {
        **hearing.line,
        "kind": command.kind,
        "atena_no": request.subject,
        "state": "received",
        "made_by": command.made_by,
        "received_at": hearing.at,
        "todoke_date": request.todoke_date.isoformat(),
        "base": keep(dict(command.base)),
        "payload": keep(dict(hearing.payload)),
    }
    hearing.connection.execute(sa.insert(storage.intake_case), [case])
    newcomers.expect(hearing, request.newcomers)
    row = {
        **intake_key(command.key, command.kind, known_as(hearing.connection, register, request.subject)),
        "state": "received",
        "changed_at": hearing.at,
    }
    version = register.commit(hearing.connection, "register", [put("intake", row)])
    holds = holds_of(command, request, numbers, day_in_tokyo(hearing.now))
    if holds:
        register.commit(hearing.connection, "blocks", holds)
    is_kept = isinstance(request, Tennyu) and request.azukari
    return accepted(command, version, hearing.at, "預かり" if is_kept else "仮受付")


def known_as(connection: sa.Connection, register: Register, person: str) -> str:
    """Return the 宛名番号 of somebody, or the provisional id where they have none yet."""
    return newcomers.number_of(connection, register.municipality, person) or person


def intake_key(key: str, kind: str, atena_no: str) -> dict[str, object]:
    """Return what names an intake in the feed, which carries its state and nothing of its content."""
    return {"command_key": key, "kind": kind, "atena_no": atena_no}

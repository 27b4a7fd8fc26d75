"""Requests: notifications taken in at a counter. They touch nothing in the register until the office decides."""

import json
from collections.abc import Mapping, Sequence
from datetime import date

import sqlalchemy as sa

from cloud import storage
from cloud.clock import day_in_tokyo
from cloud.command import Answer, accepted, conflict, refused
from cloud.contract import Row
from cloud.hearing import Hearing
from cloud.households import present_row
from cloud.register import put
from cloud.tenkyo import BadFieldError, Tenkyo, read_tenkyo

OPEN_STATES = ("received", "reviewing")


def take_tenkyo(hearing: Hearing) -> Answer:
    """Take a 転居届 in: refused, in conflict, or received as an intake, which is one register version."""
    try:
        tenkyo = read_tenkyo(hearing.payload)
    except BadFieldError as error:
        return refused(hearing.command, "refused.input", str(error))
    found = [present_row(hearing.register, hearing.connection, one) for one in tenkyo.movers]
    rows = [row for row in found if row is not None]
    refusal = _wrong_date(tenkyo, day_in_tokyo(hearing.now)) or _wrong_people(hearing, tenkyo, rows)
    if refusal is not None:
        return refused(hearing.command, *refusal)
    current = {str(row["atena_no"]): _history_no(row) for row in rows}
    if any(hearing.command.base.get(one) != history_no for one, history_no in current.items()):
        return conflict(hearing.command, current)
    if _is_there_already(hearing, tenkyo):
        return refused(hearing.command, "refused.duplicate_intake")
    return _receive(hearing, tenkyo)


def _wrong_date(tenkyo: Tenkyo, today: date) -> tuple[str, str] | None:
    """Refuse days no law allows: nothing lies ahead, and a move is notified after it [STD j480, j570]."""
    if tenkyo.ido_date > today:
        return "refused.date", "ido_date"
    if not tenkyo.ido_date <= tenkyo.todoke_date <= today:
        return "refused.date", "todoke_date"
    return None


def _wrong_people(hearing: Hearing, tenkyo: Tenkyo, rows: Sequence[Row]) -> tuple[str, str] | None:
    """Refuse movers who are not there, live here no longer, or are not of one household."""
    if set(tenkyo.movers) != set(hearing.command.residents):
        return "refused.input", "residents"
    if len(rows) != len(tenkyo.movers):
        return "refused.not_found", ""
    if any(row["status"] != "resident" for row in rows):
        return "refused.not_resident", ""
    return None if len({row["household_no"] for row in rows}) == 1 else ("refused.input", "members")


def _is_there_already(hearing: Hearing, tenkyo: Tenkyo) -> bool:
    """Tell whether the same move of the same person waits already, from another counter or another day."""
    cases = storage.intake_case
    query = sa.select(cases.c.payload).where(
        cases.c.municipality == hearing.register.municipality,
        cases.c.kind == hearing.command.kind,
        cases.c.atena_no == tenkyo.subject,
        cases.c.state.in_(OPEN_STATES),
    )
    waiting = [read_tenkyo(json.loads(payload)) for payload in hearing.connection.execute(query).scalars()]
    return any(tenkyo.is_same_move(other) for other in waiting)


def _receive(hearing: Hearing, tenkyo: Tenkyo) -> Answer:
    command = hearing.command
    case = {
        **hearing.line,
        "kind": command.kind,
        "atena_no": tenkyo.subject,
        "state": "received",
        "made_by": command.made_by,
        "received_at": hearing.at,
        "todoke_date": tenkyo.todoke_date.isoformat(),
        "base": json.dumps(dict(command.base)),
        "payload": json.dumps(hearing.payload, ensure_ascii=False, default=str),
    }
    hearing.connection.execute(sa.insert(storage.intake_case), [case])
    row = {
        **intake_key(command.key, command.kind, tenkyo.subject),
        "state": "received",
        "changed_at": hearing.at,
    }
    version = hearing.register.commit(hearing.connection, "register", [put("intake", row)])
    return accepted(command, version, hearing.at, "仮受付")


def intake_key(key: str, kind: str, atena_no: str) -> dict[str, object]:
    """Return what names an intake in the feed, which carries its state and nothing of its content."""
    return {"command_key": key, "kind": kind, "atena_no": atena_no}


def _history_no(row: Mapping[str, object]) -> int:
    value = row["history_no"]
    if not isinstance(value, int):
        raise TypeError("history_no")
    return value

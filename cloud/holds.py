"""Restrictive requests act at once: what they stop is in the blocks feed before the office has decided."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from cloud import storage
from cloud.command import Command
from cloud.payloads.base import Request
from cloud.payloads.todoke import Tenshutsu
from cloud.register import Change, Register, put, remove

_ISSUE, _SEAL = "issue", "seal"


def holds_of(command: Command, request: Request, numbers: Sequence[str], today: date) -> list[Change]:
    """Return what a request stops from its acceptance on; nothing where it restricts nobody."""
    writer = _WRITERS.get(command.kind)
    rows = [] if writer is None else writer(request, numbers, today)
    name = "measure_id" if command.kind == "shien_sochi.application" else "block_id"
    table = "shien_sochi" if name == "measure_id" else "block"
    return [put(table, {name: hold_id(command.key, place), **row}) for place, row in enumerate(rows, 1)]


def hold_id(key: str, place: int) -> str:
    """Return what a hold is known by: the command it came with."""
    return f"{key}-{place}"


def application_of(measure_id: str) -> str:
    """Return the key of the application a measure came with; empty where the office began it."""
    key = measure_id.rpartition("-")[0]
    try:
        return str(UUID(key))
    except ValueError:
        return ""


def standing_holds(connection: sa.Connection, register: Register, key: str) -> list[dict[str, object]]:
    """Return the support measures a command has put up, provisional ones."""
    table = storage.rows["shien_sochi"]
    return register.rows(connection, "shien_sochi", table.c.measure_id.startswith(f"{key}-", autoescape=True))


def lifted(connection: sa.Connection, register: Register, key: str) -> list[Change]:
    """Return the changes that take away everything a command has put up."""
    blocks = storage.rows["block"]
    found = register.rows(connection, "block", blocks.c.block_id.startswith(f"{key}-", autoescape=True))
    measures = standing_holds(connection, register, key)
    return [remove("block", (str(row["block_id"]),)) for row in found] + [
        remove("shien_sochi", (str(row["measure_id"]),)) for row in measures
    ]


Rows = list[dict[str, object]]


def _block(number: str, process: str, reason: str, starts: date, level: str = "error") -> dict[str, object]:
    return {
        "atena_no": number,
        "process": process,
        "level": level,
        "reason": reason,
        "starts": starts.isoformat(),
    }


def _seal_abolished(_request: Request, numbers: Sequence[str], today: date) -> Rows:
    return [_block(one, _SEAL, "印鑑登録廃止の申請を審査中", today) for one in numbers]


def _card_lost(_request: Request, numbers: Sequence[str], today: date) -> Rows:
    return [_block(one, _SEAL, "印鑑登録証亡失の届出を審査中", today) for one in numbers]


def _death(_request: Request, numbers: Sequence[str], today: date) -> Rows:
    reason = "死亡届を審査中"
    return [_block(one, process, reason, today) for one in numbers for process in (_ISSUE, _SEAL)]


def _tenshutsu(request: Request, numbers: Sequence[str], today: date) -> Rows:
    """Stop papers from 転出予定日 on, when the record closes (住基法 第24条); until then only warn."""
    if not isinstance(request, Tenshutsu):
        raise TypeError("a request of another kind")
    reason, rows = "転出届を審査中", []
    for one in numbers:
        if request.planned > today:
            rows.append(_block(one, _ISSUE, reason, today, "alert"))
        rows += [_block(one, process, reason, request.planned) for process in (_ISSUE, _SEAL)]
    return rows


def _protected(_request: Request, numbers: Sequence[str], today: date) -> Rows:
    """Protect provisionally (仮支援措置), exactly as after the decision [STD j440]."""
    return [{"atena_no": one, "provisional": True, "starts": today.isoformat()} for one in numbers]


_WRITERS: Mapping[str, Callable[[Request, Sequence[str], date], Rows]] = {
    "seal.abolish": _seal_abolished,
    "seal.card_lost": _card_lost,
    "todoke.death": _death,
    "todoke.tenshutsu": _tenshutsu,
    "shien_sochi.application": _protected,
}

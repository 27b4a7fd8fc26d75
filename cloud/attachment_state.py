"""Where an attachment stands: what its parts and its command make of it, worked out whenever it is asked for."""

from typing import Any

import sqlalchemy as sa

from cloud import storage
from cloud.payloads.kinds import REQUESTS, read_kept

Line = sa.Row[Any]

OPEN = "open"  # parts are missing
WAITING = "waiting"  # whole, and its command has not been heard
ATTACHED = "attached"
QUARANTINE = "quarantine"  # with a command that was put aside, or one that it does not belong to
REFUSED = "refused"  # its command was refused, or in conflict


def state_of(connection: sa.Connection, municipality: str, line: Line) -> str:
    """Return where an attachment stands."""
    if line.whole_at is None:
        return OPEN
    case = _one(connection, municipality, storage.intake_case, "command_key", line.command_key)
    if case is not None:  # a request that took effect, at once or released by a person
        return ATTACHED if _belongs(line, case) else QUARANTINE
    heard = _one(connection, municipality, storage.command, "key", line.command_key)
    if heard is None:
        return WAITING
    if _is_aside(connection, municipality, heard):
        return QUARANTINE
    if heard.outcome != "accepted":
        return REFUSED
    return ATTACHED if heard.terminal == line.terminal else QUARANTINE


def author_naming(
    connection: sa.Connection, municipality: str, command_key: str, words: tuple[str, str, str]
) -> str | None:
    """Return whose request, that took effect, names an attachment by key, hash and media type; None where none does."""
    case = _one(connection, municipality, storage.intake_case, "command_key", command_key)
    if case is None:
        return None
    notes = read_kept(REQUESTS[case.kind], case.payload).attachments
    return case.terminal if words in {(one.key, one.sha256, one.media_type) for one in notes} else None


def _one(connection: sa.Connection, municipality: str, table: sa.Table, name: str, key: str) -> Line | None:
    query = sa.select(table).where(table.c.municipality == municipality, table.c[name] == key)
    return connection.execute(query).one_or_none()


def _is_aside(connection: sa.Connection, municipality: str, heard: Line) -> bool:
    """Tell whether a remembered command lies in quarantine: itself, not somebody's forgery of it."""
    table = storage.quarantine
    query = sa.select(table.c.item_id).where(
        table.c.municipality == municipality,
        table.c.command_key == heard.key,
        table.c.signature == heard.signature,
        table.c.state != "released",
    )
    return connection.execute(query).first() is not None


def _belongs(line: Line, case: Line) -> bool:
    """Tell whether an attachment is of a request: named in it with its hash, or brought unnamed by its own author."""
    notes = read_kept(REQUESTS[case.kind], case.payload).attachments
    if notes:
        return any(note.key == line.key and note.sha256 == line.sha256 for note in notes)
    return bool(line.terminal == case.terminal)

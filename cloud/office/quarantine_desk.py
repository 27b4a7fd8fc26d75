"""The desk where a person looks at what was put aside: lists it, opens it, lets it take effect, or dismisses it."""

from http import HTTPStatus
from typing import Any

import sqlalchemy as sa

from cloud import storage
from cloud.clock import Now, stamp
from cloud.command import Command
from cloud.commands import Commands
from cloud.envelopes import Payload, UnreadableError, open_payload, read_words
from cloud.keys import TenantKeys
from cloud.office.log import By, OfficeLog
from cloud.office.reading import Reading
from cloud.problems import ProblemError, not_found
from cloud.register import Register

Line = sa.Row[Any]
_SHOWN = ("item_id", "command_key", "terminal", "kind", "reason", "received_at", "state")
_DECIDED = ("decided_by", "decided_at", "decided_for")


class QuarantineDesk:
    """What one municipality has put aside, and what a person does with it."""

    def __init__(self, register: Register, keys: TenantKeys, commands: Commands, now: Now) -> None:
        self._register = register
        self._log = OfficeLog(register, now)
        self._reading = Reading(register, self._log, now)
        self._keys = keys
        self._commands = commands
        self._now = now

    def items(self, state: str | None = None) -> list[dict[str, object]]:
        """Return what was put aside and why, oldest first, unopened."""
        table = storage.quarantine
        shown = (table.c[name] for name in (*_SHOWN, *_DECIDED))  # never the envelopes of all of them at once
        query = sa.select(*shown).where(table.c.municipality == self._register.municipality)
        if state is not None:
            query = query.where(table.c.state == state)
        with self._register.reading() as connection:
            lines = connection.execute(query.order_by(table.c.received_at, table.c.item_id)).all()
        return [_listed(line) for line in lines]

    def item(self, item_id: str) -> dict[str, object]:
        """Return one item, unopened; 404 where there is none."""
        with self._register.reading() as connection:
            return _listed(self._line(connection, item_id))

    def open(self, item_id: str, who: str) -> dict[str, object]:
        """Return an item with what is inside it; that it was opened, and by whom, is written down first."""
        self._must_read(who, item_id)
        with self._log.acting(by := By(who)) as connection:
            line = self._line(connection, item_id)
            self._log.note(connection, by, "quarantine.opened", item_id)
        told = _listed(line)
        command = _command_in(line)
        if command is None:  # never readable as a command: shown as it came
            return told | {"raw": bytes(line.words)}
        told |= {
            "made_by": command.made_by,
            "made_at": command.made_at,
            "residents": list(command.residents),
            "base": dict(command.base),
        }
        payload = self._payload(command)
        return told | ({} if payload is None else {"payload": dict(payload)})

    def release(self, item_id: str, who: str, form: str | None = None) -> dict[str, object]:
        """Let an item take effect as its author's command; 409 where it still cannot, with the answer it got."""
        self._must_read(who, item_id)
        with self._log.acting(by := By(who, form)) as connection:
            line = self._undecided(connection, item_id)
            command = _command_in(line)
            if command is None:
                raise ProblemError(HTTPStatus.CONFLICT, "quarantine.no_command")
            try:
                answer = self._commands.hear_again(connection, command)
            except sa.exc.IntegrityError:  # what it says stands in the book already, under the same key
                raise ProblemError(
                    HTTPStatus.CONFLICT, "quarantine.still_refused", reason="key_taken"
                ) from None
            if answer["outcome"] != "accepted":
                # Raised inside the transaction: whatever was begun is taken back.
                code = str(answer.get("reason") or answer["code"])
                raise ProblemError(HTTPStatus.CONFLICT, "quarantine.still_refused", reason=code)
            self._settle(connection, by, item_id, "released", "")
        return {"item_id": item_id, "state": "released", "answer": answer}

    def dismiss(self, item_id: str, who: str, reason: str, form: str | None = None) -> dict[str, object]:
        """Put an item away for good, with the reason; it is kept all the same."""
        self._must_read(who, item_id)
        with self._log.acting(by := By(who, form)) as connection:
            self._undecided(connection, item_id)
            self._settle(connection, by, item_id, "dismissed", reason)
        return {"item_id": item_id, "state": "dismissed"}

    def _must_read(self, who: str, item_id: str) -> None:
        self._reading.must(who, [str(self.item(item_id)["kind"])], item_id)

    def _payload(self, command: Command) -> Payload | None:
        try:
            return open_payload(self._keys, command)
        except UnreadableError:
            return None

    def _line(self, connection: sa.Connection, item_id: str) -> Line:
        line = connection.execute(sa.select(storage.quarantine).where(self._of(item_id))).one_or_none()
        if line is None:
            raise not_found()
        return line

    def _undecided(self, connection: sa.Connection, item_id: str) -> Line:
        line = self._line(connection, item_id)
        if line.state != "kept":
            raise ProblemError(HTTPStatus.CONFLICT, "office.decided", state=line.state)
        return line

    def _settle(self, connection: sa.Connection, by: By, item_id: str, state: str, reason: str) -> None:
        values = {
            "state": state,
            "decided_by": by.who,
            "decided_at": stamp(self._now()),
            "decided_for": reason,
        }
        connection.execute(sa.update(storage.quarantine).where(self._of(item_id)).values(values))
        self._log.note(connection, by, f"quarantine.{state}", item_id)

    def _of(self, item_id: str) -> sa.ColumnElement[bool]:
        table = storage.quarantine
        return sa.and_(table.c.municipality == self._register.municipality, table.c.item_id == item_id)


def _listed(line: Line) -> dict[str, object]:
    told = {name: getattr(line, name) for name in _SHOWN}
    return told | {name: value for name in _DECIDED if (value := getattr(line, name))}


def _command_in(line: Line) -> Command | None:
    """Return the command an item holds, or None where it never was one."""
    if line.sealed is None or line.signature is None:
        return None
    try:
        return read_words(line.words, line.sealed, line.signature)
    except ValueError:
        return None

"""The office log: who did what to which record, one line an act, written in the transaction of the act itself.

It names keys (宛名番号, intake, terminal) and never a value of a record. Lines are added and never changed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from cloud import storage
from cloud.clock import Now, stamp
from cloud.register import Register

MOST_SHOWN = 200


class DoneBeforeError(Exception):
    """A form that came twice: its act was done when it came first, and is not done again."""


@dataclass(frozen=True, slots=True)
class By:
    """Who acts, and through which form, where there is one: a form acts once."""

    who: str
    form: str | None = None


class OfficeLog:
    """The acts of one municipality's back office."""

    def __init__(self, register: Register, now: Now) -> None:
        self._register = register
        self._now = now

    @contextmanager
    def acting(self, by: By) -> Iterator[sa.Connection]:
        """Open the register's writing transaction for an act; DoneBeforeError where its form came before."""
        table = storage.office_act
        with self._register.writing() as connection:
            if by.form is not None:
                before = sa.select(table.c.act_no).where(
                    table.c.municipality == self._register.municipality, table.c.form == by.form
                )
                if connection.execute(before).first() is not None:
                    raise DoneBeforeError
            yield connection

    def note(self, connection: sa.Connection, by: By, what: str, subject: str) -> None:
        """Write an act down, inside a transaction from ``acting``."""
        table = storage.office_act
        mine = table.c.municipality == self._register.municipality
        last = connection.execute(sa.select(sa.func.max(table.c.act_no)).where(mine)).scalar_one_or_none()
        line = {
            "municipality": self._register.municipality,
            "act_no": (last or 0) + 1,
            "at": stamp(self._now()),
            "who": by.who,
            "what": what,
            "subject": subject,
            "form": by.form,
        }
        connection.execute(sa.insert(table), [line])

    def say(self, by: By, what: str, subject: str) -> None:
        """Write down an act that changes nothing: something was looked at, somebody came in."""
        with self.acting(by) as connection:
            self.note(connection, by, what, subject)

    def acts(self, before: int | None = None, most: int = MOST_SHOWN) -> list[dict[str, object]]:
        """Return acts, newest first, those before a number where one is given."""
        table = storage.office_act
        names = ("act_no", "at", "who", "what", "subject")
        query = sa.select(*(table.c[name] for name in names)).where(
            table.c.municipality == self._register.municipality
        )
        if before is not None:
            query = query.where(table.c.act_no < before)
        with self._register.reading() as connection:
            found = connection.execute(query.order_by(table.c.act_no.desc()).limit(most)).all()
        return [dict(row._mapping) for row in found]

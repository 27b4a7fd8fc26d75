"""A command being heard: opened, inside the transaction that will hold its effect and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from cloud.clock import day_in_tokyo, read_stamp, stamp
from cloud.command import Command
from cloud.register import Register

Payload = Mapping[str, object]
_MOST_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hearing:
    """All that is needed to give a command its effect."""

    connection: sa.Connection
    register: Register
    command: Command
    payload: Payload = field(repr=False)
    now: datetime

    @property
    def at(self) -> str:
        """Return the moment of the hearing, as the wire has it."""
        return stamp(self.now)

    @property
    def today(self) -> date:
        """Return what day it is at the counter: by the terminal's clock too, if that is a day ahead at most.

        A clock that is fast dates after its midnight what happens tomorrow by ours; nobody is refused for that.
        """
        made_at = read_stamp(self.command.made_at)
        return day_in_tokyo(max(self.now, min(made_at, self.now + _MOST_AHEAD)))

    @property
    def line(self) -> dict[str, object]:
        """Return what every line of the book begins with."""
        return {
            "municipality": self.register.municipality,
            "command_key": self.command.key,
            "terminal": self.command.terminal,
            "made_at": self.command.made_at,
        }

    def of_terminal(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """Return what picks this terminal's lines of a table."""
        return sa.and_(
            table.c.municipality == self.register.municipality, table.c.terminal == self.command.terminal
        )

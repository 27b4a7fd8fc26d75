"""A command being heard: opened, inside the transaction that will hold its effect and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from cloud.clock import stamp
from cloud.command import Command
from cloud.register import Register

Payload = Mapping[str, object]


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

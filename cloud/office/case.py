"""A case on the office's desk: a request, whom it is about by now, and what the officer says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from http import HTTPStatus

import sqlalchemy as sa

from cloud import newcomers
from cloud.households import history_no_of, present_row
from cloud.payloads.base import Request
from cloud.problems import ProblemError
from cloud.register import Change, Register

Record = dict[str, object]


@dataclass(frozen=True, slots=True)
class Decision:
    """What an officer of the back office decided.

    ``relationships`` only where part of a household moves; ``changes`` are rows that no rule can write.
    """

    decision: str  # review | register | return
    decided_by: str
    reason: str = ""
    relationships: Mapping[str, str] = field(default_factory=dict)
    changes: Sequence[Mapping[str, object]] = ()
    form: str | None = None  # what it was decided through: a form decides once


@dataclass(frozen=True, slots=True)
class Outcome:
    """What registering a request writes, and the number each newcomer got."""

    changes: Sequence[Change]
    numbers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """All that a rule of registering may look at."""

    connection: sa.Connection
    register: Register
    key: str
    kind: str
    request: Request
    base: Mapping[str, int]
    decision: Decision
    today: date

    def number(self, person: str) -> str:
        """Return the 宛名番号 of somebody; 409 ``office.newcomer_waits`` where they are not registered yet."""
        found = newcomers.number_of(self.connection, self.register.municipality, person)
        if not found:
            raise ProblemError(HTTPStatus.CONFLICT, "office.newcomer_waits")
        return found

    @property
    def numbers(self) -> tuple[str, ...]:
        """Return the numbers of everybody concerned who is no newcomer of this very request."""
        known = (one for one in self.request.persons if one not in self.request.newcomers)
        return tuple(self.number(one) for one in known)

    @property
    def known(self) -> tuple[str, ...]:
        """Return the numbers of those concerned who have one."""
        town = self.register.municipality
        found = (newcomers.number_of(self.connection, town, one) for one in self.request.persons)
        return tuple(number for number in found if number)

    def must_have_numbers(self) -> None:
        """Refuse to register what is about somebody who is not registered yet."""
        for one in self.request.persons:
            if one not in self.request.newcomers:
                self.number(one)

    def rows(self, numbers: Sequence[str]) -> list[Record]:
        """Return the present records of some residents, those that are there."""
        return [row for one in numbers if (row := present_row(self.register, self.connection, one))]

    def unmoved_rows(self) -> list[Record]:
        """Return the records of everybody concerned; 409 where one has moved on since the request was taken in."""
        rows = self.rows(self.numbers)
        current = {str(row["atena_no"]): history_no_of(row) for row in rows}
        if any(self.base.get(one, history_no) != history_no for one, history_no in current.items()):
            raise ProblemError(HTTPStatus.CONFLICT, "conflict.version", current=current)
        return rows

    def next_version(self, row: Record, gone: Sequence[str] = ()) -> Record:
        """Return a record's next version, without some columns, as processed today."""
        kept = {column: value for column, value in row.items() if column not in gone}
        filed = self.request.todoke_date.isoformat()
        return kept | {
            "history_no": history_no_of(row) + 1,
            "ido_todoke_date": filed,
            "processed_date": self.today.isoformat(),
        }

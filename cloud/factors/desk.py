"""Where second factors meet the database: challenges asked and taken, states kept; inside a transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa

from cloud import storage
from cloud.clock import read_stamp, stamp
from cloud.factors import Checked, Enrolled, SecondFactor, Verdict
from cloud.problems import malformed
from cloud.sign_in_rules import SignInRules


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody shows as a second factor."""

    kind: str
    answer: object = field(repr=False)


class FactorDesk:
    """The second factors of one municipality's people."""

    def __init__(self, municipality: str, factors: Mapping[str, SecondFactor], rules: SignInRules) -> None:
        self._municipality = municipality
        self._factors = factors
        self._rules = rules

    def factor(self, kind: str) -> SecondFactor:
        """Return a factor by name; problem 422 where this cloud has none of that name."""
        if kind not in self._factors:
            raise malformed("no such second factor")
        return self._factors[kind]

    def ask(
        self, connection: sa.Connection, terminal_no: str, staff_id: str, kind: str, now: datetime
    ) -> tuple[Mapping[str, object] | None, datetime]:
        """Ask a factor of somebody, known or not; a challenge asked before is void. Returns it and its end."""
        challenge, until = self.factor(kind).begin(), now + self._rules.challenge_life
        table = storage.factor_challenge
        old = sa.or_(table.c.expires_at <= stamp(now), self._at(terminal_no, staff_id, kind))
        connection.execute(sa.delete(table).where(table.c.municipality == self._municipality, old))
        if challenge is None:
            return None, until
        line = {
            "municipality": self._municipality,
            "terminal_no": terminal_no,
            "person_hash": _person(staff_id),
            "kind": kind,
            "kept": challenge.kept,
            "expires_at": stamp(until),
        }
        connection.execute(sa.insert(table), [line])
        return challenge.told, until

    def check(
        self, connection: sa.Connection, terminal_no: str, staff_id: str, proof: Proof, now: datetime
    ) -> Checked:
        """Judge what somebody shows; the open challenge is used up by it, whatever comes of it."""
        factor = self.factor(proof.kind)
        kept = self._take(connection, terminal_no, staff_id, proof.kind, now)
        enrolled = self.enrolled(connection, staff_id, proof.kind)
        checked = factor.verify(enrolled or factor.nobody, proof.answer, kept, now)
        return checked if enrolled else Checked(Verdict.WRONG)

    def enrolled(self, connection: sa.Connection, staff_id: str, kind: str) -> Enrolled | None:
        """Return what a person's factor is checked with, or None."""
        table = storage.staff_factor
        query = sa.select(table.c.secret, table.c.state).where(self._factor(staff_id, kind))
        line = connection.execute(query.with_for_update()).one_or_none()
        return Enrolled(line.secret, line.state) if line else None

    def keep(self, connection: sa.Connection, staff_id: str, kind: str, state: str) -> None:
        """Write down what a factor must remember of a good answer."""
        here = self._factor(staff_id, kind)
        connection.execute(sa.update(storage.staff_factor).where(here).values(state=state))

    def _take(
        self, connection: sa.Connection, terminal_no: str, staff_id: str, kind: str, now: datetime
    ) -> str | None:
        table = storage.factor_challenge
        here = sa.and_(table.c.municipality == self._municipality, self._at(terminal_no, staff_id, kind))
        line = connection.execute(sa.select(table).where(here)).one_or_none()
        connection.execute(sa.delete(table).where(here))
        return line.kept if line and read_stamp(line.expires_at) > now else None

    def _at(self, terminal_no: str, staff_id: str, kind: str) -> sa.ColumnElement[bool]:
        table = storage.factor_challenge
        return sa.and_(
            table.c.terminal_no == terminal_no,
            table.c.person_hash == _person(staff_id),
            table.c.kind == kind,
        )

    def _factor(self, staff_id: str, kind: str) -> sa.ColumnElement[bool]:
        table = storage.staff_factor
        return sa.and_(
            table.c.municipality == self._municipality, table.c.staff_id == staff_id, table.c.kind == kind
        )


def _person(staff_id: str) -> str:
    """Return a hash to find an open challenge by: what was typed as an id may be anything."""
    return sha256(staff_id.encode("utf-8", "surrogatepass")).hexdigest()

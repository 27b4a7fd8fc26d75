"""The back office decides intakes: reviewed (審査中), registered (本登録) or returned (差戻し), one register version each.

What a rule can write is written by rule; what it cannot, the officer gives. What a restrictive request has stopped is
lifted, or made definite, with the decision.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
import sqlalchemy as sa

from cloud import newcomers, storage
from cloud.clock import Now, day_in_tokyo, stamp
from cloud.contract import tables
from cloud.holds import lifted
from cloud.intakes import OF_ANYBODY, OPEN_STATES, intake_key, known_as
from cloud.leases import Holder, Leases
from cloud.office import arrivals, contacts, moves, services
from cloud.office.case import Case, Decision, Outcome
from cloud.office.given import given_changes
from cloud.office.log import By, OfficeLog
from cloud.office.reading import Reading
from cloud.payloads.kinds import REQUESTS, read_kept
from cloud.problems import ProblemError, malformed, not_found
from cloud.register import Change, Register, put

_STATES = {"review": "reviewing", "register": "registered", "return": "returned"}
_FROM = {"review": ("received",), "register": OPEN_STATES, "return": OPEN_STATES}
_RULES: Mapping[str, Callable[[Case], Outcome]] = {
    "todoke.tenkyo": moves.tenkyo,
    "todoke.tenshutsu": moves.tenshutsu,
    "todoke.death": moves.death,
    "todoke.tennyu": arrivals.tennyu,
    "todoke.birth": arrivals.birth,
    "nhi.lose": services.nhi_lose,
    "nhi.change": services.nhi_change,
    "contact.change": contacts.contact_change,
    "seal.abolish": services.seal_end,
    "seal.card_lost": services.seal_end,
    "shien_sochi.application": services.shien_sochi,
    "shien_sochi.end": services.shien_sochi_end,
}
_ROWS_NEEDED = frozenset(("todoke.setai_henko", "nhi.acquire", "seal.register"))


class Office:
    """The desk where intakes are decided."""

    def __init__(self, register: Register, leases: Leases, now: Now) -> None:
        self._register = register
        self._leases = leases
        self._log = OfficeLog(register, now)
        self._reading = Reading(register, self._log, now)
        self._now = now

    def intakes(self, state: str | None = None, newest: int | None = None) -> list[dict[str, object]]:
        """Return intakes with their content, oldest first; only so many of the newest where a number is given."""
        table = storage.intake_case
        query = sa.select(table).where(table.c.municipality == self._register.municipality)
        if state is not None:
            query = query.where(table.c.state == state)
        with self._register.reading() as connection:
            by_age = query.order_by(table.c.received_at.desc(), table.c.command_key.desc()).limit(newest)
            found = connection.execute(by_age).all()
        return [_shown(dict(row._mapping)) for row in reversed(found)]

    def intakes_for(self, who: str, state: str | None = None) -> list[dict[str, object]]:
        """Return intakes as one person may see them; of whom nobody is named, what any officer may."""
        return self._reading.shown(who, self.intakes(state))

    def intake(self, key: str) -> dict[str, object]:
        """Return one intake with its content; 404 where there is none."""
        query = sa.select(storage.intake_case).where(self._here(key))
        with self._register.reading() as connection:
            case = connection.execute(query).one_or_none()
        if case is None:
            raise not_found()
        return _shown(dict(case._mapping))

    def numbers(self, persons: Iterable[str]) -> dict[str, str]:
        """Return the 宛名番号 of people by the id they were told of; who has none yet goes by that."""
        with self._register.reading() as connection:
            return {one: known_as(connection, self._register, one) for one in persons}

    def counts(self) -> dict[str, int]:
        """Return how many intakes there are in each state."""
        table = storage.intake_case
        query = sa.select(table.c.state, sa.func.count()).where(
            table.c.municipality == self._register.municipality
        )
        with self._register.reading() as connection:
            return {str(state): count for state, count in connection.execute(query.group_by(table.c.state))}

    def decide(self, key: str, decision: Decision) -> dict[str, object]:
        """Decide an intake once; 403 where it is not theirs to read, 404 unknown, 409 where it was decided or is edited."""
        self._reading.must_decide(decision.decided_by, str(self.intake(key)["kind"]), decision.decision, key)
        by, state = By(decision.decided_by, decision.form), _STATES[decision.decision]
        with self._log.acting(by) as connection:
            line = self._line(connection, key, _FROM[decision.decision])
            case = self._case(connection, line, decision)
            self._heed_leases(case)
            outcome = _outcome(case)
            versions = self._write(case, str(line.atena_no), outcome)
            values = {
                "state": state,
                "decided_by": decision.decided_by,
                "decided_at": stamp(self._now()),
                "provisional": json.dumps(dict(outcome.numbers)) if outcome.numbers else None,
            }
            connection.execute(sa.update(storage.intake_case).where(self._here(key)).values(values))
            self._log.note(connection, by, f"intake.{state}", key)
        told = {"key": key, "state": state, "register_version": versions["register"]}
        return told | ({"provisional": dict(outcome.numbers)} if outcome.numbers else {})

    def _here(self, key: str) -> sa.ColumnElement[bool]:
        table = storage.intake_case
        return sa.and_(table.c.municipality == self._register.municipality, table.c.command_key == key)

    def _line(self, connection: sa.Connection, key: str, states: Sequence[str]) -> sa.Row[Any]:
        """Return an intake in one of some states, held until the transaction ends."""
        query = sa.select(storage.intake_case).where(self._here(key))
        line = connection.execute(query.with_for_update()).one_or_none()
        if line is None:
            raise not_found()
        if line.state not in states:
            raise ProblemError(HTTPStatus.CONFLICT, "office.decided", state=line.state)
        return line

    def _case(self, connection: sa.Connection, line: sa.Row[Any], decision: Decision) -> Case:
        return Case(
            connection=connection,
            register=self._register,
            key=line.command_key,
            kind=line.kind,
            request=read_kept(REQUESTS[line.kind], line.payload),
            base=json.loads(line.base),
            decision=decision,
            today=day_in_tokyo(self._now()),
        )

    def _heed_leases(self, case: Case) -> None:
        """Take the leases of everybody concerned for the officer; give them back where it is decided for good."""
        if case.decision.decision == "return":
            return
        who = case.decision.decided_by
        known = self._register.row(case.connection, "staff_member", (who,)) or {}
        officer = Holder(who, str(known.get("name", who)), str(known.get("section", "office")), "")
        numbers = [one for one in case.known if case.rows([one])]
        for one in numbers:
            self._leases.take_in(case.connection, one, officer)
        if case.decision.decision == "register":
            self._leases.free(case.connection, numbers, officer)

    def _write(self, case: Case, subject: str, outcome: Outcome) -> dict[str, int]:
        """Write an intake's new state and what follows from it: a version of each feed that changes."""
        newcomers.settle(case.connection, self._register.municipality, outcome.numbers)
        atena_no = known_as(case.connection, self._register, subject)
        row = intake_key(case.key, case.kind, atena_no) | {
            "state": _STATES[case.decision.decision],
            "changed_at": stamp(self._now()),
        }
        if case.decision.reason:
            row["reason"] = case.decision.reason
        if outcome.numbers:
            row["provisional"] = json.dumps(dict(outcome.numbers))
        by_feed: dict[str, list[Change]] = {"register": [put("intake", row)], "blocks": []}
        by_feed["register"] += self._waiting_for(case, outcome.numbers)
        for change in outcome.changes:
            by_feed[tables()[change.table].feed].append(change)
        return {
            feed: self._register.commit(case.connection, feed, changes)
            for feed, changes in by_feed.items()
            if changes
        }

    def _waiting_for(self, case: Case, numbers: Mapping[str, str]) -> list[Change]:
        """Return the rows of other intakes about somebody who has just got a number, under the number."""
        if not numbers:
            return []
        table = storage.rows["intake"]
        others = self._register.rows(case.connection, "intake", table.c.atena_no.in_(list(numbers)))
        return [
            put("intake", row | {"atena_no": numbers[str(row["atena_no"])]})
            for row in others
            if row["command_key"] != case.key
        ]


def _outcome(case: Case) -> Outcome:
    """Return what a decision writes beside the intake's state; what the officer gives outweighs the rule."""
    if case.decision.decision == "review":
        return Outcome(())
    holds = lifted(case.connection, case.register, case.key)
    if case.decision.decision == "return":
        return Outcome(holds)
    if case.kind not in OF_ANYBODY:
        case.must_have_numbers()
    given = given_changes(case)
    if case.kind in _ROWS_NEEDED and not given:
        raise malformed("changes: of this kind the office gives the rows")
    rule = _RULES.get(case.kind)
    ruled = rule(case) if rule else Outcome(())
    return Outcome(_last_of_each([*holds, *ruled.changes, *given]), ruled.numbers)


def _last_of_each(changes: Sequence[Change]) -> list[Change]:
    return list({(change.table, change.key): change for change in changes}.values())


def _shown(case: dict[str, object]) -> dict[str, object]:
    """Return a case as the office sees it."""
    del case["municipality"]
    case["key"] = case.pop("command_key")
    for name in ("base", "payload", "provisional"):
        if case[name] is not None:
            case[name] = msgspec.json.decode(str(case[name]))
    return {name: value for name, value in case.items() if value is not None}

"""The office of personnel: who works here, lent by whom, with which rights from when until when [STD j1380].

Who somebody is and what they may do are commits of the register, so terminals hear of them; secrets stay beside it. Each
act is in the office log with who did it. An id is given once: people leave by their last day, their rows stay.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from http import HTTPStatus
from uuid import uuid4

import sqlalchemy as sa

from cloud import storage
from cloud.clock import Now, day_in_tokyo, read_stamp, stamp
from cloud.contract import Row
from cloud.credentials import (
    KeptFactor,
    factors_of,
    others_with,
    past_hashes,
    put_factor,
    set_password,
    take_factor,
)
from cloud.lockouts import Lockouts
from cloud.office.log import By, OfficeLog
from cloud.passwords import Passwords
from cloud.problems import ProblemError, malformed, not_found
from cloud.register import Change, Register, put, remove
from cloud.sign_in_rules import DEFAULT_RULES, SignInRules
from cloud.staff import (
    BLOCK_ACTS,
    IN_CHARGE,
    ITEMS,
    RIGHTS,
    HeldRight,
    NewStaff,
    add_staff,
    grants_by_name,
    held_rights,
)
from cloud.staff_rows import grant_row, staff_rows
from cloud.tokens import end_sessions, take_turn


class Personnel:
    """The personnel of one municipality; every act names who does it."""

    def __init__(self, register: Register, now: Now, rules: SignInRules = DEFAULT_RULES) -> None:
        self._register = register
        self._municipality = register.municipality
        self._now = now
        self._rules = rules
        self._passwords = Passwords(rules)
        self._lockouts = Lockouts(register.municipality, rules)
        self._log = OfficeLog(register, now)

    @property
    def rules(self) -> SignInRules:
        """Return the town's rules of sign-in."""
        return self._rules

    def add(self, person: NewStaff, *, done_by: str, form: str | None = None) -> int:
        """Take somebody on; 409 where the id was ever given. Returns the register version."""
        if person.lent_by and not (person.from_day and person.until_day):
            raise malformed("somebody lent has a first and a last day")
        if unknown := set(person.rights) - set(RIGHTS):
            raise malformed(f"{len(unknown)} unknown rights")
        self._check_days(person.from_day, person.until_day)
        self._check_password(person.staff_id, person.password, [])
        rows = [put(table, row) for table, row in staff_rows([person], self._today())]
        with self._log.acting(by := By(done_by, form)) as connection:
            if self._register.row(connection, "staff_member", (person.staff_id,)):
                raise ProblemError(HTTPStatus.CONFLICT, "office.id_taken")
            add_staff(connection, self._municipality, [person], self._today(), self._passwords)
            self._note(connection, "add", person.staff_id, by)
            return self._register.commit(connection, "register", rows)

    def end(self, staff_id: str, last_day: date, *, done_by: str, form: str | None = None) -> int:
        """Let somebody go at the end of a day; where that is past, they are signed out at once."""
        with self._log.acting(by := By(done_by, form)) as connection:
            row = self._member(connection, staff_id) | {"until_day": last_day.isoformat()}
            if last_day < self._today():
                self._sign_out(connection, staff_id, "left")
            self._note(connection, "end", staff_id, by, last_day.isoformat())
            return self._register.commit(connection, "register", [put("staff_member", row)])

    def suspend(self, staff_id: str, *, done_by: str, form: str | None = None) -> None:
        """Let somebody in no more until further notice, and sign them out at once."""
        self._suspended_since(staff_id, stamp(self._now()), "suspend", done_by, form)

    def resume(self, staff_id: str, *, done_by: str, form: str | None = None) -> None:
        """Let somebody suspended in again."""
        self._suspended_since(staff_id, None, "resume", done_by, form)

    def grant(
        self,
        right: str,
        from_day: date,
        until_day: date | None = None,
        *,
        staff_id: str = "",
        section: str = "",
        done_by: str,
        form: str | None = None,
    ) -> str:
        """Grant a right, to a person or a section, from a day on that may lie ahead; returns the grant's id."""
        if right not in RIGHTS or bool(staff_id) == bool(section):
            raise malformed("a right of the contract, to a person or to a section")
        self._check_days(from_day, until_day)
        grant_id = str(uuid4())
        row = grant_row(grant_id, right, from_day, until_day, staff_id=staff_id, section=section)
        with self._log.acting(by := By(done_by, form)) as connection:
            if staff_id:
                self._member(connection, staff_id)
            self._note(connection, "grant", staff_id, by, grant_id)
            self._register.commit(connection, "register", [put("right_grant", row)])
        return grant_id

    def revoke(
        self, grant_id: str, last_day: date | None = None, *, done_by: str, form: str | None = None
    ) -> int:
        """Let a grant end with a day, or at once; one that had not begun goes. Returns the register version."""
        last = last_day or self._today() - timedelta(days=1)
        with self._log.acting(by := By(done_by, form)) as connection:
            row = self._register.row(connection, "right_grant", (grant_id,))
            if row is None:
                raise not_found()
            self._note(connection, "revoke", str(row.get("staff_id", "")), by, grant_id)
            return self._register.commit(connection, "register", [_ended(grant_id, row, last)])

    def split_items(self, *, done_by: str, form: str | None = None) -> int:
        """Grant items one by one from now on; whoever may look up, today or later, is given all of them for those days.

        So nobody loses anything by it: what is too much is taken away after. Returns how many rights it gave.
        """
        return self._split("item", _with_view, By(done_by, form))

    def split_block_acts(self, *, done_by: str, form: str | None = None) -> int:
        """Grant the acts on blocks one by one from now on; whoever is in charge of some is given all three, as above."""
        return self._split("block", _with_charge, By(done_by, form))

    def _split(self, what: str, spell_out: Callable[[Iterable[Row], str], Iterator[Row]], by: By) -> int:
        flag = f"rights_by_{what}"
        with self._log.acting(by) as connection:
            town = self._register.row(connection, "town", (self._municipality,))
            if town is None:
                raise not_found()
            if town.get(flag):
                return 0
            grants = self._register.rows(connection, "right_grant")
            given = list(spell_out(grants, self._today().isoformat()))
            self._note(connection, f"by_{what}", "", by)
            changes = [put("town", town | {flag: True}), *(put("right_grant", row) for row in given)]
            self._register.commit(connection, "register", changes)
            return len(given)

    def by_name(self) -> tuple[bool, bool]:
        """Tell whether the town grants items one by one, and the acts on blocks."""
        with self._register.reading() as connection:
            return grants_by_name(connection, self._municipality)

    def reset_password(self, staff_id: str, password: str, *, done_by: str, form: str | None = None) -> None:
        """Give somebody a new password; they are signed out everywhere, and not locked out."""
        with self._register.reading() as connection:
            self._member(connection, staff_id)
            past = past_hashes(connection, self._municipality, staff_id)
        self._check_password(staff_id, password, past)
        hashed, today = self._passwords.hashed(password), self._today()
        with self._log.acting(by := By(done_by, form)) as connection:
            self._anew(connection, staff_id, "password")
            set_password(connection, self._municipality, staff_id, hashed, rules=self._rules, today=today)
            self._lockouts.forget_all(connection, staff_id)
            self._note(connection, "reset_password", staff_id, by)

    def set_factor(
        self,
        staff_id: str,
        kind: str,
        secret: bytes,
        *,
        state: str = "0",
        sole: bool = False,
        done_by: str,
        form: str | None = None,
    ) -> None:
        """Give somebody a second factor in place of the same kind before; they are signed out everywhere.

        ``sole``: 409 where it is somebody else's already. A card or key stands for one person.
        """
        with self._log.acting(by := By(done_by, form)) as connection:
            self._member(connection, staff_id)
            if sole and others_with(connection, self._municipality, staff_id, kind=kind, secret=secret):
                raise ProblemError(HTTPStatus.CONFLICT, "office.factor_taken")
            self._anew(connection, staff_id, "factor")
            today = self._today()
            put_factor(
                connection, self._municipality, staff_id, kind=kind, secret=secret, state=state, today=today
            )
            self._note(connection, "set_factor", staff_id, by, kind)

    def remove_factor(self, staff_id: str, kind: str, *, done_by: str, form: str | None = None) -> None:
        """Take a second factor away, a lost key; they are signed out everywhere. 404 where there is none."""
        with self._log.acting(by := By(done_by, form)) as connection:
            self._member(connection, staff_id)
            if kind not in {one.kind for one in factors_of(connection, self._municipality, staff_id)}:
                raise not_found()
            self._anew(connection, staff_id, "factor")
            take_factor(connection, self._municipality, staff_id, kind)
            self._note(connection, "remove_factor", staff_id, by, kind)

    def factors(self, staff_id: str) -> list[KeptFactor]:
        """Return the second factors somebody has. 404 where nobody has this id."""
        with self._register.reading() as connection:
            self._member(connection, staff_id)
            return factors_of(connection, self._municipality, staff_id)

    def people(self) -> list[dict[str, object]]:
        """Return everybody who ever worked here, as the register has them."""
        with self._register.reading() as connection:
            return self._register.rows(connection, "staff_member")

    def rights_of(self, staff_id: str, day: date) -> tuple[HeldRight, ...]:
        """Return what somebody may do on a day, past or to come, and where each right comes from."""
        with self._register.reading() as connection:
            row = self._member(connection, staff_id)
            if not str(row.get("from_day", "")) <= day.isoformat() <= str(row.get("until_day", "9999")):
                return ()
            return held_rights(connection, self._municipality, staff_id, day)

    # -- what acts have in common

    def _suspended_since(
        self, staff_id: str, since: str | None, act: str, done_by: str, form: str | None
    ) -> None:
        people = storage.staff
        here = sa.and_(people.c.municipality == self._municipality, people.c.staff_id == staff_id)
        with self._log.acting(by := By(done_by, form)) as connection:
            self._anew(connection, staff_id, "suspended")
            connection.execute(sa.update(people).where(here).values(suspended_since=since))
            self._note(connection, act, staff_id, by)

    def _sign_out(self, connection: sa.Connection, staff_id: str, reason: str) -> None:
        take_turn(connection, self._municipality)
        end_sessions(connection, self._municipality, staff_id, reason, self._now())

    def _anew(self, connection: sa.Connection, staff_id: str, reason: str) -> None:
        """Sign somebody out everywhere, and let terminals hear that what they kept of their secrets is void."""
        row, since = self._member(connection, staff_id), self._now()
        if before := row.get(
            "secrets_since"
        ):  # stamps are of whole seconds: who signed in within one is told apart
            since = max(since, read_stamp(str(before)) + timedelta(seconds=1))
        row |= {"secrets_since": stamp(since)}
        self._sign_out(connection, staff_id, reason)
        self._register.commit(connection, "register", [put("staff_member", row)])

    def _member(self, connection: sa.Connection, staff_id: str) -> dict[str, object]:
        row = self._register.row(connection, "staff_member", (staff_id,))
        if row is None:
            raise not_found()
        return row

    def _note(self, connection: sa.Connection, act: str, staff_id: str, by: By, subject: str = "") -> None:
        self._log.note(connection, by, f"staff.{act}", " ".join(filter(None, (staff_id, subject))))

    def _check_password(self, staff_id: str, password: str, past: list[str]) -> None:
        if objection := self._passwords.objection(staff_id, password, past):
            raise ProblemError(HTTPStatus.FORBIDDEN, "refused.password", reason=objection)

    @staticmethod
    def _check_days(from_day: date | None, until_day: date | None) -> None:
        if from_day and until_day and until_day < from_day:
            raise malformed("the last day is before the first")

    def _today(self) -> date:
        return day_in_tokyo(self._now())


def _with_view(grants: Iterable[Row], today: str) -> Iterator[Row]:
    """Yield a grant of each item beside each grant to look up that is not over, where there is none such already.

    Whoever is granted to receive by the same name had none of them, and gets none.
    """
    rows = list(grants)
    receive = {_holder(row) for row in rows if row.get("right") == "receive"}
    looks = (row for row in rows if row.get("right") == "view" and _holder(row) not in receive)
    return _beside(rows, looks, ITEMS, today)


def _with_charge(grants: Iterable[Row], today: str) -> Iterator[Row]:
    """Yield a grant of each act on blocks beside each grant to be in charge of some that is not over."""
    rows = list(grants)
    return _beside(rows, (row for row in rows if row.get("right") in IN_CHARGE), BLOCK_ACTS, today)


def _beside(rows: Iterable[Row], of: Iterable[Row], rights: Iterable[str], today: str) -> Iterator[Row]:
    """Yield grants of rights for the days of others that are not over, where there is none such already."""
    there = {_terms(row) for row in rows}
    for row in of:
        if str(row.get("until_day", "9999-12-31")) >= today:
            for right in rights:
                made = {**row, "right": right, "grant_id": str(uuid4())}
                if _terms(made) not in there:
                    there.add(_terms(made))
                    yield made


def _holder(row: Row) -> tuple[object, ...]:
    return row.get("staff_id"), row.get("section")


def _terms(row: Row) -> tuple[object, ...]:
    return tuple(row.get(name) for name in ("right", "staff_id", "section", "from_day", "until_day"))


def _ended(grant_id: str, row: Row, last: date) -> Change:
    """Return the change that lets a grant end, never later than it would have."""
    until = min(last.isoformat(), str(row.get("until_day", "9999-12-31")))
    if until < str(row.get("from_day", "")):
        return remove("right_grant", (grant_id,))
    return put("right_grant", {**row, "until_day": until})

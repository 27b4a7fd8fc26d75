"""職員: who works here, from when until when, with which rights; secrets given anew, each told once.

Nobody acts on their own access, and nobody gives a right, or secrets to one who has a right, that they do not hold: neither
a person left alone with an officer's open screen nor the officer goes further than another officer let them.
"""

import base64
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import quote

import sqlalchemy as sa

from cloud import storage
from cloud.clock import Now, day_in_tokyo
from cloud.factors.enrolling import brought, fingerprint
from cloud.office.log import By
from cloud.office.people import wrong_field
from cloud.office.staff_view import Person, Right, person_of, right_of
from cloud.personnel import Personnel
from cloud.problems import forbidden, not_found
from cloud.register import Register
from cloud.staff import RIGHTS, SEED_SIZE, NewStaff, held

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is read for another
_ID = re.compile(
    r"(?!(new|rights|items|block-acts)$)[A-Za-z0-9._-]{1,40}"
)  # as it stands in addresses of pages
_MOST_NAME = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody to be taken on; who is lent by another town has a first and a last day."""

    staff_id: str
    name: str
    section: str
    rights: Sequence[str] = ()
    lent_by: str = ""
    from_day: date | None = None
    until_day: date | None = None

    def check(self, today: date) -> None:
        """Refuse the first field that cannot stand."""
        wrong = {
            "staff_id": not _ID.fullmatch(self.staff_id),
            "name": not 0 < len(self.name) <= _MOST_NAME,
            "section": not 0 < len(self.section) <= _MOST_NAME,
            "right": bool(set(self.rights) - set(RIGHTS)),
            "from_day": bool(self.lent_by) and self.from_day is None,
            "until_day": self._ends_wrongly(today),
        }
        for name, is_wrong in wrong.items():
            if is_wrong:
                raise wrong_field(name)

    def _ends_wrongly(self, today: date) -> bool:
        if self.until_day is None:
            return bool(self.lent_by)
        return self.until_day < (self.from_day or today)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a person is handed, once; nobody can look it up again."""

    password: str = field(default="", repr=False)
    seed: bytes = field(default=b"", repr=False)

    @property
    def base32(self) -> str:
        """Return the second factor's secret as an authenticator takes it by hand."""
        return base64.b32encode(self.seed).decode()

    def uri(self, town: str, staff_id: str) -> str:
        """Return the address an authenticator reads the second factor from; empty where it stays as it was."""
        issuer = quote(f"{town} 窓口")
        return (
            f"otpauth://totp/{issuer}:{quote(staff_id)}?secret={self.base32}&issuer={issuer}"
            if self.seed
            else ""
        )


@dataclass(frozen=True, slots=True)
class ShownFactor:
    """A second factor as the office sees it; the fingerprint is of a public part, empty where there is none."""

    kind: str
    enrolled_on: str
    fingerprint: str


class StaffDesk:
    """The desk where people are taken on, let go, and given rights and secrets."""

    def __init__(self, register: Register, personnel: Personnel, now: Now) -> None:
        self._register = register
        self._personnel = personnel
        self._now = now

    def people(self) -> list[Person]:
        """Return everybody, those who work here today first, then by section and id."""
        today = self.today().isoformat()
        with self._register.reading() as connection:
            members = self._register.rows(connection, "staff_member")
            grants = self._register.rows(connection, "right_grant")
            suspended = self._suspended(connection)
        found = [person_of(row, grants, suspended, today) for row in members]
        return sorted(found, key=lambda one: (one.when != "now", one.section, one.staff_id))

    def person(self, staff_id: str) -> Person:
        """Return one of them; 404 where there is none."""
        found = [one for one in self.people() if one.staff_id == staff_id]
        if not found:
            raise not_found()
        return found[0]

    def section_rights(self) -> list[Right]:
        """Return what is granted to sections and is not over."""
        today = self.today().isoformat()
        with self._register.reading() as connection:
            grants = self._register.rows(connection, "right_grant")
        found = [right_of(row, today) for row in grants if "staff_id" not in row]
        return sorted(
            (one for one in found if one.when != "over"),
            key=lambda one: (one.section, one.right, one.from_day),
        )

    def today(self) -> date:
        """Return what day it is at the counter."""
        return day_in_tokyo(self._now())

    def add(self, by: By, entry: Entry) -> Secrets:
        """Take somebody on; returns the first password and the second factor, 409 where the id was ever given."""
        entry.check(self.today())
        self._not_beyond_own(by, entry.rights)
        told = Secrets(_new_password(), secrets.token_bytes(SEED_SIZE))
        person = NewStaff(
            entry.staff_id,
            entry.name,
            entry.section,
            tuple(entry.rights),
            told.password,
            told.seed,
            entry.lent_by,
            entry.from_day,
            entry.until_day,
        )
        self._personnel.add(person, done_by=by.who, form=by.form)
        return told

    def end(self, by: By, staff_id: str, last_day: date) -> None:
        """Let somebody go at the end of a day."""
        self._not_oneself(by, staff_id)
        if last_day.isoformat() < self.person(staff_id).from_day:
            raise wrong_field("until_day")
        self._personnel.end(staff_id, last_day, done_by=by.who, form=by.form)

    def suspend(self, by: By, staff_id: str) -> None:
        """Let somebody in no more until further notice."""
        self._not_oneself(by, staff_id)
        self._personnel.suspend(staff_id, done_by=by.who, form=by.form)

    def resume(self, by: By, staff_id: str) -> None:
        """Let somebody suspended in again."""
        self._not_oneself(by, staff_id)
        self._personnel.resume(staff_id, done_by=by.who, form=by.form)

    def grant(
        self,
        by: By,
        right: str,
        from_day: date,
        until_day: date | None = None,
        *,
        staff_id: str = "",
        section: str = "",
    ) -> str:
        """Grant a right to a person or a section, from a day on that may lie ahead; returns the grant's id."""
        self._not_oneself(by, staff_id, section)
        if right not in RIGHTS:
            raise wrong_field("right")
        if until_day and until_day < from_day:
            raise wrong_field("until_day")
        if not (staff_id or section) or len(section) > _MOST_NAME:
            raise wrong_field("section")
        self._not_beyond_own(by, [right])
        return self._personnel.grant(
            right, from_day, until_day, staff_id=staff_id, section=section, done_by=by.who, form=by.form
        )

    def revoke(self, by: By, grant_id: str, last_day: date | None = None) -> None:
        """Let a right end with a day, or at once."""
        with self._register.reading() as connection:
            row = self._register.row(connection, "right_grant", (grant_id,))
        if row is None:
            raise not_found()
        self._not_oneself(by, str(row.get("staff_id", "")), str(row.get("section", "")))
        self._personnel.revoke(grant_id, last_day, done_by=by.who, form=by.form)

    def by_name(self) -> tuple[bool, bool]:
        """Tell whether the town grants items one by one, and the acts on blocks."""
        return self._personnel.by_name()

    def split_items(self, by: By) -> int:
        """Grant items one by one from now on; returns how many rights went to those who may look up."""
        return self._personnel.split_items(done_by=by.who, form=by.form)

    def split_block_acts(self, by: By) -> int:
        """Grant the acts on blocks one by one from now on; returns how many rights went to those in charge."""
        return self._personnel.split_block_acts(done_by=by.who, form=by.form)

    def new_password(self, by: By, staff_id: str) -> Secrets:
        """Give somebody a new first password; they are signed out everywhere."""
        self._not_oneself(by, staff_id)
        self._not_more_than_own(by, staff_id)
        told = Secrets(_new_password())
        self._personnel.reset_password(staff_id, told.password, done_by=by.who, form=by.form)
        return told

    def new_factor(self, by: By, staff_id: str) -> Secrets:
        """Give somebody a new second factor; the one before opens nothing any more."""
        self._not_oneself(by, staff_id)
        self._not_more_than_own(by, staff_id)
        told = Secrets(seed=secrets.token_bytes(SEED_SIZE))
        self._personnel.set_factor(staff_id, "totp", told.seed, done_by=by.who, form=by.form)
        return told

    def factors(self, staff_id: str) -> list[ShownFactor]:
        """Return the second factors somebody has; of a secret one nothing but that it is there."""
        kept = self._personnel.factors(staff_id)
        return [ShownFactor(one.kind, one.enrolled_on, fingerprint(one.kind, one.secret)) for one in kept]

    def enrol_factor(self, by: By, staff_id: str, text: str) -> ShownFactor:
        """Enrol the card or key a text tells of in place of the one before. ProblemError ``office.factor_…``."""
        self._not_oneself(by, staff_id)
        self._not_more_than_own(by, staff_id)
        new = brought(text, staff_id, self._personnel.rules)
        self._personnel.set_factor(
            staff_id, new.kind, new.secret, state=new.state, sole=True, done_by=by.who, form=by.form
        )
        return ShownFactor(new.kind, self.today().isoformat(), fingerprint(new.kind, new.secret))

    def remove_factor(self, by: By, staff_id: str, kind: str) -> None:
        """Take a lost or left card, key or code away: it opens nothing on line any more. 404 where there is none."""
        self._not_oneself(by, staff_id)
        self._personnel.remove_factor(staff_id, kind, done_by=by.who, form=by.form)

    def uri(self, told: Secrets, staff_id: str) -> str:
        """Return what an authenticator reads a new second factor from; empty where it stays as it was."""
        with self._register.reading() as connection:
            town = self._register.row(connection, "town", (self._register.municipality,)) or {}
        return told.uri(str(town.get("name", "")), staff_id)

    def _not_oneself(self, by: By, staff_id: str, section: str = "") -> None:
        if staff_id == by.who or (section and section == self.person(by.who).section):
            raise forbidden("office.own_access")

    def _not_beyond_own(self, by: By, rights: Sequence[str]) -> None:
        """Refuse to give what one does not hold: whoever is handed the secrets could act with it.

        Who may issue and accept holds what one who receives has, by whatever name.
        """
        own = {one.right for one in self._personnel.rights_of(by.who, self.today())}
        less = {"receive"} if {"issue", "accept"} <= own else set()
        by_item, by_block = self.by_name()
        if set(rights) - held(own, by_item=by_item, by_block=by_block) - less:
            raise forbidden("office.beyond_own")

    def _not_more_than_own(self, by: By, staff_id: str) -> None:
        to_come = [one.right for one in self.person(staff_id).rights if one.when != "over"]
        today = [one.right for one in self._personnel.rights_of(staff_id, self.today())]
        self._not_beyond_own(by, [*to_come, *today])

    def _suspended(self, connection: sa.Connection) -> dict[str, str]:
        table = storage.staff
        query = sa.select(table.c.staff_id, table.c.suspended_since).where(
            table.c.municipality == self._register.municipality, table.c.suspended_since.is_not(None)
        )
        return {line.staff_id: line.suspended_since for line in connection.execute(query)}


def _new_password() -> str:
    """Return a password that is read and typed without error: 79 bits in four groups."""
    drawn = ["".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4)]
    return "-".join(drawn)

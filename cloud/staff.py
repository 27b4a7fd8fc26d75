"""Members of staff as the cloud knows them: password, second factor, rights with their days."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from cloud import storage

SEED_SIZE = 20  # bytes; the size RFC 4226 recommends for SHA-1
RIGHTS = ("view", "issue", "accept", "honseki", "cash", "officer", "shien_sochi")
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's floor for Argon2id
_NOBODY = _hasher.hash(secrets.token_urlsafe())  # verified for unknown ids, so that time tells nothing


@dataclass(frozen=True, slots=True)
class Clerk:
    """Who is signed in, and what the person may do today."""

    staff_id: str
    name: str
    section: str
    rights: frozenset[str]


@dataclass(frozen=True, slots=True)
class NewStaff:
    """A member of staff to be written down."""

    staff_id: str
    name: str
    section: str
    rights: tuple[str, ...]
    password: str = field(repr=False)
    totp_seed: bytes = field(repr=False)


def add_staff(connection: sa.Connection, municipality: str, people: Iterable[NewStaff], today: date) -> None:
    """Write members of staff down, their rights from today on without end."""
    for person in people:
        mine = {"municipality": municipality, "staff_id": person.staff_id}
        line = {
            "name": person.name,
            "section": person.section,
            "password_hash": _hasher.hash(person.password),
            "totp_seed": person.totp_seed,
            "totp_last_step": 0,
            "failures": 0,
            "lockouts": 0,
        }
        connection.execute(sa.insert(storage.staff), [mine | line])
        held = [{**mine, "right_name": right, "from_day": today.isoformat()} for right in person.rights]
        if held:
            connection.execute(sa.insert(storage.staff_right), held)


def password_is_right(password_hash: str | None, password: str) -> bool:
    """Verify a password, in the same time for an unknown person."""
    try:
        _hasher.verify(password_hash or _NOBODY, password)
    except VerifyMismatchError:
        return False
    return password_hash is not None


def clerk_of(connection: sa.Connection, municipality: str, staff_id: str, today: date) -> Clerk | None:
    """Return a member of staff with the rights in force on a day, or None."""
    people, rights = storage.staff, storage.staff_right
    query = sa.select(people.c.name, people.c.section)
    person = connection.execute(
        query.where(people.c.municipality == municipality, people.c.staff_id == staff_id)
    ).one_or_none()
    if person is None:
        return None
    day = today.isoformat()
    held = sa.select(rights.c.right_name).where(
        rights.c.municipality == municipality,
        rights.c.staff_id == staff_id,
        rights.c.from_day <= day,
        sa.or_(rights.c.until_day.is_(None), rights.c.until_day >= day),
    )
    return Clerk(staff_id, person.name, person.section, frozenset(connection.execute(held).scalars()))

"""Password hashes and second factors in the database; inside a transaction, and never anywhere else."""

from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa

from cloud import storage
from cloud.sign_in_rules import SignInRules


@dataclass(frozen=True, slots=True)
class KeptFactor:
    """A second factor as it is kept: what it is checked with, and since which day (ISO)."""

    kind: str
    secret: bytes = field(repr=False)
    enrolled_on: str


def hash_of(connection: sa.Connection, municipality: str, staff_id: str) -> str | None:
    """Return the hash of a person's password; None where nobody has this id."""
    people = storage.staff
    query = sa.select(people.c.password_hash).where(_of(people, municipality, staff_id))
    return connection.execute(query).scalar_one_or_none()


def write_hash(connection: sa.Connection, municipality: str, staff_id: str, password_hash: str) -> None:
    """Keep another hash of the same password."""
    people = storage.staff
    here = _of(people, municipality, staff_id)
    connection.execute(sa.update(people).where(here).values(password_hash=password_hash))


def past_hashes(connection: sa.Connection, municipality: str, staff_id: str) -> list[str]:
    """Return the hashes of passwords that may not come again, the present one first."""
    table = storage.password_past
    query = sa.select(table.c.password_hash).where(_of(table, municipality, staff_id))
    past = list(connection.execute(query.order_by(table.c.seq.desc())).scalars())
    present = hash_of(connection, municipality, staff_id)
    return [present, *past] if present else past


def set_password(
    connection: sa.Connection,
    municipality: str,
    staff_id: str,
    password_hash: str,
    *,
    rules: SignInRules,
    today: date,
) -> None:
    """Set a new password, and keep the last ones so that none of them comes again."""
    table, mine = storage.password_past, {"municipality": municipality, "staff_id": staff_id}
    kept = past_hashes(connection, municipality, staff_id)[: rules.passwords_kept - 1]
    connection.execute(sa.delete(table).where(_of(table, municipality, staff_id)))
    lines = [{**mine, "seq": seq, "password_hash": one} for seq, one in enumerate(reversed(kept))]
    if lines:
        connection.execute(sa.insert(table), lines)
    values = {"password_hash": password_hash, "password_set_on": today.isoformat()}
    connection.execute(
        sa.update(storage.staff).where(_of(storage.staff, municipality, staff_id)).values(values)
    )


def put_factor(
    connection: sa.Connection,
    municipality: str,
    staff_id: str,
    *,
    kind: str,
    secret: bytes,
    state: str = "0",
    today: date,
) -> None:
    """Keep what a person's second factor is checked with, in place of the same kind before."""
    take_factor(connection, municipality, staff_id, kind)
    mine = {"municipality": municipality, "staff_id": staff_id, "kind": kind}
    line = {"secret": secret, "state": state, "enrolled_on": today.isoformat()}
    connection.execute(sa.insert(storage.staff_factor), [mine | line])


def take_factor(connection: sa.Connection, municipality: str, staff_id: str, kind: str) -> None:
    """Take a second factor away."""
    table = storage.staff_factor
    connection.execute(sa.delete(table).where(_of(table, municipality, staff_id), table.c.kind == kind))


def factors_of(connection: sa.Connection, municipality: str, staff_id: str) -> list[KeptFactor]:
    """Return a person's second factors by kind."""
    table = storage.staff_factor
    query = sa.select(table.c.kind, table.c.secret, table.c.enrolled_on)
    lines = connection.execute(query.where(_of(table, municipality, staff_id)).order_by(table.c.kind))
    return [KeptFactor(line.kind, line.secret, line.enrolled_on) for line in lines]


def others_with(
    connection: sa.Connection, municipality: str, staff_id: str, *, kind: str, secret: bytes
) -> bool:
    """Tell whether a second factor is that of somebody else of this municipality."""
    table = storage.staff_factor
    theirs = sa.and_(table.c.municipality == municipality, table.c.staff_id != staff_id, table.c.kind == kind)
    return secret in connection.execute(sa.select(table.c.secret).where(theirs)).scalars().all()


def _of(table: sa.Table, municipality: str, staff_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.municipality == municipality, table.c.staff_id == staff_id)

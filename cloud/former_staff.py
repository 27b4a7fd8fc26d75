"""Staff of a database of version 0.1.0: who they were and what they might do become rows of the register."""

from datetime import date

import sqlalchemy as sa

from cloud import storage
from cloud.clock import Now, day_in_tokyo
from cloud.credentials import put_factor
from cloud.register import Change, Register, put
from cloud.staff_rows import grant_row


def take_in_former_staff(register: Register, now: Now) -> int:
    """Write the rows of those who stand in the old tables, keep their secrets, empty the tables; returns how many."""
    people, rights = storage.former_staff, storage.former_staff_right
    today = day_in_tokyo(now())
    with register.reading() as connection:
        if connection.execute(sa.select(people.c.staff_id).where(_of(register, people))).first() is None:
            return 0
    with register.writing() as connection:
        found = connection.execute(sa.select(people).where(_of(register, people))).all()
        held = connection.execute(sa.select(rights).where(_of(register, rights))).all()
        changes = [_member(line, today) for line in found]
        changes += [_grant(line, line.right_name, today) for line in held]
        # The office was open to whoever had its token; those in charge may let others in.
        changes += [_grant(line, "office", today) for line in held if line.right_name == "officer"]
        register.commit(connection, "register", changes)
        for line in found:
            _keep_secrets(connection, register.municipality, line, today)
        for table in (people, rights):
            connection.execute(sa.delete(table).where(_of(register, table)))
    return len(found)


def _of(register: Register, table: sa.Table) -> sa.ColumnElement[bool]:
    return table.c.municipality == register.municipality


def _member(line: sa.Row[tuple[object, ...]], today: date) -> Change:
    row = {"staff_id": line.staff_id, "name": line.name, "section": line.section}
    return put("staff_member", row | {"from_day": today.isoformat()})


def _grant(line: sa.Row[tuple[object, ...]], right: str, today: date) -> Change:
    begins = date.fromisoformat(line.from_day) if line.from_day else today
    ends = date.fromisoformat(line.until_day) if line.until_day else None
    grant_id = f"{line.staff_id}-{right}"
    return put("right_grant", grant_row(grant_id, right, begins, ends, staff_id=line.staff_id))


def _keep_secrets(
    connection: sa.Connection, municipality: str, line: sa.Row[tuple[object, ...]], today: date
) -> None:
    credentials = {"password_hash": line.password_hash, "password_set_on": today.isoformat()}
    mine = {"municipality": municipality, "staff_id": line.staff_id}
    connection.execute(sa.insert(storage.staff), [mine | credentials])
    used = str(line.totp_last_step or 0)
    put_factor(
        connection,
        municipality,
        line.staff_id,
        kind="totp",
        secret=line.totp_seed,
        state=used,
        today=today,
    )

"""Live reads beside the search: a resident's household, history, and what restricts it."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from cloud import storage
from cloud.contract import Row
from cloud.problems import not_found
from cloud.register import Register
from cloud.shelter import sheltered

_PLACES = frozenset(
    (
        *("address_code", "postcode", "address_banchi", "address_katagaki"),
        *("honseki", "tennyu_from", "before_move", "tenshutsu_to", "remarks"),
    )
)


def present_row(register: Register, connection: sa.Connection, atena_no: str) -> dict[str, object] | None:
    """Return the present version of a resident, or None."""
    index = storage.resident_index
    query = sa.select(index.c.history_no).where(
        index.c.municipality == register.municipality, index.c.atena_no == atena_no
    )
    history_no = connection.execute(query).scalar_one_or_none()
    return None if history_no is None else register.row(connection, "resident", (atena_no, history_no))


def history_no_of(row: Row) -> int:
    """Return which version of a record a row is."""
    value = row["history_no"]
    if not isinstance(value, int):
        raise TypeError("history_no")
    return value


def shown_rows(
    register: Register, connection: sa.Connection, atena_nos: Iterable[str]
) -> list[dict[str, object]]:
    """Return the present versions of residents; of sheltered households without their places."""
    rows = [row for one in atena_nos if (row := present_row(register, connection, one))]
    return [
        _without_places(row) if _is_sheltered(register, connection, row["household_no"]) else row
        for row in rows
    ]


def household_rows(register: Register, connection: sa.Connection, atena_no: str) -> list[dict[str, object]]:
    """Return the living members of a resident's household in the stored order.

    A removed resident is returned alone: the record is closed, and the household is no longer theirs.
    """
    subject = present_row(register, connection, atena_no)
    if subject is None:
        raise not_found()
    if subject["status"] != "resident":
        return [subject]
    return members_of(register, connection, str(subject["household_no"]))


def members_of(register: Register, connection: sa.Connection, household_no: str) -> list[dict[str, object]]:
    """Return the living members of a household in the stored order."""
    index, resident = storage.resident_index, storage.rows["resident"]
    present = sa.exists().where(
        index.c.municipality == resident.c.municipality,
        index.c.atena_no == resident.c.atena_no,
        index.c.history_no == resident.c.history_no,
        index.c.household_no == household_no,
        index.c.status == "resident",
    )
    return register.rows(connection, "resident", present, order=("order_no", "atena_no"))


def history_rows(register: Register, connection: sa.Connection, atena_no: str) -> list[dict[str, object]]:
    """Return every version of a resident, oldest first; of a sheltered household without its places."""
    rows = register.rows(connection, "resident", storage.rows["resident"].c.atena_no == atena_no)
    if not rows:
        raise not_found()
    homes = {str(row["household_no"]) for row in rows}
    # Of any household they were of: who has left a hidden home must not lead there by an older version.
    if any(_is_sheltered(register, connection, one) for one in homes):
        return [_without_places(row) for row in rows]
    return rows


def _is_sheltered(register: Register, connection: sa.Connection, household_no: object) -> bool:
    where = sheltered(register.municipality, sa.literal(household_no))
    return bool(connection.execute(sa.select(where)).scalar_one())


def _without_places(row: dict[str, object]) -> dict[str, object]:
    return {column: value for column, value in row.items() if column not in _PLACES} | {"address_town": ""}


def lives_on(row: Row, day: str) -> bool:
    """Tell whether a record is open on a day (ISO): from 転出予定日 on it is not (住基法 第24条)."""
    return row["status"] == "resident" and str(row.get("tenshutsu_planned", "9999-12-31")) > day


def restrictions(
    register: Register, connection: sa.Connection, household_no: str | None, atena_nos: Sequence[str]
) -> dict[str, list[dict[str, object]]]:
    """Return every block and support measure on a household or on some residents.

    Of measures also those on anybody else whose record stands in the household, living there or not.
    """
    block, shien = storage.rows["block"], storage.rows["shien_sochi"]
    blocked: list[sa.ColumnElement[bool]] = [block.c.atena_no.in_(atena_nos)]
    protected: list[sa.ColumnElement[bool]] = [shien.c.atena_no.in_(atena_nos)]
    if household_no is not None:
        index = storage.resident_index
        of_household = sa.select(index.c.atena_no).where(
            index.c.municipality == register.municipality, index.c.household_no == household_no
        )
        blocked.append(block.c.household_no == household_no)
        protected.append(shien.c.atena_no.in_(of_household))
    return {
        "blocks": register.rows(connection, "block", sa.or_(*blocked)),
        "shien_sochi": [
            {
                name: value for name, value in row.items() if name != "other_side"
            }  # for the replica alone, sealed
            for row in register.rows(connection, "shien_sochi", sa.or_(*protected))
        ],
    }


def in_force(rows: Sequence[Row], day: str) -> Row | None:
    """Return what is in force on a day (ISO); of several, the one that began last."""
    standing = [
        row
        for row in rows
        if str(row.get("in_force_from", "")) <= day <= str(row.get("in_force_until", "9999-12-31"))
    ]
    return max(standing, key=lambda row: str(row.get("in_force_from", "")), default=None)

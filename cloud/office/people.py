"""What the desks of the office ask about people: names, present records with their mark, who is sheltered."""

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus

import sqlalchemy as sa

from cloud import storage
from cloud.households import present_row
from cloud.problems import ProblemError, not_found
from cloud.register import Register
from cloud.residents import shown_name
from cloud.shelter import sheltered

PLACES = (
    *("address_code", "postcode", "address_town", "address_banchi", "address_katagaki"),
    *("honseki", "tennyu_from", "before_move", "tenshutsu_to", "remarks"),
)

_MOST_NUMBERS = 5000


def names_of(register: Register, connection: sa.Connection, numbers: Iterable[str]) -> dict[str, str]:
    """Return the names lists are headed with, by 宛名番号; who is not here is not in it."""
    index, resident = storage.resident_index, storage.rows["resident"]
    query = (
        sa.select(index.c.atena_no, resident.c.full_name, resident.c.latin_name)
        .where(index.c.municipality == register.municipality, index.c.atena_no.in_(set(numbers)))
        .join(
            resident,
            sa.and_(
                resident.c.municipality == index.c.municipality,
                resident.c.atena_no == index.c.atena_no,
                resident.c.history_no == index.c.history_no,
            ),
        )
    )
    return {
        row.atena_no: shown_name({"full_name": row.full_name or "", "latin_name": row.latin_name or ""})
        for row in connection.execute(query)
    }


def record_of(register: Register, connection: sa.Connection, atena_no: str) -> dict[str, object]:
    """Return the present version of a resident; 404 where there is none."""
    row = present_row(register, connection, atena_no)
    if row is None:
        raise not_found()
    return row


def is_sheltered(register: Register, connection: sa.Connection, row: dict[str, object]) -> bool:
    """Tell whether a person, or somebody whose record stands in the same household, is under 支援措置."""
    shien = storage.rows["shien_sochi"]
    own = sa.exists().where(
        shien.c.municipality == register.municipality, shien.c.atena_no == row["atena_no"]
    )
    around = sheltered(register.municipality, sa.literal(row["household_no"]))
    return bool(connection.execute(sa.select(sa.or_(own, around))).scalar_one())


def names_sheltered(register: Register, connection: sa.Connection, told: object) -> bool:
    """Tell whether anything told names somebody sheltered, or a household of such, by number in any field."""
    numbers = set(_numbers_in(told))
    if len(numbers) > _MOST_NUMBERS:
        return True  # nothing of the contract names so many: whatever it is, its places stay hidden
    index, shien = storage.resident_index, storage.rows["shien_sochi"]
    own = sa.exists().where(shien.c.municipality == register.municipality, shien.c.atena_no.in_(numbers))
    around = sa.exists().where(
        index.c.municipality == register.municipality,
        sa.or_(index.c.atena_no.in_(numbers), index.c.household_no.in_(numbers)),
        sheltered(register.municipality, index.c.household_no),
    )
    return bool(connection.execute(sa.select(sa.or_(own, around))).scalar_one())


def _numbers_in(told: object) -> Iterator[str]:
    if isinstance(told, str) and told.isdecimal():
        yield told
    elif isinstance(told, Mapping):
        for name, value in told.items():
            yield from _numbers_in(name)
            yield from _numbers_in(value)
    elif isinstance(told, list):
        for value in told:
            yield from _numbers_in(value)


def mark_of(register: Register, connection: sa.Connection, table: str, key: dict[str, object]) -> str:
    """Return what tells one state of a row from the next: the version that wrote it; 404 where it is gone."""
    source = storage.rows[table]
    query = sa.select(source.c.changed_in).where(
        source.c.municipality == register.municipality,
        *(source.c[column] == value for column, value in key.items()),
    )
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise not_found()
    return str(found)


def moved_on() -> ProblemError:
    """Return the refusal of an act on a state that is no longer the present one."""
    return ProblemError(HTTPStatus.CONFLICT, "conflict.version")


def wrong_field(field: str) -> ProblemError:
    """Return the refusal of an act for one field of what was typed; the value is not repeated."""
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "refused.input", "", field=field)

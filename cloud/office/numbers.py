"""The next numbers of the register: each is given once, whoever bears the others."""

from collections.abc import Iterator

import sqlalchemy as sa

from cloud import storage
from cloud.office.case import Case
from cloud.town.numbers import next_number

_NOBODY = "0" * 10
_BEARERS = ("resident", "outsider", "corporation")  # one run of 宛名番号 for all of them


def next_household_no(case: Case) -> str:
    """Return the next 世帯番号."""
    index = storage.resident_index
    last = sa.select(sa.func.max(index.c.household_no)).where(
        index.c.municipality == case.register.municipality
    )
    return next_number(case.connection.execute(last).scalar_one())


def next_atena_numbers(case: Case) -> Iterator[str]:
    """Yield the next 宛名番号, one after the other."""
    last = last_atena_no(case.connection, case.register.municipality)
    while True:
        last = next_number(last)
        yield last


def last_atena_no(connection: sa.Connection, municipality: str) -> str:
    """Return the highest 宛名番号 given, to whomever; zeros in a town of nobody."""
    bearers = [storage.rows[name] for name in _BEARERS]
    queries = [
        sa.select(sa.func.max(one.c.atena_no)).where(one.c.municipality == municipality) for one in bearers
    ]
    return max(connection.execute(query).scalar_one() or _NOBODY for query in queries)

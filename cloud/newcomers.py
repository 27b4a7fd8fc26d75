"""Newcomers: people without 宛名番号 yet, known by the provisional id a terminal gave them until they are registered."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from cloud import storage
from cloud.hearing import Hearing
from cloud.payloads.base import PROVISIONAL

WAITING = ""  # the number of one who is known and not registered yet


def number_of(connection: sa.Connection, municipality: str, person: str) -> str | None:
    """Return the 宛名番号 behind an id; ``WAITING`` where it is still to come, None where nobody was told of."""
    if not person.startswith(PROVISIONAL):
        return person
    table = storage.newcomer
    query = sa.select(table.c.atena_no).where(
        table.c.municipality == municipality, table.c.provisional == person
    )
    found = connection.execute(query).one_or_none()
    return None if found is None else found.atena_no or WAITING


def told_in(hearing: Hearing, provisional: Sequence[str]) -> list[str]:
    """Return the keys of commands that told of one of these ids; an id is of one person, whatever becomes of them."""
    table = storage.newcomer
    query = sa.select(table.c.command_key).where(
        table.c.municipality == hearing.register.municipality, table.c.provisional.in_(provisional)
    )
    return list(hearing.connection.execute(query).scalars())


def expect(hearing: Hearing, provisional: Sequence[str]) -> None:
    """Note who is to come with a command."""
    lines = [
        {
            "municipality": hearing.register.municipality,
            "provisional": one,
            "command_key": hearing.command.key,
        }
        for one in dict.fromkeys(provisional)
    ]
    if lines:
        hearing.connection.execute(sa.insert(storage.newcomer), lines)


def settle(connection: sa.Connection, municipality: str, numbers: Mapping[str, str]) -> None:
    """Note which number each of them got."""
    table = storage.newcomer
    for provisional, number in numbers.items():
        here = sa.and_(table.c.municipality == municipality, table.c.provisional == provisional)
        connection.execute(sa.update(table).where(here).values(atena_no=number))

"""Whom an intake names, by id: residents as the register has them, newcomers as they were notified."""

from collections.abc import Sequence

import sqlalchemy as sa

from cloud import storage
from cloud.office.people import names_of
from cloud.payloads.base import PROVISIONAL, Request
from cloud.payloads.kinds import REQUESTS, read_kept
from cloud.payloads.todoke import Newcomer, newcomers_in
from cloud.register import Register

_UNNAMED = "（この町の住民でない人）"


def named_in(register: Register, connection: sa.Connection, request: Request) -> dict[str, str]:
    """Return the names of everybody it is about, by id: of newcomers as they were notified, here or before."""
    own = {one.id: _name(one) for one in newcomers_in(request)}
    before = [one for one in request.persons if one.startswith(PROVISIONAL) and one not in own]
    own |= _named_before(register, connection, before)
    numbers = [one for one in _ids(request) if not one.startswith(PROVISIONAL)]
    names = names_of(register, connection, numbers)
    return own | {one: f"{name}（{one}）" for one, name in names.items()}


def _named_before(register: Register, connection: sa.Connection, ids: Sequence[str]) -> dict[str, str]:
    """Return the names of newcomers another intake told of."""
    table, cases = storage.newcomer, storage.intake_case
    query = (
        sa.select(cases.c.kind, cases.c.payload)
        .join_from(
            table,
            cases,
            sa.and_(table.c.municipality == cases.c.municipality, table.c.command_key == cases.c.command_key),
        )
        .where(table.c.municipality == register.municipality, table.c.provisional.in_(ids))
    )
    told = [read_kept(REQUESTS[line.kind], line.payload) for line in connection.execute(query)] if ids else []
    found = {one.id: _name(one) for request in told for one in newcomers_in(request)}
    return {one: found.get(one, _UNNAMED) for one in ids}


def newcomers_of(request: Request) -> dict[str, str]:
    """Return the names of whom an intake brings into the register, by their provisional ids."""
    return {one.id: _name(one) for one in newcomers_in(request)}


def _ids(request: Request) -> list[str]:
    """Return every id a request names, also of those it is not about."""
    more = [getattr(request, name, None) for name in ("householder", "parent")]
    return [*request.persons, *getattr(request, "relationships", {}), *(one for one in more if one)]


def _name(one: Newcomer) -> str:
    return one.full_name or one.latin_name

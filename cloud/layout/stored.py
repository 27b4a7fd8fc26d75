"""Rows of one table as they stand in the database, a page at a time, in the order of their keys."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from cloud import storage
from cloud.contract import tables
from cloud.register import without_nulls

_PAGE = 2000


def pages(
    connection: sa.Connection, municipality: str, name: str, columns: Sequence[str] = ()
) -> Iterator[dict[str, object]]:
    """Yield rows without nulls, whole or some columns that hold the key; no more than a page is held."""
    table, contract = storage.rows[name], tables()[name]
    key = [table.c[column] for column in contract.key]
    query = sa.select(*(table.c[column] for column in columns or contract.columns))
    query = query.where(table.c.municipality == municipality).order_by(*key).limit(_PAGE)
    after: sa.ColumnElement[bool] = sa.true()
    while rows := [without_nulls(row._mapping) for row in connection.execute(query.where(after))]:
        yield from rows
        after = sa.tuple_(*key) > sa.tuple_(*(rows[-1][column] for column in contract.key))

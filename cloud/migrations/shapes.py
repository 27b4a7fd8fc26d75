"""The words migrations are written in; what is said here about a column must never change its meaning."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TEXT

_TYPES: dict[str, Any] = {
    "text": sa.Text().with_variant(TEXT(collation="C"), "postgresql"),
    "int": sa.BigInteger(),
    "bool": sa.Boolean(),
    "blob": sa.LargeBinary(),
}


def table(name: str, keys: str, columns: str, unique: tuple[str, ...] = ()) -> None:
    """Make a table: names in a row, a kind behind a colon where it is not text; municipality leads every key."""
    op.create_table(
        name,
        *(_column(word, key=True) for word in ["municipality", *keys.split()]),
        *(_column(word, key=False) for word in columns.split()),
        *(sa.UniqueConstraint(*names.split()) for names in unique),
    )


def index(name: str, of: str, columns: str) -> None:
    """Make an index."""
    op.create_index(name, of, columns.split())


def drop_index(name: str, of: str) -> None:
    """Take an index away."""
    op.drop_index(name, of)


def empty(name: str) -> None:
    """Take all lines out of a table."""
    op.execute(sa.delete(sa.table(name)))


def add(name: str, columns: str) -> None:
    """Add columns that may be empty to a table."""
    for word in columns.split():
        op.add_column(name, _column(word, key=False))


def drop(name: str, columns: str) -> None:
    """Take columns away."""
    for word in columns.split():
        op.drop_column(name, word)


def rename(name: str, to: str) -> None:
    """Give a table another name, with all that is in it."""
    op.rename_table(name, to)


def fill(name: str, column: str, value: str) -> None:
    """Write a value where a new column of an old row is empty."""
    there = sa.table(name, sa.column(column))
    op.execute(sa.update(there).where(there.c[column].is_(None)).values({column: value}))


def drop_table(name: str) -> None:
    """Take a table away, with all that is in it."""
    op.drop_table(name)


def _column(word: str, *, key: bool) -> sa.Column[Any]:
    name, _, kind = word.partition(":")
    return sa.Column(name, _TYPES[kind or "text"], primary_key=key, nullable=not key)

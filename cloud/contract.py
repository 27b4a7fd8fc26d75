"""The row contract (resources/contract/tables.toml) as the cloud reads it; the product has a reader of its own."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType

from resources import read_text

Row = Mapping[str, object]
Key = tuple[str | int, ...]

FEEDS = ("blocks", "register")
_PYTHON: dict[str, type] = {"text": str, "int": int, "bool": bool, "date": str, "time": str, "blob": bytes}


@dataclass(frozen=True, slots=True)
class TableContract:
    """One table of a feed: its key, and its columns with their types."""

    name: str
    feed: str
    key: tuple[str, ...]
    columns: Mapping[str, str]

    def key_of(self, row: Row) -> Key:
        """Return the key values of a row, in order."""
        return tuple(_key_value(row[column]) for column in self.key)

    def check(self, row: Row) -> None:
        """Raise ValueError where a row is not of the contract: unknown column, null, wrong type, no key."""
        for column, value in row.items():
            kind = self.columns.get(column)
            if kind is None:
                raise ValueError(f"{self.name} has no column {column}")
            if type(value) is not _PYTHON[kind]:
                raise ValueError(f"{self.name}.{column} is not of type {kind}")
            if kind == "date":
                date.fromisoformat(str(value))
        missing = [column for column in self.key if column not in row]
        if missing:
            raise ValueError(f"{self.name} without its key {missing}")


def _key_value(value: object) -> str | int:
    if isinstance(value, str | int):
        return value
    raise ValueError("a key is a text or a number")


@cache
def tables() -> Mapping[str, TableContract]:
    """Return every table of the contract by name, in its order."""
    found = tomllib.loads(read_text("contract", "tables.toml"))
    return MappingProxyType(
        {
            name: TableContract(name, table["feed"], tuple(table["key"]), MappingProxyType(table["columns"]))
            for name, table in found.items()
        }
    )


def tables_of(feed: str) -> tuple[TableContract, ...]:
    """Return the tables of one feed."""
    return tuple(table for table in tables().values() if table.feed == feed)

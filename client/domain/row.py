"""A row of a table of the contract, read into the value of that table: a column for each field, by its name.

The row is a map without nulls: what is not known is absent (resources/contract/tables.toml). A column the value has
no field for is left to whoever knows it; one that is not of its type is no row of the contract.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import Field, fields
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, ClassVar, Protocol, TypeVar, cast, get_args, get_type_hints

Row = Mapping[str, object]


class Value(Protocol):
    """A frozen dataclass that stands for one row."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


V = TypeVar("V", bound=Value)
Cell = Callable[[object], object]


def value_from_row(kind: type[V], row: Row) -> V:
    """Read a row; KeyError, TypeError or ValueError where it is not of the contract."""
    return kind(**{name: _cell(row, column, read, needed) for name, column, read, needed in _plan(kind)})


def day_cell(value: object) -> date:
    """Return a date as the contract writes it, 2026-11-20; one that is read already stays."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return date.fromisoformat(str(value))


def moment_cell(value: object) -> datetime:
    """Return a moment (UTC) as the contract writes it, 2026-11-20T05:32:00Z; one that is read already stays."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError("a moment names its time zone")
    return moment


def _cell(row: Row, column: str, read: Cell, needed: bool) -> object:
    value = row[column] if needed else row.get(column)
    return None if value is None and not needed else read(value)


@cache
def _plan(kind: type[V]) -> tuple[tuple[str, str, Cell, bool], ...]:
    hints = get_type_hints(kind)
    plan = []
    for field in fields(kind):
        hint = hints[field.name]
        needed = types.NoneType not in get_args(hint)
        bare = hint if needed else next(one for one in get_args(hint) if one is not types.NoneType)
        plan.append((field.name, field.metadata.get("column", field.name), _reader(bare), needed))
    return tuple(plan)


def _reader(hint: Any) -> Cell:
    bare = getattr(hint, "__supertype__", hint)  # a NewType is read as what it is made of
    if bare is date:
        return day_cell
    if bare is datetime:
        return moment_cell
    if issubclass(bare, Enum):
        return cast(Cell, bare)
    return lambda value: _of_type(bare, value)


def _of_type(kind: type, value: object) -> object:
    if type(value) is not kind:
        raise TypeError(f"a {kind.__name__} is wanted")
    return value

"""The layout as it is written down: which items stand in which file, with type, length and codes, all of it settings."""

import tomllib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from cloud.contract import tables

_HERE = Path(__file__).parent
_SETTINGS = "layout.toml"
_PEOPLE = ("resident", "outsider", "corporation")  # read first: others refer to them
NOT_CARRIED = frozenset(
    {"intake", "terminal_revocation"}
)  # the running cloud's own dealings with its terminals
_CONTRACT_TYPES = {
    "text": "text",
    "code": "text",
    "number": "int",
    "date": "date",
    "moment": "time",
    "flag": "bool",
    "image": "blob",
}
_Length = Annotated[int, msgspec.Meta(ge=1)]
_Count = Annotated[int, msgspec.Meta(ge=1)]


class LayoutError(Exception):
    """An items file or settings file cannot be used; says which and why, and quotes no register."""


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One item of a file; without a column it is read over, and written empty."""

    no: int
    name: str
    type: Literal["text", "code", "number", "date", "moment", "flag", "image"]
    length: _Length  # letters without variation selectors; digits of a number
    column: str = ""
    required: bool = False  # absent is an error
    expected: bool = False  # absent is a warning
    later: bool = False  # added since: records of before end before it
    codes: dict[str, str] = {}  # our value = code in the file
    open: bool = False  # a value that is not in the list stands as it is
    unknown: tuple[str, ...] = ()  # codes that say it is not known: absent here
    words: str = ""  # of a date: the column that holds it as written
    calendar: Literal["wareki", "by_kind"] = "wareki"  # by_kind: a foreigner's western [STD j90]
    partial: Literal["error", "leave_out"] = "error"  # of a date without words known in part
    scale: Annotated[int, msgspec.Meta(ge=0, le=6)] = 0  # decimal places in the file of a whole number here
    check: Literal["", "modulus11", "municipality", "corporate"] = ""  # a wrong check digit is a warning
    note: str = ""


class Items(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file: its name, the table it fills, its items in order."""

    title: str
    file: str
    table: str
    item: tuple[Item, ...]
    required: bool = False  # the file must be there where a town is founded
    encoding: str = ""
    one_of: tuple[str, ...] = ()  # columns of which at least one must be there

    def may_end_at(self, count: int) -> bool:
        """Tell whether a record may have so many cells: all, or all but items that were added since."""
        return count <= len(self.item) and all(item.later for item in self.item[count:])


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is taken in at most."""

    files: _Count
    bytes: _Count
    ratio: _Count
    record: _Count
    errors: _Count


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How all files look."""

    encoding: str
    byte_order_mark: bool
    header: bool
    line_end: Literal["\r\n", "\n"]
    quoted_empty: Literal["empty", "absent"]
    flag_true: str
    flag_false: str
    unknown_parts: tuple[str, ...]
    unknown_years: tuple[str, ...]
    partial_date: Literal["none", "first"]
    manifest: str
    limits: Limits


class Layout(msgspec.Struct, frozen=True):
    """Settings and files, people first."""

    settings: Settings
    files: tuple[Items, ...]

    def encoding_of(self, items: Items) -> str:
        """Return the encoding of one file."""
        return items.encoding or self.settings.encoding


def open_layout(own: Path | None = None) -> Layout:
    """Read the layout; a town's own folder replaces whole items files, and single settings."""
    settings = _toml(_HERE / _SETTINGS)
    found = {path.stem: path for path in sorted((_HERE / "items").glob("*.toml"))}
    if own is not None:
        if not own.is_dir():
            raise LayoutError("--items names no folder")
        mine = {path.stem: path for path in sorted(own.glob("*.toml")) if path.name != _SETTINGS}
        if (own / _SETTINGS).exists():
            settings = _merged(settings, _toml(own / _SETTINGS))
        found |= mine
    files = [_items(path) for path in found.values()]
    layout = Layout(_convert(settings, Settings, _SETTINGS), tuple(sorted(files, key=_place)))
    _check_names(layout)
    return layout


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LayoutError(f"{path.name}: {error}") from error


def _merged(shipped: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    limits = {**shipped["limits"], **own.get("limits", {})}
    return {**shipped, **own, "limits": limits}


def _convert(found: dict[str, Any], into: type[Any], name: str) -> Any:
    try:
        return msgspec.convert(found, into)
    except msgspec.ValidationError as error:
        raise LayoutError(f"{name}: {error}") from error


def _items(path: Path) -> Items:
    items: Items = _convert(_toml(path), Items, path.name)
    try:
        _check(items)
    except ValueError as error:
        raise LayoutError(f"{path.name}: {error}") from error
    return items


def _check(items: Items) -> None:
    contract = tables().get(items.table)
    if contract is None or items.table in NOT_CARRIED:
        raise ValueError(f"no table {items.table} is carried")
    if [item.no for item in items.item] != list(range(1, len(items.item) + 1)):
        raise ValueError("items are not numbered 1, 2, 3 …")
    columns = [item.column for item in items.item if item.column]
    if len(set(columns)) != len(columns):
        raise ValueError("a column has two items")
    if any(before.later > one.later for before, one in pairwise(items.item)):
        raise ValueError("items that were added later do not stand last")
    for item in items.item:
        _check_item(item, contract.columns, columns)
    needed = {item.column for item in items.item if item.required}
    if not set(contract.key) <= needed:
        raise ValueError("a column of the key has no required item")
    if not set(items.one_of) <= set(columns):
        raise ValueError("one_of names a column without item")


def _check_item(item: Item, contract: Mapping[str, str], columns: list[str]) -> None:
    if item.column and contract.get(item.column) != _CONTRACT_TYPES[item.type]:
        raise ValueError(f"item {item.no}: no column {item.column} of that type")
    if item.words and (item.words not in columns or contract[item.words] != "text"):
        raise ValueError(f"item {item.no}: its words have no item")
    if (item.type == "code") != bool(item.codes):
        raise ValueError(f"item {item.no}: a code has a list, and nothing else has one")
    if len(set(item.codes.values()) | set(item.unknown)) != len(item.codes) + len(item.unknown):
        raise ValueError(f"item {item.no}: one code for two values")


def _place(items: Items) -> tuple[int, int]:
    order = list(tables())
    first = _PEOPLE.index(items.table) if items.table in _PEOPLE else len(_PEOPLE)
    return first, order.index(items.table)


def _check_names(layout: Layout) -> None:
    names = [items.file.casefold() for items in layout.files] + [layout.settings.manifest.casefold()]
    if len(set(names)) != len(names):
        raise LayoutError("two files of the layout have one name")
    if len({items.table for items in layout.files}) != len(layout.files):
        raise LayoutError("two files of the layout fill one table")
    for items in layout.files:
        try:
            "".encode(layout.encoding_of(items))
        except LookupError as error:
            raise LayoutError(f"{items.file}: unknown encoding") from error

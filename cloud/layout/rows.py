"""Records to rows of the register and back, by the items of a file."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial

from cloud.contract import Row
from cloud.layout.cells import CellError, has_bad_letter, reader, writer
from cloud.layout.dates import first_day, read_digits, words_of
from cloud.layout.items import Item, Items, Settings
from cloud.layout.records import Cell

Found = tuple[str, Item | None]  # code of a fault, and where
_EMPTY_STANDS = ("text", "code")  # an empty cell of another type is an absent one, quoted or not


class RowForm:
    """Reads and writes the rows of one file."""

    def __init__(self, items: Items, settings: Settings) -> None:
        self.items = items
        self._settings = settings
        self._dated = [item for item in items.item if item.words and item.column]
        own = {item.no for item in self._dated}
        self._reads = [
            (place, item, reader(item, settings))
            for place, item in enumerate(items.item)
            if item.column and item.no not in own
        ]
        self._writes = [(item, writer(item, settings)) for item in items.item]
        self._needed = [item for item in items.item if item.required or item.expected]
        self._wanted = {item.column for item in self._needed}

    def read(self, cells: Sequence[Cell], found: list[Found]) -> dict[str, object]:
        """Return the row a record holds, as far as it can be read; what is wrong with it is added to ``found``."""
        row: dict[str, object] = {}
        if not self.items.may_end_at(len(cells)):
            found.append(
                ("too_few_columns" if len(cells) < len(self.items.item) else "too_many_columns", None)
            )
            return row
        cells = (*cells, *[None] * (len(self.items.item) - len(cells)))
        quoted_counts = self._settings.quoted_empty == "empty"
        for place, item, read in self._reads:
            cell = cells[place]
            if cell is None or (cell == "" and not (quoted_counts and item.type in _EMPTY_STANDS)):
                continue
            if has_bad_letter(cell):
                found.append(("letter", item))
                continue
            try:
                value = read(cell, partial(_note, found, item)) if cell else cell
            except CellError as error:
                found.append((error.code, item))
                continue
            if value is not None:
                row[item.column] = value
        for item in self._dated:
            self._read_dated(item, cells[item.no - 1], row, found)
        self._check_needed(row, found)
        return row

    def _read_dated(self, item: Item, cell: Cell, row: dict[str, object], found: list[Found]) -> None:
        """Read a day that the register keeps in words, with a day to sort by beside them."""
        if not cell:
            return
        try:
            day = read_digits(cell, self._settings)
        except ValueError:
            found.append(("not_date", item))
            return
        known = isinstance(day, date)
        worded = bool(row.get(item.words))
        if isinstance(day, date):
            row[item.column] = day.isoformat()
        else:
            if not worded and day.nothing and item.words not in self._wanted:
                return
            found.append(("date_words" if worded else "date_worded", item))
            first = first_day(day) if self._settings.partial_date == "first" else None
            if first is not None:
                row[item.column] = first
        if not worded:
            western = item.calendar == "by_kind" and row.get("kind") == "foreign"
            try:
                row[item.words] = words_of(day, western=western)
            except ValueError:  # before 明治: only a person can word it
                found.append(("not_date" if known else "date_partial", item))

    def _check_needed(self, row: Mapping[str, object], found: list[Found]) -> None:
        faulty = {item.no for _, item in found if item is not None}
        for item in self._needed:
            if row.get(item.column, "") == "" and item.no not in faulty:
                found.append(("required" if item.required else "expected", item))
        if self.items.one_of and not any(row.get(column) for column in self.items.one_of):
            found.append(("one_of", None))

    def write(self, row: Row, found: list[Found]) -> list[Cell]:
        """Return the cells of a row; what would not be read again the same is added to ``found``."""
        cells: list[Cell] = []
        for item, write in self._writes:
            value = row.get(item.column) if item.column else None
            if value is None:
                cells.append(None)
                if item.required:
                    found.append(("required", item))
            elif value == "" and self._settings.quoted_empty == "empty" and not item.required:
                cells.append("")
            elif value in ("", b""):
                found.append(("not_writable", item))
            else:
                try:
                    cells.append(write(value))
                except CellError as error:
                    found.append((error.code, item))
        for item in self._dated:
            if item.column in row and not row.get(item.words):
                found.append(("words_missing", item))
        return cells


def _note(found: list[Found], item: Item, code: str) -> None:
    found.append((code, item))

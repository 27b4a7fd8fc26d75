"""Two readings of a delivery: the first finds all that is wrong, the second yields the rows that are right.

So nothing is loaded before everything was looked at, and no more is held than who is known and which rows are wrong.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice

import msgspec

from cloud.contract import Key, Row, tables
from cloud.layout.cells import has_bad_letter
from cloud.layout.census import Census, Person
from cloud.layout.faults import DeliveryError, ErrorList, LostError, kinds
from cloud.layout.items import Item, Items, Layout
from cloud.layout.manifest import Listed, read_manifest
from cloud.layout.records import Cell, QuoteError, Record, cells_of, is_blank, records
from cloud.layout.rows import Found, RowForm
from cloud.layout.source import OpenText, Source, opened
from cloud.number_guard import forbidden_column

Progress = Callable[[str], None]
TableRow = tuple[str, Row]

_PEOPLE = frozenset({"outsider", "corporation"})
_PROTECTING = frozenset({"block", "shien_sochi"})
_REFERRING = ("atena_no", "householder_atena_no")
_TOLD_EVERY = 10_000
_encoder = msgspec.msgpack.Encoder()


@dataclass(slots=True)
class FileCount:
    """What became of the rows of one file."""

    file: str
    table: str
    read: int = 0
    accepted: int = 0
    in_error: int = 0
    with_warnings: int = 0
    sha256: str = ""
    wrong: set[int] = field(default_factory=set)  # lines of rows in error


class Sifter:
    """Reads a delivery twice; what is wrong goes on the error list."""

    def __init__(
        self,
        layout: Layout,
        source: Source,
        errors: ErrorList,
        municipality: str,
        known: Census | None = None,
    ) -> None:
        """``known`` are those the register has already, or None where a town is founded from the delivery."""
        self._complete = known is None
        self.census = known or Census()
        self.counts: list[FileCount] = []
        self.excluded: set[str] = (
            set()
        )  # residents left out whole: an old version must not pass for the present one
        self._layout, self._source, self._errors = layout, source, errors
        self._municipality = municipality

    # the first reading

    def examine(self, progress: Progress) -> bool:
        """Read everything and list what is wrong; tells whether rows could be loaded at all."""
        try:
            listed = self._files()
            for items in self._layout.files:
                if items.file in self._source.names():
                    self._examine_file(items, listed, progress)
            self._examine_residents()
            towns = [count.read for count in self.counts if count.table == "town"]
            if self._complete and towns != [1]:
                self._errors.add("town_row")
        except DeliveryError as error:
            self._errors.add(error.code, error.file, error.line)
        return not self._errors.counts["fatal"]

    def rows_in_error(self) -> int:
        """Count the rows that cannot be loaded, once the second reading is done."""
        return sum(count.in_error for count in self.counts)

    def _files(self) -> dict[str, Listed]:
        names, manifest = set(self._source.names()), self._layout.settings.manifest
        wanted = {items.file: items for items in self._layout.files}
        for name in sorted(names - set(wanted) - {manifest}):
            self._errors.add("file_unknown", name)
        for name, items in wanted.items():
            if items.required and self._complete and name not in names:
                self._errors.add("file_missing", name)
        if manifest not in names:
            self._errors.add("manifest_missing", manifest)
            return {}
        listed = read_manifest(self._source, manifest, self._layout.settings.limits)
        for name in sorted(set(listed) & set(wanted) - names):
            self._errors.add("file_listed_missing", name)
        return listed

    def _examine_file(self, items: Items, listed: dict[str, Listed], progress: Progress) -> None:
        count = FileCount(items.file, items.table)
        self.counts.append(count)
        form, keys = RowForm(items, self._layout.settings), _Keys(items.table)
        with opened(self._source, items.file, self._layout.encoding_of(items)) as file:
            for record, cells in self._records(items, file, tell=True):
                count.read += 1
                found: list[Found] = []
                row = self._examine_row(form, keys, record, cells, found)
                self._list(count, record, found, row)
                if count.read % _TOLD_EVERY == 0:
                    progress(f"{items.file}: {count.read} rows read")
            count.sha256 = file.hashed.sha256()
        told = listed.get(items.file)
        if told is not None and told != Listed(count.read, count.sha256):
            self._errors.add("manifest_differs", items.file)
        progress(f"{items.file}: {count.read} rows read, {len(count.wrong)} of them wrong")

    def _records(
        self, items: Items, file: OpenText, *, tell: bool
    ) -> Iterator[tuple[Record, list[Cell] | None]]:
        """Yield the records below the header, with their cells; None where one was too long to be kept."""
        name, limit = items.file, self._layout.settings.limits.record
        wants_header, line = self._layout.settings.header, 1
        try:
            for record in records(file.text, limit):
                line = record.line
                cells = None if record.text is None else cells_of(record.text)
                if wants_header:
                    wants_header = False
                    names = [item.name for item in items.item]
                    if cells is None or cells != names[: len(cells)] or not items.may_end_at(len(cells)):
                        broken = has_bad_letter(record.text or "")
                        raise DeliveryError("encoding" if broken else "header", name, line)
                elif cells is not None and is_blank(cells):
                    if tell:
                        self._errors.add("blank_line", name, line)
                else:
                    if tell and not record.ended:
                        self._errors.add("cut_off", name, line)
                    yield record, cells
        except QuoteError as error:
            code = "quote_open" if str(error) == "open at the end" else "quote_stray"
            raise DeliveryError("header" if wants_header else code, name, line) from error
        except UnicodeError as error:
            raise DeliveryError("encoding", name, line) from error
        if wants_header:
            raise DeliveryError("header_missing", name)

    def _examine_row(
        self, form: RowForm, keys: "_Keys", record: Record, cells: list[Cell] | None, found: list[Found]
    ) -> Row:
        if cells is None:
            found.append(("record_too_long", None))
            return {}
        row = form.read(cells, found)
        key = keys.of(row)
        if key is not None and not keys.take(key):
            found.append(("duplicate", None))
        if form.items.table == "resident":
            if key is not None:
                try:
                    self.census.resident(row, record.line)
                except ValueError:
                    found.append(("history_number", _item(form.items, "history_no")))
        elif form.items.table in _PEOPLE:
            self.census.others.add(str(row.get("atena_no", "")))
        else:
            self._examine_references(form.items, row, found)
        if form.items.table == "town" and row.get("code", self._municipality) != self._municipality:
            found.append(("other_town", _item(form.items, "code")))
        forbidden = forbidden_column(form.items.table, row)
        if forbidden is not None:
            found.append(("forbidden_number", _item(form.items, forbidden)))
        return row

    def _examine_references(self, items: Items, row: Row, found: list[Found]) -> None:
        code = "unknown_kept" if items.table in _PROTECTING else "unknown_atena"
        for column in _REFERRING:
            atena_no = row.get(column)
            if isinstance(atena_no, str) and atena_no and not self.census.knows(atena_no):
                found.append((code, _item(items, column)))
        household_no = row.get("household_no")
        if isinstance(household_no, str) and household_no and household_no not in self.census.households:
            found.append((code, _item(items, "household_no")))

    def _list(self, count: FileCount, record: Record, found: list[Found], row: Row) -> None:
        """Put a row's faults on the list; what makes a row too dangerous to leave out is fatal."""
        if not found:
            return
        for code, item in found:
            self._errors.add(code, count.file, record.line, item)
        if all(kinds()[code].severity == "warning" for code, _ in found):
            count.with_warnings += 1
            return
        count.wrong.add(record.line)
        if count.table == "resident":
            if row.get("atena_no"):
                self.excluded.add(str(row["atena_no"]))
            else:
                self._errors.add("resident_lost", count.file, record.line)
        elif count.table in _PROTECTING:
            self._errors.add("protection_lost", count.file, record.line)

    def _examine_residents(self) -> None:
        items = next((items for items in self._layout.files if items.table == "resident"), None)
        if items is None or not any(count.table == "resident" for count in self.counts):
            return
        for atena_no, person in self.census.gaps():
            self._exclude("history_gap", items, "history_no", [(atena_no, person)])
        for line, heads in self.census.led_wrongly():
            if heads:
                self._exclude("household_heads", items, "relationship", heads)
            else:
                self._errors.add("household_without_head", items.file, line, _item(items, "relationship"))

    def _exclude(self, code: str, items: Items, column: str, people: Iterable[tuple[str, Person]]) -> None:
        for atena_no, person in people:
            self.excluded.add(atena_no)
            self._errors.add(code, items.file, person.line, _item(items, column))

    # the second reading

    def rows(self, progress: Progress) -> Iterator[TableRow]:
        """Yield every row that is right; DeliveryError where a file is not the one that was examined."""
        by_file = {items.file: items for items in self._layout.files}
        for count in self.counts:
            items = by_file[count.file]
            form = RowForm(items, self._layout.settings)
            count.accepted = count.in_error = 0
            with opened(self._source, items.file, self._layout.encoding_of(items)) as file:
                for record, cells in self._records(items, file, tell=False):
                    row = self._accepted(form, count, record, cells)
                    if row is not None:
                        yield items.table, row
                if file.hashed.sha256() != count.sha256:
                    raise DeliveryError("file_changed", items.file)
            if count.read != count.accepted + count.in_error:
                raise LostError("a row was read and neither accepted nor found wrong")
            progress(f"{items.file}: {count.accepted} rows accepted")

    def _accepted(
        self, form: RowForm, count: FileCount, record: Record, cells: list[Cell] | None
    ) -> Row | None:
        row = None
        if cells is not None and record.line not in count.wrong:
            row = form.read(cells, [])
            if count.table == "resident" and row.get("atena_no") in self.excluded:
                self._errors.add("same_resident", count.file, record.line)
                row = None
        if row is None:
            count.in_error += 1
        else:
            count.accepted += 1
        return row


class _Keys:
    """The keys of a file seen so far, as 64 bits each."""

    def __init__(self, table: str) -> None:
        self._contract = tables()[table]
        self._seen: set[int] = set()

    def of(self, row: Row) -> Key | None:
        """Return the key of a row, where it could be read."""
        return self._contract.key_of(row) if all(column in row for column in self._contract.key) else None

    def take(self, key: Key) -> bool:
        """Remember a key; tells whether it is new."""
        hashed = key_hash(key)
        known = hashed in self._seen
        self._seen.add(hashed)
        return not known


def key_hash(key: Key) -> int:
    """Return 64 bits that stand for a key."""
    return int.from_bytes(blake2b(_encoder.encode(key), digest_size=8).digest(), "big")


def _item(items: Items, column: str) -> Item | None:
    return next((item for item in items.item if item.column == column), None)


def town_code(layout: Layout, source: Source) -> str | None:
    """Return the municipality a delivery says it is of, where it says so."""
    items = next((items for items in layout.files if items.table == "town"), None)
    if items is None or items.file not in source.names():
        return None
    form, limit = RowForm(items, layout.settings), layout.settings.limits.record
    with opened(source, items.file, layout.encoding_of(items)) as file:
        try:
            lines = list(islice(records(file.text, limit), 2))
            row = form.read(cells_of(lines[-1].text or ""), []) if lines else {}
        except QuoteError:
            return None
    return str(row["code"]) if "code" in row else None

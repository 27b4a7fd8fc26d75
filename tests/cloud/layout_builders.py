"""Registers, deliveries and rows of every table, as the tests of the layout need them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import strategies as st

from cloud import database
from cloud.clock import stamp
from cloud.contract import tables
from cloud.founding import found, is_founded
from cloud.layout.export import write_town
from cloud.layout.faults import ErrorList
from cloud.layout.items import Item, Items, Layout, open_layout
from cloud.layout.load import Delivery, into_existing, into_new
from cloud.layout.records import cells_of, record_text
from cloud.layout.source import open_source
from cloud.layout.totals import Reconciliation
from cloud.migrations import bring_up
from cloud.register import Register
from tests.cloud.cloud_builders import CODE, START

Row = dict[str, object]
TableRow = tuple[str, Row]

LAYOUT = open_layout()
KEY = b"the digest key of both registers"
CARRIED = [items.table for items in LAYOUT.files]


def quiet(_words: str) -> None:
    """Say nothing."""


def a_register(folder: Path, name: str, municipality: str = CODE, url: str | None = None) -> Register:
    engine = database.open_engine(url or f"sqlite:///{folder / name}.db")
    bring_up(engine)
    assert not is_founded(engine, municipality)
    return Register(engine, municipality, KEY, lambda: START)


def a_town(register: Register, rows: Iterable[TableRow]) -> Register:
    found(register, rows, lambda: START, quiet, lambda _: None)
    return register


def everything(register: Register) -> dict[str, list[Row]]:
    with register.reading() as connection:
        return {name: register.rows(connection, name) for name in tables()}


def roots(register: Register) -> dict[str, bytes]:
    with register.reading() as connection:
        return {feed: register.head(connection, feed).root for feed in ("register", "blocks")}


def versions(register: Register) -> dict[str, int]:
    with register.reading() as connection:
        return {feed: register.head(connection, feed).version for feed in ("register", "blocks")}


@dataclass
class Loaded:
    """What an import left behind."""

    told: Reconciliation
    report: Path
    list_text: str = field(default="")

    @property
    def causes(self) -> list[str]:
        """Return the causes on the error list, in order."""
        return [str(cells_of(line)[5]) for line in self.list_text.splitlines()[1:]]

    @property
    def places(self) -> list[tuple[str | None, ...]]:
        """Return file, row and item number of each line of the error list."""
        return [tuple(cells_of(line)[:3]) for line in self.list_text.splitlines()[1:]]


def export(register: Register, out: Path, layout: Layout = LAYOUT) -> Path:
    errors = ErrorList(out.parent / "export-report", 100)
    try:
        write_town(register, layout, out, errors, quiet)
    finally:
        errors.close()
    return out


def load(
    register: Register,
    source: Path,
    *,
    layout: Layout = LAYOUT,
    accept_errors: int = 0,
    replace: bool = False,
    lift: bool = False,
    new: bool = True,
) -> Loaded:
    """Take files in; into a new town, or into one that is there."""
    report = source.parent / f"report-{source.name}"
    errors = ErrorList(report, layout.settings.limits.errors)
    opened = open_source(source, layout.settings.limits)
    delivery = Delivery(layout, opened, errors, accept_errors, replace, lift)
    try:
        if new:
            told = into_new(register, delivery, lambda: START, quiet, lambda _: None)
        else:
            told = into_existing(register, delivery, quiet)
    finally:
        errors.close()
        opened.close()
    told.write(report)
    return Loaded(told, report, (report / "error_list.csv").read_text("utf-8-sig"))


def items_of(table: str, layout: Layout = LAYOUT) -> Items:
    return next(items for items in layout.files if items.table == table)


def write_file(folder: Path, table: str, lines: Iterable[dict[str, str | None]]) -> Path:
    """Write a file from cells by column; what is not named is absent."""
    items = items_of(table)
    folder.mkdir(exist_ok=True)
    text = record_text(item.name for item in items.item)
    for line in lines:
        assert set(line) <= {item.column for item in items.item}
        text += record_text(line.get(item.column) for item in items.item)
    path = folder / items.file
    path.write_bytes(text.encode())
    return path


def person(atena_no: str, history_no: int | str = 1, **more: str | None) -> dict[str, str | None]:
    """Return the cells of somebody who lives alone."""
    return {
        "atena_no": atena_no,
        "history_no": str(history_no),
        "household_no": f"2{atena_no[1:]}",
        "order_no": "1",
        "status": "1",
        "kind": "1",
        "full_name": "渡邉󠄐　太郎",
        "birth_sort": "19830412",
        "birth_text": "昭和58年4月12日",
        "sex": "1",
        "relationship": "世帯主",
        "address_town": "みどり県あおぞら市葛󠄂城町一丁目",
    } | more


def a_delivery(folder: Path, people: Iterable[dict[str, str | None]]) -> Path:
    """Write the least a new town needs: itself, and people."""
    folder.mkdir(exist_ok=True)
    write_file(folder, "town", [{"code": CODE, "name": "あおぞら市"}])
    write_file(folder, "resident", people)
    return folder


# rows of every table, from the types of the layout

_PIECES = (
    "葛󠄀",
    "邉󠄐",
    "𠮷",
    "\ue000",  # 外字, of the private use area
    "か゚",
    '"',
    '""',
    ",",
    "\n",
    "\r\n",
    "\r",
    " ",
    "　",
    "\t",
    "\ufeff",
    "0",
    "=cmd|'/c calc'!A1",
    "+1",
    "@SUM(1)",
    "'; DROP TABLE resident; --",
    "\\",
    "%",
    "氏",
)
_letters = st.one_of(st.sampled_from(_PIECES), st.characters(codec="utf-8", exclude_characters="\0"))


def texts(length: int, *, least: int = 0) -> st.SearchStrategy[str]:
    joined = st.lists(_letters, min_size=least, max_size=5).map(lambda parts: "".join(parts)[:length])
    return joined.filter(lambda text: len(text) >= least)


def _values(item: Item) -> st.SearchStrategy[object]:
    if item.type == "number":
        most = min(10**item.length * 10**item.scale - 1, 2**63 - 1)
        return st.integers(max(-most, -(2**63)), most)
    if item.type == "code":
        listed: st.SearchStrategy[object] = st.sampled_from(sorted(item.codes))
        taken = {*item.codes.values(), *item.unknown}
        other = texts(item.length, least=1).filter(lambda text: text not in taken)
        return st.one_of(listed, other) if item.open else listed
    plain: dict[str, st.SearchStrategy[object]] = {
        "text": texts(item.length, least=1 if item.required or item.expected else 0),
        "date": st.dates().map(lambda day: day.isoformat()),
        "moment": st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001  UTC is set next
            lambda moment: stamp(moment.replace(tzinfo=UTC))
        ),
        "flag": st.booleans(),
        "image": st.binary(min_size=1, max_size=40),
    }
    return plain[item.type]


@st.composite
def rows_of(draw: st.DrawFn, items: Items) -> Row:
    """Draw a row: what is required is there, anything else perhaps; a day to sort by never without its words."""
    row: Row = {}
    for item in items.item:
        if item.required or draw(st.booleans()):
            row[item.column] = draw(_values(item))
    for item in items.item:
        if item.words and item.column in row and not row.get(item.words):
            row[item.words] = "年月日不詳"
    if items.one_of and not any(row.get(column) for column in items.one_of):
        row[items.one_of[0]] = "1000000014"
    return row


@st.composite
def _residents(draw: st.DrawFn) -> list[Row]:
    items = items_of("resident")
    found: list[Row] = []
    numbers = draw(st.lists(texts(15, least=1), unique=True, max_size=4))
    for place, atena_no in enumerate(numbers):
        for history_no in range(1, draw(st.integers(1, 3)) + 1):
            row = draw(rows_of(items))
            row |= {"atena_no": atena_no, "history_no": history_no, "household_no": f"{place}"}
            found.append(row)
    return found


@st.composite
def towns(draw: st.DrawFn) -> list[TableRow]:
    """Draw a town with odd rows in every table of the layout."""
    found: list[TableRow] = [("town", draw(rows_of(items_of("town"))) | {"code": CODE})]
    found += [("resident", row) for row in draw(_residents())]
    for items in LAYOUT.files:
        if items.table not in {"town", "resident"}:
            key = tables()[items.table].key_of
            drawn = draw(st.lists(rows_of(items), max_size=2, unique_by=key))
            found += [(items.table, row) for row in drawn]
    return found


def of_carried(rows: dict[str, list[Row]]) -> Iterator[TableRow]:
    return ((table, row) for table in CARRIED for row in rows[table])

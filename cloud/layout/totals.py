"""The 照合リスト: what was read, what stands in the database, and whether the two are equal."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import msgspec
import sqlalchemy as sa

from cloud import storage
from cloud.keys import write_private
from cloud.layout.census import HOUSEHOLDS, Census, group_of
from cloud.layout.faults import SEVERITIES, beside, private_text, settle
from cloud.layout.records import record_text
from cloud.layout.sift import FileCount, Sifter, TableRow

_SUMS = {
    ("juminzei", "annual_tax"): "個人住民税 年税額",
    ("light_vehicle", "annual_tax"): "軽自動車税種別割 年税額",
    ("fixed_asset", "value"): "固定資産税 評価額",
    ("fixed_asset", "tax_base"): "固定資産税 課税標準額",
    ("tax_account", "billed"): "収納 調定額",
    ("tax_account", "paid"): "収納 収納額",
}
_PROTECTING = {"block": "抑止", "shien_sochi": "支援措置"}
_STRANGERS = "{} うち知らない宛名番号"
_HALF = 32


@dataclass(slots=True)
class TableCount:
    """What became of one table."""

    table: str
    before: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    removed: int = 0
    after: int = 0  # counted in the database


@dataclass(frozen=True, slots=True)
class Total:
    """One figure of the delivery and of the database; equal is None where they need not be."""

    name: str
    source: int
    loaded: int
    equal: bool | None


@dataclass(slots=True)
class Reconciliation:
    """Everything the list says; the figures name nobody."""

    municipality: str
    mode: str  # found | merge | replace
    loaded: bool = False
    files: list[FileCount] = field(default_factory=list)
    tables: list[TableCount] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)
    severities: dict[str, int] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Tell whether nothing got lost."""
        return (
            all(count.read == count.accepted + count.in_error for count in self.files)
            and all(count.after == count.before + count.new - count.removed for count in self.tables)
            and all(total.equal is not False for total in self.totals)
        )

    def write(self, folder: Path) -> None:
        """Write the list as CSV and as JSON, for its owner only."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / "reconciliation.csv"
        file = private_text(beside(path))
        file.writelines(map(record_text, self._lines()))
        settle(file, path)
        told = asdict(self) | {"holds": self.holds}
        for line in told["files"]:
            del line["wrong"]
        write_private(folder / "reconciliation.json", msgspec.json.format(msgspec.json.encode(told)))

    def _lines(self) -> Iterator[list[str]]:
        loaded = "取り込み済" if self.loaded else "取り込みなし"
        yield [
            "自治体",
            self.municipality,
            "方法",
            self.mode,
            "結果",
            loaded,
            "照合",
            _mark(self.holds if self.loaded else None),
        ]
        yield [
            cell for code, name in SEVERITIES.items() for cell in (name, str(self.severities.get(code, 0)))
        ]
        yield [
            "ファイル",
            "表",
            "読み込み",
            "受け入れ",
            "誤り",
            "警告あり",
            "読み込み＝受け入れ＋誤り",
            "SHA-256",
        ]
        for count in self.files:
            figures = [count.read, count.accepted, count.in_error, count.with_warnings]
            whole = count.read == count.accepted + count.in_error
            yield [count.file, count.table, *map(str, figures), _mark(whole), count.sha256]
        yield ["表", "取り込み前", "新規", "変更", "同一", "削除", "取り込み後", "一致"]
        for table in self.tables:
            steps = [table.before, table.new, table.changed, table.same, table.removed, table.after]
            equal = table.after == table.before + table.new - table.removed
            yield [table.table, *map(str, steps), _mark(equal)]
        yield ["合計", "元", "台帳", "一致"]
        for total in self.totals:
            yield [total.name, str(total.source), str(total.loaded), _mark(total.equal)]


def _mark(equal: bool | None) -> str:
    return "対象外" if equal is None else "一致" if equal else "不一致"


class Tally:
    """Adds up a stream of rows as it passes."""

    def __init__(self, census: Census, excluded: set[str]) -> None:
        self.rows: Counter[str] = Counter()
        self.sums: Counter[str] = Counter()
        self._census, self._excluded = census, excluded

    def over(self, rows: Iterable[TableRow]) -> Iterator[TableRow]:
        """Pass rows on, counting them."""
        for table, row in rows:
            self.rows[table] += 1
            for (of, column), name in _SUMS.items():
                if of == table:
                    value = row.get(column)
                    self.sums[name] += value if isinstance(value, int) else 0
            if table in _PROTECTING:
                atena_no = str(row.get("atena_no", ""))
                stranger = atena_no and (atena_no in self._excluded or not self._census.knows(atena_no))
                self.sums[_STRANGERS.format(_PROTECTING[table])] += bool(stranger)
            yield table, row


def totals_of(
    connection: sa.Connection, municipality: str, sifter: Sifter, tally: Tally, *, comparable: set[str]
) -> list[Total]:
    """Return all figures; those of tables not ``comparable`` are only told."""
    source = sifter.census.totals(sifter.excluded)
    loaded = _residents(connection, municipality)
    found = [
        Total(name, source[name], loaded[name], _equal(source[name], loaded[name], "resident" in comparable))
        for name in sorted({*source, *loaded})
    ]
    figures = [
        (name, table, tally.sums[name], _sum(connection, municipality, table, column))
        for (table, column), name in _SUMS.items()
    ]
    for table, name in _PROTECTING.items():
        figures.append((name, table, tally.rows[table], rows_in(connection, municipality, table)))
        strangers = _STRANGERS.format(name)
        figures.append((strangers, table, tally.sums[strangers], _strangers(connection, municipality, table)))
    for name, table, mine, there in figures:
        found.append(Total(name, mine, there, _equal(mine, there, table in comparable)))
    return found


def _equal(source: int, loaded: int, comparable: bool) -> bool | None:
    return source == loaded if comparable else None


def rows_in(connection: sa.Connection, municipality: str, table: str) -> int:
    """Count the rows of a table as they stand in the database."""
    rows = storage.rows[table]
    query = sa.select(sa.func.count()).select_from(rows).where(rows.c.municipality == municipality)
    return int(connection.execute(query).scalar_one())


def _residents(connection: sa.Connection, municipality: str) -> Counter[str]:
    """Count residents as the database has them: by their newest versions, not by the index they are found by."""
    resident = storage.rows["resident"]
    mine = resident.c.municipality == municipality
    newest = (
        sa.select(resident.c.atena_no, sa.func.max(resident.c.history_no).label("history_no"))
        .where(mine)
        .group_by(resident.c.atena_no)
        .subquery()
    )
    same = sa.and_(
        mine, resident.c.atena_no == newest.c.atena_no, resident.c.history_no == newest.c.history_no
    )
    present = sa.join(resident, newest, same)
    by = (resident.c.status, resident.c.kind, resident.c.sex)
    counts: Counter[str] = Counter()
    for status, kind, sex, number in connection.execute(
        sa.select(*by, sa.func.count()).select_from(present).group_by(*by)
    ):
        counts[group_of(status, kind, sex or "")] += number
    households = sa.select(sa.func.count(sa.distinct(resident.c.household_no))).select_from(present)
    counts[HOUSEHOLDS] = connection.execute(households.where(resident.c.status == "resident")).scalar_one()
    return counts


def _sum(connection: sa.Connection, municipality: str, table: str, column: str) -> int:
    """Add up a column by halves: SQLite's own sum gives up beyond 64 bits."""
    rows = storage.rows[table]
    value = rows.c[column]
    high = sa.func.sum(sa.cast(value.op(">>")(sa.literal_column(str(_HALF))), sa.BigInteger))
    low = sa.func.sum(sa.cast(value.op("&")((1 << _HALF) - 1), sa.BigInteger))
    found = connection.execute(sa.select(high, low).where(rows.c.municipality == municipality)).one()
    return (int(found[0] or 0) << _HALF) + int(found[1] or 0)


def _strangers(connection: sa.Connection, municipality: str, table: str) -> int:
    rows = storage.rows[table]
    query = sa.select(sa.func.count()).select_from(rows)
    query = query.where(rows.c.municipality == municipality, rows.c.atena_no != "")
    for name in ("resident", "outsider", "corporation"):
        people = storage.rows[name]
        known = sa.exists().where(people.c.municipality == municipality, people.c.atena_no == rows.c.atena_no)
        query = query.where(~known)
    return int(connection.execute(query).scalar_one())

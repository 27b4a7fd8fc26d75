"""What the town tests share."""

import hashlib
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st

from cloud.town import generate

Row = dict[str, object]


TODAY = date(2026, 11, 20)


CONTRACT = tomllib.loads(Path("resources/contract/tables.toml").read_text(encoding="utf-8"))


# What the running cloud writes, what its founding writes of the staff, and forms: resources/forms/ has the defaults.
MADE_ELSEWHERE = {"intake", "terminal_revocation", "staff_member", "right_grant", "form"}


LAWFUL = {"世帯主", "夫", "妻", "夫（未届）", "妻（未届）", "子", "父", "母", "兄", "姉", "弟", "妹"}


SINGLE = {"縁故者", "同居人"}


SPOUSES = {"夫", "妻", "夫（未届）", "妻（未届）"}


AMOUNTS = (
    "city_income_levy",
    "city_flat_levy",
    "prefecture_income_levy",
    "prefecture_flat_levy",
    "forest_levy",
)


def digest(rows: Iterable[tuple[str, Row]]) -> str:
    found = hashlib.blake2b()
    for table, row in rows:
        found.update(repr((table, list(row.items()))).encode())
    return found.hexdigest()


class Town:
    """A generated town, sorted for questions."""

    def __init__(self, residents: int, seed: int, today: date = TODAY) -> None:
        self.residents, self.today = residents, today
        self.tables: dict[str, list[Row]] = defaultdict(list)
        for table, row in generate(residents, seed, today):
            self.tables[table].append(row)
        self.versions: dict[str, list[Row]] = defaultdict(list)
        for row in self.tables["resident"]:
            self.versions[str(row["atena_no"])].append(row)
        self.current = {number: rows[-1] for number, rows in self.versions.items()}
        self.living = [row for row in self.current.values() if row["status"] == "resident"]
        self.households: dict[str, list[Row]] = defaultdict(list)
        for row in self.living:
            self.households[str(row["household_no"])].append(row)


def day(row: Row, column: str) -> date:
    return date.fromisoformat(str(row[column]))


def number(row: Row, column: str) -> int:
    return int(str(row[column]))


def text(row: Row, column: str) -> str:
    return str(row[column])


TOWNS = st.builds(
    Town,
    st.integers(50, 500),
    st.integers(0, 2**63),
    st.dates(date(2025, 6, 1), date(2032, 12, 31)),
)


law = settings(max_examples=15, deadline=None)


def fits(value: object, kind: str) -> bool:
    if kind == "date":
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    if kind == "time":
        return isinstance(value, str) and value.endswith("Z") and bool(datetime.fromisoformat(value))
    expected = {"text": str, "int": int, "bool": bool, "blob": bytes}[kind]
    return type(value) is expected and value != ""

"""Records changed by the office: 異動 (a new 履歴番号), 修正 (the same one), and residents written down anew."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa

from cloud import storage
from cloud.clock import Now, day_in_tokyo
from cloud.contract import tables
from cloud.households import members_of
from cloud.office.log import By, OfficeLog
from cloud.office.numbers import last_atena_no
from cloud.office.people import is_sheltered, mark_of, moved_on, names_of, record_of, wrong_field
from cloud.register import Register, put
from cloud.residents import search
from cloud.search_words import Asked
from cloud.town.numbers import next_number
from cloud.wareki import read_day, write_wareki

MOVES = ("転居",)  # after these the address is a new one, notified on a day of its own
NEW_REASONS = ("転入", "出生", "職権記載", "帰化", "国籍取得", "国籍喪失", "その他")
REASONS = (
    *(
        "転居",
        "世帯主変更",
        "世帯変更",
        "世帯合併",
        "世帯分離",
        "続柄変更",
        "氏名変更",
        "旧氏記載",
        "通称記載",
    ),
    *(
        "婚姻",
        "離婚",
        "養子縁組",
        "転籍",
        "在留資格等変更",
        "住居表示",
        "転出",
        "死亡",
        "職権消除",
        "職権修正",
    ),
)
STATUSES, KINDS, SEXES = ("resident", "tenshutsu", "death", "shojo"), ("japanese", "foreign"), ("男", "女")
_CHOICES = {"status": STATUSES, "kind": KINDS, "sex": SEXES}
_NEEDED = ("household_no", "order_no", "status", "kind", "birth_text", "sex", "relationship", "address_town")
_WRITTEN_BY_US = (
    *("atena_no", "history_no", "ido_reason", "ido_date", "ido_todoke_date", "processed_date"),
    *("birth_sort", "address_since_sort", "resident_since_sort", "before_move", "todoke_date"),
)
_SORTED = {
    "birth_text": "birth_sort",
    "address_since_text": "address_since_sort",
    "resident_since_text": "resident_since_sort",
}
EDITABLE = tuple(column for column in tables()["resident"].columns if column not in _WRITTEN_BY_US)
_MOST_LETTERS = 1000


@dataclass(frozen=True, slots=True)
class Ido:
    """Why a record changes (異動), when it came about, and when it was notified."""

    reason: str
    ido_date: date
    todoke_date: date | None = None


@dataclass(frozen=True, slots=True)
class RecordShown:
    """A resident's record as a form shows it, and the mark that tells whether it has moved on since."""

    row: Mapping[str, object] = field(repr=False)
    mark: str
    is_sheltered: bool
    history: tuple[Mapping[str, object], ...] = field(repr=False)
    household: tuple[Mapping[str, object], ...] = field(repr=False)


class Records:
    """The desk where residents' records are changed."""

    def __init__(self, register: Register, log: OfficeLog, now: Now) -> None:
        self._register = register
        self._log = log
        self._now = now

    def found(
        self, typed: str, *, removed: bool = True, limit: int = 50, cards: bool = True
    ) -> list[dict[str, object]]:
        """Return hits as the counters' search gives them: no address of anybody sheltered."""
        with self._register.reading() as connection:
            asked = Asked(typed, removed=removed, cards=cards)
            return search(connection, self._register.municipality, asked, limit=limit)

    def record(self, atena_no: str) -> RecordShown:
        """Return a resident's present record with its past and household; 404 where there is none."""
        register = self._register
        with register.reading() as connection:
            row = record_of(register, connection, atena_no)
            column = storage.rows["resident"].c.atena_no
            history = tuple(register.rows(connection, "resident", column == atena_no))
            return RecordShown(
                row=row,
                mark=self._mark(connection, row),
                # Of any household they were of: who has left a hidden home must not lead there.
                is_sheltered=any(is_sheltered(register, connection, one) for one in history),
                history=history,
                household=tuple(members_of(register, connection, str(row["household_no"]))),
            )

    def names(self, numbers: list[str]) -> dict[str, str]:
        """Return names by 宛名番号."""
        with self._register.reading() as connection:
            return names_of(self._register, connection, numbers)

    def change(
        self, by: By, atena_no: str, changes: Mapping[str, str], ido: Ido, mark: str | None = None
    ) -> int:
        """Give a record its next 履歴番号; refused where it moved on since it had the mark. Empty text takes away."""
        today = day_in_tokyo(self._now())
        _check_ido(ido, today)
        with self._log.acting(by) as connection:
            old = self._present(connection, atena_no, mark)
            row = _changed(old, changes)
            row["history_no"] = int(str(old["history_no"])) + 1
            row |= _of_ido(ido, today)
            if ido.reason in MOVES:
                row |= _after_move(old, changes, ido)
            return self._write(connection, by, "resident.changed", row)

    def correct(self, by: By, atena_no: str, changes: Mapping[str, str], mark: str | None = None) -> int:
        """Set right what was written wrongly, under the same 履歴番号; processed today."""
        with self._log.acting(by) as connection:
            row = _changed(self._present(connection, atena_no, mark), changes)
            row["processed_date"] = day_in_tokyo(self._now()).isoformat()
            return self._write(connection, by, "resident.corrected", row)

    def enter(self, by: By, values: Mapping[str, str], ido: Ido) -> tuple[str, int]:
        """Write a new resident down, in the household named or one of their own; returns 宛名番号 and version."""
        today = day_in_tokyo(self._now())
        _check_ido(ido, today)
        with self._log.acting(by) as connection:
            number = next_number(last_atena_no(connection, self._register.municipality))
            own = {"atena_no": number, "history_no": 1, "status": "resident"}
            home = values.get("household_no", "").strip()
            if home and not members_of(self._register, connection, home):
                raise wrong_field("household_no")
            place = values.get("order_no", "").strip() or str(self._next_place(connection, home))
            home = home or self._next_household_no(connection)
            typed = {**values, "household_no": home, "order_no": place}
            row = _changed(own, typed) | _of_ido(ido, today)
            row |= {
                "todoke_date": (ido.todoke_date or today).isoformat(),
                "resident_since_reason": ido.reason,
            }
            for name in ("resident_since", "address_since"):
                row.setdefault(f"{name}_text", write_wareki(ido.ido_date))
                row.setdefault(f"{name}_sort", ido.ido_date.isoformat())
            return str(own["atena_no"]), self._write(connection, by, "resident.entered", row)

    def _present(self, connection: sa.Connection, atena_no: str, mark: str | None) -> dict[str, object]:
        row = record_of(self._register, connection, atena_no)
        if mark is not None and mark != self._mark(connection, row):
            raise moved_on()
        return row

    def _mark(self, connection: sa.Connection, row: Mapping[str, object]) -> str:
        key = {name: row[name] for name in ("atena_no", "history_no")}
        return f"{row['history_no']}.{mark_of(self._register, connection, 'resident', key)}"

    def _write(self, connection: sa.Connection, by: By, what: str, row: dict[str, object]) -> int:
        _check(row)
        self._log.note(connection, by, what, str(row["atena_no"]))
        return self._register.commit(connection, "register", [put("resident", row)])

    def _next_household_no(self, connection: sa.Connection) -> str:
        index = storage.resident_index
        last = sa.select(sa.func.max(index.c.household_no)).where(
            index.c.municipality == self._register.municipality
        )
        return next_number(connection.execute(last).scalar_one() or "0" * 10)

    def _next_place(self, connection: sa.Connection, household_no: str) -> int:
        rows = members_of(self._register, connection, household_no) if household_no else []
        return max((int(str(row["order_no"])) for row in rows), default=0) + 1


def _changed(old: Mapping[str, object], changes: Mapping[str, str]) -> dict[str, object]:
    """Return a row with what was typed in place of what stood there; what was not typed stays."""
    row = dict(old)
    for column, text in changes.items():
        if column not in EDITABLE or len(text) > _MOST_LETTERS:
            raise wrong_field(column)
        row.pop(column, None)
        if text.strip():
            row[column] = _read(column, text.strip())
        if column in _SORTED:
            row.pop(_SORTED[column], None)
            day = read_day(text)
            row |= {_SORTED[column]: day.isoformat()} if day else {}
    return row


def _read(column: str, text: str) -> object:
    kind = tables()["resident"].columns[column]
    if column in _CHOICES and text not in _CHOICES[column]:
        raise wrong_field(column)
    if kind == "bool":
        return text == "yes"
    if kind == "int":
        if not (text.isascii() and text.isdecimal() and len(text) < 7):
            raise wrong_field(column)
        return int(text)
    if kind == "date":
        day = read_day(text)
        if day is None:
            raise wrong_field(column)
        return day.isoformat()
    return text


def _check(row: Mapping[str, object]) -> None:
    """Refuse a record without what every record has; the contract checks each column once more."""
    for column in _NEEDED:
        if row.get(column) in {None, ""}:
            raise wrong_field(column)
    if not (row.get("full_name") or row.get("latin_name")):
        raise wrong_field("full_name")
    if row["status"] != "resident" and not row.get("removed_reason"):
        raise wrong_field("removed_reason")


def _check_ido(ido: Ido, today: date) -> None:
    """Refuse days no law allows: nothing lies ahead, and what happened is notified after it."""
    if not ido.reason.strip() or len(ido.reason) > _MOST_LETTERS:
        raise wrong_field("ido_reason")
    if ido.ido_date > today:
        raise wrong_field("ido_date")
    if ido.todoke_date is not None and not ido.ido_date <= ido.todoke_date <= today:
        raise wrong_field("ido_todoke_date")


def _of_ido(ido: Ido, today: date) -> dict[str, object]:
    told = {"ido_todoke_date": ido.todoke_date.isoformat()} if ido.todoke_date else {}
    return {
        "ido_reason": ido.reason,
        "ido_date": ido.ido_date.isoformat(),
        "processed_date": today.isoformat(),
        **told,
    }


def _after_move(old: Mapping[str, object], changes: Mapping[str, str], ido: Ido) -> dict[str, object]:
    place = f"{old.get('address_town', '')}{old.get('address_banchi', '')}"
    if old.get("address_katagaki"):
        place += f"　{old['address_katagaki']}"
    row: dict[str, object] = {"before_move": place}
    if not changes.get("address_since_text", "").strip():
        row["address_since_text"] = write_wareki(ido.ido_date)
        row["address_since_sort"] = ido.ido_date.isoformat()
    if ido.todoke_date:
        row["todoke_date"] = ido.todoke_date.isoformat()
    return row

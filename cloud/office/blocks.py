"""抑止: raised, changed and lifted by the office; a version of the blocks feed each. Only an act lifts one [STD j410]."""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import sqlalchemy as sa

from cloud import storage
from cloud.clock import Now, day_in_tokyo
from cloud.households import restrictions
from cloud.office.log import By, OfficeLog
from cloud.office.people import mark_of, moved_on, names_of, wrong_field
from cloud.problems import not_found
from cloud.register import Register, put, remove

PROCESSES = ("issue", "view", "ido")
LEVELS = ("error", "alert")
A_PAGE = 100


@dataclass(frozen=True, slots=True)
class BlockForm:
    """What a block says: what is held up, how hard, why, and from when; an end date lifts nothing."""

    process: str
    level: str
    reason: str = field(repr=False)
    starts: str
    ends: str = ""

    def row(self) -> dict[str, object]:
        """Return it as columns; problem with the field's name where one cannot stand."""
        if self.process not in PROCESSES:
            raise wrong_field("process")
        if self.level not in LEVELS:
            raise wrong_field("level")
        if not self.reason.strip():
            raise wrong_field("reason")
        if not self.starts:
            raise wrong_field("starts")
        if self.ends and self.ends < self.starts:
            raise wrong_field("ends")
        return {name: value for name, value in asdict(self).items() if value}


class Blocks:
    """The desk where blocks are raised and lifted."""

    def __init__(self, register: Register, log: OfficeLog, now: Now) -> None:
        self._register = register
        self._log = log
        self._now = now

    def listed(self, after: str = "", most: int = A_PAGE) -> list[dict[str, object]]:
        """Return blocks by their number, with the names of those they are on."""
        table = storage.rows["block"]
        mine = table.c.municipality == self._register.municipality
        with self._register.reading() as connection:
            page = sa.select(table.c.block_id).where(mine, table.c.block_id > after)
            numbers = connection.execute(page.order_by(table.c.block_id).limit(most)).scalars().all()
            rows = self._register.rows(connection, "block", table.c.block_id.in_(numbers))
            names = names_of(
                self._register, connection, [str(row["atena_no"]) for row in rows if "atena_no" in row]
            )
        return [row | {"name": names.get(str(row.get("atena_no")), "")} for row in rows]

    def block(self, block_id: str) -> tuple[dict[str, object], str]:
        """Return one block and its mark; 404 where there is none."""
        with self._register.reading() as connection:
            row = self._register.row(connection, "block", (block_id,))
            if row is None:
                raise not_found()
            return row, mark_of(self._register, connection, "block", {"block_id": block_id})

    def raise_block(
        self, by: By, form: BlockForm, *, atena_no: str = "", household_no: str = ""
    ) -> tuple[str, int]:
        """Raise a block on a resident or a household; returns its number and the blocks version."""
        row = form.row()
        if bool(atena_no) == bool(household_no):
            raise wrong_field("atena_no")
        on = {"atena_no": atena_no} if atena_no else {"household_no": household_no}
        with self._log.acting(by) as connection:
            self._must_be_here(connection, on)
            block_id = self._unused(connection)
            self._log.note(connection, by, "block.raised", atena_no or household_no)
            change = put("block", {"block_id": block_id, **on, **row})
            return block_id, self._register.commit(connection, "blocks", [change])

    def _unused(self, connection: sa.Connection) -> str:
        """Draw a number no block has: a row under one that is taken would lift another block."""
        while True:
            drawn = f"B{secrets.randbelow(10**8):08d}"
            if self._register.row(connection, "block", (drawn,)) is None:
                return drawn

    def change(self, by: By, block_id: str, form: BlockForm, mark: str | None = None) -> int:
        """Let a block say something else; refused where it was changed since it had the given mark."""
        row = form.row()
        with self._log.acting(by) as connection:
            old = self._present(connection, block_id, mark)
            on = {name: old[name] for name in ("atena_no", "household_no") if name in old}
            self._log.note(connection, by, "block.changed", _subject(old))
            return self._register.commit(
                connection, "blocks", [put("block", {"block_id": block_id, **on, **row})]
            )

    def lift(self, by: By, block_id: str, mark: str | None = None) -> int:
        """Lift a block: the row goes, here and at every terminal."""
        with self._log.acting(by) as connection:
            old = self._present(connection, block_id, mark)
            self._log.note(connection, by, "block.lifted", _subject(old))
            return self._register.commit(connection, "blocks", [remove("block", (block_id,))])

    def on(self, household_no: str, numbers: list[str]) -> dict[str, list[dict[str, object]]]:
        """Return every block and support measure on a household or its people, past ones too."""
        with self._register.reading() as connection:
            return restrictions(self._register, connection, household_no, numbers)

    def today(self) -> str:
        """Return what day it is at the counter (ISO)."""
        return day_in_tokyo(self._now()).isoformat()

    def _present(self, connection: sa.Connection, block_id: str, mark: str | None) -> Mapping[str, object]:
        row = self._register.row(connection, "block", (block_id,))
        if row is None:
            raise not_found()
        if mark is not None and mark != mark_of(self._register, connection, "block", {"block_id": block_id}):
            raise moved_on()
        return row

    def _must_be_here(self, connection: sa.Connection, on: dict[str, str]) -> None:
        index = storage.resident_index
        query = sa.select(index.c.atena_no).where(
            index.c.municipality == self._register.municipality,
            *(index.c[column] == value for column, value in on.items()),
        )
        if connection.execute(query.limit(1)).first() is None:
            raise wrong_field(next(iter(on)))


def _subject(row: Mapping[str, object]) -> str:
    return str(row.get("atena_no") or row.get("household_no") or row["block_id"])

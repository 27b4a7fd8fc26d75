"""支援措置: begun (provisional or full), confirmed, extended, ended. Only an act ends one; a last day alone does not."""

import secrets
from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa

from cloud import storage
from cloud.office.log import By, OfficeLog
from cloud.office.people import mark_of, moved_on, names_of, wrong_field
from cloud.other_side import MOST_LETTERS, OtherSide, opened, sealed
from cloud.problems import not_found
from cloud.register import Register, put, remove

A_PAGE = 100


class Measures:
    """The desk of those in charge of support measures."""

    def __init__(self, register: Register, log: OfficeLog, key: bytes) -> None:
        self._register = register
        self._log = log
        self._key = key

    def listed(self, after: str = "", most: int = A_PAGE) -> list[dict[str, object]]:
        """Return measures by their number, with the names of those they protect."""
        table = storage.rows["shien_sochi"]
        mine = table.c.municipality == self._register.municipality
        with self._register.reading() as connection:
            page = sa.select(table.c.measure_id).where(mine, table.c.measure_id > after)
            numbers = connection.execute(page.order_by(table.c.measure_id).limit(most)).scalars().all()
            rows = self._register.rows(connection, "shien_sochi", table.c.measure_id.in_(numbers))
            names = names_of(self._register, connection, [str(row.get("atena_no", "")) for row in rows])
        return [row | {"name": names.get(str(row.get("atena_no")), "")} for row in rows]

    def measure(self, measure_id: str) -> tuple[dict[str, object], str]:
        """Return one measure and its mark; 404 where there is none."""
        with self._register.reading() as connection:
            row = self._register.row(connection, "shien_sochi", (measure_id,))
            if row is None:
                raise not_found()
            return row, mark_of(self._register, connection, "shien_sochi", {"measure_id": measure_id})

    def begin(
        self, by: By, numbers: Sequence[str], *, provisional: bool, starts: str, ends: str = ""
    ) -> tuple[list[str], int]:
        """Protect people, all in one version of the blocks feed; returns the measures' numbers and the version."""
        if not numbers:
            raise wrong_field("atena_no")
        _check_days(starts, ends)
        with self._log.acting(by) as connection:
            if set(names_of(self._register, connection, numbers)) != set(numbers):
                raise wrong_field("atena_no")
            self._log.note(connection, by, "measure.begun", " ".join(numbers))
            rows = [
                {
                    "measure_id": measure_id,
                    "atena_no": one,
                    "provisional": provisional,
                    "starts": starts,
                    **({"ends": ends} if ends else {}),
                }
                for one, measure_id in zip(dict.fromkeys(numbers), self._unused(connection), strict=False)
            ]
            changes = [put("shien_sochi", row) for row in rows]
            version = self._register.commit(connection, "blocks", changes)
        return [str(row["measure_id"]) for row in rows], version

    def confirm(self, by: By, measure_id: str, ends: str, mark: str | None = None) -> int:
        """Make a provisional measure a full one, until a last day."""
        return self._change(by, "measure.confirmed", measure_id, {"provisional": False, "ends": ends}, mark)

    def extend(self, by: By, measure_id: str, ends: str, mark: str | None = None) -> int:
        """Give a measure a later last day."""
        return self._change(by, "measure.extended", measure_id, {"ends": ends}, mark)

    def other_side(self, row: Mapping[str, object]) -> OtherSide:
        """Return whom a measure protects from, empty where nobody said."""
        box, town = row.get("other_side"), self._register.municipality
        told = opened(box, self._key, town, str(row["measure_id"])) if isinstance(box, bytes) else None
        return told or OtherSide()

    def tell_other_side(self, by: By, measure_id: str, side: OtherSide, mark: str | None = None) -> int:
        """Write down whom a measure protects from; without a name it is taken away."""
        if max(len(side.name), len(side.reading)) > MOST_LETTERS:
            raise wrong_field("other_name")
        with self._log.acting(by) as connection:
            row = self._present(connection, measure_id, mark)
            rest = {name: value for name, value in row.items() if name != "other_side"}
            if side.name:
                rest["other_side"] = sealed(side, self._key, self._register.municipality, measure_id)
            self._log.note(connection, by, "measure.other_side", str(row.get("atena_no", measure_id)))
            return self._register.commit(connection, "blocks", [put("shien_sochi", rest)])

    def end(self, by: By, measure_id: str, mark: str | None = None) -> int:
        """End a measure: the row goes, here and at every terminal."""
        with self._log.acting(by) as connection:
            row = self._present(connection, measure_id, mark)
            self._log.note(connection, by, "measure.ended", str(row.get("atena_no", measure_id)))
            return self._register.commit(connection, "blocks", [remove("shien_sochi", (measure_id,))])

    def _change(self, by: By, what: str, measure_id: str, values: dict[str, object], mark: str | None) -> int:
        with self._log.acting(by) as connection:
            row = self._present(connection, measure_id, mark)
            ends = str(values["ends"])
            _check_days(str(row.get("starts", ends)), ends)
            if not ends or ends < str(row.get("ends", "")):
                raise wrong_field("ends")  # a shorter protection is an end, which is an act of its own
            self._log.note(connection, by, what, str(row.get("atena_no", measure_id)))
            return self._register.commit(connection, "blocks", [put("shien_sochi", row | values)])

    def _unused(self, connection: sa.Connection) -> Iterator[str]:
        """Draw numbers no measure has: a row under one that is taken would end another person's protection."""
        drawn: set[str] = set()
        while True:
            one = f"S{secrets.randbelow(10**8):08d}"
            if one not in drawn and self._register.row(connection, "shien_sochi", (one,)) is None:
                drawn.add(one)
                yield one

    def _present(self, connection: sa.Connection, measure_id: str, mark: str | None) -> dict[str, object]:
        row = self._register.row(connection, "shien_sochi", (measure_id,))
        if row is None:
            raise not_found()
        key: dict[str, object] = {"measure_id": measure_id}
        if mark is not None and mark != mark_of(self._register, connection, "shien_sochi", key):
            raise moved_on()
        return row


def _check_days(starts: str, ends: str) -> None:
    if not starts:
        raise wrong_field("starts")
    if ends and ends < starts:
        raise wrong_field("ends")

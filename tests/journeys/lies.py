"""What a main job leaves, and lies about it: each changes a copy in one place, and the auditor must name it."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.journeys.judge import AUDITOR

SLIP = "仮受付票"
WITHOUT_ROOT = ("killed", "stopped")


@dataclass(frozen=True)
class Leavings:
    """What a play left: its folder, and a copy of the cloud's database."""

    out: Path
    database: Path
    plays: tuple[str, ...] = WITHOUT_ROOT

    def copied(self, folder: Path) -> "Leavings":
        shutil.copytree(self.out, folder / "out", ignore=shutil.ignore_patterns("state"))
        shutil.copy(self.database, folder / "cloud.db")
        return replace(self, out=folder / "out", database=folder / "cloud.db")

    def papers(self) -> list[Path]:
        """Return the numbered papers."""
        return [path for path in self._sheets() if not path.name.startswith(SLIP)]

    def slips(self) -> list[Path]:
        """Return the slips residents took home."""
        return [path for path in self._sheets() if path.name.startswith(SLIP)]

    def _sheets(self) -> list[Path]:
        return sorted((self.out / "papers").glob("*.pdf"))

    def do(self, statement: str, *values: object) -> int:
        with closing(sqlite3.connect(self.database)) as base, base:
            return base.execute(statement, values).rowcount

    def rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.database)) as base:
            return base.execute(query).fetchall()

    def summary(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.out / "summary.json").read_text("utf-8"))
        return told

    def say(self, summary: dict[str, Any]) -> None:
        (self.out / "summary.json").write_text(json.dumps(summary), "utf-8")

    def verdict(self, stage: str = "after") -> list[str]:
        """Return the auditor's findings; its exit code agrees with them."""
        words = [sys.executable, "-P", str(AUDITOR), stage, "--out", str(self.out)]
        done = subprocess.run(
            [*words, "--database", str(self.database), "--plays", ",".join(self.plays)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        told = json.loads(done.stdout.splitlines()[-1])
        assert told["checked"] > 30, done.stderr
        assert done.returncode == (1 if told["findings"] else 0)
        findings: list[str] = told["findings"]
        return findings


def a_paper_is_gone(left: Leavings) -> None:
    left.papers()[1].unlink()


def a_paper_is_there_twice(left: Leavings) -> None:
    paper = left.papers()[1]
    shutil.copy(paper, paper.with_name("copy.pdf"))


def a_paper_has_another_name(left: Leavings) -> None:
    paper = left.papers()[1]
    paper.rename(paper.with_name("other.pdf"))


def a_paper_cannot_be_read(left: Leavings) -> None:
    left.papers()[1].write_bytes(b"%PDF-1.4 nothing more")


def a_number_is_another(left: Leavings) -> None:
    assert left.do("UPDATE issue_book SET serial = 77 WHERE serial = 2")


def a_line_of_the_book_is_gone(left: Leavings) -> None:
    assert left.do("DELETE FROM issue_book WHERE serial = 2")


def a_copy_was_not_handed_over(left: Leavings) -> None:
    assert left.do("UPDATE issue_book SET state = 'issued' WHERE serial = 2")


def a_hand_over_is_told_twice(left: Leavings) -> None:
    _double(left, "sheet_event", "serial_key LIKE '%000002'")


def a_fee_is_missing(left: Leavings) -> None:
    assert left.do("DELETE FROM fee_book WHERE serial_key LIKE '%000002'")


def a_fee_is_taken_twice(left: Leavings) -> None:
    _double(left, "fee_book", "serial_key LIKE '%000002'")


def a_fee_is_for_nothing(left: Leavings) -> None:
    _double(left, "fee_book", "serial_key LIKE '%000002'")
    assert left.do("UPDATE fee_book SET serial_key = '本庁1-T0001-000099' WHERE command_key = 'again'")


def a_fact_is_put_aside(left: Leavings) -> None:
    row = {name: "x" for _, name, *_ in left.rows("PRAGMA table_info(quarantine)")}
    row |= {"kind": "fact.issued", "reason": "serial_twice"}
    marks = ", ".join("?" * len(row))
    assert left.do(f"INSERT INTO quarantine ({', '.join(row)}) VALUES ({marks})", *row.values())  # noqa: S608 our own words


def a_command_was_refused(left: Leavings) -> None:
    assert left.do("UPDATE command SET outcome = 'refused' WHERE kind = 'fact.handed_over'")


def a_slip_is_gone(left: Leavings) -> None:
    left.slips()[0].unlink()


def a_slip_is_another_paper(left: Leavings) -> None:
    shutil.copy(left.papers()[0], left.slips()[0])


def an_intake_is_there_twice(left: Leavings) -> None:
    _double(left, "intake_case", "true")


def an_old_record_was_changed(left: Leavings) -> None:
    assert left.do(
        "UPDATE resident SET full_name = '別人' WHERE history_no = 1 AND atena_no = ?", subject_of(left)
    )


def a_move_went_elsewhere(left: Leavings) -> None:
    assert left.do(
        "UPDATE resident SET address_banchi = '9番' WHERE atena_no = ?1"
        " AND history_no = (SELECT max(history_no) FROM resident WHERE atena_no = ?1)",
        subject_of(left),
    )


def a_step_is_missing(left: Leavings) -> None:
    told = left.summary()
    told["steps"] = [step for step in told["steps"] if step["name"] != "work_goes_on"]
    left.say(told)


def a_step_failed(left: Leavings) -> None:
    _change_step(left, "fill", ok=False)


def a_step_has_no_picture(left: Leavings) -> None:
    told = left.summary()
    told["screens"] = [path for path in told["screens"] if "office_decides" not in path]
    left.say(told)


def a_paper_came_late(left: Leavings) -> None:
    _change_step(left, "cut_stopped", rto_seconds=3.01)


def a_paper_was_not_timed(left: Leavings) -> None:
    _change_step(left, "cut_stopped", rto_seconds=None)


def another_resident_was_found(left: Leavings) -> None:
    _change_step(left, "find_by_kana", atena_no="1000000099")


def a_root_is_wrong(left: Leavings) -> None:
    told = left.summary()
    told["replica"]["register"]["root"] = "00" * 16
    left.say(told)


def a_feed_is_not_told_of(left: Leavings) -> None:
    told = left.summary()
    del told["replica"]["blocks"]
    left.say(told)


def something_still_waits(left: Leavings) -> None:
    left.say(left.summary() | {"waiting": 2})


def a_picture_is_empty(left: Leavings) -> None:
    told = left.summary()
    told["screens"][0] = str(left.out / "gone.png")
    left.say(told)


def subject_of(left: Leavings) -> str:
    return str(left.rows("SELECT subject FROM issue_book")[0][0])


def _change_step(left: Leavings, name: str, **facts: object) -> None:
    told = left.summary()
    next(step for step in told["steps"] if step["name"] == name).update(facts)
    left.say(told)


def _double(left: Leavings, table: str, where: str) -> None:
    names = [name for _, name, *_ in left.rows(f"PRAGMA table_info({table})")]
    others = ", ".join(name for name in names if name != "command_key")
    double = f"SELECT 'again', {others} FROM {table} WHERE {where} LIMIT 1"  # noqa: S608 our own words
    assert left.do(f"INSERT INTO {table} (command_key, {others}) {double}")


LIES: dict[Callable[[Leavings], None], str] = {
    a_paper_is_gone: r"000002 is in the book, and no paper bears it",
    a_paper_is_there_twice: r"number 2 is on 2 papers: copy\.pdf",
    a_paper_has_another_name: r"other\.pdf: it bears .*000002",
    a_paper_cannot_be_read: r"000002\.pdf: no single number",
    a_number_is_another: r"number 2 is not in the book",
    a_line_of_the_book_is_gone: r"number 2 is not in the book",
    a_copy_was_not_handed_over: r"000002\.pdf: the book says issued",
    a_hand_over_is_told_twice: r"000002: the book was told",
    a_fee_is_missing: r"000002: the fee is not in the book once: \[\]",
    a_fee_is_taken_twice: r"000002: the fee is not in the book once: \[300, 300\]",
    a_fee_is_for_nothing: r"fee_book: .*000099 was never issued",
    a_fact_is_put_aside: r"in quarantine: fact.issued, serial_twice",
    a_command_was_refused: r"fact.handed_over .* was answered with refused",
    a_slip_is_gone: r"0 slips for 1 intakes",
    a_slip_is_another_paper: r"0 slips bear the number of intake",
    an_intake_is_there_twice: r"2 intakes in the cloud",
    an_old_record_was_changed: r"an old version of a record was changed",
    a_move_went_elsewhere: r"does not live where the notification says",
    a_step_is_missing: r"step work_goes_on was done 0 times",
    a_step_failed: r"step fill failed",
    a_step_has_no_picture: r"step office_decides has no picture",
    a_paper_came_late: r"step cut_stopped: 3\.01 s to paper",
    a_paper_was_not_timed: r"step cut_stopped: None s to paper",
    another_resident_was_found: r"found were .*1000000099",
    a_root_is_wrong: r"register: the replica's digest is not the cloud's",
    a_feed_is_not_told_of: r"blocks: the terminal said nothing",
    something_still_waits: r"2 changes still wait",
    a_picture_is_empty: r"gone\.png is no picture",
}

"""The main job is played as a program of its own, twice in a row; then its auditor is lied to."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from client.domain.certificate import SerialNo
from printing.desk.press import FilePress
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from tests.journeys.leaks import NOT_SEARCHED, own_folders, people_of
from tests.journeys.lies import LIES, WITHOUT_ROOT, Leavings, subject_of
from tests.journeys.training_cloud import can_have_own_host
from tests.leak_search import LeakSearch
from tests.store_builders import an_issue

ROOT = Path(__file__).resolve().parents[2]
ALL = (*WITHOUT_ROOT, "dropped")
RESIDENTS = 1_000
STEPS = (
    "sign_in", "fill", "find_by_kana", "issue_online", "cut_killed", "line_returns_killed", "cut_stopped",
    "accept_tenkyo", "work_goes_on", "line_returns_stopped", "all_arrives", "audit_before", "office_decides",
    "at_the_end",
)  # fmt: skip


def play(out: Path, *more: str, plays: tuple[str, ...] = WITHOUT_ROOT) -> subprocess.CompletedProcess[str]:
    player = (sys.executable, "-P", str(ROOT / "tests/journeys/play.py"), "--out", str(out))
    words = ("--plays", ",".join(plays), "--residents", str(RESIDENTS), *more)
    session = ("sh", str(ROOT / "installer/dev/with-session"), str(out.parent / "keys"))
    environ = {
        **os.environ,
        **own_folders(out.parent),
        "PYTHONPATH": str(ROOT),
        "QT_QPA_PLATFORM": "offscreen",
    }
    done = subprocess.run(
        [*session, *player, *words], cwd=out.parent, env=environ, capture_output=True, text=True, check=False,
        timeout=240,
    )  # fmt: skip
    (out.parent / "printed.txt").write_text(done.stdout + done.stderr, "utf-8")
    return done


def left_by(out: Path) -> Leavings:
    """Copy the cloud's database, with what still stands in its WAL."""
    copy = out.parent / "cloud.db"
    with closing(sqlite3.connect(out / "state/cloud/cloud.db")) as base, closing(sqlite3.connect(copy)) as to:
        base.backup(to)
    return Leavings(out, copy)


def has_the_form_of_the_design(summary: dict[str, Any], plays: tuple[str, ...]) -> None:
    assert summary["ok"] is True
    for step in summary["steps"]:
        assert {"name", "seconds", "ok", "shows"} <= step.keys()
        assert step["ok"] is True
        assert step["shows"]
    cuts = [step for step in summary["steps"] if step["name"].startswith("cut_")]
    assert [step["name"] for step in cuts] == [f"cut_{one}" for one in plays]
    assert all(0 < step["rto_seconds"] <= 3 for step in cuts)
    assert len(summary["papers"]) == 1 + len(plays)
    assert all(Path(path).is_file() for path in (*summary["papers"], *summary["screens"]))
    assert len(summary["screens"]) > len(summary["steps"])


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Leavings:
    out = tmp_path_factory.mktemp("job") / "out"
    for _ in range(2):  # into the same folder, by the same keyring
        done = play(out)
        assert done.returncode == 0, done.stdout + done.stderr
    return left_by(out)


@pytest.fixture
def leavings(played: Leavings, tmp_path: Path) -> Leavings:
    return played.copied(tmp_path)


@pytest.mark.service
@pytest.mark.timeout(500)
def test_the_main_job_holds_twice_in_a_row_and_says_so_as_designed(played: Leavings) -> None:
    has_the_form_of_the_design(played.summary(), WITHOUT_ROOT)
    assert [step["name"] for step in played.summary()["steps"]] == list(STEPS)


@pytest.mark.service
@pytest.mark.timeout(500)
def test_nothing_the_main_job_leaves_on_its_machine_names_a_resident(
    played: Leavings, tmp_path: Path
) -> None:
    people = people_of(played.database)
    search = LeakSearch(people)
    assert len(search) > RESIDENTS
    assert list(search.in_folder(played.out.parent, NOT_SEARCHED)) == []
    (tmp_path / "left.bin").write_bytes(b"\0" + max(people, key=len).encode() + b"\0")  # would be found
    assert {leak.split(":")[0] for leak in search.in_folder(tmp_path)} == {"left.bin"}


@pytest.mark.root
@pytest.mark.timeout(300)
def test_the_main_job_holds_with_packets_dropped_too(tmp_path: Path) -> None:
    if not can_have_own_host():
        pytest.skip("no network namespace can be made here")
    done = play(tmp_path / "out", plays=ALL)
    assert done.returncode == 0, done.stdout + done.stderr
    has_the_form_of_the_design(left_by(tmp_path / "out").summary(), ALL)


@pytest.mark.service
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("step", STEPS)
def test_with_any_step_left_out_it_does_not_hold(tmp_path: Path, step: str) -> None:
    done = play(tmp_path / "out", "--without", step)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{step}: left out" in done.stdout
    assert json.loads((tmp_path / "out/summary.json").read_text("utf-8"))["ok"] is False


@pytest.mark.service
@pytest.mark.timeout(500)
def test_the_auditor_agrees_with_what_is_left(leavings: Leavings) -> None:
    assert leavings.verdict() == []


@pytest.mark.service
@pytest.mark.timeout(500)
@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_the_auditor_finds_and_names(leavings: Leavings, lie: Callable[[Leavings], None]) -> None:
    lie(leavings)
    findings = leavings.verdict()
    assert any(re.search(LIES[lie], finding) for finding in findings), findings


@pytest.mark.service
@pytest.mark.timeout(500)
def test_the_auditor_finds_a_step_missing_whichever_it_is(leavings: Leavings) -> None:
    told = leavings.summary()
    for step in STEPS:
        leavings.say(told | {"steps": [one for one in told["steps"] if one["name"] != step]})
        assert f"step {step} was done 0 times" in leavings.verdict()


@pytest.mark.service
@pytest.mark.timeout(500)
def test_the_auditor_finds_a_register_that_moved_before_the_office_decided(leavings: Leavings) -> None:
    baseline = json.loads((leavings.out / "baseline.json").read_text("utf-8"))
    for atena_no, history_no in leavings.rows("SELECT atena_no, history_no FROM resident"):
        if f"{atena_no}/{history_no}" not in baseline:
            leavings.do("DELETE FROM resident WHERE atena_no=? AND history_no=?", atena_no, history_no)
    leavings.do("UPDATE intake_case SET state = 'received'")
    assert leavings.verdict("before") == []  # as it stood before
    leavings.do("UPDATE resident SET address_banchi = '9番' WHERE atena_no = ?", subject_of(leavings))
    assert "the register moved before the back office decided" in leavings.verdict("before")


@pytest.mark.service
@pytest.mark.timeout(500)
@pytest.mark.asyncio
async def test_the_auditor_finds_a_paper_of_our_own_press_that_does_not_say_what_the_record_says(
    leavings: Leavings,
) -> None:
    paper = leavings.papers()[1]
    terminal, _, serial = paper.stem.rpartition("-")
    draft = an_issue()
    number = SerialNo(draft.day, "あおぞら市", terminal, "プリンタ001", int(serial))
    paper.unlink()
    press = FilePress(FontChain(find_fonts()), paper.parent, "プリンタ001")
    try:
        await press.print(replace(draft.decided, serial=number, seal=None), job_name="x")
    finally:
        press.close()
    assert paper.exists()
    findings = leavings.verdict()
    assert any(re.search(r"000002\.pdf: full_name is not on it as recorded", one) for one in findings), (
        findings
    )

"""The gate counts honestly."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

import pytest

from installer.dev import gate, groups, processes, stages

REAL = groups.Group("real", "service", 1, real=True)
PLAIN = groups.Group("plain", "", 1)
IN_LANES = tuple(group for lane in groups.LANES for group in lane)


def test_counts_are_read_from_the_report(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite tests="10" failures="2" errors="1" skipped="3"/></testsuites>', "utf-8"
    )
    assert gate.counts(report) == (4, 3, 3)


def test_a_group_without_tests_fails() -> None:
    assert gate.judge(PLAIN, 5, (0, 0, 0), 0.0, ci=False).failed == 1


def test_a_crash_without_a_red_test_fails() -> None:
    assert gate.judge(PLAIN, 139, (12, 0, 0), 0.0, ci=False).failed == 1


def test_a_skipped_test_of_a_real_service_is_red_under_ci_only() -> None:
    assert gate.judge(REAL, 0, (3, 0, 2), 0.0, ci=True).failed == 2
    assert gate.judge(REAL, 0, (3, 0, 2), 0.0, ci=False).failed == 0
    assert gate.judge(PLAIN, 0, (3, 0, 2), 0.0, ci=True).failed == 0


def test_the_last_line_sums_up(capsys: pytest.CaptureFixture[str]) -> None:
    code = gate.tell([gate.Outcome("a", 3, 0, 1, 0.1), gate.Outcome("b", 2, 1, 0, 0.1)])
    assert code == 1
    assert capsys.readouterr().out.splitlines()[-1] == "5 passed, 1 failed"


def test_every_test_belongs_to_exactly_one_group() -> None:
    """In all ways it can be marked; what is slow belongs to the stages."""
    marks = ("screen", "service", "database", "long", "root", "slow")
    for bits in range(2 ** len(marks)):
        marked = {mark: bool(bits >> place & 1) for place, mark in enumerate(marks)}
        for path in ("tests/journeys/test_a.py", "tests/promises/test_a.py"):
            homes = [
                group.name
                for group in (*groups.GROUPS, *IN_LANES)
                if chosen(group.markers, marked) and looks_into(group, path)
            ]
            assert len(homes) == (0 if marked["slow"] else 1), marked


def looks_into(group: groups.Group, path: str) -> bool:
    left_out = [word.removeprefix("--ignore=") for word in group.options if word.startswith("--ignore=")]
    return path.startswith(group.where) and not path.startswith(tuple(left_out))


def chosen(expression: str, marked: dict[str, bool]) -> bool:
    return bool(eval(expression, {"__builtins__": {}}, dict(marked)))  # noqa: S307 -- our own constants


@pytest.mark.parametrize(
    ("changed", "called"),
    [
        (["client/rules/outbox.py"], {"outbox", "sync", "drills"}),
        (["ui/theme.py"], {"look", "screens", "drills"}),
        (["ui/last_words.py"], {"look", "screens", "drills", "leaks"}),
        (["offline/store/search.py", "docs/DRILL.md"], {"outbox", "search", "load"}),
        (["offline/store/torn.py"], {"outbox", "damage", "load"}),
        (["offline/store/outbox.py"], {"outbox", "load"}),
        (["docs/ARCHITECTURE.md"], set()),
        (["tests/stages/letters/test_every_letter.py"], {"letters"}),
        (["tests/journeys/clerk.py"], {"drills"}),
        (["resources/contract/openapi.yaml"], {"contract", "packages"}),
        (None, set()),
    ],
)
def test_a_change_calls_for_its_stages(changed: Sequence[str] | None, called: set[str]) -> None:
    assert {stage.name for stage in stages.called_for(stages.STAGES, changed)} == called


def test_an_unknown_stage_is_named() -> None:
    answer = stages.chosen_stages(["serch"])
    assert isinstance(answer, str)
    assert "serch" in answer


def test_a_stage_whose_paths_are_gone_would_never_be_called() -> None:
    named = [(stage.name, path) for stage in stages.STAGES for path in (*stage.paths, *stage.also)]
    assert [(name, path) for name, path in named if not (gate.ROOT / path).exists()] == []


def test_every_stage_has_tests_and_every_slow_test_a_stage() -> None:
    tests = gate.ROOT / "tests"
    folders = {path.parent.name for path in tests.glob("stages/*/test_*.py")}
    assert folders <= {stage.name for stage in stages.STAGES}
    slow = {
        path.relative_to(gate.ROOT).as_posix()
        for path in tests.rglob("test_*.py")
        if "mark.slow" in path.read_text()
    } - {"tests/house/test_gate.py"}
    homes = {stage.name: [path for path in slow if path.startswith(stage.where)] for stage in stages.STAGES}
    assert [name for name, found in homes.items() if not found] == []
    assert sorted(path for found in homes.values() for path in found) == sorted(slow)  # each in exactly one


def test_one_group_that_hangs_takes_no_time_from_those_behind_it() -> None:
    lanes = max(sum(group.minutes for group in lane) for lane in groups.LANES)
    alone = sum(group.minutes for group in groups.GROUPS)
    longest = 60 * (2 + alone + lanes)  # the checks take less than two
    assert longest <= gate.WHOLE_BUDGET
    assert all(stage.minutes <= 20 for stage in stages.STAGES)


def test_a_stage_that_would_not_end_in_time_is_not_begun_and_that_is_said() -> None:
    stage = stages.STAGES[-1]
    outcome = gate.do_stage(stage, gate.Clock(60 * stage.minutes * gate.ROOM, already=1), ci=True)
    assert (outcome.passed, outcome.failed, outcome.skipped) == (0, 0, 1)
    assert "not begun" in outcome.words


def test_a_stage_that_stands_apart_runs_two_tests_at_once_and_has_no_screen_to_share() -> None:
    for stage in stages.STAGES:
        group = gate.group_of(stage, 1)
        assert (group.options == groups.WORKERS) is stage.apart
        assert group.screen is group.services is group.printers is (not stage.apart)


def test_on_a_slow_machine_a_stage_is_given_the_time_it_takes_there() -> None:
    assert gate.slowness(600) == 1
    assert gate.slowness(0) == 1, "named alone"
    assert gate.slowness(2400) == 2
    stage = stages.STAGES[0]
    clock = gate.Clock(60 * stage.minutes * gate.ROOM * 1.5)
    assert gate.do_stage(stage, clock, ci=True, slower=2).skipped == 1
    assert gate.group_of(stage, 2).minutes == 40


def test_only_what_takes_turns_uses_the_services() -> None:
    everything = (*groups.GROUPS, *IN_LANES)
    assert [group.name for group in everything if group.services and "-n" in group.options] == []


def test_in_one_lane_only_printers_are_announced() -> None:
    assert len([lane for lane in groups.LANES if any(group.printers for group in lane)]) == 1


def test_lanes_run_at_once_and_each_says_its_own_in_one_piece(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    both = threading.Barrier(2, timeout=30)

    def do(group: groups.Group, _clock: gate.Clock, *, ci: bool, out: TextIO) -> gate.Outcome:
        if group.minutes == 1:
            both.wait()  # neither goes on before the other has begun
        for number in range(3):
            processes.run(
                ("sh", "-c", f"echo {group.name} {number}"),
                env=dict(os.environ),
                seconds=30,
                out=out.fileno(),
            )
        return gate.Outcome(group.name, 3, 0, 0, 0.1)

    monkeypatch.setattr(gate, "do_group", do)
    lanes = [
        [groups.Group("one", "", 1), groups.Group("then", "", 2)],
        [groups.Group("other", "", 1)],
    ]
    outcomes = gate.do_lanes(lanes, gate.Clock(60), ci=True)
    assert [one.name for one in outcomes] == ["one", "then", "other"]
    said = "".join(f"{name} {number}\n" for name in ("one", "then") for number in range(3))
    told = capfd.readouterr().out
    assert said in told
    assert "other 0\nother 1\nother 2\n" in told


def test_of_a_group_that_hangs_nothing_is_left_not_even_what_left_its_session(tmp_path: Path) -> None:
    left = tmp_path / "left"
    script = f"setsid sleep 300 & echo $! > {left}; sleep 300"
    code = processes.run(("sh", "-c", script), env=dict(os.environ), seconds=1)
    assert code == 124
    with pytest.raises(ProcessLookupError):
        alive(int(left.read_text()))


def alive(pid: int) -> None:
    """Pass only where a process has not ended; one that nobody has waited for has."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            raise ProcessLookupError from None
        if state == "Z":
            raise ProcessLookupError
        time.sleep(0.05)


def test_who_ends_the_gate_ends_every_lane(tmp_path: Path) -> None:
    begun = [tmp_path / name for name in ("one", "other")]
    script = f"""
import signal, sys
from installer.dev import gate, groups, processes
signal.signal(signal.SIGTERM, gate.ended)
def do(group, clock, *, ci, out):
    processes.run(("sh", "-c", f"echo $$ > {tmp_path}/{{group.name}}; sleep 300"), env={{}}, seconds=300, out=out.fileno())
    return gate.Outcome(group.name, 0, 0, 0, 0.0)
gate.do_group = do
gate.do_lanes([[groups.Group("one", "", 1), groups.Group("then", "", 1)], [groups.Group("other", "", 1)]],
              gate.Clock(600), ci=True)
"""
    with subprocess.Popen(
        [sys.executable, "-P", "-c", f"import sys; sys.path[:0] = [{str(gate.ROOT)!r}]\n{script}"]
    ) as run:
        try:
            for _ in range(300):
                if all(path.exists() and path.read_text().strip() for path in begun):
                    break
                time.sleep(0.1)
            run.terminate()
            assert run.wait(30) == 143
        finally:
            run.kill()
    for path in begun:
        with pytest.raises(ProcessLookupError):
            alive(int(path.read_text()))
    assert not (tmp_path / "then").exists()


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A main line with ten commits, cloned as asked."""
    origin, copy = tmp_path / "origin", tmp_path / "copy"

    def run(*words: str, where: Path = origin) -> None:
        who = ("-c", "user.name=house", "-c", "user.email=house@example.invalid")
        subprocess.run(["git", *who, *words], cwd=where, check=True, capture_output=True)

    origin.mkdir()
    run("init", "-q", "-b", "main")
    for number in range(10):
        (origin / str(number)).write_text("")
        run("add", ".")
        run("commit", "-q", "-m", str(number))

    def make(*how: str, then: Sequence[str] = ()) -> None:
        run("clone", "-q", *how, f"file://{origin}", str(copy))
        for name in then:
            (copy / name).write_text("")
        if then:
            run("add", ".", where=copy)
            run("commit", "-q", "-m", "a change", where=copy)
        monkeypatch.setattr(stages, "ROOT", copy)
        monkeypatch.delenv("CI_BASE", raising=False)

    return make


def test_in_a_branch_what_the_branch_changed_counts(clone: Callable[..., None]) -> None:
    clone(then=["a"])
    (stages.ROOT / "b").write_text("")
    assert stages.changed_paths() == ["a", "b"]


def test_on_the_main_line_its_last_commits_count(clone: Callable[..., None]) -> None:
    clone()
    assert stages.changed_paths() == [str(number) for number in range(10 - stages.LANDED_AT_ONCE, 10)]


def test_of_a_clone_without_a_past_nothing_is_known(clone: Callable[..., None]) -> None:
    clone("--depth", "1")
    assert stages.changed_paths() is None


def test_a_runner_that_knows_the_base_is_believed(
    clone: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    clone()
    monkeypatch.setenv("CI_BASE", "HEAD~2")
    assert stages.changed_paths() == ["8", "9"]

"""The gate counts honestly."""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from installer.dev import gate, stages

REAL = gate.Group("real", "service", 1, real=True)
PLAIN = gate.Group("plain", "", 1)


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
        homes = [group.name for group in gate.GROUPS if chosen(group.markers, marked)]
        assert len(homes) == (0 if marked["slow"] else 1), marked


def chosen(expression: str, marked: dict[str, bool]) -> bool:
    return bool(eval(expression, {"__builtins__": {}}, dict(marked)))  # noqa: S307 -- our own constants


@pytest.mark.parametrize(
    ("changed", "called"),
    [
        (["client/rules/outbox.py"], {"outbox", "sync", "drills"}),
        (["ui/theme.py"], {"screens", "drills"}),
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


def test_however_long_the_gate_hangs_there_is_time_for_a_stage() -> None:
    longest = 60 * (2 + sum(group.minutes for group in gate.GROUPS))  # the checks take less than two
    assert gate.WHOLE_BUDGET - longest >= 20 * 60
    assert all(stage.minutes <= 20 for stage in stages.STAGES)


def test_a_stage_that_would_not_end_in_time_is_not_begun_and_that_is_said() -> None:
    stage = stages.STAGES[-1]
    outcome = gate.do_stage(stage, gate.Clock(60 * stage.minutes * gate.ROOM, already=1), ci=True)
    assert (outcome.passed, outcome.failed, outcome.skipped) == (0, 0, 1)
    assert "not begun" in outcome.words


def test_on_a_slow_machine_a_stage_is_given_the_time_it_takes_there() -> None:
    def took(seconds: float) -> gate.Outcome:
        return gate.Outcome("unit tests", 1, 0, 0, seconds)

    assert gate.slowness([took(300), took(300)]) == 1
    assert gate.slowness([]) == 1, "named alone"
    assert gate.slowness([took(1800), took(600)]) == 2
    stage = stages.STAGES[0]
    clock = gate.Clock(60 * stage.minutes * gate.ROOM * 1.5)
    assert gate.do_stage(stage, clock, ci=True, slower=2).skipped == 1
    assert gate.group_of(stage, 2).minutes == 40


def test_only_what_takes_turns_uses_the_services() -> None:
    assert [group.name for group in gate.GROUPS if group.services and "-n" in group.options] == []


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

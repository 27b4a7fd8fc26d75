"""The gate counts honestly."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from installer.dev import gate

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
    """By all sixteen ways a test can be marked; what is slow belongs to the stages."""
    for bits in range(16):
        marked = {
            mark: bool(bits >> place & 1) for place, mark in enumerate(("screen", "service", "root", "slow"))
        }
        homes = [group.name for group in gate.GROUPS if chosen(group.markers, marked)]
        assert len(homes) == (0 if marked["slow"] else 1), marked


def chosen(expression: str, marked: dict[str, bool]) -> bool:
    return bool(eval(expression, {"__builtins__": {}}, dict(marked)))  # noqa: S307 -- our own constants


@pytest.mark.parametrize(
    ("changed", "called"),
    [
        (["offline/store/search.py"], {"search", "load", "sync", "outbox", "disaster"}),
        (["docs/ARCHITECTURE.md"], set()),
        (["tests/stages/soak/test_soak.py"], {"soak"}),
        (None, {stage.name for stage in gate.STAGES}),
    ],
)
def test_a_change_calls_for_its_stages(changed: Sequence[str] | None, called: set[str]) -> None:
    assert {stage.name for stage in gate.called_for(gate.STAGES, changed)} == called


def test_an_unknown_stage_is_named() -> None:
    answer = gate.chosen_stages(["serch"])
    assert isinstance(answer, str)
    assert "serch" in answer


def test_a_stage_whose_paths_are_gone_would_never_be_called() -> None:
    gone = [
        (stage.name, path)
        for stage in gate.STAGES
        for path in stage.paths
        if not (gate.ROOT / path).exists() and not path.startswith("ui/screens/drill")
    ]
    assert gone == []

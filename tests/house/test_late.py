"""A group that takes too long is ended, and says where its tests were."""

from pathlib import Path

import pytest

from installer.dev import gate, groups

pytestmark = pytest.mark.long

HOOKS = "from tests.conftest import pytest_configure, pytest_runtest_logstart\n"
TESTS = """
import signal, time, pytest

def test_quick():
    pass

def test_that_waits_in_python():
    time.sleep(300)

@pytest.mark.parametrize("number", range(6))
def test_that_waits_where_no_signal_is_heeded(number):
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    time.sleep(300)
"""


HANGING = ("test_that_waits_in_python", "test_that_waits_where_no_signal_is_heeded")
WAITS_HERE = 'test_late.py", line 8 in test_that_waits_in_python'
IN_ORDER = ("-p", "no:randomly", "-c", "/dev/null")


@pytest.mark.parametrize(
    ("options", "names"),
    [(IN_ORDER, HANGING[:1]), ((*IN_ORDER, *groups.WORKERS), HANGING)],
    ids=["one process", "two workers"],
)
def test_what_was_running_is_named_with_its_place_and_what_had_passed_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], names: tuple[str, ...]
) -> None:
    (tmp_path / "conftest.py").write_text(HOOKS)
    (tmp_path / "test_late.py").write_text(TESTS)
    monkeypatch.setattr(gate, "REPORTS", tmp_path)
    group = groups.Group("late", "not slow", 1, where=(str(tmp_path),), options=options)
    outcome, said = gate.Outcome("late", 0, 0, 0, 0.0), ""
    for seconds in (6, 20, 60):  # a busy machine may not have come so far sooner
        outcome = gate.do_group(group, gate.Clock(seconds), ci=True)
        said = "\n".join(outcome.told)
        if WAITS_HERE in said and all(name in said for name in names):
            break
    assert outcome.failed
    assert outcome.passed == 1 or len(names) > 1, "a worker begins a test when it knows the next one"
    assert all(name in said for name in names)
    assert WAITS_HERE in said

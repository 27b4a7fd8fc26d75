"""A group that takes too long is ended, and says where its tests were."""

from pathlib import Path

import pytest

from installer.dev import gate, groups

pytestmark = pytest.mark.long

HOOKS = "from tests.conftest import pytest_configure, pytest_runtest_logstart\n"
TESTS = """
import time, pytest

def test_quick():
    pass

def test_that_waits_in_python():
    time.sleep(300)

@pytest.mark.parametrize("number", range(6))
def test_that_waits_where_no_signal_is_heeded(number):
    sum(iter(int, 1))
"""


IN_ORDER = ("-p", "no:randomly", "-c", "/dev/null")


@pytest.mark.parametrize(
    "options", [IN_ORDER, (*IN_ORDER, *groups.WORKERS)], ids=["one process", "two workers"]
)
def test_what_was_running_is_named_with_its_place_and_what_had_passed_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    (tmp_path / "conftest.py").write_text(HOOKS)
    (tmp_path / "test_late.py").write_text(TESTS)
    monkeypatch.setattr(gate, "REPORTS", tmp_path)
    group = groups.Group("late", "not slow", 1, where=(str(tmp_path),), options=options)
    outcome = gate.do_group(group, gate.Clock(15), ci=True)
    assert outcome.failed
    assert outcome.passed == 1 or groups.WORKERS[0] in options, (
        "a worker begins a test when it knows the next one"
    )
    said = "\n".join(outcome.told)
    assert "test_that_waits_in_python" in said
    assert 'test_late.py", line 8 in test_that_waits_in_python' in said
    assert ("no_signal_is_heeded" in said) is (groups.WORKERS[0] in options)

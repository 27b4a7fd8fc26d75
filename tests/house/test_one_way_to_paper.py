"""A record reaches paper by the guarded press alone: Qt's own printing is not there, and no job is given another press."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("client", "ui", "offline", "printing", "resources")
OTHER_WAYS = re.compile(r"QtPrintSupport|QPrint|QPdfWriter|os\.startfile|ShellExecute|[\"']lpr?[\"']")
UNGUARDED = re.compile(r"\bdoors\.press\b")
# The guard itself, and what asks, warms and watches the press; a drill's report is training's.
MAY_HOLD_IT = {"ui/paper.py", "ui/assembly.py"}


def sources() -> list[tuple[str, str]]:
    return [
        (path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
        for folder in PRODUCT
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def test_nothing_prints_but_our_press() -> None:
    assert [place for place, text in sources() if OTHER_WAYS.search(text)] == []


def test_no_job_is_given_a_press_that_is_not_guarded() -> None:
    assert {place for place, text in sources() if UNGUARDED.search(text)} == MAY_HOLD_IT
    wiring = (ROOT / "ui/wiring.py").read_text("utf-8")
    assert wiring.count("paper_of(config, doors, line.log_in)") == 2

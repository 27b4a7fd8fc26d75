"""A deputy declared by two at the real counter without a line, the program killed at the worst moments."""

import json
import signal
import sqlite3
from contextlib import closing

import pytest
from pypdf import PdfReader

from tests.journeys.declares_deputy import NAME, TITLE
from tests.journeys.given import Given
from tests.journeys.real_terminal import Visit
from ui.cli import exit_codes

pytestmark = [
    pytest.mark.service,
    pytest.mark.slow,
    pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints"),  # Qt's offscreen platform
]


def declared_and_killed(given: Given, when: str) -> None:
    """Let two declare, in a program that is killed before or after the declaration counts."""
    given.terminal.cloud.kill()
    staff = given.staff
    who = [(one, staff.password(one), staff.code(one)) for one in ("s002", "s001")]
    done = given.module("tests.journeys.declares_deputy", when, typed=json.dumps(who))
    assert done.returncode == -signal.SIGKILL, done.stderr


def papers(given: Given) -> list[str]:
    """Return the words of every sheet that came out, without blanks."""
    sheets = sorted(given.terminal.papers.glob("*.pdf"))
    return ["".join(page.extract_text() for page in PdfReader(one).pages).replace(" ", "") for one in sheets]


def told_the_cloud(given: Given) -> list[str]:
    """Return what the cloud has heard of declarations: how, and never whose name."""
    with closing(sqlite3.connect(given.terminal.cloud.database)) as base:
        runs = [json.loads(payload) for (payload,) in base.execute("SELECT payload FROM journal_segment")]
    lines = [line for run in runs for line in run["entries"]]
    assert NAME not in json.dumps(lines, ensure_ascii=False)
    return [line["facts"]["how"] for line in lines if line["kind"] == "deputy"]


@pytest.mark.parametrize(("when", "stands"), [("before", False), ("after", True)])
def test_killed_as_two_declare_a_deputy_it_counts_wholly_or_not_at_all(
    given: Given, when: str, stands: bool
) -> None:
    declared_and_killed(given, when)

    async def script(visit: Visit) -> None:
        await visit.line_is("オフライン")
        if stands:
            await visit.wait_for("logInDeclared")
        await visit.enter(given.staff, "s001")
        if stands:
            await visit.line_is("職務代理（")
        await visit.issue()
        await given.terminal.serve()
        await visit.line_is("オンライン")
        await visit.until(lambda: "0件" in visit.waiting(), "everything has gone", 60)
        await visit.lock()

    assert given.open(script) == exit_codes.OK
    (paper,) = papers(given)
    assert (TITLE in paper and NAME in paper) == stands, paper
    assert told_the_cloud(given)[:1] == ["made"], "the book has it first, once"
    assert told_the_cloud(given).count("made") == 1

"""In production the jobs print through the guard, with the town's setting; in training papers are files by design."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from client.config import Config
from client.domain.errors import CounterError
from client.jobs.guard_paper import GuardPaper
from client.jobs.log_in import LogIn
from tests.builders import a_sign_in
from tests.fakes import FakeClock, MemoryLedger
from tests.jobs.test_guard_paper import CLERK, OFFICER, Queue, decided
from ui.doors import Doors
from ui.paper import paper_of


def doors_of(queue: Queue) -> Doors:
    return cast(Doors, SimpleNamespace(press=queue, stores=SimpleNamespace(ledger=MemoryLedger(FakeClock()))))


def who(present: object) -> LogIn:
    return cast(LogIn, SimpleNamespace(present=present))


@pytest.mark.parametrize("environment", ["training", "trial"])
def test_elsewhere_the_press_is_the_press(environment: str, tmp_path: Path) -> None:
    queue = Queue()
    config = Config(environment=environment, data_dir=tmp_path)  # type: ignore[arg-type]  # one of them
    assert paper_of(config, doors_of(queue), who(a_sign_in())) is queue


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("allowed", "present", "code"),
    [(False, OFFICER, "paper.to_file"), (True, CLERK, "refused.right_missing"), (True, OFFICER, "")],
)
async def test_in_production_a_file_needs_setting_and_right(
    allowed: bool, present: object, code: str
) -> None:
    config = Config(environment="production", allow_pdf_files=allowed)
    paper = paper_of(config, doors_of(Queue()), who(present))
    assert isinstance(paper, GuardPaper)
    told = ""
    try:
        await paper.count_pages(decided())
    except CounterError as error:
        told = error.code
    assert told == code

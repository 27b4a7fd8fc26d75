"""The cloud's program killed ten times in the middle of batches; each fact stands in its book once."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.test_cloud_killed import killed_again_and_again
from tests.cloud.test_cloud_served import Program

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.end(signal.SIGKILL)


@pytest.mark.asyncio
async def test_ten_kills_leave_every_fact_once(program: Program) -> None:
    await killed_again_and_again(program, 10)

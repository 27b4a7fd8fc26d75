"""P01 and P05, a thousand times: whenever the writer is killed, nothing acknowledged is lost or numbered twice."""

from pathlib import Path

import pytest

from tests.promises.test_p01_kills import live_and_die

TERMINALS, KILLS = 20, 50  # a new terminal now and then: its first moments are killed too

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.parametrize("terminal", range(TERMINALS))
def test_kills_lose_nothing_acknowledged(tmp_path: Path, terminal: int) -> None:
    live_and_die(tmp_path, KILLS)

"""A drill opened from the real counter: a process of its own, told of, one at a time, and nothing of it outlives it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton

from client.domain.errors import StoreError
from tests.ui.drive import Counter
from tests.ui.world import World
from ui.drill import DoorsToADrill
from ui.training_cloud import TrainingCloud

pytestmark = pytest.mark.long

Drive = Callable[..., None]
ROOT = Path(__file__).resolve().parents[2]
LASTS = (sys.executable, "-c", "import time; time.sleep(60)")
HOLDS_A_CLOUD = """
import sys, time
from pathlib import Path
from ui.training_cloud import TrainingCloud
with TrainingCloud(Path(sys.argv[1])) as cloud:
    print(cloud._process.pid, flush=True)
    time.sleep(120)
"""


def gone(pid: int) -> bool:
    """Tell whether a process has ended; one that nobody has asked about yet has, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_until(truth: Callable[[], bool], seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while not truth() and time.monotonic() < end:
        time.sleep(0.05)
    return truth()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="asks /proc whether a process lives")
@pytest.mark.parametrize("blow", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_the_training_cloud_dies_with_a_drill_that_is_killed(tmp_path: Path, blow: signal.Signals) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-P", "-c", HOLDS_A_CLOUD, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    with holder.stdout:
        cloud = int(holder.stdout.readline())
    assert not gone(cloud)
    holder.send_signal(blow)
    holder.wait(10)
    assert wait_until(lambda: gone(cloud)), "the training cloud outlived its drill"


def test_a_drill_that_ends_puts_its_cloud_away(tmp_path: Path) -> None:
    with TrainingCloud(tmp_path) as cloud:
        assert cloud.url.startswith("https://127.0.0.1:")
    assert not cloud.ready_file.exists(), "the cloud had no time to put its things away"


@pytest.mark.asyncio
async def test_there_is_one_drill_at_a_time_and_its_end_is_seen() -> None:
    doors = DoorsToADrill(LASTS)
    await doors.start()
    with pytest.raises(StoreError, match=r"store\.in_use"):
        await doors.start()
    process = doors.process
    assert process is not None
    process.kill()
    await doors.ended()
    await doors.start()
    assert doors.process is not None
    doors.process.kill()
    doors.process.wait()


@pytest.mark.asyncio
@pytest.mark.parametrize("program", [(sys.executable, "-c", "raise SystemExit(3)"), ("/nowhere/madoguchi",)])
async def test_a_drill_that_cannot_be_opened_is_named(program: tuple[str, ...]) -> None:
    doors = DoorsToADrill(program)

    async def opened() -> None:
        await doors.start()
        await doors.ended()

    with pytest.raises(StoreError, match=r"store\.no_training"):
        await opened()


def test_the_officer_is_told_where_the_drill_is_and_opens_no_second_one(drive: Drive) -> None:
    doors = DoorsToADrill(LASTS)
    world = World(drill=doors.jobs())

    async def play(counter: Counter) -> None:
        def what() -> str:
            return counter.hands.find(QLabel, "noticeWhat").text()

        hands = counter.hands
        await counter.sign_in()
        await hands.press(Qt.Key.Key_F8)
        await hands.push("drillStart")
        await hands.until(lambda: hands.sees("noticeWhat"), "the notice", 5)
        assert what() == "訓練の窓口を別の画面で開きました。"
        await hands.until(lambda: hands.find(QPushButton, "drillStart").isEnabled(), "the button", 5)
        await hands.push("drillStart")
        await hands.until(lambda: "すでに" in what(), "that there is one", 5)
        assert doors.process is not None
        doors.process.kill()
        await hands.until(lambda: "閉じました" in what(), "the end", 5)

    drive(play, world=world)

"""A loop that has ended leaves nothing of Qt to threads that outlive it."""

import subprocess
import sys

import pytest

# In a process of its own: without what is looked at here, Qt ends the process.
PLAY = """
import asyncio, gc, sys, threading, time
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from ui.loop import Loop, run

app, ended, told = QApplication([]), threading.Event(), []

def outlive(loops):
    ended.wait()
    loops.clear()
    gc.collect()

async def main():
    loop = asyncio.get_running_loop()
    loop.call_later(0.05, told.append, "after the end")
    threads.append(threading.Thread(target=outlive, args=([loop],)))
    threads[0].start()
    if "late" in sys.argv:
        loop.run_in_executor(None, time.sleep, 0.2)  # done while the loop is being closed
    return 7

threads = []
code = run(app, main)
ended.set()
threads[0].join()
QTest.qWait(200)
sys.exit(code if not told else 1)
"""


@pytest.mark.parametrize("way", ["last", "late"])
def test_a_thread_that_is_the_last_to_hold_the_loop_or_done_after_it_ends_nothing_of_qt(way: str) -> None:
    command = [sys.executable, "-P", "-c", PLAY, way]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (7, "")

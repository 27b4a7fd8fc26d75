"""What is copied at the counter does not stay on the clipboard; what another program put there does."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtGui import QClipboard, QGuiApplication
from PySide6.QtWidgets import QApplication

from ui.clipboard import Copied, Mode

ROOT = Path(__file__).resolve().parents[2]
STAY = timedelta(seconds=60)
OTHER = """
from PySide6.QtGui import QClipboard
from PySide6.QtWidgets import QApplication
app = QApplication([])
for mode in (QClipboard.Mode.Clipboard, QClipboard.Mode.Selection):
    app.clipboard().setText("another program's", mode)
app.processEvents()
print("there", flush=True)
app.clipboard().changed.connect(app.quit)
app.exec()
"""


class Clock:
    """A steady clock the test moves."""

    def __init__(self) -> None:
        self.now = timedelta()

    def __call__(self) -> timedelta:
        return self.now


@pytest.fixture
def clipboard(qapp: QApplication) -> Iterator[QClipboard]:
    yield QGuiApplication.clipboard()
    QGuiApplication.clipboard().clear()


def ours(_clipboard: QClipboard, mode: Mode) -> bool:
    """Stand for ownership, which the offscreen platform does not know."""
    return mode is Mode.Clipboard


def test_a_copy_goes_when_its_time_is_over_and_not_before(clipboard: QClipboard) -> None:
    clock = Clock()
    copied = Copied(clipboard, STAY, owns=ours, steady=clock)
    clipboard.setText("U+9089 U+E0110")
    clock.now = STAY - timedelta(seconds=1)
    copied.look()
    assert clipboard.text() == "U+9089 U+E0110"
    clock.now = STAY
    copied.look()
    assert clipboard.text() == ""


def test_a_newer_copy_has_its_whole_time(clipboard: QClipboard) -> None:
    clock = Clock()
    copied = Copied(clipboard, STAY, owns=ours, steady=clock)
    clipboard.setText("the first")
    clock.now = STAY / 2
    clipboard.setText("the second")
    clock.now = STAY
    copied.look()
    assert clipboard.text() == "the second"


def test_a_copy_goes_at_once_at_the_lock(clipboard: QClipboard) -> None:
    copied = Copied(clipboard, STAY, owns=ours, steady=Clock())
    clipboard.setText("U+9089 U+E0110")
    copied.clear()
    assert clipboard.text() == ""


def test_what_another_program_put_there_stays(clipboard: QClipboard) -> None:
    clock = Clock()
    copied = Copied(clipboard, STAY, owns=lambda *_: False, steady=clock)
    clipboard.setText("another program's")
    clock.now = STAY * 2
    copied.look()
    copied.clear()
    assert clipboard.text() == "another program's"


@pytest.mark.screen
@pytest.mark.parametrize("mode", [Mode.Clipboard, Mode.Selection])
def test_on_a_real_screen_ours_goes_and_another_program_s_stays(qapp: QApplication, mode: Mode) -> None:
    if qapp.platformName() != "xcb":
        pytest.skip("not on an X screen: the gate starts one")
    clipboard = QGuiApplication.clipboard()
    copied = Copied(clipboard, STAY)
    clipboard.setText("ours", mode)
    qapp.processEvents()
    copied.clear()
    assert clipboard.text(mode) == ""
    command = [sys.executable, "-P", "-c", OTHER]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "there\n"
            qapp.processEvents()
            copied.clear()
            assert clipboard.text(mode) == "another program's"
        finally:
            other.kill()

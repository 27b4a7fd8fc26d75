"""The whole program in a flooded hall: its replica lost, its cloud gone, a bundle on a stick and two officers' sheets."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from tests.journeys.gestures import NotShownError
from tests.journeys.given import ROOT, Given
from tests.journeys.real_terminal import ENVIRONMENT, Visit
from ui.cli import exit_codes

pytestmark = [
    pytest.mark.service,
    # Qt's offscreen platform cannot tell a window manager what a dialog wants, and says so.
    pytest.mark.qt_log_ignore("propagateSizeHints", "raise", "grabbing the keyboard"),
]
PASSPHRASES = ("hitorime no aikotoba", "futarime no aikotoba")
ALT = Qt.KeyboardModifier.AltModifier


def operator(given: Given, *words: str) -> None:
    """Do what an operator does on the machine of the cloud."""
    subprocess.run(
        [sys.executable, "-P", "-m", "cloud", *words, "--data", str(given.terminal.cloud.data)],
        cwd=ROOT,
        input="".join(f"{one}\n" for one in PASSPHRASES),
        text=True,
        capture_output=True,
        timeout=120,
        check=True,
    )


def stick_of(given: Given, folder: Path) -> tuple[Path, list[Path]]:
    """Return a bundle and two officers' sheets, made while the cloud was still there."""
    operator(given, "escrow", str(folder / "escrow"), "--officers", "2")
    bundle = folder / "town.bundle"
    operator(given, "bundle", str(bundle), "--whole", "--environment", ENVIRONMENT)
    return bundle, sorted((folder / "escrow").glob("share-*.txt"))


async def pick(visit: Visit, path: Path) -> None:
    """Name a file in the open dialog, and again where Qt has not read the folder yet: it takes no Enter till then."""

    def gone() -> bool:
        return QApplication.activeModalWidget() is None

    await visit.until(lambda: isinstance(QApplication.activeModalWidget(), QFileDialog), "the dialog", 5)
    for _ in range(5):
        await visit.type("fileNameEdit", str(path))
        await visit.press(Qt.Key.Key_Return, visit.find(QWidget, "fileNameEdit"))
        with suppress(NotShownError):
            await visit.until(gone, "the dialog gone", 3)
            return
    raise NotShownError("the dialog gone")


def test_without_line_and_replica_two_officers_bring_the_counter_back(given: Given, tmp_path: Path) -> None:
    bundle, sheets = stick_of(given, tmp_path)
    for path in given.terminal.folder.glob("replica.db*"):
        path.unlink()
    given.terminal.cloud.kill()

    async def script(visit: Visit) -> None:
        await visit.enter(given.staff, "s002")
        assert "時点" not in visit.replica()
        await visit.press(Qt.Key.Key_F4, visit.window())
        await visit.press(Qt.Key.Key_M, visit.window(), ALT)
        await pick(visit, bundle)
        await visit.until(lambda: visit.sees("carryBegin"), "what the bundle says", 20)
        visit.photograph("shown")
        await visit.push("carryBegin")
        await visit.push("carryShareFile")
        await pick(visit, sheets[0])
        await visit.until(lambda: visit.sees("carryPassphrase"), "the first passphrase", 5)
        await visit.type("carryPassphrase", PASSPHRASES[0])
        await visit.push("carryNext")
        await visit.until(lambda: visit.sees("carryShare"), "the second officer's turn", 20)
        for line in sheets[1].read_text("utf-8").splitlines()[-8:]:
            await visit.type("carryShare", line.split("  ", 1)[1])
        await visit.type("carryPassphrase", PASSPHRASES[1])
        await visit.push("carryNext")
        await visit.until(lambda: not visit.sees("carryPassphrase"), "the opening", 20)
        await visit.press(Qt.Key.Key_Escape, visit.window())
        await visit.until(lambda: visit.sees("search"), "the counter", 10)
        await visit.filled(60)
        if "時点の内容になりました" not in visit.notice():  # it was quicker than the clerk
            await visit.press(Qt.Key.Key_F4, visit.window())
        await visit.told("時点の内容になりました")
        visit.photograph("arrived")
        await visit.press(Qt.Key.Key_F2, visit.window())
        await visit.find_resident()

    assert given.open(script) == exit_codes.OK

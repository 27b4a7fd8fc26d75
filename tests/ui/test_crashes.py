"""A counter that ends in the middle of native code leaves word of where it was, and of nothing it held."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from client import logs
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from ui.shell import Shell
from ui.text import Words
from ui.widgets.letters import Letters
from ui.widgets.suggestions import Suggestions

ROOT = Path(__file__).resolve().parents[2]
DIES = """
import os, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from client import logs

def serves(name):
    os.kill(os.getpid(), {sign})

with logs.keeping_crashes(Path(sys.argv[1]), opener=lambda path, flags: os.open(path, flags, 0o600)) as before:
    print(before)
    serves("渡邉󠄀 太郎")
"""


def dies(folder: Path, sign: int = signal.SIGSEGV) -> subprocess.CompletedProcess[str]:
    environ = {name: text for name, text in os.environ.items() if name != "PYTHONFAULTHANDLER"}
    script = DIES.format(root=str(ROOT), sign=int(sign))
    return subprocess.run(
        [sys.executable, "-P", "-u", "-c", script, str(folder)],
        capture_output=True, text=True, check=False, env=environ,
    )  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
def test_where_it_was_is_written_and_found_at_the_next_start(tmp_path: Path) -> None:
    first = dies(tmp_path)
    assert (first.returncode, first.stdout.strip()) == (-signal.SIGSEGV, "None")
    second = dies(tmp_path)
    assert second.stdout.strip() == str(tmp_path / "crash_before.txt")
    told = (tmp_path / "crash_before.txt").read_text("utf-8")
    assert "serves" in told
    assert "渡" not in told
    assert (tmp_path / "crash.txt").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
def test_who_is_killed_has_not_crashed(tmp_path: Path) -> None:
    assert dies(tmp_path, signal.SIGKILL).returncode == -signal.SIGKILL
    assert dies(tmp_path, signal.SIGKILL).stdout.strip() == "None"


def test_a_handler_that_is_there_stays(tmp_path: Path) -> None:
    with logs.keeping_crashes(tmp_path, opener=os.open) as before:  # pytest has its own
        assert before is None
    assert not (tmp_path / "crash.txt").exists()


class Stranger:
    """What a watched thing may look like: PySide6 may know its address as that of something that is long gone."""


def test_an_event_for_something_long_gone_passes_the_filters(qtbot: QtBot) -> None:
    """An error inside the filter that every event passes ends the program (seen at a sign-in, in a few hundred)."""
    shell = Shell(Words("ja"), title="", place="", training=False)
    suggestions = Suggestions(QWidget(shell), Letters(FontChain(find_fonts(), strict=False)), "")
    qtbot.addWidget(shell)
    for filtering in (shell, suggestions):
        for event in (QEvent(QEvent.Type.ActionChanged), QEvent(QEvent.Type.FocusOut), Stranger()):
            assert filtering.eventFilter(Stranger(), event) is False  # type: ignore[arg-type]  # as it happens

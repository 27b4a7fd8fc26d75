"""The start and the end: what keeps a counter shut is told in a window, with its exit code."""

import asyncio
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from client.config import Config
from offline.store.files import InstanceLock
from ui import assembly
from ui.cli import exit_codes
from ui.loop import Loop
from ui.window import paint_window

# Qt's offscreen platform has no window manager to tell the size of a dialog of fixed size (QMessageBox), and says so.
# On a real screen there is nothing to ignore: tests/ui/test_on_a_real_screen.py opens the same boxes.
pytestmark = pytest.mark.qt_log_ignore("This plugin does( not)? support propagateSizeHints")


def opened(qapp: QApplication, config: Config) -> tuple[int, str]:
    """Open a counter that cannot open, close what it says, and return exit code and words."""
    qapp.setQuitOnLastWindowClosed(False)
    said: list[str] = []

    def read() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            said.append(f"{box.text()} {box.informativeText()}")
            box.buttons()[0].click()

    timer = QTimer()
    timer.setInterval(20)
    timer.timeout.connect(read)
    timer.start()
    window = paint_window(config, qapp)
    with asyncio.Runner(loop_factory=lambda: Loop(qapp)) as runner:
        code = runner.run(assembly.serve(window, config))
    timer.stop()
    qapp.setStyleSheet("")
    return code, " ".join(said)


def test_a_second_counter_on_the_same_data_says_so_and_touches_nothing(
    qapp: QApplication, tmp_path: Path
) -> None:
    config = Config(data_dir=tmp_path, theme="light")
    with InstanceLock(config.terminal_dir / "lock"):
        code, said = opened(qapp, config)
    assert code == exit_codes.IN_USE
    assert "すでに動いています" in said
    assert [path.name for path in config.terminal_dir.iterdir()] == ["lock"]


def test_a_pc_that_is_no_terminal_says_whom_to_ask(qapp: QApplication, tmp_path: Path) -> None:
    code, said = opened(qapp, Config(data_dir=tmp_path, theme="light", cloud_url="https://127.0.0.1:9"))
    assert code == exit_codes.NOT_ENROLLED
    assert "情報政策課" in said


def test_a_folder_that_cannot_be_written_is_named_trouble(qapp: QApplication, tmp_path: Path) -> None:
    (tmp_path / "production").write_text("in the way", "utf-8")
    code, said = opened(qapp, Config(data_dir=tmp_path, theme="light"))
    assert code == exit_codes.DAMAGED
    assert "読めません" in said

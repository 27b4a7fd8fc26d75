"""停止中発行 要確認一覧 at the counter, by keys: named in the status bar, dealt with line by line, printed, exported."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLabel, QLineEdit, QPushButton, QTableView

from client.domain.clerk import Right
from client.domain.doubtful import Done
from client.domain.errors import PaperError
from tests.ui import doubtful_states as states
from tests.ui.drive import Counter
from tests.ui.test_keyboard_only import Keys
from tests.ui.world import World
from ui.screens.doubtful.model import COLUMNS
from ui.status import Facts, waiting_cell
from ui.text import Words

pytestmark = [pytest.mark.long, pytest.mark.qt_log_ignore("propagateSizeHints")]
Drive = Callable[..., None]
Key = Qt.Key


def cells(counter: Counter, column: str) -> list[str]:
    table = counter.hands.find(QTableView, "doubtfulList")
    model = table.model()
    place = COLUMNS.index(column)
    return [str(model.index(row, place).data()) for row in range(model.rowCount())]


def test_an_open_list_is_named_in_the_status_bar_with_its_key() -> None:
    facts, words = Facts(), Words("ja")
    assert "停止中発行" not in waiting_cell(facts, words, World().clock()).detail
    cell = waiting_cell(replace(facts, doubtful=3), words, World().clock())
    assert "停止中発行 要確認 3件（F11）" in cell.detail
    assert cell.tone == "bad"


def test_f11_opens_the_list_open_lines_first_and_esc_leads_back(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.listed(counter)
        assert counter.shell.present == "doubtful"
        assert [number[-2:] for number in cells(counter, "serial")] == ["11", "14", "15", "19", "09"]
        assert "書損" in cells(counter, "state")[2]
        assert "支援措置" in cells(counter, "why")[1]
        await counter.hands.press(Key.Key_Escape)
        assert counter.shell.present == "counter"

    drive(play)


def test_nobody_signed_in_opens_nothing(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await counter.hands.press(Key.Key_F11)
        assert counter.shell.present == "log_in"

    drive(play)


def test_each_line_is_dealt_with_by_keys_alone_and_no_reason_is_carried_to_the_next(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.listed(counter)
        keys = Keys(counter)
        await keys.press(Key.Key_Down)
        await keys.alt("Y")
        await keys.write("本人に電話で連絡")
        await keys.alt("N")
        signed = counter.world.doubts.papers[1].signed_off
        assert signed is not None
        assert (signed.done, signed.remark, signed.by) == (Done.CONTACTED, "本人に電話で連絡", "s001")
        assert counter.hands.find(QLineEdit, "doubtfulRemark").text() == ""
        assert keys.here.objectName() == "doubtfulList"
        await keys.alt("R")  # and without a reason nothing is written
        assert "理由" in counter.hands.find(QLabel, "noticeWhat").text()
        assert [one.signed_off for one in counter.world.doubts.papers].count(None) == 3

    drive(play)


def test_a_line_that_was_dealt_with_is_not_dealt_with_again(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.listed(counter)
        keys = Keys(counter)
        for _ in range(4):
            await keys.press(Key.Key_Down)
        assert not counter.hands.find(QPushButton, "doubtfulReplaced").isEnabled()

    drive(play)


def test_who_is_no_officer_sees_the_numbers_and_why_nothing_can_be_done(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.listed(counter)
        assert "責任者だけ" in counter.hands.find(QLabel, "doubtfulReason").text()
        assert "支援措置" not in "".join(cells(counter, "why"))
        assert "要確認（責任者へ）" in cells(counter, "why")[1]
        for name in ("doubtfulReplaced", "doubtfulPrint", "doubtfulExport"):
            assert not counter.hands.find(QPushButton, name).isEnabled()

    drive(play, world=World(rights=(Right.VIEW, Right.ISSUE)))


def test_the_list_is_printed_and_a_printer_that_refuses_is_told(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.listed(counter)
        keys, doubts = Keys(counter), counter.world.doubts
        await keys.alt("P")
        assert len(doubts.printed) == 1
        doubts.trouble = PaperError("paper.no_printer")
        await keys.alt("P")
        assert len(doubts.printed) == 1
        assert counter.hands.find(QPushButton, "doubtfulPrint").isEnabled()

    drive(play)


def test_the_list_is_written_where_the_officer_chooses(drive: Drive, tmp_path: Path) -> None:
    async def play(counter: Counter) -> None:
        await states.listed(counter)
        await Keys(counter).alt("E")
        dialog = counter.shell.findChild(QFileDialog, "doubtfulSave")
        assert dialog is not None
        assert dialog.selectedFiles()[0].endswith("youkakunin-20261120-1432.csv")
        dialog.fileSelected.emit(str(tmp_path / "list.csv"))
        dialog.reject()
        await counter.quiet()
        text = counter.world.doubts.files[tmp_path / "list.csv"].decode("utf-8-sig")
        assert text.splitlines()[0].startswith("状態,発行番号,発行時刻,種類,宛名番号")
        assert "転出（2026-11-20 13:22）" in text
        assert len(text.splitlines()) == 6

    drive(play)

"""操作記録 at the counter, by keys: looked for, turned over, named; in words, and for the officer alone."""

import re
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QTableView

from client.domain.clerk import Right
from client.domain.journal import BookLine
from client.jobs.ports import JournalEntry
from tests.builders import NOW
from tests.ui import book_states as states
from tests.ui.drive import Counter
from tests.ui.test_keyboard_only import Keys
from tests.ui.world import PROTECTED, World
from ui.screens.book.model import COLUMNS
from ui.screens.book.told import kind_word, told
from ui.text import Words

pytestmark = [pytest.mark.long, pytest.mark.qt_log_ignore("propagateSizeHints")]
Drive = Callable[..., None]
Key = Qt.Key


def cells(counter: Counter, column: str) -> list[str]:
    model = counter.hands.find(QTableView, "bookList").model()
    place = COLUMNS.index(column)
    return [str(model.index(row, place).data()) for row in range(model.rowCount())]


def text(counter: Counter, name: str) -> str:
    return counter.hands.find(QLabel, name).text()


def test_a_kind_of_a_newer_program_is_told_as_one() -> None:
    assert kind_word("of_2031", Words("ja")) == "この版にない種類"


def test_lines_are_told_in_words_and_what_was_typed_by_hand_is_not_told() -> None:
    for entry in states.LINES:
        line = BookLine(1, NOW, entry.kind, entry.actor, entry.subjects, entry.facts)
        said = told(line, Words("ja"))
        codes = re.sub(r"s\d{3}|k1|2026-11-20/0007/12", "", said)
        assert not re.search(r"[a-z]{3}", codes), said
        assert "花子" not in said


def test_a_value_of_a_newer_program_is_told_as_one_and_never_as_a_code() -> None:
    facts: dict[str, str | int] = {"how": "by_dream", "code": "dream.over", "moon": "full"}
    said = told(BookLine(1, NOW, "sign_in", "s001", (), facts), Words("ja"))
    assert said == "方法：その他　理由：その他　ほか1項目"


def test_f10_opens_the_book_a_look_shows_it_newest_first_and_esc_leads_back_with_nothing_left(
    drive: Drive,
) -> None:
    async def play(counter: Counter) -> None:
        await states.begun(counter)
        assert counter.shell.present == "book"
        keys = Keys(counter)
        await keys.press(Key.Key_Return)
        assert cells(counter, "kind")[:2] == ["― サインイン", "■ 欠落"]
        assert keys.here.objectName() == "bookList"
        assert counter.world.ledger.journal[-1].kind == "book"
        await keys.press(Key.Key_Escape)
        assert counter.shell.present == "counter"
        await keys.press(Key.Key_F10)
        assert cells(counter, "kind") == []

    drive(play)


def test_nobody_signed_in_opens_nothing(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await counter.hands.press(Key.Key_F10)
        assert counter.shell.present == "log_in"

    drive(play)


def test_who_is_no_officer_is_told_why_nothing_is_shown(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.begun(counter)
        assert "責任者だけ" in text(counter, "bookReason")
        assert not counter.hands.find(QPushButton, "bookLook").isEnabled()
        assert cells(counter, "kind") == []

    drive(play, world=World(rights=(Right.VIEW, Right.ISSUE, Right.SHIEN_SOCHI)))


def test_pages_are_turned_and_turned_back_by_keys(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.many(counter)
        keys = Keys(counter)
        first = cells(counter, "at")
        assert (len(first), "続き" in text(counter, "bookSummary")) == (100, True)
        await keys.alt("O")
        second = cells(counter, "at")
        assert set(first) & set(second) == set()
        assert "2頁目" in text(counter, "bookSummary")
        await keys.alt("N")
        assert len(cells(counter, "at")) == 100

    drive(play)


def test_lines_are_looked_for_by_kind_and_by_the_days_staff_type(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.begun(counter)
        keys = Keys(counter)
        await keys.alt("F")
        await keys.write("R8.11.20")
        await keys.alt("U")
        await keys.write("R8.11.20")
        await keys.alt("S")
        await keys.write("s003")
        await keys.press(Key.Key_Return)
        assert cells(counter, "kind") == ["▲ 一時解除"]
        await keys.alt("F")
        await keys.write("R8.11.21")
        await keys.press(Key.Key_Return)
        assert "期間" in text(counter, "noticeWhat") + text(counter, "noticeMore")

    drive(play)


def test_a_protected_person_stays_a_number_to_whom_it_is_not_to_know(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        counter.world.ledger.journal.append(JournalEntry("view", "s001", (PROTECTED,)))
        await states.begun(counter)
        keys = Keys(counter)
        await keys.alt("I")
        await keys.write(PROTECTED)
        await keys.press(Key.Key_Return)
        await keys.alt("M")
        assert "氏名は表示しません" in text(counter, "bookWhole")
        assert "みなと" not in text(counter, "bookWhole")
        assert keys.here.objectName() == "bookList"

    drive(play, world=World(rights=(Right.VIEW, Right.OFFICER)))


def test_another_clerk_finds_nothing_of_what_the_officer_read(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.found(counter)
        await counter.hands.press(Key.Key_F9)
        await counter.quiet()
        counter.face._last_clerk = "s077"
        await counter.sign_in()
        await counter.hands.press(Key.Key_F10)
        assert cells(counter, "kind") == []

    drive(play)


def test_an_analysis_is_chosen_by_keys_what_stands_out_comes_first_and_its_lines_are_behind_it(
    drive: Drive,
) -> None:
    async def play(counter: Counter) -> None:
        await states.mass(counter)
        keys = Keys(counter)
        assert cells(counter, "kind") == ["▲ 基準以上", "― 基準未満"]
        assert "1時間に最多 70回" in text(counter, "bookWhole")
        await keys.alt("D")
        assert set(cells(counter, "actor")) == {"s002"}
        assert len(cells(counter, "actor")) == 70
        assert counter.world.ledger.journal[-1].facts["by"] == "kind+staff+period"

    drive(play)


def test_what_was_looked_for_is_written_out_in_words_and_says_where(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.found(counter)
        await Keys(counter).alt("E")
        ((path, content),) = counter.world.doubts.files.items()
        rows = content.decode("utf-8-sig").splitlines()
        assert rows[0] == "行,種類,日時,職員,対象者,内容"
        assert len(rows) > len(states.LINES)
        assert "花子" not in content.decode("utf-8-sig")
        assert any("1000000011 1000000012 1000000013 1000000014" in row for row in rows)
        assert path.name in text(counter, "noticeMore")

    drive(play)


def test_what_an_analysis_found_is_written_out_as_it_is_shown(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.exported(counter)
        ((_, content),) = counter.world.doubts.files.items()
        rows = content.decode("utf-8-sig").splitlines()
        assert rows[0] == "種類,日時,職員,対象者,内容"
        assert rows[1].startswith("基準以上,2026-11-20 ")

    drive(play)

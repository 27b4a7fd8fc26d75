"""One PC, two clerks in turn: each finds their own visit as they left it, or hears what is gone; nothing of the other's."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractListModel, QModelIndex, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
)

from client.domain.blocks import Block, BlockLevel, BlockProcess, ShienSochi
from client.domain.certificate import IdentityCheck
from client.domain.errors import StoreError
from tests.attached_builders import a_photo
from tests.attachment_fakes import MemoryFiles
from tests.ui import states
from tests.ui.drive import Counter
from tests.ui.world import WATANABE

pytestmark = [
    pytest.mark.long,
    # offscreen has no window manager, and a menu asks for its services
    pytest.mark.qt_log_ignore("propagateSizeHints", "raise", "grabbing the keyboard", "without screen"),
]
Drive = Callable[..., None]
Key = Qt.Key
FIRST = ("髙太郎", "花子", "わたなべ はなこ", "葛󠄂城", "辻󠄂ハイツ", "𠮷野ビル", "1000000002")
SECOND = ("隆太郎", "みどり台三丁目", "りゅうたろう")


async def lock(counter: Counter) -> None:
    await counter.hands.press(Key.Key_F9)
    await counter.hands.until(lambda: counter.shell.present == "log_in", "the lock", 5)
    await counter.quiet()


async def sit_down(counter: Counter, staff_id: str) -> None:
    """Sign in by keys alone: the first field has the keyboard."""
    fields = (("logInStaff", staff_id), ("logInPassword", "aozora"), ("logInCode", "123456"))
    for name, text in fields:
        field = counter.hands.find(QLineEdit, name)
        await counter.hands.until(lambda field=field: QApplication.focusWidget() is field, name, 5)  # type: ignore[misc]  # bound now
        for letter in text:
            key = Key(ord(letter.upper()))
            await counter.hands.press(key)
        if name != "logInCode":
            await counter.hands.press(Key.Key_Tab)
    await counter.hands.press(Key.Key_Return)
    await counter.hands.until(lambda: counter.shell.present != "log_in", "the desk", 5)
    await counter.quiet()


async def serve_another(counter: Counter) -> None:
    """The second clerk serves a visitor of their own."""
    await counter.open_resident("わたなべ りゅうたろう")
    await counter.hands.push("addJuminhyo")
    await counter.quiet()


def all_texts() -> Iterable[str]:
    """Return whatever any widget of this program holds, shown or not, and what can be taken back in its fields."""
    for one in QApplication.allWidgets():
        yield from (one.windowTitle(), one.toolTip(), one.accessibleName(), one.accessibleDescription())
        match one:
            case QLineEdit() | QPlainTextEdit():
                yield from with_undone(one)
            case QLabel() | QAbstractButton():
                yield one.text()
            case QComboBox():
                yield from (one.itemText(row) for row in range(one.count()))
            case QAbstractItemView():
                yield from in_table(one)
    for action in (action for one in QApplication.allWidgets() for action in one.actions()):
        yield action.text()
    yield QGuiApplication.clipboard().text()


def with_undone(field: QLineEdit | QPlainTextEdit) -> Iterable[str]:
    """Return what a field holds, and what Ctrl+Z would bring back; nobody hears of it."""
    document = field if isinstance(field, QLineEdit) else field.document()
    steps = 0
    quiet = field.blockSignals(True)
    yield field.text() if isinstance(field, QLineEdit) else field.toPlainText()
    while document.isUndoAvailable() and steps < 100:
        field.undo()
        steps += 1
        yield field.text() if isinstance(field, QLineEdit) else field.toPlainText()
    for _ in range(steps):
        field.redo()
    field.blockSignals(quiet)


def in_table(table: QAbstractItemView) -> Iterable[str]:
    model = table.model()
    nowhere = QModelIndex()
    for row in range(model.rowCount(nowhere)):
        for column in range(1 if isinstance(model, QAbstractListModel) else model.columnCount(nowhere)):
            for role in (
                Qt.ItemDataRole.DisplayRole,
                Qt.ItemDataRole.ToolTipRole,
                Qt.ItemDataRole.AccessibleTextRole,
            ):
                yield str(model.index(row, column).data(role) or "")


def held(words: Iterable[str]) -> set[str]:
    whole = "\n".join(all_texts())
    return {word for word in words if word in whole}


def test_two_clerks_in_turn_each_find_their_own_visit_as_they_left_it(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        face = counter.face
        await states.tenkyo(counter)
        face.counter.check_all()
        face.counter.set_basket(replace(face.counter.basket, juminhyo=True, copies=3))
        visit = (face.counter.subject, face.counter.checked, face.counter.basket)
        typed, asked = dict(face.taking_in.change.values), face.taking_in.change.entry
        assert held(FIRST)
        await lock(counter)
        await sit_down(counter, "s002")
        assert counter.shell.present == "counter"
        assert face.counter.subject is None
        assert held(FIRST) == set()
        await serve_another(counter)
        others = (face.counter.subject, face.counter.checked, face.counter.basket)
        await lock(counter)
        await sit_down(counter, "s001")
        assert counter.shell.present == "change"
        assert held(SECOND) == set()
        assert dict(face.taking_in.change.values) == typed
        assert face.taking_in.change.entry == asked
        assert counter.hands.find(QLineEdit, "tenkyoBanchi").text() == "4番5号"
        await counter.hands.press(Key.Key_Escape)
        assert counter.shell.present == "counter"
        assert (face.counter.subject, face.counter.checked, face.counter.basket) == visit
        assert face.counter.resident is not None
        await lock(counter)
        await sit_down(counter, "s002")
        assert held(FIRST) == set()
        assert (face.counter.subject, face.counter.checked, face.counter.basket) == others
        assert face.counter.note is None

    drive(play)


def test_a_form_come_back_to_is_taken_in_as_if_nobody_had_sat_there_between(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.tenkyo(counter)
        await lock(counter)
        await sit_down(counter, "s002")
        await lock(counter)
        await sit_down(counter, "s001")
        await counter.hands.press(Key.Key_F12)
        await counter.quiet()
        [change] = [one for one in counter.world.ledger.changes.values() if not one.kind.is_fact]
        assert change.made_by == "s001"
        assert WATANABE in change.residents

    drive(play)


def test_what_is_attached_stays_on_the_disk_for_who_comes_back_and_goes_with_the_day(
    drive: Drive, tmp_path: Path
) -> None:
    async def play(counter: Counter) -> None:
        attached = counter.face.taking_in.change.attached
        files = counter.world.jobs.attach._files
        assert isinstance(files, MemoryFiles)
        photo = tmp_path / "photo.jpg"
        photo.write_bytes(a_photo())
        await states.tenkyo(counter)
        attached.add(photo)
        await counter.quiet()
        before = attached.attachments
        assert before
        await lock(counter)
        await sit_down(counter, "s002")
        assert attached.attachments == ()
        assert list(files.kept) == [one.key for one in before]
        await lock(counter)
        await sit_down(counter, "s001")
        assert attached.attachments == before
        await lock(counter)
        await sit_down(counter, "s002")
        await lock(counter)
        counter.world.clock.forward(timedelta(days=1))
        await sit_down(counter, "s001")
        assert counter.shell.present == "counter"
        assert attached.attachments == ()
        assert list(files.kept) == []

    drive(play)


@pytest.mark.parametrize("another", [True, False])
def test_a_measure_that_came_meanwhile_hides_the_address_and_ends_the_form_and_that_is_said(
    drive: Drive, another: bool
) -> None:
    async def play(counter: Counter) -> None:
        await states.tenkyo(counter)
        counter.face.counter.set_basket(
            replace(counter.face.counter.basket, juminhyo=True, identity=IdentityCheck.PHOTO)
        )
        await lock(counter)
        if another:
            await sit_down(counter, "s002")
            await lock(counter)
        measure = ShienSochi("m9", WATANABE, provisional=False, starts=None, ends=None)
        for register in (counter.world.live, counter.world.replica):
            register.restrictions = replace(
                register.restrictions, shien_sochi=(*register.restrictions.shien_sochi, measure)
            )
        await sit_down(counter, "s001")
        assert counter.shell.present == "counter"
        assert counter.face.counter.masked
        assert counter.face.counter.basket.identity is IdentityCheck.NONE
        assert held(("葛󠄂城", "辻󠄂ハイツ", "𠮷野ビル")) == set()
        note = counter.face.counter.note
        assert note is not None
        assert counter.words("visit.form_gone") == note.what
        assert counter.words("visit.sheltered") in note.more
        assert counter.face.taking_in.change.form is None

    drive(play)


def test_a_block_that_came_meanwhile_is_said_and_stops_the_paper(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.ready(counter)
        assert counter.face.counter.reason == ""
        await lock(counter)
        await sit_down(counter, "s002")
        await lock(counter)
        block = Block("b9", WATANABE, None, BlockProcess.ISSUE, BlockLevel.ERROR, "調査中", None, None)
        for register in (counter.world.live, counter.world.replica):
            register.restrictions = replace(
                register.restrictions, blocks=(*register.restrictions.blocks, block)
            )
        await sit_down(counter, "s001")
        assert counter.face.counter.note is not None
        assert counter.face.counter.note.what == counter.words("visit.blocked")
        assert "調査中" in counter.face.counter.reason

    drive(play)


@pytest.mark.parametrize("another", [True, False])
def test_a_visit_that_cannot_be_read_again_shows_nothing_and_waits_for_the_next_sign_in(
    drive: Drive, another: bool
) -> None:
    async def play(counter: Counter) -> None:
        await states.ready(counter)
        before = (counter.face.counter.subject, counter.face.counter.checked, counter.face.counter.basket)
        await lock(counter)
        if another:
            await sit_down(counter, "s002")
            await lock(counter)
        jobs = counter.face.counter._jobs

        async def broken(*_what: object) -> None:
            raise StoreError("store.damaged_replica")

        counter.face.counter._jobs = replace(jobs, household=broken)  # type: ignore[arg-type]  # never answers
        await sit_down(counter, "s001")
        assert counter.face.counter.resident is None
        assert counter.face.counter.note is not None
        assert counter.face.counter.note.code == "store.damaged_replica"
        counter.face.counter._jobs = jobs
        await lock(counter)
        await sit_down(counter, "s001")
        assert before == (
            counter.face.counter.subject,
            counter.face.counter.checked,
            counter.face.counter.basket,
        )

    drive(play)


def test_nothing_of_a_visit_is_shown_before_it_was_read_again(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.ready(counter)
        await lock(counter)
        jobs, asked, go_on = counter.face.counter._jobs, asyncio.Event(), asyncio.Event()

        async def slow(*what: object) -> object:
            asked.set()
            await go_on.wait()
            return await jobs.household(*what)  # type: ignore[arg-type]  # as they came

        counter.face.counter._jobs = replace(jobs, household=slow)  # type: ignore[arg-type]  # as above
        signing_in = asyncio.ensure_future(sit_down(counter, "s001"))
        await asked.wait()
        assert counter.face.counter.find.lines == ()
        await counter.hands.press(Key.Key_F2)
        assert counter.face.counter.view is None
        go_on.set()
        await signing_in
        assert counter.face.counter.view is not None

    drive(play)


def test_a_lock_while_the_visit_is_being_read_again_loses_nothing(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.tenkyo(counter)
        typed = dict(counter.face.taking_in.change.values)
        await lock(counter)
        await sit_down(counter, "s002")
        await lock(counter)
        jobs, asked = counter.face.counter._jobs, asyncio.Event()

        async def never(*_what: object) -> None:
            asked.set()
            await asyncio.Event().wait()

        counter.face.counter._jobs = replace(jobs, household=never)  # type: ignore[arg-type]  # a lid is shut over it
        await counter.hands.type("logInStaff", "s001")
        await counter.hands.type("logInPassword", "aozora")
        await counter.hands.type("logInCode", "123456")
        await counter.hands.push("logInButton")
        await asked.wait()
        await counter.tasks.cancel("sign_in")
        counter.face.lock(even_busy=True)
        await counter.quiet()
        counter.face.counter._jobs = jobs
        await sit_down(counter, "s001")
        assert counter.shell.present == "change"
        assert dict(counter.face.taking_in.change.values) == typed
        assert counter.face.counter.subject is not None

    drive(play)


def test_what_was_copied_is_off_the_clipboard_as_soon_as_the_counter_is_locked(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        locked: list[str] = []
        await counter.sign_in()
        counter.face.covered = lambda: locked.append(counter.shell.present)
        await lock(counter)
        assert locked == ["log_in"]

    drive(play)

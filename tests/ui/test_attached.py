"""The attachments of a form: added, named, counted, taken off; refused with a word; by keys alone."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QListWidget, QPushButton, QWidget

from client.domain.attachment import Attached, Attachment, Limits
from client.domain.change import OutboxCounts
from client.jobs.attach_file import AttachFile
from tests.attached_builders import PDF, a_file, a_photo
from tests.attachment_fakes import MemoryFiles
from tests.builders import NOW
from tests.fakes import counted_random
from tests.journeys.gestures import Hands, NotShownError
from tests.ui.attached_states import open_list, outbox
from tests.ui.drive import Counter
from ui import status
from ui.screens.change import attached
from ui.screens.change.attached import AttachedModel, shown_name, size_words
from ui.tasks import Tasks
from ui.text import Words
from ui.widgets.attachment_list import AttachmentList

WORDS = Words("ja")
Drive = Callable[..., None]


class Desk:
    """A model on real tasks, with files in memory."""

    def __init__(self, *, most: int = 20) -> None:
        self.files = MemoryFiles()
        self.bugs: list[BaseException] = []
        self.tasks = Tasks(asyncio.get_running_loop(), lambda _name, error: self.bugs.append(error))
        job = AttachFile(self.files, limits=Limits(count=most), now=lambda: NOW, random=counted_random())
        self.model = AttachedModel(WORDS, job, self.tasks)
        self.model.begin()

    async def quiet(self) -> None:
        await Hands().until(lambda: not self.tasks.any_running, "quiet", 5)
        assert self.bugs == []


@pytest.mark.asyncio
async def test_files_are_listed_with_their_kind_and_size_and_handed_to_the_intake_under_one_key(
    tmp_path: Path,
) -> None:
    desk = Desk()
    for path in (
        a_file(tmp_path, a_photo(1_234_567), "玄関.jpg"),
        a_file(tmp_path, a_photo(900, begins=PDF), "b.pdf"),
    ):
        desk.model.add(path)
        assert desk.model.busy
        await desk.quiet()
    assert desk.model.lines == ("1　JPEG　1.2 MB　玄関.jpg", "2　PDF　1 kB　b.pdf")
    assert desk.model.summary == "2件　1.2 MB（20件まで）"
    assert len({one.command_key for one in desk.model.attachments}) == 1
    assert not desk.model.busy


@pytest.mark.asyncio
async def test_what_is_refused_says_why_and_leaves_the_others(tmp_path: Path) -> None:
    desk = Desk(most=1)
    photo = a_file(tmp_path, a_photo(100))
    for path, said in (
        (tmp_path / "gone", "ファイルを読めません"),
        (a_file(tmp_path, b"GIF89a", "x.jpg"), "この種類"),
    ):
        desk.model.add(path)
        await desk.quiet()
        assert desk.model.note is not None
        assert desk.model.note.what.startswith(said)
    for _ in range(2):
        desk.model.add(photo)
    await desk.quiet()
    assert (len(desk.model.lines), len(desk.files.kept)) == (1, 1)
    assert desk.model.note is not None
    assert "1件まで" in desk.model.note.more
    desk.model.dismiss()
    assert desk.model.note is None


@pytest.mark.asyncio
async def test_what_is_taken_off_or_left_leaves_the_disk_and_the_next_form_has_another_key(
    tmp_path: Path,
) -> None:
    desk = Desk()
    for number in range(3):
        desk.model.add(a_file(tmp_path, a_photo(100 + number), f"{number}.jpg"))
        await desk.quiet()
    first = desk.model.attachments
    desk.model.remove(1)
    desk.model.remove(9)
    await desk.quiet()
    assert desk.files.dropped == [first[1].key]
    desk.model.begin()
    await desk.quiet()
    assert (desk.files.kept, desk.model.lines) == ({}, ())
    desk.model.add(tmp_path / "0.jpg")
    await desk.quiet()
    assert desk.model.attachments[0].command_key != first[0].command_key


@pytest.mark.asyncio
async def test_a_file_that_arrives_after_its_form_was_left_is_dropped(tmp_path: Path) -> None:
    desk = Desk()
    desk.model.add(a_file(tmp_path, a_photo(100)))
    desk.model.forget()
    await desk.quiet()
    assert (desk.files.kept, desk.model.lines, desk.model.busy) == ({}, (), False)


@pytest.mark.asyncio
async def test_a_slow_stick_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attached, "SAID_AFTER", 0.02)
    desk, go_on, said = Desk(), asyncio.Event(), list[str]()

    class Slow(AttachFile):
        async def __call__(
            self,
            source: Path,
            command_key: str,
            beside: Callable[[], Sequence[Attachment]],
            on_bytes: Callable[[int, int], None] = lambda _done, _of: None,
        ) -> Attachment:
            await asyncio.to_thread(on_bytes, 3_000_000, 12_000_000)
            await go_on.wait()
            return await super().__call__(source, command_key, beside)

    job = Slow(desk.files, limits=Limits(), now=lambda: NOW, random=counted_random())
    model = AttachedModel(WORDS, job, desk.tasks)
    model.begin()
    model.changed = lambda: said.append(model.progress)
    model.add(a_file(tmp_path, a_photo(100)))
    await Hands().until(lambda: bool(model.progress), "how far it is", 5)
    assert model.progress == "読み込み中　3.0 MB / 12.0 MB"
    go_on.set()
    await desk.quiet()
    assert (said[-1], len(model.lines)) == ("", 1)


def test_sizes_and_names_are_written_for_people() -> None:
    assert [size_words(size) for size in (1, 24_000, 999_999, 1_000_000, 20_000_000)] == [
        *("1 kB", "24 kB", "1000 kB", "1.0 MB", "20.0 MB")
    ]
    assert shown_name("写真\n\u202e.jpg") == "写真��.jpg"
    assert len(shown_name("長" * 300)) == 40


def test_the_status_bar_names_attachments_beside_what_waits() -> None:
    facts = status.with_outbox(status.Facts(), OutboxCounts(attachments=3))
    cell = status.waiting_cell(facts, WORDS, NOW)
    assert (cell.tone, "添付3" in cell.detail) == ("warn", True)
    facts = status.with_outbox(status.Facts(), OutboxCounts(attachments_lost=1))
    assert status.waiting_cell(facts, WORDS, NOW).tone == "bad"


def test_the_outbox_shows_how_many_of_a_change_have_gone(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await outbox(counter)
        lines = counter.face.outbox.lines()
        said = [line.words for line in lines]
        assert said[0].startswith("添付 1件のファイルが失われました。")
        assert (lines[0].tone, lines[0].mark.name) == ("bad", "SQUARE")
        assert "添付 3/5 送信中" in said
        assert "添付 0/2 送信中" in said
        assert said[-1] == "添付 4件 送信済"  # below: the only one that has arrived as a whole
        assert "要対応 1件　添付 5件 送信待ち" in counter.face.outbox.summary
        assert Attached(5, 3) in [change.attached for change in counter.face.outbox.changes]

    drive(play)


def child(window: object, kind: type, name: str) -> object:
    found = window.findChild(kind, name)  # type: ignore[attr-defined]  # a QWidget
    assert found is not None
    return found


@pytest.mark.qt_log_ignore("propagateSizeHints", "raise", "grabbing the keyboard")  # Qt's offscreen platform
def test_a_file_is_added_and_taken_off_by_keys_alone_and_leaves_no_trace_in_the_settings(
    drive: Drive, tmp_path: Path
) -> None:
    source = a_file(tmp_path / "渡邉太郎の写真", a_photo(100), "0001.jpg")
    settings = (QSettings.Format.NativeFormat, QSettings.Scope.UserScope)
    QSettings.setPath(*settings, str(tmp_path / "home"))

    async def play(counter: Counter) -> None:
        await counter.sign_in()
        model = open_list(counter)
        window = QApplication.activeModalWidget()
        assert window is not None
        await asyncio.sleep(0.05)
        shown = child(window, AttachmentList, "attached")
        assert isinstance(shown, AttachmentList)
        names = {
            part.accessibleName()
            for part in shown.findChildren(QPushButton) + shown.findChildren(QListWidget)
            if part.isVisible()
        }
        assert names == {"添付を追加(A)", "選んだ添付を外す(X)"}
        QTest.keyClick(window, Qt.Key.Key_A, Qt.KeyboardModifier.AltModifier)
        await counter.hands.until(
            lambda: isinstance(QApplication.activeModalWidget(), QFileDialog), "dialog", 5
        )
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QFileDialog)
        dialog.setDirectory(str(source.parent))  # as one goes through folders
        for _ in range(5):  # Qt takes no Enter where it has not read the folder yet
            await counter.hands.type("fileNameEdit", source.name)
            await counter.hands.press(Qt.Key.Key_Return, counter.hands.find(QWidget, "fileNameEdit"))
            with suppress(NotShownError):
                await counter.hands.until(lambda: len(model.lines) == 1, "the line", 2)
                break
        total = child(window, QLabel, "attachedSum")
        assert isinstance(total, QLabel)
        assert total.text().startswith("1件")
        lines = child(window, QListWidget, "attachedList")
        assert isinstance(lines, QListWidget)
        assert (lines.isVisible(), lines.accessibleName(), lines.currentRow()) == (True, "添付の一覧", 0)
        QTest.keyClick(lines, Qt.Key.Key_Delete)
        await counter.quiet()
        assert (model.lines, lines.count()) == ((), 0)

    drive(play)
    written = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert written == []

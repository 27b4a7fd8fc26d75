"""A flooded hall: no line, a bundle on a stick, two officers with their sheets; at the counter, by keys alone.

Real: the cloud that made the bundle, its signatures and seals, the officers' shares, the SQLCipher files, the job.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QLineEdit, QProgressBar

from client.api.sync import HttpFeeds
from client.domain.clerk import Right
from client.domain.feed import Position
from client.jobs.sync_replica import SyncReplica, position_of
from tests.api.small_cloud import small_cloud
from tests.builders import TARO
from tests.bundle_builders import PASSPHRASES, CarriedTown, a_carried_town
from tests.ui.drive import Counter, open_counter
from tests.ui.test_keyboard_only import ALT, Keys
from tests.ui.world import World
from ui import loop
from ui.assembly import tell_carried
from ui.carry_jobs import carry_jobs
from ui.cli.bundle_stores import Terminal
from ui.screens.replica.carry import Stage

# Qt's offscreen platform cannot tell a window manager what a dialog wants, and says so.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "raise", "grabbing the keyboard")

Play = Callable[["Hall"], Awaitable[None]]
Key = Qt.Key


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CarriedTown]:
    folder = tmp_path_factory.mktemp("flooded")
    with small_cloud(folder / "cloud") as cloud:
        yield a_carried_town(cloud, folder)


@dataclass
class Hall:
    """A counter with real files, and an officer's ten fingers."""

    town: CarriedTown
    terminal: Terminal
    sync: SyncReplica
    counter: Counter
    keys: Keys

    @property
    def stage(self) -> Stage:
        return self.counter.face.replica.carry.stage

    @property
    def told(self) -> str:
        """Return what the note of the page in front says."""
        labels = self.counter.shell.findChildren(QLabel)
        return " ".join(
            one.text()
            for one in labels
            if one.objectName() in {"noticeWhat", "noticeMore"} and one.isVisible()
        )

    def shows(self, name: str) -> str:
        """Return a text of the screen; empty where it is not to be seen."""
        found = self.counter.shell.findChild(QLabel, name)
        return found.text() if found is not None and found.isVisible() else ""

    def is_turn_of(self, officer: int) -> bool:
        """Tell whether an officer is to type a share."""
        entry = self.counter.face.replica.carry.entry
        return entry is not None and (entry.officer, entry.letter) == (officer, None)

    def has_the_keyboard(self) -> bool:
        """Give the window the keyboard, as a window manager does when a dialog closes; this screen has none."""
        if QApplication.focusWidget() is None:
            self.counter.shell.activateWindow()
        return QApplication.focusWidget() is not None

    async def pick(self, path: Path) -> None:
        """Name a file in the open dialog, and again where Qt has not read the folder yet: it takes no Enter till then."""
        await self.keys.until(
            lambda: isinstance(QApplication.activeModalWidget(), QFileDialog), "the dialog", 5
        )
        for _ in range(10):
            assert isinstance(self.keys.here, QLineEdit)
            await self.keys.press(Key.Key_A, Qt.KeyboardModifier.ControlModifier)
            await self.keys.write(str(path))
            await self.keys.press(Key.Key_Return)
            await asyncio.sleep(0.3)
            if QApplication.activeModalWidget() is None:
                break
        await self.keys.until(lambda: QApplication.activeModalWidget() is None, "the dialog gone", 5)
        await self.keys.until(self.has_the_keyboard, "the window in front again", 5)

    async def bring(self, name: str) -> None:
        """Put a stick in and choose the file on it: F4, Alt+M."""
        await self.keys.press(Key.Key_F4)
        await self.keys.alt("M")
        await self.pick(self.town.file(name))
        await self.keys.until(lambda: self.stage is not Stage.LOOKING, "what the bundle says", 10)

    async def type_share(self, number: int) -> None:
        """Type the eight lines of an officer's sheet."""
        for line in self.town.escrow.papers[number - 1].splitlines():
            assert self.keys.here.objectName() == "carryShare"
            await self.keys.write(line.split("  ", 1)[1])
            assert line.split("  ", 1)[1] not in everything_written(self.counter)
        assert self.keys.here.objectName() == "carryPassphrase"

    async def say(self, number: int) -> None:
        """Type the passphrase, unseen."""
        await self.keys.write(PASSPHRASES[number - 1])
        assert PASSPHRASES[number - 1] not in everything_shown(self.counter)
        await self.keys.press(Key.Key_Return)

    async def two_officers(self, *numbers: int) -> None:
        """Let two officers open what is shown."""
        await self.keys.alt("N")
        for officer, number in enumerate(numbers, 1):
            await self.keys.until(lambda: self.shows("carryState") != "", "the field", 5)
            await self.keys.until(partial(self.is_turn_of, officer), "the turn", 5)
            await self.type_share(number)
            await self.say(number)

    async def name_here(self) -> str:
        """Return a resident's name as this terminal has it."""
        household = (await self.terminal.stores.replica.household_of(TARO)).value
        return household.members[0].name.text

    async def position(self) -> Position:
        return await position_of(self.terminal.stores.replica)


def everything_shown(counter: Counter) -> str:
    """Return every text of the window that can be seen, as it is drawn."""
    shown = [one.text() for one in counter.shell.findChildren(QLabel) if one.isVisible()]
    shown += [one.displayText() for one in counter.shell.findChildren(QLineEdit) if one.isVisible()]
    return "\n".join(shown)


def everything_written(counter: Counter) -> str:
    """Return what stands in the fields of the shares, seen or not."""
    fields = [one for one in counter.shell.findChildren(QLineEdit) if one.objectName().startswith("carry")]
    assert len(fields) == len(("share", "passphrase"))
    return "\n".join(one.text() for one in fields)


@asynccontextmanager
async def a_hall(
    qapp: QApplication, town: CarriedTown, folder: Path, rights: tuple[Right, ...]
) -> AsyncIterator[Hall]:
    async with town.terminal(folder) as terminal:
        stores = terminal.stores
        feeds = HttpFeeds(town.cloud.http, terminal.facts.feed_keys, digest_key=stores.replica.digest_key)
        sync = SyncReplica(feeds, stores.replica, stores.ledger)
        world = World(rights=rights)
        world.jobs = replace(world.jobs, carry=carry_jobs(terminal.facts, "training", stores, sync))
        counter = await open_counter(qapp, world=world)
        try:
            await counter.sign_in()
            world.cut()
            yield Hall(town, terminal, sync, counter, Keys(counter))
        finally:
            await counter.close()


def play(qapp: QApplication, town: CarriedTown, folder: Path, script: Play, *rights: Right) -> None:
    """Play on the program's own loop: with it comes the collector that lets nothing of Qt die on a store's thread."""

    async def whole() -> int:
        async with a_hall(qapp, town, folder, rights or tuple(Right)) as hall:
            await script(hall)
        return 0

    loop.run(qapp, whole)


def test_a_terminal_that_has_nothing_is_filled_from_a_stick(
    qapp: QApplication, town: CarriedTown, tmp_path: Path
) -> None:
    async def script(hall: Hall) -> None:
        hall.counter.show_status(replace(hall.counter.facts, position=Position(None, None)))
        await hall.bring("cloud_whole")
        assert "あおぞら市" in hall.shows("carryFact0") + hall.terminal.facts.municipality_name
        assert "クラウドが作成" in hall.shows("carryFact1")
        assert len(hall.shows("carryFact6").replace(" ", "")) == 16
        assert hall.keys.here.objectName() == "carryBegin"
        await hall.two_officers(1, 3)
        await hall.keys.until(lambda: "時点の内容になりました" in hall.told, "the end", 20)
        assert await hall.name_here() == "渡部　太郎"
        (line,) = await hall.terminal.stores.ledger.journal_tail(1)
        assert (line.entry.kind, line.entry.actor) == ("sync", "s001")
        assert line.entry.facts["shares"] == "1,3"
        hall.counter.show_status(replace(hall.counter.facts, position=await hall.position()))
        assert "時点" in hall.shows("replicaAsOf")
        assert everything_written(hall.counter).strip() == ""

    play(qapp, town, tmp_path / "t", script)


def test_the_counter_goes_on_with_the_old_data_until_the_new_is_proved(
    qapp: QApplication, town: CarriedTown, tmp_path: Path
) -> None:
    async def script(hall: Hall) -> None:
        await town.open(hall.terminal, town.file("early"))
        old = await hall.name_here()
        await hall.bring("terminal_whole")
        async with hall.sync.held():  # a round that is just ending
            await hall.two_officers(2, 3)
            await hall.keys.until(lambda: hall.stage is Stage.OPENING, "the opening", 10)
            assert hall.counter.shell.findChild(QProgressBar, "carryProgress") is not None
            assert hall.keys.here.objectName() == "carryStop"
            hall.counter.face.replica.carried = partial(tell_carried, hall.counter.face)
            await hall.keys.press(Key.Key_Escape)
            assert hall.counter.shell.present == "counter"
            assert await hall.name_here() == old
        await hall.keys.until(lambda: hall.stage is Stage.AWAY, "the end", 20)
        assert "時点の内容になりました" in hall.told, "at the counter too"
        assert await hall.name_here() == "渡部　太郎" != old
        await hall.keys.press(Key.Key_F4)
        assert "時点の内容になりました" in hall.told

    play(qapp, town, tmp_path / "t", script)


def test_cancelled_it_leaves_the_old_data_and_can_be_begun_again(
    qapp: QApplication, town: CarriedTown, tmp_path: Path
) -> None:
    async def script(hall: Hall) -> None:
        await town.open(hall.terminal, town.file("early"))
        old = await hall.name_here()
        await hall.bring("cloud_whole")
        async with hall.sync.held():
            await hall.two_officers(1, 2)
            await hall.keys.until(lambda: hall.stage is Stage.OPENING, "the opening", 10)
            await hall.keys.press(Key.Key_C, ALT)
            await hall.keys.until(lambda: hall.stage is Stage.AWAY, "the stop", 5)
        assert "最後に確かめた版" in hall.told
        assert await hall.name_here() == old
        await hall.bring("cloud_whole")
        await hall.two_officers(1, 2)
        await hall.keys.until(lambda: "時点の内容になりました" in hall.told, "the end", 20)
        assert await hall.name_here() == "渡部　太郎"

    play(qapp, town, tmp_path / "t", script)


def test_a_delta_a_terminal_cannot_use_says_why_before_anybody_types(
    qapp: QApplication, town: CarriedTown, tmp_path: Path
) -> None:
    async def script(hall: Hall) -> None:
        await hall.bring("cloud_delta")
        assert "続きになりません" in hall.shows("carryVerdict")
        assert "全体の束" in hall.shows("carryVerdictMore")
        assert hall.keys.here.objectName() == "carryOther"
        await hall.keys.press(Key.Key_Escape)
        assert (hall.stage, hall.counter.shell.present) == (Stage.AWAY, "replica")

    play(qapp, town, tmp_path / "t", script)


def test_what_is_no_bundle_and_a_stick_that_is_gone_are_told_in_words(
    qapp: QApplication, town: CarriedTown, tmp_path: Path
) -> None:
    async def script(hall: Hall) -> None:
        path = tmp_path / "list.xlsx"
        path.write_bytes(b"PK something else")
        await hall.keys.press(Key.Key_F4)
        await hall.keys.alt("M")
        await hall.pick(path)
        await hall.keys.until(lambda: "束として読めません" in hall.told, "why", 5)
        stick = tmp_path / "stick.bundle"
        stick.write_bytes(town.file("cloud_whole").read_bytes())
        hall.counter.face.replica.dismiss()
        await hall.keys.alt("M")
        await hall.pick(stick)
        await hall.keys.until(lambda: hall.stage is Stage.SHOWN, "the bundle", 5)
        stick.unlink()
        await hall.two_officers(1, 2)
        await hall.keys.until(lambda: "媒体の束を読めません" in hall.told, "why", 10)

    play(qapp, town, tmp_path / "t", script)


def test_locked_in_mid_share_it_has_forgotten_everything(
    qapp: QApplication, town: CarriedTown, tmp_path: Path
) -> None:
    async def script(hall: Hall) -> None:
        await hall.bring("cloud_whole")
        await hall.keys.alt("N")
        await hall.type_share(1)
        await hall.say(1)
        await hall.keys.until(partial(hall.is_turn_of, 2), "the second", 5)
        second = town.escrow.papers[1].splitlines()[0].split("  ", 1)[1]
        await hall.keys.write(second[:9])
        await hall.keys.press(Key.Key_F9)
        await hall.keys.sees("log_in")
        assert (hall.stage, hall.counter.face.replica.carry.entry) == (Stage.AWAY, None)
        assert everything_written(hall.counter).strip() == ""

    play(qapp, town, tmp_path / "t", script)


def test_a_clerk_who_is_no_officer_takes_nothing_in(
    qapp: QApplication, town: CarriedTown, tmp_path: Path
) -> None:
    async def script(hall: Hall) -> None:
        await hall.keys.press(Key.Key_F4)
        await hall.keys.press(Key.Key_M, ALT)
        await asyncio.sleep(0.1)
        assert QApplication.activeModalWidget() is None
        assert "責任者だけ" in hall.shows("replicaReason")
        hall.counter.face.replica.take_in(town.file("cloud_whole"))
        assert hall.stage is Stage.AWAY

    play(qapp, town, tmp_path / "t", script, Right.VIEW, Right.ISSUE)

"""An intake to its end on the real window and with the reference cloud: returned, written anew, registered, told on F5."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QTableView

from client.api.commands import CommandBox
from client.api.residents import CloudRegister
from client.domain.calendar import tokyo_day, wareki
from client.domain.terminal import facts_of
from client.jobs.compare_change import CompareChange
from client.jobs.find_resident import FindResident
from client.jobs.follow_intakes import FollowIntakes
from client.jobs.print_slip import PrintSlip, SlipPlace
from client.jobs.queue_change import QueueChange
from client.jobs.reach import Reach
from client.jobs.rewrite_returned import RewriteReturned
from client.jobs.send_outbox import SendOutbox
from client.jobs.settle_change import SettleChange
from client.jobs.sync_replica import SyncReplica
from cloud.office.case import Decision
from offline.store.ledger import LedgerFile
from offline.store.replica import Replica
from tests.api.small_cloud import SmallCloud, small_cloud
from tests.builders import TARO
from tests.fakes import FakeClock
from tests.ui.drive import Counter
from tests.ui.test_keyboard_only import Keys
from tests.ui.world import World

pytestmark = [pytest.mark.long, pytest.mark.qt_log_ignore("propagateSizeHints")]
Drive = Callable[..., None]
Key = Qt.Key
WHY = "番地が違います。確かめてください。"


class Town:
    """The counter's world with a real ledger, a real replica and the reference cloud behind it."""

    def __init__(self, cloud: SmallCloud, folder: Path) -> None:
        self.cloud = cloud
        self.folder = folder
        self.world = World(clock=FakeClock(datetime.now(UTC)))
        self.replica = Replica(folder / "replica.db", cloud.clock)

    async def open(self) -> None:
        """Enrol, fill the replica, and put the real jobs behind the screens."""
        cloud, world, now = self.cloud, self.world, self.cloud.clock
        await cloud.enrol()
        assert cloud.enrolled
        facts = facts_of(cloud.enrolled, "https://cloud.example")
        self.ledger = ledger = LedgerFile(self.folder, facts, now, cloud.identity.sign)
        await ledger.open(b"l" * 32, begun=False)
        await self.replica.open(b"r" * 32, cloud.enrolled.digest_key)
        self.sign_in = await cloud.sign_in()
        await self.follow()
        live, reach = CloudRegister(cloud.http, lambda: cloud.token), Reach(world.link)

        def offset() -> int:
            return 0

        find = FindResident(live, self.replica, reach, ledger, now=now)
        queue = QueueChange(
            live, self.replica, reach, ledger, now=now, random=os.urandom, clock_offset_ms=offset
        )
        box = CommandBox(cloud.http, facts.terminal_no)
        settle = SettleChange(box, ledger, now=now, random=os.urandom, clock_offset_ms=offset)
        world.jobs = replace(
            world.jobs,
            find=find,
            queue=queue,
            settle=settle,
            ledger=ledger,
            compare=CompareChange(find, self.replica, ledger),
            follow=FollowIntakes(ledger, self.replica, now=now),
            slip=PrintSlip(live, self.replica, reach, ledger, world.press, place=SlipPlace("市", "窓口1")),
            send=SendOutbox(box, ledger, world.link, now=now, jitter=lambda: 0.5),
            returned=RewriteReturned(find, self.replica, queue, settle, ledger, now=now, random=os.urandom),
        )

    async def follow(self) -> None:
        """Follow the register, as the rounds do."""
        assert (await SyncReplica(self.cloud.feeds(), self.replica, self.ledger).round()).proven

    async def close(self) -> None:
        await self.ledger.close()
        await self.replica.close()

    async def decided(self, counter: Counter, key: str, decision: str, reason: str = "") -> None:
        """Send what waits, let the office decide on an intake, and show F5."""
        await self.world.jobs.send.drain()
        self.cloud.tenant.office.decide(key, Decision(decision, "office", reason))
        await self.follow()
        await counter.hands.press(Key.Key_F5)
        await counter.quiet()


def intakes(counter: Counter) -> list[str]:
    return [one.key for one in counter.face.outbox.changes if not one.kind.is_fact]


def states(counter: Counter) -> dict[str, tuple[str, str]]:
    return {line.key: (line.state, line.fate) for line in counter.face.outbox.lines()}


def test_a_returned_move_is_mended_by_keys_and_registered_in_the_end(drive: Drive, tmp_path: Path) -> None:
    with small_cloud(tmp_path / "cloud") as cloud:
        town = Town(cloud, tmp_path)

        async def play(counter: Counter) -> None:
            hands, keys = counter.hands, Keys(counter)
            counter.face.signed_in(town.sign_in)
            await counter.open_resident()
            await hands.begin_form()
            day = wareki(tokyo_day(cloud.clock()) - timedelta(days=1))
            for name, said in (("Town", "みどり県あおぞら市泉町"), ("Banchi", "5番地"), ("IdoDate", day)):
                await hands.type(f"tenkyo{name}", said)
            await hands.press(Key.Key_F12)
            await counter.quiet()
            (first,) = [one.key for one in await town.ledger.outbox()]
            await town.decided(counter, first, "return", WHY)
            assert states(counter)[first] == ("要対応（差戻し）", "差戻し")

            hands.find(QTableView, "outboxList").setFocus()
            await keys.press(Key.Key_Home)
            await keys.press(Key.Key_Return)
            await counter.quiet()
            assert WHY in hands.find(QLabel, "settleSaid").text()
            await keys.alt("R")
            assert hands.find(QLineEdit, "tenkyoTown").text() == "みどり県あおぞら市泉町"
            await keys.tab_to("tenkyoBanchi")
            await keys.press(Key.Key_A, Qt.KeyboardModifier.ControlModifier)
            await keys.write("7番地")
            await keys.press(Key.Key_F12)
            await counter.quiet()
            (second,) = [one.key for one in await town.ledger.outbox()]
            await town.decided(counter, second, "register")
            assert states(counter) == {
                first: ("差戻し（書き直し済み）", "差戻し"),
                second: ("反映済み", "本登録"),
            }
            assert counter.face.outbox.calls == ()
            assert sorted(intakes(counter)) == sorted((first, second))
            home = (await town.replica.household_of(TARO)).value
            assert home.members[0].address.banchi == "7番地"
            assert {one["state"] for one in cloud.tenant.office.intakes()} == {"returned", "registered"}

        async def whole(counter: Counter) -> None:
            try:
                await play(counter)
            finally:
                await town.close()

        drive(whole, world=town.world, before=town.open)

"""A counter that goes on off line beside a reference cloud whose clock is moved by hand; everything real but paper."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from client.domain.certificate import CertificateRequest
from client.domain.clerk import Lease, SignIn
from client.domain.doubtful import DoubtfulPaper, Why
from client.domain.resident import AtenaNo
from client.jobs.certify import Certify
from client.jobs.check_offline_papers import CheckOfflinePapers
from client.jobs.issue_certificate import IssueCertificate, IssueSettings
from client.jobs.issue_copy import Prepared
from client.jobs.ports import IssueDraft, StoreKeys
from client.jobs.reach import Reach
from client.jobs.sync_replica import SyncReplica
from cloud import storage
from cloud.clock import utc_now
from cloud.register import Change, put, remove
from offline.store.stores import FileStores
from tests.api.small_cloud import Row, SmallCloud, small_cloud
from tests.builders import HANAKO, TARO, a_request, a_sign_in
from tests.fakes import MemoryDeputies, MemoryLink, MemoryPress
from tests.promises.issuing_desk import NoCloud
from tests.store_builders import IDENTITY, facts, store_keys

STRANGER = AtenaNo("1000000099")


@dataclass
class Town:
    """The register's side: what is committed when, by the cloud's own clock."""

    cloud: SmallCloud
    shift: timedelta = timedelta(0)

    def now(self) -> datetime:
        return utc_now() + self.shift

    def commit(self, feed: str, *changes: Change) -> None:
        register = self.cloud.tenant.register
        with register.writing() as connection:
            register.commit(connection, feed, changes)

    def record(self, who: AtenaNo, **more: object) -> None:
        """Register the next version of a resident's record."""
        register = self.cloud.tenant.register
        with register.reading() as connection:
            rows = register.rows(connection, "resident", order=("history_no",))
        last = [row for row in rows if row["atena_no"] == who][-1]
        following = int(str(last["history_no"])) + 1
        self.commit("register", put("resident", {**last, "history_no": following, **more}))

    def tenshutsu(self, who: AtenaNo) -> None:
        self.record(who, status="tenshutsu", removed_reason="転出", removed_date="2026-11-20")

    def death(self, who: AtenaNo) -> None:
        self.record(who, status="death", removed_reason="死亡", removed_date="2026-11-20")

    def birth(self) -> None:
        """Register a child in the household."""
        register = self.cloud.tenant.register
        with register.reading() as connection:
            mother = register.rows(connection, "resident")[-1]
        self.commit(
            "register", put("resident", {**mother, "atena_no": STRANGER, "history_no": 1, "order_no": 9})
        )

    def block(self, who: AtenaNo, process: str = "issue", number: str = "b1") -> None:
        self.commit(
            "blocks",
            put(
                "block",
                {"block_id": number, "atena_no": who, "process": process, "level": "error", "reason": "x"},
            ),
        )

    def lift(self, number: str = "b1") -> None:
        self.commit("blocks", remove("block", (number,)))

    def shien_sochi(self, who: AtenaNo, number: str = "m1") -> None:
        self.commit("blocks", put("shien_sochi", {"measure_id": number, "atena_no": who}))

    def release(self, number: str) -> None:
        self.commit("blocks", remove("shien_sochi", (number,)))

    def forget_log(self) -> None:
        """Let the register's log begin a version later, as one that was cut short."""
        table = storage.feed_head
        with self.cloud.tenant.register.writing() as connection:
            connection.execute(sa.update(table).values(log_from=table.c.version + 1))

    def arrears(self, who: AtenaNo) -> None:
        row: Row = {"atena_no": who, "tax": "juminzei", "fiscal_year": 2026, "instalment": 1, "billed": 9000}
        self.commit("register", put("tax_account", row))


@dataclass
class OfflineCounter:
    """The terminal's side: issues from its replica, follows when it is told to, and asks about its papers."""

    town: Town
    stores: FileStores
    sync: SyncReplica
    check: CheckOfflinePapers
    keys: StoreKeys
    offset: timedelta = timedelta(0)  # the cloud's clock minus ours
    press: MemoryPress = field(default_factory=MemoryPress)
    deputies: MemoryDeputies = field(default_factory=MemoryDeputies)

    def __post_init__(self) -> None:
        self.set_clock()
        self.job = IssueCertificate(
            NoCloud(),
            self.stores.replica,
            Reach(MemoryLink(usable=False)),
            self.stores.ledger,
            self.press,
            now=self.town.cloud.clock,
            declared=lambda: True,
            words=Certify(self.stores.replica, self.deputies, now=self.town.cloud.clock),
            clock_offset_ms=lambda: int(self.offset / timedelta(milliseconds=1)),
            settings=IssueSettings(official_seal=False),
        )

    def set_clock(self, offset: timedelta | None = None) -> None:
        self.offset = self.offset if offset is None else offset
        self.town.cloud.clock.off = self.town.shift - self.offset

    def forward(self, minutes: float) -> None:
        """Let time pass, for the cloud and here."""
        self.town.shift += timedelta(minutes=minutes)
        self.set_clock()

    @property
    def clerk(self) -> SignIn:
        now = self.town.cloud.clock()
        return replace(a_sign_in(token=None), lease=Lease(now + timedelta(days=7)), at=now)

    async def issue(self, *who: AtenaNo, handed_over: bool | None = True) -> str:
        """Issue off line; returns the number. ``handed_over``: True handed over, False spoiled, None not yet told."""
        prepared = await self.job.prepare(self.clerk, self.request(*who))
        assert prepared.offline
        (issued,) = await self.job.issue(self.clerk, prepared)
        serial = issued.copy.serial
        if handed_over is not None:
            await self.job.confirm(
                self.clerk, serial, handed_over=handed_over, reason="書損" * (not handed_over)
            )
        return serial.key

    @staticmethod
    def request(*who: AtenaNo) -> CertificateRequest:
        members = who or (TARO, HANAKO)
        return replace(a_request(*members), subject=members[0])

    @staticmethod
    def draft(prepared: Prepared) -> IssueDraft:
        decided = prepared.decided
        return IssueDraft(prepared.request, decided, prepared.pages, 300, "プリンタ001", decided.issued_on)

    async def recover(self) -> None:
        """The line is back: follow, then ask."""
        await self.sync.round()
        await self.check()

    async def listed(self) -> dict[str, set[Why]]:
        return {
            one.serial.key: {doubt.why for doubt in one.doubts}
            for one in await self.stores.ledger.doubtful_papers()
        }

    async def line(self) -> DoubtfulPaper:
        """Return the only line of the list."""
        (paper,) = await self.stores.ledger.doubtful_papers()
        return paper


@asynccontextmanager
async def offline_counter(folder: Path, offset: timedelta = timedelta(0)) -> AsyncIterator[OfflineCounter]:
    """A counter that has followed the register up to now."""
    shifts: list[Town] = []

    def cloud_now() -> datetime:
        return shifts[0].now() if shifts else utc_now()

    with small_cloud(folder / "cloud", now=cloud_now) as cloud:
        town = Town(cloud)
        shifts.append(town)
        await cloud.enrol()
        assert cloud.enrolled
        keys = replace(store_keys(), digest=cloud.enrolled.digest_key)
        stores = FileStores(folder / "data", facts(), cloud.clock, IDENTITY.sign)
        await stores.open(keys)
        feeds = cloud.feeds()
        sync = SyncReplica(feeds, stores.replica, stores.ledger)
        counter = OfflineCounter(
            town, stores, sync, CheckOfflinePapers(feeds, stores.ledger, stores.replica), keys, offset
        )
        await counter.recover()
        counter.forward(5)
        yield counter
        await stores.close()

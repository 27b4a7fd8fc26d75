"""A counter that issues from its replica alone: the real stores, the real job, a press and a clock of the test's."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from client.domain.as_of import Source
from client.domain.certificate import CertificateRequest, Eligibility, SheetState
from client.domain.clerk import Lease, SignIn
from client.domain.errors import LinkDownError, StoreError
from client.jobs.issue_certificate import IssueCertificate, IssueSettings
from client.jobs.ports import JournalEntry, Press
from client.jobs.reach import Reach
from offline.store import door
from offline.store.ledger_file import mark_of
from offline.store.slots import Slots
from offline.store.stores import FileStores
from tests.builders import a_household, a_request, a_sign_in
from tests.fakes import FakeClock, MemoryLink, MemoryRegister
from tests.store_builders import IDENTITY, facts, store_keys

KEYS = store_keys()


class NoCloud:
    """ports.CloudCertificates with the line down."""

    async def eligibility(self, request: CertificateRequest, decider: SignIn | None = None) -> Eligibility:
        raise LinkDownError("link.unreachable")


@dataclass
class IssuingDesk:
    """The desk, and a look into its book from outside, with a connection of its own."""

    folder: Path
    press: Press
    clock: FakeClock = field(default_factory=FakeClock)
    real_replica: bool = False
    declared: bool = False
    show_as_of: bool = False

    def __post_init__(self) -> None:
        self.stores = FileStores(self.folder, facts(), self.clock, IDENTITY.sign)
        self.ledger = self.stores.ledger
        register = (
            self.stores.replica if self.real_replica else MemoryRegister(Source.REPLICA, [a_household()])
        )
        self.job = IssueCertificate(
            NoCloud(),
            register,
            Reach(MemoryLink(usable=False)),
            self.ledger,
            self.press,
            now=self.clock,
            declared=lambda: self.declared,
            words=register.form_words,
            clock_offset_ms=lambda: 0,
            settings=IssueSettings(show_as_of=self.show_as_of, official_seal=False),
        )

    @property
    def clerk(self) -> SignIn:
        """Return a clerk signed in just now, off line."""
        now = self.clock()
        return replace(a_sign_in(token=None), lease=Lease(now + timedelta(days=7)), at=now)

    async def open(self) -> "IssuingDesk":
        await self.stores.open(KEYS)
        return self

    async def issue(self, copies: int = 1) -> list[SheetState]:
        """Issue, and return the state of each copy as the job tells it."""
        prepared = await self.job.prepare(self.clerk, a_request(copies=copies))
        return [one.copy.state for one in await self.job.issue(self.clerk, prepared)]

    def written(self) -> dict[str, str]:
        """Return number → state of every copy that is committed on the disk and covered by the mark beside it."""
        connection = door.open_connection(self.folder / "ledger.db", KEYS.ledger, reading=True)
        slots = Slots(self.folder / "ledger.slots", KEYS.ledger)
        try:
            beside = slots.open()
            assert beside is not None
            assert beside.commit_no == mark_of(connection).commit_no, "a byte before the mark was written"
            rows = connection.execute(
                "SELECT s.terminal, s.serial, s.state FROM sheet s JOIN journal j"
                " ON j.kind = 'issue' AND json_extract(j.facts, '$.serial') ="
                " s.terminal || '-' || printf('%06d', s.serial)"
            )
            return {f"{terminal}-{serial:06d}": state for terminal, serial, state in rows}
        finally:
            slots.close()
            connection.close()

    async def fill_disk(self, room_pages: int = 0) -> None:
        """Leave the ledger room for some pages; without any, fill the last one too."""
        await self._limit(room_pages)
        with suppress(StoreError):
            while not room_pages:
                await self.ledger.record(JournalEntry("look_up", "s001"))
        await self._limit(room_pages)  # after trouble the store works on a connection of its own choice

    async def _limit(self, room_pages: int) -> None:
        worker = self.ledger._worker
        assert worker is not None
        pages = await worker.write(lambda c: int(door.one(c, "PRAGMA page_count")))
        await worker.write(lambda c: c.execute(f"PRAGMA max_page_count = {pages + room_pages}").fetchone())

    async def free_disk(self) -> None:
        """Make room again."""
        await self._limit(100_000)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)

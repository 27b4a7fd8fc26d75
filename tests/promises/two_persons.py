"""A terminal whose line is down, its staff by the register's rows, and a third who wants in; all real but the town."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from keyring.backend import KeyringBackend

from client.domain.clerk import Clerk, CloudSignIn, HowSignedIn, Lease, Right, SignIn
from client.domain.keys import Unlocked
from client.jobs.let_in import LetIn, Newcomer
from client.jobs.log_in import LogIn
from client.jobs.ports import JournalEntry
from client.rules import totp
from offline.store.keys import Vault
from offline.store.stores import FileStores
from tests.builders import NOW
from tests.fakes import MemoryLink
from tests.store_builders import (
    MemoryKeyring,
    a_register,
    a_step,
    cheap_vault,
    facts,
    fill,
    store_keys,
    stores_in,
)

PASSWORD = "みどりの風が吹く窓口 7"
NEW_PASSWORD = "朝一番の合言葉は晴れ時々曇り"
OFFICER, CLERK, NEWCOMER = "s009", "s001", "s020"
LONGEST = timedelta(hours=24)


def grant(staff_id: str, right: Right, **days: str) -> dict[str, object]:
    return {"grant_id": f"{staff_id}-{right.value}", "staff_id": staff_id, "right": right.value, **days}


def member(staff_id: str, **more: str) -> dict[str, object]:
    return {"staff_id": staff_id, "name": "職員", "section": "市民課", "from_day": "2020-04-01", **more}


@dataclass
class NoCloud:
    """ports.CloudSessions where nobody may ask."""

    async def sign_in(self, staff_id: str, password: str, code: str) -> CloudSignIn:
        raise AssertionError(f"the line was asked for {staff_id}")

    async def renew(self, sign_in: SignIn) -> SignIn:
        raise AssertionError

    async def sign_out(self, sign_in: SignIn) -> None:
        raise AssertionError


@dataclass
class Desk:
    """One terminal off line; ``now`` is its clock."""

    vault: Vault
    stores: FileStores
    seeds: dict[str, bytes]
    deposit: bytes
    now: datetime = NOW
    said: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        link = MemoryLink(usable=False)
        self.log_in = LogIn(
            NoCloud(),
            self.vault,
            self.stores,
            self.stores.ledger,
            link,
            now=lambda: self.now,
            staff=self.stores.replica,
            told=self.vault.forget_tries,
        )
        self.let_in = LetIn(
            self.log_in,
            self.vault,
            self.stores.replica,
            self.stores.ledger,
            now=lambda: self.now,
            random=lambda count: bytes(range(count)),
            longest=LONGEST,
        )

    def code(self, staff_id: str) -> str:
        """Return a code never used before: the clock goes on half a minute for each."""
        self.now += timedelta(seconds=totp.STEP_SECONDS)
        return totp.code(self.seeds[staff_id], totp.step_of(self.now))

    async def word(self, staff_id: str, password: str = PASSWORD) -> Unlocked:
        return await self.let_in.hear(staff_id, password, self.code(staff_id))

    async def sign_in(self, staff_id: str, password: str = PASSWORD) -> SignIn:
        return await self.log_in(staff_id, password, self.code(staff_id))

    def newcomer(self, staff_id: str = NEWCOMER, password: str = NEW_PASSWORD) -> Newcomer:
        seed = self.let_in.new_seed()
        return Newcomer(staff_id, password, seed, totp.code(seed, totp.step_of(self.now)))

    async def admit(
        self,
        staff_id: str,
        *rights: Right,
        lease: timedelta = timedelta(days=7),
        by_item: bool = False,
        by_block: bool = False,
        measures_key: bytes = b"",
    ) -> None:
        """Sign somebody in as on line: the cloud has seen them, and the PC wrote their wrap."""
        clerk = Clerk(staff_id, "職員", "市民課", frozenset(rights), by_item, by_block=by_block)
        made = SignIn(clerk, Lease(self.now + lease), HowSignedIn.ONLINE, self.now, "token")
        self.seeds[staff_id] = seed = staff_id.encode() * 5
        told = CloudSignIn(made, seed, a_step(), self.deposit, measures_key=measures_key)
        await self.vault.admit(told, PASSWORD, now=self.now)

    async def book(self, *kinds: str) -> list[JournalEntry]:
        """Return lines of the journal of some kinds, oldest first."""
        await self.stores.open(store_keys())
        try:
            lines = await self.stores.ledger.journal_tail(99)
        finally:
            if self.log_in.present is None:
                await self.stores.close()
        found = sorted(lines, key=lambda line: line.seq)
        return [line.entry for line in found if line.entry.kind in kinds]


async def a_desk(
    folder: Path, *rows: tuple[str, dict[str, object]], ring: KeyringBackend | None = None
) -> Desk:
    """Return a terminal with an officer and a clerk who have signed in here, and a newcomer the register knows."""
    folder.mkdir(exist_ok=True)
    vault = cheap_vault(folder, ring or MemoryKeyring())
    await vault.make_identity()
    deposit = await vault.found(facts(), store_keys())
    register = a_register()
    staff: dict[str, list[dict[str, object]]] = {
        "staff_member": [member(OFFICER), member(CLERK), member(NEWCOMER)],
        "right_grant": [
            *(grant(OFFICER, right) for right in (Right.VIEW, Right.OFFICER)),
            *(grant(CLERK, right) for right in (Right.VIEW, Right.ISSUE)),
            *(grant(NEWCOMER, right) for right in (Right.VIEW, Right.ACCEPT)),
        ],
    }
    for table, row in rows:
        staff.setdefault(table, []).append(row)
    for table, held in staff.items():
        register.put(table, *held)
    stores = stores_in(folder)
    desk = Desk(vault, stores, {}, deposit)
    await desk.admit(OFFICER, Right.VIEW, Right.OFFICER)
    await desk.admit(CLERK, Right.VIEW, Right.ISSUE)
    await stores.open(store_keys())
    await fill(stores, register)
    await stores.close()
    return desk


def aged(word: Unlocked, by: timedelta) -> Unlocked:
    """Return a word as if it had been given so much earlier."""
    return replace(word, sign_in=replace(word.sign_in, at=word.sign_in.at - by))

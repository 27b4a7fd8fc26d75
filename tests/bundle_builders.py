"""A town with an escrow, a terminal that makes bundles and one that opens them, and some bundles; all of it real."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from client.api.enrolment import EnrolmentDesk
from client.api.sync import HttpFeeds
from client.domain.bundle import Share
from client.domain.clerk import Right
from client.domain.feed import Feed
from client.domain.keys import StoreKeys, Unlocked
from client.domain.terminal import TerminalFacts, facts_of
from client.jobs.sync_replica import SyncReplica
from client.rules.bundles import read_card
from client.rules.share_text import read_share
from cloud.bundles import Bundler
from cloud.escrow import Card, ShareCost, key_id, new_escrow, signed_card, split, written
from cloud.register import put
from offline.store import escrow
from offline.store.bundle_file import BundleFile
from offline.store.bundle_maker import BundleMaker
from offline.store.identity import TerminalIdentity, new_key, signing_request
from offline.store.stores import FileStores
from tests.api.small_cloud import SmallCloud, protect
from tests.builders import HANAKO, TARO, a_sign_in
from ui.carrying import Shares
from ui.cli.bundle_stores import Terminal, take_in

CHEAP = ShareCost(passes=1, log2_kib=8)
PASSPHRASES = ("hitorime no aikotoba", "futarime no aikotoba", "sanninme no aikotoba")


@dataclass(frozen=True)
class Escrow:
    """A town's escrow, and its officers' papers."""

    public: bytes
    private: bytes = field(repr=False)
    papers: tuple[str, ...]

    @property
    def key_id(self) -> str:
        return key_id(self.public)

    def shares(self, *numbers: int) -> list[Share]:
        return [
            escrow.open_share(read_share(self.papers[number - 1]), PASSPHRASES[number - 1])
            for number in numbers
        ]


def an_escrow() -> Escrow:
    public, private = new_escrow()
    shares = split(private, len(PASSPHRASES))
    papers = [
        written(share, len(PASSPHRASES), public, passphrase, CHEAP)
        for share, passphrase in zip(shares, PASSPHRASES, strict=True)
    ]
    return Escrow(public, private, tuple(papers))


@dataclass
class CarriedTown:
    """A town whose line is gone by now, with what was carried out of it before."""

    cloud: SmallCloud
    folder: Path
    escrow: Escrow
    facts: list[TerminalFacts] = field(default_factory=list)
    keys: list[EllipticCurvePrivateKey] = field(default_factory=list)
    digest_key: bytes = b""

    def now(self) -> datetime:
        return datetime.now(UTC)

    @property
    def bundler(self) -> Bundler:
        return Bundler(self.cloud.tenant, "training", self.escrow.public)

    @property
    def card(self) -> bytes:
        tenant = self.cloud.tenant
        said = Card(tenant.municipality, "あおぞら市", self.escrow.public, tenant.authority.pem)
        return signed_card(said, tenant.keys, self.now())

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.bundle"

    def heads(self) -> dict[Feed, int]:
        return {Feed(feed): version for feed, version in self.cloud.tenant.feeds.heads().items()}

    def rename(self, name: str, history_no: int) -> None:
        """Commit a new version of a person's record."""
        register = self.cloud.tenant.register
        with register.writing() as connection:
            row = register.row(connection, "resident", (TARO, 3))
            register.commit(
                connection,
                "register",
                [put("resident", {**(row or {}), "history_no": history_no, "full_name": name})],
            )

    def protect(self) -> None:
        register = self.cloud.tenant.register
        with register.writing() as connection:
            register.commit(connection, "blocks", [put(*protect(HANAKO))])

    async def enrol(self) -> None:
        key, tenant = new_key(), self.cloud.tenant
        desk = EnrolmentDesk(self.cloud.http)
        told = await desk.enrol(tenant.terminals.new_token(), signing_request(key), "本庁1")
        self.facts.append(facts_of(told, "https://cloud.example"))
        self.keys.append(key)
        self.digest_key = told.digest_key

    @asynccontextmanager
    async def terminal(
        self, folder: Path, who: int = 1, environment: str = "training"
    ) -> AsyncIterator[Terminal]:
        """Open a terminal's stores in a folder; 0 has the line and makes bundles, 1 opens them."""
        facts = self.facts[who]
        identity = TerminalIdentity(facts.terminal_no, self.keys[who])
        keys = StoreKeys(b"r" * 32, b"l" * 32, self.digest_key, b"i" * 32)
        folder.mkdir(exist_ok=True)
        stores = FileStores(folder, facts, self.now, identity.sign)
        await stores.open(keys)
        try:
            unlocked = Unlocked(a_sign_in(Right.OFFICER), keys)
            yield Terminal(folder, environment, facts, identity.sign, stores, unlocked, self.now)
        finally:
            await stores.close()

    async def sync(self, terminal: Terminal) -> None:
        identity = TerminalIdentity(terminal.facts.terminal_no, self.keys[0])
        self.cloud.http.identity = identity
        stores = terminal.stores
        feeds = HttpFeeds(
            self.cloud.http,
            terminal.facts.feed_keys,
            digest_key=stores.replica.digest_key,
            on_parcel=stores.shelf.put,
        )
        assert (await SyncReplica(feeds, stores.replica, stores.ledger).round()).proven

    def maker(self, terminal: Terminal, environment: str = "training") -> BundleMaker:
        card = read_card(self.card, [key.key for key in terminal.facts.feed_keys])
        return BundleMaker(terminal.facts, environment, card, terminal.sign, self.now)

    def two(self, *numbers: int) -> Shares:
        """Return two officers who come together."""
        return lambda _: self.escrow.shares(*(numbers or (1, 3)))

    async def open(self, terminal: Terminal, path: Path, *numbers: int) -> dict[str, object]:
        file = BundleFile(path)
        file.verify()
        return await take_in(terminal, file, self.two(*numbers))


async def _lived(town: CarriedTown, folder: Path) -> None:
    """Let the town live for three versions, and make bundles on the way."""
    for _ in range(2):
        await town.enrol()
    since = town.heads()
    async with town.terminal(folder / "maker", 0) as maker:
        bundle_maker = town.maker(maker)
        await town.sync(maker)
        town.bundler.whole(town.file("early"))
        town.rename("渡邊　太郎", 4)
        town.protect()
        await town.sync(maker)
        town.rename("渡部　太郎", 5)
        await town.sync(maker)
        stores = maker.stores
        await bundle_maker.whole(town.file("terminal_whole"), stores.replica, stores.shelf, lambda _: None)
        await bundle_maker.delta(town.file("terminal_delta"), stores.shelf, since)
    town.bundler.whole(town.file("cloud_whole"))
    versions = {feed.value: version for feed, version in since.items()}
    town.bundler.delta(town.file("cloud_delta"), versions)


def a_carried_town(cloud: SmallCloud, folder: Path) -> CarriedTown:
    """Return a town and its bundles: early, cloud_whole, cloud_delta, terminal_whole, terminal_delta."""
    town = CarriedTown(cloud, folder, an_escrow())
    asyncio.run(_lived(town, folder))
    return town

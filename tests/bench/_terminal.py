"""A terminal as the product builds it, as far as it follows the register: its line, its jobs, its encrypted replica."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric import ec

from client.api.enrolment import EnrolmentDesk
from client.api.http import Http
from client.api.reply import Reply
from client.api.sync import HttpFeeds
from client.domain.enrolment import Enrolled
from client.domain.errors import LinkDownError
from client.domain.query import Query
from client.jobs.feed_ports import CloudFeeds
from client.jobs.sync_replica import SyncReplica
from client.rules.sync import RoundReport
from offline.store.identity import TerminalIdentity, signing_request
from offline.store.replica import Replica
from tests.replica_fakes import LandingBook

KEY = bytes(range(32))
Now = Callable[[], datetime]


@dataclass(frozen=True)
class Call:
    """A call that was made, and the bytes of HTTP it cost."""

    what: str  # method and path, without what is asked
    sent: int
    received: int


class ToldHttp(Http):
    """Http that remembers what was asked."""

    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, **more)
        self.calls: list[Call] = []

    async def call(self, method: str, path: str, **more: Any) -> Reply:
        """Make a call, and remember it whether or not it was answered."""
        before = self.bytes_sent, self.bytes_received
        try:
            return await super().call(method, path, **more)
        finally:
            sent, received = self.bytes_sent - before[0], self.bytes_received - before[1]
            self.calls.append(Call(f"{method} {_plain(path)}", sent, received))


def _plain(path: str) -> str:
    parts = path.partition("?")[0].split("/")
    return "/".join("…" if len(part) == 64 else part for part in parts)  # a chunk is named by its hash


@dataclass
class Terminal:
    """One that is enrolled."""

    http: ToldHttp
    told: Enrolled
    key: ec.EllipticCurvePrivateKey
    replica: Replica
    book: LandingBook = field(default_factory=LandingBook)

    @classmethod
    async def enrolled(cls, ready: Mapping[str, Any], port: int, token: str, folder: Path) -> Self:
        """Enrol at a cloud that is ready, by its own port or that of a door before it, and open an empty replica."""
        parts = str(ready["url"]).split("/")
        host, code = parts[2].rpartition(":")[0], parts[3]
        http = ToldHttp(f"https://{host}:{port}/{code}", None, now=now, ca_file=str(ready["ca_file"]))
        key = ec.generate_private_key(ec.SECP256R1())
        told = await EnrolmentDesk(http).enrol(token, signing_request(key), "bench")
        http.identity = TerminalIdentity(told.terminal_no, key)
        folder.mkdir(parents=True, exist_ok=True)
        made = cls(http, told, key, Replica(folder / "replica.db", now))
        await made.open()
        return made

    async def open(self) -> None:
        """Open the replica, as at unlock."""
        await self.replica.open(KEY, self.told.digest_key)

    @property
    def sync(self) -> SyncReplica:
        """Return the job that follows the register."""
        return SyncReplica(self.feeds, self.replica, self.book)

    @property
    def feeds(self) -> CloudFeeds:
        """Return the cloud's feeds as the job asks them."""
        return HttpFeeds(self.http, self.told.feed_keys, digest_key=self.replica.digest_key)

    async def equal(self) -> RoundReport:
        """Hold rounds until the replica is proven equal; LinkDownError as it comes."""
        sync = self.sync
        report = await sync.round()
        while report.more:
            report = await sync.round()
        if not report.proven:
            raise SystemExit("the replica is not proven equal")
        return report

    async def equal_at_last(self, patience: float) -> RoundReport:
        """Hold rounds, over a line that may fail any of them, until the replica is proven equal."""
        until = time.monotonic() + patience
        while True:
            try:
                return await self.equal()
            except LinkDownError:
                if time.monotonic() > until:
                    raise

    async def finds(self, typed: str, atena_no: str) -> bool:
        """Tell whether a search of the replica shows somebody."""
        hits = (await self.replica.find(Query(typed=typed), limit=50)).value
        return any(hit.atena_no == atena_no for hit in hits)

    async def close(self) -> None:
        """Close line and replica."""
        await self.http.close()
        await self.replica.close()


def now() -> datetime:
    return datetime.now(UTC)

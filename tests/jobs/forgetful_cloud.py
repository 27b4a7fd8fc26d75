"""The reference cloud in this process, which can be put back to its backup, and terminals with a ledger on disk at it."""

import shutil
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import httpx
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec

from client.api.commands import CommandBox
from client.api.enrolment import EnrolmentDesk
from client.api.http import Http
from client.domain.change import ChangeKind, ChangeState, NewChange, QueuedChange, change_key
from client.domain.errors import CounterError
from client.domain.resident import AtenaNo
from client.domain.terminal import facts_of
from client.jobs.reconcile_outbox import ReconcileOutbox
from client.jobs.send_outbox import SendOutbox, SendReport
from cloud import storage
from cloud.app import create_app
from cloud.tenant import Tenant, open_tenant
from offline.store.identity import TerminalIdentity, signing_request
from offline.store.ledger import LedgerFile
from tests.api.small_cloud import CODE, town
from tests.builders import HANAKO, TARO, a_tenkyo_payload
from tests.cloud.cloud_builders import QUICK
from tests.fakes import FakeClock, MemoryLink, counted_random
from tests.store_builders import an_issue

KEY = b"l" * 32
KEEP = timedelta(days=35)
BASES = {TARO: 3, HANAKO: 5}


class Way(httpx.AsyncBaseTransport):
    """The way to whatever cloud is there now; keeps every body that went over it."""

    def __init__(self) -> None:
        self.there: httpx.ASGITransport | None = None
        self.bodies: list[tuple[str, bytes, bytes]] = []
        self.lose = 0  # answers to the next batches

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.there is None:
            raise httpx.ConnectError("nobody there")
        answer = await self.there.handle_async_request(request)
        told = await answer.aread()
        self.bodies.append((request.url.path, request.content, told))
        if self.lose and request.url.path.endswith("/v1/commands"):
            self.lose -= 1
            raise httpx.ReadError("heard, and the answer is lost")
        return httpx.Response(
            answer.status_code, headers=answer.headers, stream=httpx.ByteStream(told), request=request
        )

    def calls(self, end: str) -> int:
        return sum(path.endswith(end) for path, _, _ in self.bodies)


class ForgetfulCloud:
    """A town's cloud, its backup, and a clock of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.backup = folder / "cloud", folder / "backup"
        self.clock = FakeClock()
        self.way = Way()
        self.tenant = self.start()

    def start(self) -> Tenant:
        self.tenant = open_tenant(
            self.folder, CODE, town=lambda: list(town()), staff=[], rules=QUICK, now=self.clock
        )
        self.way.there = httpx.ASGITransport(app=create_app(self.tenant, training=True))
        return self.tenant

    def stop(self) -> None:
        self.way.there = None
        self.tenant.close()

    def back_up(self) -> None:
        self.stop()
        shutil.copytree(self.folder, self.backup)
        self.start()

    def put_back(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)
        shutil.copytree(self.backup, self.folder)
        self.start()

    def column(self, column: sa.Column[str]) -> list[str]:
        with self.tenant.engine.connect() as connection:
            return list(connection.execute(sa.select(column).order_by(sa.text("rowid"))).scalars())

    @property
    def intakes(self) -> list[str]:
        return self.column(storage.intake_case.c.command_key)

    @property
    def issues(self) -> list[str]:
        return self.column(storage.issue_book.c.command_key)


@dataclass
class Terminal:
    """A terminal at it, with a clock that may be wrong."""

    cloud: ForgetfulCloud
    folder: Path
    off: timedelta = timedelta(0)
    ahead: timedelta = timedelta(0)
    named: list[CounterError] = field(default_factory=list)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    _random = staticmethod(counted_random())
    _moves = count(1)

    def now(self) -> datetime:
        return self.cloud.clock() + self.off

    async def open(self) -> "Terminal":
        self.http = Http("https://cloud.example", None, now=self.now, transport=self.cloud.way)
        desk = EnrolmentDesk(self.http)
        token = self.cloud.tenant.terminals.new_token()
        enrolled = await desk.enrol(token, signing_request(self.key), "本庁1")
        identity = TerminalIdentity(enrolled.terminal_no, self.key)
        await desk.leave(b"sealed keys", identity)
        self.http.identity = identity
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ledger = LedgerFile(
            self.folder, facts_of(enrolled, "https://cloud.example"), self.now, identity.sign
        )
        await self.ledger.open(KEY, begun=False)
        self.box = CommandBox(self.http, enrolled.terminal_no)
        self.number = enrolled.terminal_no
        self.begin()
        return self

    def begin(self) -> None:
        """Begin as a program that was just started."""
        self.reconcile = ReconcileOutbox(self.box, self.ledger, MemoryLink(), now=self.now, keep=KEEP)
        self.reconcile.named = self.named.append
        self.sender = SendOutbox(
            self.reconcile,
            self.ledger,
            MemoryLink(),
            now=lambda: self.now() + self.ahead,  # back-off passes without waiting
            jitter=lambda: 0.5,
            before=self.reconcile.before,
        )

    async def close(self) -> None:
        await self.ledger.close()
        await self.http.close()

    async def drain(self, rounds: int = 1) -> SendReport:
        for _ in range(rounds):
            report = await self.sender.drain()
            self.ahead += timedelta(minutes=2)
        return report

    async def move(self, *who: AtenaNo, base: int = 0) -> str:
        """Take in a 転居届 of some people."""
        people = who or (TARO, HANAKO)
        payload = a_tenkyo_payload()
        to = {"town": "みどり県あおぞら市本町二丁目", "banchi": f"{next(self._moves)}番{self.number}号"}
        days = {name: self.now().date().isoformat() for name in ("ido_date", "todoke_date")}
        change = NewChange(
            key=change_key(self.now(), self._random(10)),
            kind=ChangeKind.TENKYO,
            residents=people,
            base={one: BASES[one] + base for one in people},
            payload={**payload, "subject": people[0], "members": list(people), "to": to, **days},
            made_at=self.now(),
            made_by="s001",
            todoke_date=self.now().date(),
        )
        await self.ledger.queue(change)
        self.cloud.clock.forward(timedelta(seconds=1))
        return change.key

    async def issue(self, times: int = 1) -> None:
        for _ in range(times):
            await self.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
            self.cloud.clock.forward(timedelta(seconds=1))

    async def states(self) -> dict[str, ChangeState]:
        return {change.key: change.state for change in await self.ledger.outbox(settled=True)}

    async def one(self, key: str) -> QueuedChange:
        change = await self.ledger.change(key)
        assert change is not None
        return change

    async def land(self) -> None:
        """Let the replica reach everything."""
        await self.ledger.land(10**6)

    @property
    def codes(self) -> list[str]:
        return [error.code for error in self.named]

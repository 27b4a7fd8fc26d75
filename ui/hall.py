"""The roof of a hall server: doors, jobs and the server to the neighbours, opened together; no window, no Qt, no store."""

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path

import msgspec

from client import logs
from client.api.carried import SealedBox
from client.api.chunks import ChunkDoor
from client.api.enrolment import EnrolmentDesk, RenewalDesk
from client.api.http import Http
from client.api.parcels import ParcelDoor
from client.api.peers import PeerDesk
from client.api.upkeep import UpkeepDesk
from client.config import Config
from client.domain.errors import CounterError, LinkDownError, StoreError
from client.domain.feed import Feed
from client.domain.peer import PeerRole
from client.domain.terminal import OrderKind, TerminalFacts, TerminalState, facts_of
from client.jobs.keep_certificate import KeepCertificate
from client.jobs.keep_hall import KeepHall
from client.jobs.keep_lease import KeepLease
from client.jobs.pass_on import PassOn
from client.jobs.renew_certificate import RenewCertificate
from client.rules.peers import OwnTown, revoked_serials
from offline.hall.answers import Answers, Bell, Kept
from offline.hall.chunks import ChunkShelf
from offline.hall.holds import HoldShelf
from offline.hall.key_file import KeyFile
from offline.hall.relay import Carried
from offline.hall.server import PeerServer, problem
from offline.hall.talk import Asked, Given
from offline.hall.tls import serving
from offline.store.files import write_whole
from offline.store.identity import TerminalIdentity, signing_request
from offline.store.peer_file import PeerFile
from offline.store.shelf import Shelf
from offline.store.terminal_file import read_facts, write_facts
from ui.doors import http_of, token_of, utc_now

_FACTS = "terminal.json"
_HOLD_S = (
    25  # seconds the cloud is asked to hold an answer back: what is lost on the way is asked again so soon
)
_SHORTEST, _LONGEST = 1.0, 60.0  # seconds between tries while the cloud is away
_CARRY_EVERY, _TEND_EVERY, _SNAPSHOT_EVERY = 2.0, 60.0, timedelta(hours=1)
_REVOKED = "refused.terminal_revoked"


@dataclass(frozen=True, slots=True)
class Folder:
    """What lies in a hall server's folder; nothing of it tells of anybody."""

    path: Path
    facts: TerminalFacts
    identity: TerminalIdentity
    key: KeyFile

    @property
    def peer(self) -> PeerFile:
        """Return its lease and the list of those taken out."""
        return PeerFile(self.path)

    async def signing_request(self) -> str:
        """Return a request (PEM) for the key it has; fulfils the port ``OwnCertificate`` with ``keep``."""
        return self.identity.request()

    async def keep(self, facts: TerminalFacts) -> None:
        """Write the facts down, whole or not at all. StoreError."""
        write_facts(self.path / _FACTS, facts)

    def own_town(self) -> OwnTown:
        """Return what neighbours are held against."""
        facts, papers = self.facts, self.peer.read()
        revoked = revoked_serials(papers.crl, facts.ca) if papers else frozenset()
        return OwnTown(facts.municipality_code, facts.feed_keys, facts.ca, revoked)


async def serve(config: Config, secret: bytes, *, ready: Path | None = None) -> bool:
    """Serve until SIGTERM or SIGINT; False where the town took this machine out. CounterError."""
    stop = asyncio.Event()
    if sys.platform != "win32":  # there Ctrl+C ends it
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        folder = await _opened(config, KeyFile(config.terminal_dir, secret))
        http = http_of(config, folder.facts)
        http.identity = folder.identity
        stack.push_async_callback(http.close)
        hall = Hall(folder, http, metered=config.line_profile == "mobile")
        try:
            port = await hall.open(stack, config.serve_neighbours)
        except OSError as error:
            raise StoreError("store.in_use") from error  # the address is another program's
        if ready is not None:
            stack.callback(partial(ready.unlink, missing_ok=True))
            told = {"port": port, "pid": os.getpid(), "terminal_no": folder.facts.terminal_no}
            write_whole(ready, msgspec.json.encode(told))
        return await hall.run(stop)


class Hall:
    """A hall server at work."""

    def __init__(self, folder: Folder, http: Http, *, metered: bool) -> None:
        self._folder = folder
        self._http = http
        facts, path = folder.facts, folder.path
        self._bell = Bell()
        self._shelf = Shelf(path / "shelf", lambda: facts.feed_keys)
        self._chunks = ChunkShelf(path / "chunks", lambda: facts.feed_keys)
        self._carried = Carried(path / "carried")
        self._pass_on = PassOn(SealedBox(http), self._carried)
        self._held = HoldShelf(path / "holds", utc_now)
        door = ParcelDoor(http, facts.feed_keys)
        self._keep = KeepHall(
            door,
            ChunkDoor(http),
            shelf=self._shelf,
            snapshots=self._chunks,
            ring=self._bell.ring,
            metered=metered,
        )
        self._lease = KeepLease(PeerDesk(http), folder.peer, facts.feed_keys, facts.ca, now=utc_now)
        self._upkeep = UpkeepDesk(http, facts)
        renew = RenewCertificate(RenewalDesk(http), folder, now=utc_now)
        self._certificate = KeepCertificate(renew, facts, use=self._show)
        self._context: ssl.SSLContext | None = None
        self._refreshed = utc_now()
        self._carry_soon = asyncio.Event()
        self._out = asyncio.Event()  # the town took this machine out

    async def open(self, stack: AsyncExitStack, address: str) -> int:
        """Begin to serve; returns the port. OSError."""
        folder = self._folder
        kept = Kept(self._shelf, self._chunks, self._keep.fetch, self._take, self._bell, self._held)
        server = PeerServer(
            Answers(kept, folder.peer.read, utc_now), folder.own_town, folder.peer.read, now=utc_now
        )
        host, _, port = address.rpartition(":")
        self._context = context = serving(folder.identity, folder.facts.certificate, folder.facts.ca)
        stack.push_async_callback(server.close)
        return await server.open(context, host.strip("[]"), int(port))

    async def run(self, stop: asyncio.Event) -> bool:
        """Work until told to stop, or taken out."""
        loops = [
            asyncio.create_task(self._for_ever(work, pause))
            for work, pause in (
                (self._follow, lambda: asyncio.sleep(0)),
                (self._tend, lambda: asyncio.sleep(_TEND_EVERY)),
                (self._carry, self._until_carrying),
            )
        ]
        ends = [asyncio.create_task(stop.wait()), asyncio.create_task(self._out.wait())]
        try:
            await asyncio.wait([*ends, *loops], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*ends, *loops):
                task.cancel()
        for outcome in await asyncio.gather(*loops, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome  # a bug of ours: systemd starts it again
        return not self._out.is_set()

    async def _for_ever(
        self, work: Callable[[], Awaitable[None]], pause: Callable[[], Awaitable[object]]
    ) -> None:
        wait = _SHORTEST
        while not self._out.is_set():
            try:
                await work()
            except CounterError as error:
                if error.code == _REVOKED:
                    await self._leave()
                    return
                logs.logger().warning("trouble", **logs.facts_of(error))
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LONGEST)
            else:
                wait = _SHORTEST
                await pause()

    async def _show(self, facts: TerminalFacts) -> None:
        """Show a renewed certificate to whoever calls from now on; the lease is of the one before."""
        if self._context is not None:
            self._folder.identity.show_in(self._context, facts.certificate)
        self._folder.peer.forget()
        logs.logger().info("certificate renewed")

    async def _follow(self) -> None:
        await self._keep.follow(_HOLD_S)

    async def _tend(self) -> None:
        try:
            await self._certificate.round()
        except CounterError as error:  # the present one is good for a third of its life yet
            logs.logger().warning("certificate not renewed", **logs.facts_of(error))
        await self._lease.round()
        for order in await self._upkeep.orders():
            is_wipe = order.kind is OrderKind.WIPE
            await self._upkeep.done(order.order_id, "done" if is_wipe else "impossible")
            if is_wipe:
                await self._leave()
                return
        if utc_now() - self._refreshed >= _SNAPSHOT_EVERY:
            await self._keep.refresh()
            self._refreshed = utc_now()
        at = await self._keep.versions()
        await self._upkeep.tell(
            TerminalState(
                version("madoguchi"),
                at[Feed.REGISTER],
                at[Feed.BLOCKS],
                await self._carried.count(),
                None,
                self._http.clock_offset_ms,
            )
        )

    async def _take(self, asked: Asked) -> Given:
        """Take what a terminal hands over: on disk before it is told so."""
        try:
            sealed = msgspec.json.decode(asked.call.body, type=_Sealed).sealed
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return problem(422, "request.malformed")
        if not await self._carried.put(sealed):
            raise LinkDownError("link.busy")
        self._carry_soon.set()
        return Given(202, msgspec.json.encode({"kept": True}), route="/v1/carried")

    async def _carry(self) -> None:
        if refused := await self._pass_on.round():
            logs.logger().warning("not carried", count=refused)

    async def _until_carrying(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_CARRY_EVERY):
                await self._carry_soon.wait()
        self._carry_soon.clear()

    async def _leave(self) -> None:
        """Put an end to this machine: what it holds for the cloud was sealed, and its authors still have it."""
        folder = self._folder
        for _ in range(await self._carried.count()):  # what residents handed in gets in, whoever brings it
            with suppress(CounterError):
                await self._carry()
        folder.key.forget()
        folder.peer.forget()
        await self._shelf.clear()
        await self._held.clear()
        (folder.path / _FACTS).unlink(missing_ok=True)
        self._out.set()


class _Sealed(msgspec.Struct):
    sealed: bytes


async def _opened(config: Config, key: KeyFile) -> Folder:
    """Return the folder of a hall server, taken in by the town now where it was not yet."""
    path = config.terminal_dir
    facts, own = read_facts(path / _FACTS), key.read()
    if facts is None or own is None:
        facts = await _enrol(config, key)
        own = key.make()
    return Folder(path, facts, TerminalIdentity(facts.terminal_no, own), key)


async def _enrol(config: Config, key: KeyFile) -> TerminalFacts:
    token = token_of(config)
    http = http_of(config, None)
    try:
        request = signing_request(key.make())
        told = await EnrolmentDesk(http).enrol(token, request, config.terminal_name, role=PeerRole.HALL)
    finally:
        await http.close()
    facts = facts_of(told, config.cloud_url)
    write_facts(config.terminal_dir / _FACTS, facts)
    return facts

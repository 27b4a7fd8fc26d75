"""A terminal among its neighbours: it serves what it has, follows them while the cloud is away, hands its outbox over, and
shares with them, line or no line, what papers are held for.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from client import logs
from client.api.carried import CarriedBox
from client.api.commands import AnswerDesk
from client.api.hall_first import HallFirst, ParcelsHallFirst
from client.api.holds import HoldBox
from client.api.neighbours import NeighbourFeeds, NeighbourHttp
from client.api.parcels import ParcelDoor
from client.api.peers import PeerDesk
from client.api.sync import HttpFeeds
from client.config import Config
from client.domain.enrolment import key_in_force
from client.domain.errors import CounterError, StoreError
from client.domain.parcel import Parcel
from client.domain.terminal import TerminalFacts
from client.jobs.hand_over import HandOver
from client.jobs.keep_lease import KeepLease
from client.jobs.ports import Link
from client.jobs.settle_holds import SettleHolds
from client.jobs.share_holds import ShareHolds
from client.jobs.sync_replica import SyncReplica
from client.rules.peers import OwnTown
from client.rules.services import FEEDS
from offline.hall.answers import Answers, Kept
from offline.hall.hold_seal import HoldSealer
from offline.hall.server import PeerServer
from offline.hall.tls import serving
from offline.store.peer_file import PeerFile
from offline.store.seal import sealed_batch
from ui.doors import Doors, neighbour_http, own_town, utc_now

_TEND_EVERY, _HAND_OVER_EVERY, _SERVE_AGAIN = 60.0, 5.0, 60.0
_SHARE_EVERY, _SETTLE_EVERY = 5.0, 60.0


def by_the_hall(
    doors: Doors, cloud: HttpFeeds, on_parcel: Callable[[Parcel], Awaitable[None]]
) -> HttpFeeds | HallFirst:
    """Return the feeds by way of the hall server, where this house has one."""
    if doors.hall is None:
        return cloud
    digest_key = doors.stores.replica.digest_key
    hall = HttpFeeds(doors.hall, doors.facts.feed_keys, digest_key=digest_key, on_parcel=on_parcel)
    return HallFirst(hall, cloud, now=partial(_cloud_time, doors))


def parcels_by_the_hall(doors: Doors) -> ParcelDoor | ParcelsHallFirst:
    """Return the parcels by way of the hall server, where this house has one."""
    keys = doors.facts.feed_keys
    cloud = ParcelDoor(doors.http, keys)
    if doors.hall is None:
        return cloud
    return ParcelsHallFirst(ParcelDoor(doors.hall, keys), cloud, now=partial(_cloud_time, doors))


def _cloud_time(doors: Doors) -> datetime:
    return utc_now() + timedelta(milliseconds=doors.http.clock_offset_ms)


class Neighbourhood:
    """Loops that go on as long as the counter is open; what needs the stores waits until somebody has signed in."""

    def __init__(self, config: Config, doors: Doors, link: Link) -> None:
        self._doors = doors
        self._link = link
        self._serve_at = config.serve_neighbours
        self._context: ssl.SSLContext | None = None  # of those who call here
        self._every = timedelta(seconds=config.sync_seconds).total_seconds()
        self._peer = PeerFile(config.terminal_dir)
        facts, stores = doors.facts, doors.stores
        self._lease = KeepLease(PeerDesk(doors.http), self._peer, facts.feed_keys, facts.ca, now=utc_now)
        self._https = tuple(map(self._http, config.neighbour_addresses))
        feeds = NeighbourFeeds(
            self._https, facts.feed_keys, digest_key=stores.replica.digest_key, on_parcel=self._keep
        )
        self._sync = SyncReplica(feeds, stores.replica, stores.ledger, metered=lambda: True, now=utc_now)
        self._hand_over = self._carrier() if config.hall_url else None
        seal = HoldSealer(
            lambda: doors.facts_now.certificate,
            doors.vault.identity.sign,
            self._peer.read,
            self.own_town,
            stores.replica.digest_key,
        )
        boxes = {http.address: HoldBox(http) for http in self._https}
        self.holds = ShareHolds(stores.ledger, seal, boxes, now=utc_now)
        self.settle_holds = SettleHolds(
            AnswerDesk(doors.http), stores.ledger, stores.replica, link, now=utc_now
        )

    def loops(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """Return the loops the settings ask for; none where this terminal has no neighbours."""
        if not (self._serve_at or self._https):
            return ()
        found = [
            self._for_ever(self.tend, _TEND_EVERY),
            self._for_ever(self.settle_holds.round, _SETTLE_EVERY),
        ]
        if self._serve_at:
            found.append(self._serve())
        if self._https:
            found += [
                self._for_ever(self.follow, self._every),
                self._for_ever(self.holds.round, _SHARE_EVERY),
            ]
        if self._hand_over is not None:
            found.append(self._for_ever(self.give, _HAND_OVER_EVERY))
        return tuple(found)

    async def show(self, facts: TerminalFacts) -> None:
        """Show a renewed certificate to whoever calls from now on; who is connected stays so."""
        if self._context is not None:
            show_in = self._doors.vault.identity.show_in
            await asyncio.to_thread(show_in, self._context, facts.certificate)

    async def close(self) -> None:
        """Close the connections."""
        for http in self._https:
            await http.close()

    def _http(self, address: str) -> NeighbourHttp:
        return neighbour_http(address, self._doors.vault.identity, lambda: self._doors.facts_now, self._peer)

    def _carrier(self) -> HandOver:
        facts = self._doors.facts

        def seal(content: bytes) -> bytes:
            return sealed_batch(content, key_in_force(facts.command_keys, utc_now()), facts.municipality_code)

        box = CarriedBox(self._https[0], facts.terminal_no, seal)
        return HandOver(box, self._doors.stores.ledger, now=utc_now)

    def own_town(self) -> OwnTown:
        """Return what neighbours are held against."""
        return own_town(self._doors.facts_now, self._peer)

    async def _keep(self, parcel: Parcel) -> None:
        with suppress(StoreError):  # a full disk is the outbox's affair first; the replica follows without
            await self._doors.stores.shelf.put(parcel)

    async def tend(self) -> None:
        """Keep lease and revocation list young while there is a line."""
        if self._link.usable:
            await self._lease.round()

    async def follow(self) -> None:
        """Take from the neighbours all that leads on, parcel by parcel, while the cloud's feeds cannot be used."""
        while not self._link.usable_for(FEEDS) and (await self._sync.round()).changes:
            pass

    async def give(self) -> None:
        """Hand the outbox to the hall server while the cloud cannot be used."""
        while self._hand_over is not None and not self._link.usable and await self._hand_over.round():
            pass

    async def _serve(self) -> None:
        """Serve what is on the shelf; where the address is taken, try again later."""
        facts, shelf = self._doors.facts_now, self._doors.stores.shelf
        server = PeerServer(
            Answers(Kept(shelf, held=self.holds), self._peer.read, utc_now),
            self.own_town,
            self._peer.read,
            now=utc_now,
        )
        host, _, port = self._serve_at.rpartition(":")
        context = await asyncio.to_thread(serving, self._doors.vault.identity, facts.certificate, facts.ca)
        self._context = context
        try:
            while True:
                try:
                    await server.open(context, host.strip("[]"), int(port))
                except OSError:
                    logs.logger().warning("neighbours not served", code="store.in_use")
                    await asyncio.sleep(_SERVE_AGAIN)
                else:
                    await asyncio.Event().wait()
        finally:
            await server.close()

    async def _for_ever(self, work: Callable[[], Awaitable[object]], every: float) -> None:
        """Do a piece of work again and again; that a neighbour is not there is no news to a clerk."""
        told = ""
        while True:
            try:
                await work()
            except CounterError as error:
                if error.code not in {told, "store.no_keys"}:  # nobody is signed in
                    logs.logger().info("neighbour trouble", **logs.facts_of(error))
                told = error.code
            else:
                told = ""
            await asyncio.sleep(every)

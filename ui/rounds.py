"""What goes on by itself while somebody is signed in: the line is watched, the outbox sent, the replica kept,
the status bar told. Nothing here decides; jobs do.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from client.domain.change import OutboxCounts
from client.domain.declaration import Declaration
from client.domain.doubtful import DoubtCounts
from client.domain.errors import CounterError, LinkDownError, RefusedError, StoreError
from client.domain.feed import Feed, Position
from client.jobs.count_bytes import CountBytes
from client.jobs.cross_line import CrossLine
from client.jobs.declare_deputy import EndDeputy
from client.jobs.feed_ports import ReplicaFiles
from client.jobs.heed_orders import HeedOrders
from client.jobs.keep_at_night import KeepAtNight
from client.jobs.ports import Ledger, Now
from client.jobs.reconcile_outbox import ReconcileOutbox
from client.jobs.scrub_replica import EVERY, ScrubReplica
from client.jobs.send_attachments import SendAttachments
from client.jobs.send_journal import SendJournal
from client.jobs.send_outbox import SendOutbox
from client.jobs.sync_replica import SyncReplica, either
from client.jobs.take_chunks import Progress
from client.jobs.tell_state import TellState
from client.jobs.watch_link import LinkWatch
from client.rules.modes import StopReason
from client.rules.services import FEEDS
from client.rules.sync import RoundReport
from client.rules.traffic import Kind
from ui import status
from ui.line_facts import line_shown, uplinks_shown

_SEND_EVERY = 5.0
_LOOK_EVERY = 1.0
_MEND_EVERY = 10.0
_AFTER_TROUBLE = 20.0
# The cloud must be mended first and sends the same until then; no longer, for each round brings the blocks first.
_AFTER_FORBIDDEN = 300.0
_TELL_EVERY = 60.0
_KEEP_COUNTS_EVERY = 60.0
_TELL_UNSENT_EVERY = timedelta(seconds=60)
_DOUBTED = frozenset(
    {"link.unsigned", "link.stale", "link.backwards"}
)  # said once; a fault may be a cloud out of order
_FAULT = "link.fault"


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The jobs that go on, and the files whose state is shown."""

    watch: LinkWatch
    send: SendOutbox
    sync: SyncReplica
    scrub: ScrubReplica
    ledger: Ledger
    replica: ReplicaFiles
    now: Now
    sync_every: timedelta
    tell: TellState
    crossing: CrossLine
    count: CountBytes
    damage_found: Callable[[], bool] = lambda: False  # of the replica, since the stores were opened
    write_down: Callable[[str, Mapping[str, str | int]], None] = lambda _what, _facts: (
        None
    )  # for ``madoguchi status``
    night: KeepAtNight | None = None
    orders: HeedOrders | None = None
    check: Callable[[], Awaitable[int]] | None = None  # of the papers issued off line
    shelter: Callable[[], Awaitable[int]] | None = None  # of what was taken in of people protected since
    doubts: Callable[[], Awaitable[DoubtCounts]] | None = None
    reconcile: ReconcileOutbox | None = None
    attachments: SendAttachments | None = None
    journal: SendJournal | None = None
    erasing: Callable[[], bool] = lambda: False  # then nothing more is laid by
    declared: Callable[[], Declaration | None] = lambda: None
    deputy: EndDeputy | None = None


class Rounds:
    """Runs the loops and keeps the facts of the status bar."""

    def __init__(
        self,
        upkeep: Upkeep,
        *,
        printer: str,
        show: Callable[[status.Facts, datetime], None],
        trouble: Callable[[CounterError], None],
        repaired: Callable[[RoundReport], object] = lambda _: None,
    ) -> None:
        self._upkeep = upkeep
        self._show = show
        self._trouble = trouble
        self._repaired = repaired
        self._wanted = asyncio.Event()
        self._proven_again = asyncio.Event()  # a round was held
        self._sent = asyncio.Event()  # commands went, and what lies beside them may follow
        self._told: set[str] = set()
        self._damage_told = False
        self._unsent, self._unsent_told = (-1, -1), datetime.min.replace(tzinfo=UTC)
        self._on_line = (upkeep.watch.uplink, False)
        self.followed: Callable[[], object] = lambda: None  # the replica has changed
        self.facts = status.Facts(metered=upkeep.watch.metered, printer=printer)
        upkeep.watch.changed(self._on_line_changed)
        if upkeep.reconcile is not None:
            upkeep.reconcile.named = self._on_named

    def wake(self) -> None:
        """Send soon: something was written."""
        self._wanted.set()

    def printer_wants(self, wants: str) -> None:
        """Hear what the printer wants; empty when all is well."""
        self.facts = replace(self.facts, printer_wants=wants)
        self.tell()

    def filling(self, progress: Progress) -> None:
        """Hear how far a first fill is, or a mending."""
        self.facts = status.with_fill(self.facts, progress, self._upkeep.now())

    async def send(self) -> None:
        """Send what waits, for ever."""
        while True:
            self._wanted.clear()
            await self._outlive(self._send)
            await self._look()
            await either(self._wanted.wait(), asyncio.sleep(_SEND_EVERY))

    async def send_attachments(self) -> None:
        """Send what lies beside changes, for ever; the job itself lets commands go first."""
        attachments = self._upkeep.attachments
        while attachments is not None:
            await self._outlive(self._send_attachments)
            await either(self._sent.wait(), asyncio.sleep(_SEND_EVERY))
            self._sent.clear()

    async def sync(self) -> None:
        """Keep the replica, for ever."""
        upkeep = self._upkeep
        while True:
            trouble = await self._outlive(
                lambda: upkeep.sync.run(
                    lambda: upkeep.watch.usable_for(FEEDS),
                    asyncio.sleep,
                    every=upkeep.sync_every,
                    on_report=self._on_report,
                    on_failure=self._on_failure,
                )
            )
            self._blocks_asked()
            await asyncio.sleep(wait_after(trouble))

    async def check_papers(self) -> None:
        """After each round ask what the register knew of papers issued off line, for ever; it costs nothing without any."""
        while True:
            await self._proven_again.wait()
            self._proven_again.clear()
            await self._outlive(self._check_papers)

    async def keep_at_night(self) -> None:
        """Lay by what the town says while nobody is signed in, until cancelled."""
        watch, night = self._upkeep.watch, self._upkeep.night
        while night is not None:
            await self._outlive(
                lambda: night.run(
                    lambda: watch.usable and not self._upkeep.erasing(),
                    asyncio.sleep,
                    on_failure=watch.note_failure,
                )
            )
            await asyncio.sleep(_AFTER_TROUBLE)

    async def heed_orders(self) -> None:
        """Do what the town orders this terminal, for ever, whether anybody is signed in or not."""
        watch, orders = self._upkeep.watch, self._upkeep.orders
        if orders is not None:
            orders.begin()
            await orders.load()
            await orders.run(
                lambda: watch.usable, lambda: watch.metered, orders.rest, on_failure=watch.note_failure
            )

    async def mend(self) -> None:
        """Save what can be read of a damaged replica, for ever; off line the counter goes on with that."""
        while True:
            if self._upkeep.damage_found():
                await self._outlive(self._upkeep.sync.mend)
            await asyncio.sleep(_MEND_EVERY)

    async def scrub(self) -> None:
        """Read the rows of the replica anew, a few at a time, for ever."""
        while True:
            await asyncio.sleep(EVERY.total_seconds())
            await self._outlive(self._upkeep.scrub.idle_step)

    async def tell_cloud(self) -> None:
        """Tell the cloud how this terminal is, for ever; not while a sign-in is still busy."""
        while True:
            await asyncio.sleep(_TELL_EVERY)
            await self._outlive(self._upkeep.tell.round)

    async def keep_counts(self) -> None:
        """Write down now and then, and at the end, what each line carried."""
        try:
            while True:
                await asyncio.sleep(_KEEP_COUNTS_EVERY)
                await self._upkeep.count.keep()
        finally:
            await self._upkeep.count.keep()

    def note_session(self, *, sign_in_again: bool) -> None:
        """Hear whether a new sign-in would bring the newest data."""
        self.facts = replace(self.facts, sign_in_again=sign_in_again)

    async def look(self) -> None:
        """Tell the status bar every second while the stores are open."""
        while True:
            await self._look()
            self.tell()
            await asyncio.sleep(_LOOK_EVERY)

    def tell(self) -> None:
        """Show the facts as of now."""
        watch = self._upkeep.watch
        self._upkeep.count.look()
        self.facts = replace(
            self.facts,
            line=line_shown(watch),
            ms=watch.last_ms,
            metered=watch.metered,
            affected=watch.affected,
            carrying=watch.uplink,
            uplinks=uplinks_shown(watch, self._upkeep.count),
        )
        since = self._upkeep.watch.state.since
        self._show(replace(self.facts, line_since=since), self._upkeep.now())

    async def _send(self) -> None:
        if self._upkeep.journal is not None:
            await self._upkeep.journal.round()
        if not self._upkeep.crossing.may(Kind.OUTBOX):
            return
        report = await self._upkeep.send.drain()
        if report.accepted:
            self._upkeep.sync.wake()
            self._sent.set()
        stopped = self._upkeep.send.stopped
        if stopped is not None and not isinstance(stopped, LinkDownError):
            raise stopped  # told once; the line's own trouble stands in the status bar

    async def _check_papers(self) -> None:
        if self._upkeep.shelter is not None:
            await self._upkeep.shelter()
        if self._upkeep.check is not None:
            with suppress(LinkDownError):  # the line is the round's to judge; asked again after the next
                await self._upkeep.check()

    async def _send_attachments(self) -> None:
        if self._upkeep.attachments is not None:
            brought = await self._upkeep.attachments.drain()
            if brought.parts:
                self._upkeep.crossing.went(Kind.ATTACHMENTS)

    async def _look(self) -> None:
        try:
            position = await self._upkeep.replica.position()
        except StoreError:
            position = Position(None, None)
        self._tell_damage()
        try:
            counts = await self._upkeep.ledger.outbox_counts()
            doubts = await self._upkeep.doubts() if self._upkeep.doubts is not None else DoubtCounts()
        except StoreError:
            return  # the stores are being closed
        self._tell_unsent(counts)
        beside = (counts.attachments, counts.attachments_lost)
        if beside != (self.facts.attachments, self.facts.attachments_lost):
            self._upkeep.write_down("attachments", {"waiting": beside[0], "lost": beside[1]})
        filling = self.facts.filling and position.register is None
        declared, register = self._upkeep.declared(), position.register
        ends = self._upkeep.deputy
        deputy = None if ends is None else await ends(register.at if register else None)
        facts = replace(
            self.facts,
            position=position,
            filling=filling,
            doubtful=doubts.open,
            declared_until=declared.until if declared else None,
            deputy_until=deputy.last_day if deputy else None,
        )
        self.facts = status.with_outbox(facts, counts)
        self._upkeep.watch.note_unsent(self.facts.waiting)

    def _tell_unsent(self, counts: OutboxCounts) -> None:
        """Write down how much was not sent, for who looks while the book is shut; seldom, for it waits for the disk."""
        told, now = (counts.waiting, counts.wants_a_clerk), self._upkeep.now()
        turned = bool(told[0]) != bool(self._unsent[0])
        if told != self._unsent and (
            turned or not timedelta(0) <= now - self._unsent_told < _TELL_UNSENT_EVERY
        ):
            self._unsent, self._unsent_told = told, now
            self._upkeep.write_down("outbox", {"waiting": told[0], "wants_a_clerk": told[1]})

    def _tell_damage(self) -> None:
        """Say once that the replica was damaged: what still works, and that it is fetched anew."""
        found = self._upkeep.damage_found()
        if found and not self._damage_told:
            self._trouble(StoreError("store.damaged_replica"))
        self._damage_told = found

    def _on_line_changed(self) -> None:
        on_line = (self._upkeep.watch.uplink, self._upkeep.watch.usable)
        if on_line != self._on_line:
            self._on_line = on_line
            self._upkeep.crossing.line_changed()
        if self._upkeep.watch.usable:
            self._wanted.set()
            self._upkeep.sync.wake()
        self.tell()

    def _blocks_asked(self) -> None:
        """Let what comes after the blocks go, whatever came of them."""
        held = not self._upkeep.crossing.may(Kind.OUTBOX)
        self._upkeep.crossing.went(Kind.BLOCKS)
        if held:
            self._wanted.set()

    def _on_failure(self, error: LinkDownError) -> None:
        """Tell the line from what came over it: where that is not to be believed, the line is good all the same."""
        self._blocks_asked()
        doubted = error.code in _DOUBTED
        self._not_taken(error.code if doubted or error.code == _FAULT else "")
        if not doubted:
            self._upkeep.watch.note_failure(error)
        elif error.code not in self._told:
            self._told.add(error.code)
            self._trouble(error)

    def _on_report(self, report: RoundReport) -> None:
        self._upkeep.watch.note_feeds()
        self._proven_again.set()
        self._blocks_asked()
        if any(one.feed is Feed.REGISTER for one in report.feeds):
            self._upkeep.crossing.went(Kind.DELTAS)
        self.facts = replace(self.facts, needs_fill=report.needs_fill)
        self._not_taken("")
        if report.repaired:
            self._upkeep.write_down("repair", {"buckets": report.repaired, "rows": report.rows})
            self._repaired(report)
        if report.proven:
            self._upkeep.watch.note_proven()
        self._told.clear()
        if report.filled or any(one.changes or one.repaired for one in report.feeds):
            self.followed()

    def _on_named(self, error: CounterError) -> None:
        """Hear what the cloud has forgotten, or holds unbidden."""
        self._upkeep.write_down("outbox", {"code": error.code, **error.facts})
        self._trouble(error)

    def _not_taken(self, code: str) -> None:
        if code != self.facts.not_taken:
            self.facts = replace(self.facts, not_taken=code)
            self._upkeep.write_down("not_taken", {"code": code})

    async def _outlive(self, work: Callable[[], Awaitable[None]]) -> CounterError | None:
        """Do one piece of work; known trouble is shown once and returned, and the loop goes on."""
        try:
            await work()
        except LinkDownError as error:
            self._upkeep.watch.note_failure(error)
            return error
        except CounterError as error:
            if isinstance(error, RefusedError) and error.code == "refused.terminal_revoked":
                self._upkeep.watch.stop(StopReason.REVOKED)
                if self._upkeep.orders is not None:
                    self._upkeep.orders.ask_now()
            if error.code == "store.no_keys":
                return error  # the clerk has locked, and the stores are being closed
            if error.code not in self._told:
                self._told.add(error.code)
                self._trouble(error)
            return error
        return None


def wait_after(trouble: CounterError | None) -> float:
    """Return how many seconds the replica waits for its next try: what only IT staff can mend is not asked for hot."""
    forbidden = trouble is not None and trouble.code == "store.forbidden_number"
    return _AFTER_FORBIDDEN if forbidden else _AFTER_TROUBLE

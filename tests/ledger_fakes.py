"""A working stand-in for the ledger, held to the same tables of states, and the clock it is written by."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from client.domain.as_of import Source
from client.domain.attachment import Attached
from client.domain.certificate import (
    IssuedCopy,
    SerialNo,
    SheetState,
)
from client.domain.change import (
    OFFICE_NOTE,
    ChangeKind,
    ChangeState,
    Fate,
    NewChange,
    OutboxCounts,
    QueuedChange,
    Receipt,
    change_key,
)
from client.domain.errors import RefusedError, StoreError
from client.domain.hold import Hold
from client.domain.release import Release
from client.domain.resident import AtenaNo
from client.jobs.ports import IssueDraft, JournalEntry
from client.rules import issuing, outbox
from client.rules.holds import hold_of, rules_still
from client.rules.serials import next_serial
from tests.builders import NOW


@dataclass
class FakeClock:
    """A clock that moves only when told to."""

    time: datetime = NOW

    def __call__(self) -> datetime:
        return self.time

    def forward(self, by: timedelta) -> None:
        self.time += by


def counted_random() -> Callable[[int], bytes]:
    """Random bytes that never repeat and are the same in every run."""
    count = 0

    def some(size: int) -> bytes:
        nonlocal count
        count += 1
        return count.to_bytes(size)

    return some


@dataclass
class MemoryLedger:
    """ports.Ledger in memory, held to the same tables of states."""

    now: Callable[[], datetime] = field(default_factory=FakeClock)
    terminal: str = "T0001"
    journal: list[JournalEntry] = field(default_factory=list)
    changes: dict[str, QueuedChange] = field(default_factory=dict)
    copies: dict[int, IssuedCopy] = field(default_factory=dict)
    times: list[datetime] = field(default_factory=list)
    full: bool = False
    heard: list[Hold] = field(default_factory=list)  # of neighbours
    _random: Callable[[int], bytes] = field(default_factory=counted_random)

    async def record(self, entry: JournalEntry) -> None:
        self._room()
        self.record_at(entry)

    def record_at(self, entry: JournalEntry) -> None:
        """Append a line at the time it is now; an online sign-in makes the times before it count no more."""
        if entry.kind == "sign_in" and entry.facts.get("how") == "online":
            self.times.clear()
        self.times.append(self.now())
        self.journal.append(entry)

    async def issue(self, draft: IssueDraft, *, actor: str, clock_offset_ms: int) -> IssuedCopy:
        self._room()
        serial = SerialNo(draft.day, "あおぞら市", self.terminal, draft.printer, next_serial(*self.copies))
        copy = IssuedCopy(
            serial=serial,
            kind=draft.request.kind,
            subject=draft.request.subject,
            pages=draft.pages,
            state=SheetState.COMMITTED,
            issued_at=self.now(),
            fee_yen=draft.fee_yen,
        )
        self.copies[serial.serial] = copy
        facts = {"serial": serial.key} | ({"decided_by": draft.decided_by} if draft.decided_by else {})
        self.record_at(JournalEntry("issue", actor, draft.request.members, facts))
        offline = draft.decided.as_of.source is Source.REPLICA
        payload: dict[str, object] = {"serial": serial.key, "fee_yen": draft.fee_yen, "offline": offline}
        self._fact(ChangeKind.ISSUED, payload, draft.request.members, actor, clock_offset_ms)
        if draft.fee_yen:
            self._fact(ChangeKind.FEE, payload, (), actor, clock_offset_ms)
        return copy

    async def release(self, release: Release) -> None:
        self._room()
        facts: dict[str, str | int] = {
            "key": release.key,
            "officer": release.officer,
            "second": release.second,
            "offline": int(release.offline),
        }
        self.record_at(JournalEntry("release", release.clerk, release.request.members, facts))
        told: dict[str, object] = {
            "officer": release.officer,
            "second": release.second,
            "reason": release.reason,
        }
        self._fact(ChangeKind.RELEASE, told, release.request.members, release.clerk, 0)

    async def note_sheet(
        self, serial: SerialNo, state: SheetState, *, actor: str, reason: str = "", pdf_hash: str = ""
    ) -> None:
        self._room()
        copy = self.copies[serial.serial]
        if copy.state is state:
            return
        if not issuing.may_become(copy.state, state):
            raise RefusedError("refused.input", field="state")
        self.copies[serial.serial] = replace(copy, state=state)
        self.record_at(JournalEntry(state.value, actor, (copy.subject,), {"serial": serial.key}))
        fact = {SheetState.HANDED_OVER: ChangeKind.HANDED_OVER, SheetState.SPOILED: ChangeKind.SPOILED}.get(
            state
        )
        if fact:
            self._fact(fact, {"serial": serial.key, "reason": reason}, (copy.subject,), actor, 0)

    async def open_sheets(self) -> tuple[IssuedCopy, ...]:
        return tuple(copy for _, copy in sorted(self.copies.items()) if issuing.is_open(copy.state))

    async def queue(self, change: NewChange) -> QueuedChange:
        self._room()
        if change.key in self.changes:
            return self.changes[change.key]
        if change.supersedes and self.changes[change.supersedes].state is not ChangeState.LANDED:
            await self.settle(change.supersedes, ChangeState.SUPERSEDED)
        elif change.supersedes and await self.rewritten((change.supersedes,)):
            raise RefusedError("refused.under_way")
        if change.supersedes:
            what = "to_office" if OFFICE_NOTE in change.payload else "rewritten"
            facts: dict[str, str | int] = {"what": what, "key": change.key, "supersedes": change.supersedes}
            self.record_at(JournalEntry("intake", change.made_by, change.residents, facts))
        if change.received_by:
            by = {"key": change.key, "decided_by": change.made_by}
            self.record_at(JournalEntry("intake", change.received_by, change.residents, by))
        return self._add(change)

    async def outbox(self, *, settled: bool = False) -> tuple[QueuedChange, ...]:
        over = {ChangeState.LANDED, ChangeState.WITHDRAWN, ChangeState.SUPERSEDED}
        return tuple(one for one in self.changes.values() if settled or one.state not in over)

    async def change(self, key: str) -> QueuedChange | None:
        return self.changes.get(key)

    async def changes_of(
        self, residents: tuple[AtenaNo, ...], *, settled: bool = False
    ) -> tuple[QueuedChange, ...]:
        return tuple(one for one in await self.outbox(settled=settled) if set(residents) & set(one.residents))

    async def recent(self, limit: int) -> tuple[QueuedChange, ...]:
        def rank(change: QueuedChange) -> int:
            return 0 if outbox.needs_a_person(change) else 1 if change.state in outbox.UNDER_WAY else 2

        found: list[QueuedChange] = []
        for place, newest_first in ((0, False), (1, False), (2, True)):
            group = [one for one in self.changes.values() if rank(one) == place]
            found += sorted(group, key=lambda one: one.seq, reverse=newest_first)[:limit]
        return tuple(sorted(found, key=lambda one: one.seq))

    async def changes_by(self, keys: Collection[str]) -> tuple[QueuedChange, ...]:
        return tuple(one for one in self.changes.values() if one.key in keys)

    async def called(self, keys: Collection[str]) -> frozenset[str]:
        told = {one.facts["change"] for one in self.journal if one.kind == "call_back"}
        return frozenset(key for key in keys if key in told)

    async def rewritten(self, keys: Collection[str]) -> frozenset[str]:
        def stands(key: str) -> bool:
            return any(
                stands(one.key)
                if one.state is ChangeState.SUPERSEDED
                else one.state is not ChangeState.WITHDRAWN
                for one in self.changes.values()
                if one.supersedes == key
            )

        return frozenset(filter(stands, keys))

    async def note_call(self, key: str, *, actor: str) -> None:
        if key not in await self.called((key,)):
            await self.record(JournalEntry("call_back", actor, self.changes[key].residents, {"change": key}))

    async def outbox_counts(self) -> OutboxCounts:
        waiting = [one for one in self.changes.values() if one.state in outbox.UNDER_WAY]
        asking = [one for one in self.changes.values() if outbox.needs_a_person(one)]
        tries = [one.next_try_at for one in waiting if one.next_try_at]
        oldest = min((one.made_at for one in waiting), default=None)
        beside = [one.attached for one in self.changes.values()]
        left, lost = sum(one.of - one.there - one.lost for one in beside), sum(one.lost for one in beside)
        return OutboxCounts(len(waiting), len(asking), min(tries, default=None), oldest, left, lost)

    async def ready(self, now: datetime, *, limit: int, alone_after: int) -> tuple[QueuedChange, ...]:
        found = outbox.ready(self.changes.values(), now)
        together = tuple(one for one in found if one.attempts < alone_after)[:limit]
        return together or tuple(sorted(found, key=lambda one: one.attempts)[:1])

    async def lease(self, keys: tuple[str, ...], *, now: datetime) -> None:
        states = {
            key: outbox.step(self.changes[key].state, outbox.Event.PICKED) for key in keys
        }  # all or none
        for key, state in states.items():
            change = self.changes[key]
            self.changes[key] = replace(change, state=state, attempts=change.attempts + 1)

    async def settle(
        self, key: str, state: ChangeState, *, receipt: Receipt | None = None, words: str = ""
    ) -> None:
        change = self.changes[key]
        if not outbox.may_become(change.state, state):
            if state in {ChangeState.WITHDRAWN, ChangeState.SUPERSEDED} and state is not change.state:
                raise RefusedError("refused.input", field="state")
            return  # the first answer stands
        self.changes[key] = replace(change, state=state, receipt=receipt, last_words=words, next_try_at=None)

    async def settle_all(self, fates: tuple[Fate, ...]) -> None:
        for fate in fates:
            await self.settle(fate.key, fate.state, receipt=fate.receipt, words=fate.words)
            if not fate.counts:
                one = self.changes[fate.key]
                self.changes[fate.key] = replace(one, attempts=max(one.attempts - 1, 0))
            if fate.next_try_at is not None:
                await self.postpone((fate.key,), next_try_at=fate.next_try_at, words=fate.words)

    async def send_again(self, key: str, *, actor: str) -> None:
        self._room()
        change = self.changes[key]
        if not change.is_parked:
            raise RefusedError("refused.under_way")
        self.changes[key] = replace(change, next_try_at=self.now(), last_words="")
        facts = {"what": "sent_again", "change": key}
        self.record_at(JournalEntry("intake", actor, change.residents, facts))

    async def withdraw(self, key: str, *, actor: str, reason: str, why: str = "other") -> None:
        self._room()
        before = self.changes[key]
        await self.settle(key, ChangeState.WITHDRAWN, words=reason)
        if self.changes[key] is not before:
            facts = {"what": "withdrawn", "change": key, "why": why}
            self.record_at(JournalEntry("intake", actor, before.residents, facts, reason))

    async def holds_on(self, residents: Iterable[AtenaNo]) -> tuple[Hold, ...]:
        wanted = set(residents)
        return tuple(hold for hold in self._holds() if wanted & set(hold.residents))

    async def holds_of(self, kind: ChangeKind, blocks_at: datetime) -> tuple[Hold, ...]:
        return tuple(hold for hold in self._holds() if hold.kind is kind and rules_still(hold, blocks_at))

    def _holds(self) -> list[Hold]:
        own = (hold_of(change, self.terminal) for change in self.changes.values())
        return [*(hold for hold in own if hold), *self.heard]

    async def latest_time(self) -> datetime | None:
        return max(self.times, default=None)

    async def postpone(self, keys: tuple[str, ...], *, next_try_at: datetime, words: str) -> None:
        for key in keys:
            self.changes[key] = replace(self.changes[key], next_try_at=next_try_at, last_words=words)

    async def land(self, register_version: int) -> int:
        landed = [
            change
            for change in self.changes.values()
            if change.state is ChangeState.ACCEPTED
            and change.receipt
            and change.receipt.register_version <= register_version
        ]
        for change in landed:
            self.changes[change.key] = replace(change, state=ChangeState.LANDED)
        return len(landed)

    def restart(self) -> None:
        """Lose what only a running program knows."""
        self.changes = {
            key: replace(change, state=outbox.after_restart(change.state))
            for key, change in self.changes.items()
        }
        self.copies = {
            serial: replace(copy, state=issuing.after_restart(copy.state))
            for serial, copy in self.copies.items()
        }

    def _fact(
        self,
        kind: ChangeKind,
        payload: dict[str, object],
        residents: tuple[AtenaNo, ...],
        actor: str,
        offset: int,
    ) -> None:
        now = self.now()
        key = change_key(now, self._random(10))
        self._add(NewChange(key, kind, residents, {}, payload, now, actor, offset))

    def _add(self, change: NewChange) -> QueuedChange:
        queued = QueuedChange(
            seq=len(self.changes) + 1,
            key=change.key,
            kind=change.kind,
            state=ChangeState.QUEUED,
            residents=change.residents,
            base=change.base,
            payload={} if change.for_cloud_alone else change.payload,
            sealed=b"sealed " + change.key.encode(),
            signature=b"",
            made_at=change.made_at,
            made_by=change.made_by,
            clock_offset_ms=change.clock_offset_ms,
            todoke_date=change.todoke_date,
            supersedes=change.supersedes,
            attempts=0,
            next_try_at=None,
            last_words="",
            receipt=None,
            attached=Attached(of=len(change.attachments)),
        )
        self.changes[change.key] = queued
        return queued

    def _room(self) -> None:
        if self.full:
            raise StoreError("store.full")

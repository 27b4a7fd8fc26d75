"""Small working stand-ins for what jobs need from the world: they keep rules, not scripts of answers."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from client.domain.as_of import Answer, AsOf, Source
from client.domain.blocks import Restrictions
from client.domain.certificate import (
    CertificateKind,
    Decided,
    FormWords,
    IssuedCopy,
    SerialNo,
    SheetState,
)
from client.domain.change import ChangeKind, ChangeState, NewChange, QueuedChange, Receipt, change_key
from client.domain.clerk import CloudSignIn, HowSignedIn
from client.domain.errors import LinkDownError, PaperError, RefusedError, SignInNeededError, StoreError
from client.domain.letters import kana_key
from client.domain.resident import AtenaNo, Hit, Household
from client.jobs.ports import IssueDraft, JournalEntry, Picture, Printed, StoreKeys, Unlocked
from client.rules import issuing, outbox
from client.rules.serials import next_serial
from tests.builders import NOW, some_words


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
    full: bool = False
    _random: Callable[[int], bytes] = field(default_factory=counted_random)

    async def record(self, entry: JournalEntry) -> None:
        self._room()
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
        self.journal.append(JournalEntry("issue", actor, draft.request.members, {"serial": serial.key}))
        offline = draft.decided.as_of.source is Source.REPLICA
        payload: dict[str, object] = {"serial": serial.key, "fee_yen": draft.fee_yen, "offline": offline}
        self._fact(ChangeKind.ISSUED, payload, draft.request.members, actor, clock_offset_ms)
        if draft.fee_yen:
            self._fact(ChangeKind.FEE, payload, (), actor, clock_offset_ms)
        return copy

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
        self.journal.append(JournalEntry(state.value, actor, (copy.subject,), {"serial": serial.key}))
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
        if change.supersedes:
            await self.settle(change.supersedes, ChangeState.SUPERSEDED)
        return self._add(change)

    async def outbox(self, *, settled: bool = False) -> tuple[QueuedChange, ...]:
        over = {ChangeState.LANDED, ChangeState.WITHDRAWN, ChangeState.SUPERSEDED}
        return tuple(one for one in self.changes.values() if settled or one.state not in over)

    async def lease(self, keys: tuple[str, ...], *, now: datetime) -> None:
        for key in keys:
            change = self.changes[key]
            state = outbox.step(change.state, outbox.Event.PICKED)
            self.changes[key] = replace(change, state=state, attempts=change.attempts + 1)

    async def settle(
        self, key: str, state: ChangeState, *, receipt: Receipt | None = None, words: str = ""
    ) -> None:
        change = self.changes[key]
        if state not in outbox.TRANSITIONS[change.state].values():
            if state in {ChangeState.WITHDRAWN, ChangeState.SUPERSEDED} and state is not change.state:
                raise RefusedError("refused.input", field="state")
            return  # the first answer stands
        self.changes[key] = replace(change, state=state, receipt=receipt, last_words=words, next_try_at=None)

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
            payload=change.payload,
            sealed=b"sealed " + change.key.encode(),
            made_at=change.made_at,
            made_by=change.made_by,
            clock_offset_ms=change.clock_offset_ms,
            todoke_date=change.todoke_date,
            supersedes=change.supersedes,
            attempts=0,
            next_try_at=None,
            last_words="",
            receipt=None,
        )
        self.changes[change.key] = queued
        return queued

    def _room(self) -> None:
        if self.full:
            raise StoreError("store.full")


@dataclass
class MemoryRegister:
    """ports.Register over a few households."""

    source: Source
    households: list[Household]
    restrictions: Restrictions = field(default_factory=Restrictions)
    words: FormWords = field(default_factory=some_words)
    at: datetime = NOW
    version: int = 40
    down: LinkDownError | None = None
    asked: int = 0

    @property
    def as_of(self) -> AsOf:
        return AsOf(self.source, self.version, self.at, 7, self.at)

    async def find(self, typed: str, *, limit: int, removed: bool = False) -> Answer[tuple[Hit, ...]]:
        self._reach()
        wanted = kana_key(typed)
        hits = [
            self._hit(member.atena_no, household)
            for household in self.households
            for member in household.members
            if wanted in kana_key(member.name.furigana or "") or typed in member.name.text
        ]
        return Answer(tuple(hits[:limit]), self.as_of)

    async def household_of(self, atena_no: AtenaNo) -> Answer[Household]:
        self._reach()
        for household in self.households:
            if household.member(atena_no):
                return Answer(household, self.as_of)
        raise RefusedError("refused.not_found")

    async def restrictions_of(self, household: Household) -> Answer[Restrictions]:
        self._reach()
        numbers = {member.atena_no for member in household.members}
        return Answer(
            Restrictions(
                tuple(
                    block
                    for block in self.restrictions.blocks
                    if block.atena_no in numbers or block.household_no == household.household_no
                ),
                tuple(one for one in self.restrictions.shien_sochi if one.atena_no in numbers),
            ),
            self.as_of,
        )

    async def form_words(self, kind: CertificateKind, *, whole: bool, on: date) -> Answer[FormWords]:
        self._reach()
        return Answer(self.words, self.as_of)

    def _hit(self, atena_no: AtenaNo, household: Household) -> Hit:
        member = household.member(atena_no)
        assert member
        return Hit(
            atena_no=atena_no,
            household_no=household.household_no,
            name=member.shown_name,
            furigana=member.name.furigana,
            birth=member.birth,
            sex=member.sex,
            address=member.address.text,
            status=member.status,
            blocked=any(block.atena_no == atena_no for block in self.restrictions.blocks),
            protected=any(one.atena_no == atena_no for one in self.restrictions.shien_sochi),
        )

    def _reach(self) -> None:
        self.asked += 1
        if self.down:
            raise self.down


@dataclass
class MemoryPress:
    """ports.Press that keeps what it was given; ``trouble`` is what the next sheets meet."""

    trouble: PaperError | None = None
    state: SheetState = SheetState.PRINTED
    printed: list[Decided] = field(default_factory=list)
    before_print: Callable[[Decided], None] = lambda _: None

    @property
    def printer(self) -> str:
        return "プリンタ001"

    async def count_pages(self, decided: Decided) -> int:
        return -(-len(decided.members) // 4)

    async def preview(self, decided: Decided, *, dpi: int = 150) -> tuple[Picture, ...]:
        return (Picture(1, 1, 4, bytes(4)),) * await self.count_pages(decided)

    async def print(self, decided: Decided, *, job_name: str) -> Printed:
        assert decided.serial is not None, "a sheet without a number"
        self.before_print(decided)
        if self.trouble:
            raise self.trouble
        self.printed.append(decided)
        return Printed("ab" * 32, self.state, "")


@dataclass
class MemoryKeys:
    """ports.Keys with passwords in the clear; a code works once."""

    now: Callable[[], datetime] = field(default_factory=FakeClock)
    people: dict[str, tuple[str, CloudSignIn]] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)
    keys: StoreKeys = field(default_factory=lambda: StoreKeys(b"r" * 32, b"l" * 32, b"d" * 32, b"i" * 32))

    async def unlock(self, staff_id: str, password: str, code: str, *, now: datetime) -> Unlocked:
        if staff_id not in self.people:
            raise SignInNeededError("sign_in.unknown_here")
        held, cloud = self.people[staff_id]
        if held != password or len(code) != 6:
            raise SignInNeededError("sign_in.wrong_secret")
        if (staff_id, code) in self.used:
            raise SignInNeededError("sign_in.code_used")
        if cloud.sign_in.lease.until <= now:
            raise SignInNeededError("sign_in.lease_over")
        self.used.add((staff_id, code))
        sign_in = replace(cloud.sign_in, how=HowSignedIn.OFFLINE, at=now, access_token=None)
        return Unlocked(sign_in, self.keys)

    async def admit(self, cloud: CloudSignIn, password: str, *, now: datetime) -> Unlocked:
        if not cloud.deposit:
            raise StoreError("store.no_keys")
        self.people[cloud.sign_in.clerk.staff_id] = (password, cloud)
        return Unlocked(cloud.sign_in, self.keys)


@dataclass
class MemoryStores:
    """ports.Stores that only know whether they are open."""

    keys: StoreKeys | None = None

    async def open(self, keys: StoreKeys) -> None:
        self.keys = keys

    async def close(self) -> None:
        self.keys = None


@dataclass
class MemoryLink:
    """ports.Link that counts."""

    usable: bool = True
    successes: int = 0
    failures: list[str] = field(default_factory=list)

    def note_success(self, ms: int) -> None:
        self.successes += 1

    def note_failure(self, error: LinkDownError) -> None:
        self.failures.append(error.code)

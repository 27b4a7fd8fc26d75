"""Small working stand-ins for what jobs need from the world: they keep rules, not scripts of answers."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from client.domain.as_of import Answer, AsOf, Source
from client.domain.blocks import BlockLevel, BlockProcess, Restrictions
from client.domain.calendar import parse_day
from client.domain.certificate import (
    CertificateKind,
    Decided,
    FormWords,
    SheetState,
)
from client.domain.clerk import CloudSignIn, HowSignedIn, Right
from client.domain.declaration import Declaration
from client.domain.deputy import Deputy
from client.domain.errors import LinkDownError, PaperError, RefusedError, SignInNeededError, StoreError
from client.domain.feed import FeedPosition, Position
from client.domain.in_force import RightGrant, StaffEntry, StaffMember
from client.domain.keys import NewFactor
from client.domain.letters import kana_key, seen
from client.domain.nhi import Insured
from client.domain.places import KnownPlace, PlaceQuery
from client.domain.query import Match, Query
from client.domain.resident import AtenaNo, Hit, Household, HouseholdNo, Resident
from client.domain.slip import IntakeSlip
from client.domain.terminal import NOTHING_SEEN, TerminalSeen
from client.jobs.ports import Picture, Printed, StoreKeys, Unlocked
from client.rules.sign_in import offline_error
from tests.builders import NOW, some_words
from tests.ledger_fakes import FakeClock, MemoryLedger, counted_random

__all__ = ["FakeClock", "MemoryLedger", "counted_random"]  # beside those below, for whoever plays a counter


@dataclass
class MemoryRegister:
    """ports.Register over a few households; ports.OwnRegister where it is the replica."""

    source: Source
    households: list[Household]
    restrictions: Restrictions = field(default_factory=Restrictions)
    words: FormWords = field(default_factory=some_words)
    at: datetime = NOW
    version: int = 40
    down: LinkDownError | StoreError | None = None
    asked: int = 0
    queries: list[Query] = field(default_factory=list)
    damaged: bool = False
    spells: Mapping[AtenaNo, tuple[tuple[date, date | None], ...]] = field(default_factory=dict)

    async def insured(self, who: Collection[AtenaNo]) -> Answer[Insured]:
        self._reach()
        spells = {one: self.spells[one] for one in who if one in self.spells}
        return Answer(Insured(spells, self.at), self.as_of)

    async def homes_of(self, who: Iterable[AtenaNo]) -> frozenset[HouseholdNo]:
        self._reach()
        wanted = set(who)
        return frozenset(
            home.household_no for home in self.households if wanted & {one.atena_no for one in home.members}
        )

    async def position(self) -> Position:
        self._reach()
        at = FeedPosition(self.version, self.at)
        return Position(at, at)

    async def places(self, asked: PlaceQuery, *, sheltered: Collection[AtenaNo]) -> tuple[KnownPlace, ...]:
        self._reach()
        homes = await self.homes_of(sheltered)
        lived = [
            one.address for home in self.households if home.household_no not in homes for one in home.living
        ]
        found = {
            KnownPlace(one.town, one.postcode or "")
            for one in lived
            if (asked.typed and asked.typed in one.town)
            or any(one.town.endswith(name) for name in asked.named)
        }
        return tuple(sorted(found, key=lambda place: place.text))

    async def prove(self, household: Household) -> None:
        if self.damaged:
            raise StoreError("store.damaged_replica")

    @property
    def as_of(self) -> AsOf:
        return AsOf(self.source, self.version, self.at, 7, self.at)

    async def certifier_on(self, _day: date) -> Answer[tuple[str, str] | None]:
        self._reach()
        return Answer((self.words.certifier.title, self.words.certifier.name), self.as_of)

    async def words_under(
        self, deputy: Deputy, kind: CertificateKind, *, whole: bool, on: date
    ) -> Answer[FormWords]:
        told = await self.form_words(kind, whole=whole, on=on)
        certifier = replace(told.value.certifier, title=deputy.title, name=deputy.name, declared=True)
        return Answer(replace(told.value, certifier=certifier, seal=None), told.as_of)

    async def find(self, query: Query, *, limit: int) -> Answer[tuple[Hit, ...]]:
        self._reach()
        self.queries.append(query)
        wanted = kana_key(query.typed)
        hits = [
            self._hit(member.atena_no, household)
            for household in self.households
            for member in household.members
            if wanted in kana_key(member.name.furigana or "") or query.typed in member.name.text
            if not (query.unplaced and query.place) and query.number in {"", member.atena_no}
            if query.match is not Match.EXACT or _is(member, query)
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
        numbers = {one.atena_no for one in household.members}
        hidden = any(one.atena_no in numbers for one in self.restrictions.shien_sochi)
        return Hit(
            atena_no=atena_no,
            household_no=household.household_no,
            name=member.shown_name,
            furigana=member.name.furigana,
            birth=member.birth,
            sex=member.sex,
            address=None if hidden else member.address.text,
            status=member.status,
            blocked=any(block.atena_no == atena_no for block in self.restrictions.blocks),
            protected=any(one.atena_no == atena_no for one in self.restrictions.shien_sochi),
            unseen=any(
                block.process is BlockProcess.VIEW and block.level is BlockLevel.ERROR
                for block in self.restrictions.blocks
                if block.atena_no in numbers or block.household_no == household.household_no
            ),
        )

    def _reach(self) -> None:
        self.asked += 1
        if self.down:
            raise self.down


def _is(member: Resident, query: Query) -> bool:
    return (
        query.name in {seen(member.name.text), member.latin_name}
        and member.birth.day == parse_day(query.birth)
        and query.sex in {"", member.sex}
    )


@dataclass
class MemoryPress:
    """ports.Press that keeps what it was given; ``trouble`` is what the next sheets meet."""

    trouble: PaperError | None = None
    state: SheetState = SheetState.PRINTED
    printed: list[Decided] = field(default_factory=list)
    slips: list[IntakeSlip] = field(default_factory=list)
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

    async def print_slip(self, slip: IntakeSlip) -> Printed:
        if self.trouble:
            raise self.trouble
        self.slips.append(slip)
        return Printed("cd" * 32, self.state, "")


@dataclass
class MemoryKeys:
    """ports.Keys with passwords in the clear; a code works once."""

    now: Callable[[], datetime] = field(default_factory=FakeClock)
    people: dict[str, tuple[str, CloudSignIn]] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)
    seen: datetime | None = None
    failed: dict[str, int] = field(default_factory=dict)
    wraps_anew: bool = False
    wraps_mended: bool = False
    keys: StoreKeys = field(default_factory=lambda: StoreKeys(b"r" * 32, b"l" * 32, b"d" * 32, b"i" * 32))

    async def unlock(self, staff_id: str, password: str, code: str, *, now: datetime) -> Unlocked:
        if staff_id not in self.people:
            raise SignInNeededError("sign_in.unknown_here")
        held, cloud = self.people[staff_id]
        if held != password or len(code) != 6:
            raise SignInNeededError("sign_in.wrong_secret")
        if (staff_id, code) in self.used:
            raise SignInNeededError("sign_in.code_used")
        if over := offline_error(cloud.sign_in.lease, now, self.seen):
            raise over
        self.used.add((staff_id, code))
        sign_in = replace(cloud.sign_in, how=HowSignedIn.OFFLINE, at=now, access_token=None)
        return Unlocked(sign_in, self.keys, measures_key=cloud.measures_key)

    async def note_time(self, seen: datetime) -> None:
        self.seen = max(seen, self.seen or seen)

    async def note_failure(self, staff_id: str, *, now: datetime, counted: bool = True) -> None:
        self.failed[staff_id] = self.failed.get(staff_id, 0) + 1

    async def admit(self, cloud: CloudSignIn, password: str, *, now: datetime) -> Unlocked:
        if not cloud.deposit:
            raise StoreError("store.no_keys")
        self.people[cloud.sign_in.clerk.staff_id] = (password, cloud)
        self.seen = now
        failed = self.failed.pop(cloud.sign_in.clerk.staff_id, 0)
        return Unlocked(
            cloud.sign_in,
            self.keys,
            failed=failed,
            wraps_anew=self.wraps_anew,
            wraps_mended=self.wraps_mended,
        )

    async def check_vouching(self) -> None:
        return

    async def vouch(self, made: Unlocked, factor: NewFactor, password: str, *, now: datetime) -> None:
        self.people[made.sign_in.clerk.staff_id] = (
            password,
            CloudSignIn(made.sign_in, factor.seed, factor.step, b""),
        )


@dataclass
class MemoryStaff:
    """let_in's StaffRows of a few people, each with their grants."""

    entries: dict[str, StaffEntry] = field(default_factory=dict)

    def take_on(self, staff_id: str, *rights: Right) -> None:
        """Write somebody into the register, with rights without an end."""
        member = StaffMember(staff_id, "高橋 実", "市民課", None, None, None)
        grants = (RightGrant(right.value, staff_id, None, right.value, None, None) for right in rights)
        self.entries[staff_id] = StaffEntry(member, tuple(grants))

    async def staff_of(self, staff_id: str) -> StaffEntry:
        return self.entries.get(staff_id, StaffEntry(None, ()))


@dataclass
class MemoryStores:
    """ports.Stores that only know whether they are open."""

    keys: StoreKeys | None = None
    seen: TerminalSeen = NOTHING_SEEN

    async def open(self, keys: StoreKeys, *, seen: TerminalSeen = NOTHING_SEEN) -> None:
        self.keys, self.seen = keys, seen

    async def close(self) -> None:
        self.keys = None


@dataclass
class MemoryLink:
    """ports.Link that counts."""

    usable: bool = True
    successes: int = 0
    failures: list[str] = field(default_factory=list)
    out: set[str] = field(default_factory=set)  # services that are
    carrying: str = "main"
    answered: list[str] = field(default_factory=list)  # services
    last_ms: int | None = None

    def usable_for(self, service: str) -> bool:
        return self.usable and service not in self.out

    def note_success(self, ms: int, *, service: str = "", over: str = "") -> None:
        self.successes += 1
        self.answered.append(service)

    def note_failure(self, error: LinkDownError) -> None:
        self.failures.append(error.code)


class MemoryDeputies:
    """Keeps a declared 職務代理者 as long as the test; fulfils deputy_ports.Deputies."""

    def __init__(self) -> None:
        self.present: Deputy | None = None

    async def known(self) -> Deputy | None:
        return self.present

    async def declare(self, deputy: Deputy) -> None:
        self.present = deputy

    async def end(self, deputy: Deputy) -> None:
        self.present = None if self.present == deputy else self.present


class MemoryDeclarations:
    """Keeps a declaration of disaster as long as the test."""

    def __init__(self) -> None:
        self.present: Declaration | None = None

    async def declare(self, declaration: Declaration) -> None:
        self.present = declaration

    async def end(self) -> None:
        self.present = None

import asyncio
import time
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest

from client.domain.as_of import Source
from client.domain.blocks import Block, BlockLevel, BlockProcess, Restrictions, ShienSochi
from client.domain.certificate import (
    CertificateRequest,
    Eligibility,
    FormWords,
    Requester,
    SheetState,
)
from client.domain.change import ChangeKind
from client.domain.clerk import Right, SignIn
from client.domain.errors import (
    ConflictError,
    LinkDownError,
    PaperError,
    RefusedError,
    SignInNeededError,
    StoreError,
)
from client.domain.resident import Household, ResidentStatus
from client.jobs.issue_certificate import WARN_PENDING, IssueCertificate, IssueSettings
from client.jobs.queue_change import QueueChange
from client.jobs.reach import Reach
from client.rules import freshness
from client.rules.intakes.moves import TENKYO
from tests.builders import (
    HANAKO,
    TARO,
    TODAY,
    a_household,
    a_request,
    a_sign_in,
    a_tenkyo,
    as_of,
    moving_away,
    some_words,
)
from tests.fakes import FakeClock, MemoryLedger, MemoryLink, MemoryPress, MemoryRegister, counted_random

pytestmark = pytest.mark.asyncio

PROTECTED = Restrictions(shien_sochi=(ShienSochi("m1", HANAKO, provisional=False, starts=None, ends=None),))


@dataclass
class MemoryDesk:
    """ports.CloudCertificates over one household."""

    household: Household = field(default_factory=a_household)
    restrictions: Restrictions = field(default_factory=Restrictions)
    words: FormWords = field(default_factory=some_words)
    warnings: tuple[str, ...] = ()
    down: Exception | None = None
    silent: bool = False
    asked: int = 0

    async def eligibility(self, request: CertificateRequest, decider: SignIn | None = None) -> Eligibility:
        self.asked += 1
        if self.silent:
            await asyncio.sleep(60)
        if self.down:
            raise self.down
        return Eligibility(
            self.household, self.restrictions, self.words, self.warnings, as_of(Source.CLOUD, version=41)
        )


class Counter:
    """A counter that issues."""

    def __init__(self, settings: IssueSettings | None = None) -> None:
        self.clock = FakeClock()
        self.cloud = MemoryDesk()
        self.replica = MemoryRegister(Source.REPLICA, [a_household()])
        self.ledger = MemoryLedger(self.clock)
        self.press = MemoryPress()
        self.link = MemoryLink()
        self.reach = Reach(self.link, wait=0.05)
        self.declared = False
        self.offset_ms = 0
        self.repairs = 0
        self.job = IssueCertificate(
            self.cloud,
            self.replica,
            self.reach,
            self.ledger,
            self.press,
            now=self.clock,
            declared=lambda: self.declared,
            words=self.replica.form_words,
            clock_offset_ms=lambda: self.offset_ms,
            settings=settings,
            on_damage=self.repair,
        )

    def repair(self) -> None:
        self.repairs += 1

    def cut_line(self) -> None:
        self.link.usable = False

    def facts(self) -> list[ChangeKind]:
        return [change.kind for change in self.ledger.changes.values()]


@pytest.fixture
def counter() -> Counter:
    return Counter()


async def test_a_paper_is_made_from_the_clouds_record_while_the_line_is_up(counter: Counter) -> None:
    prepared = await counter.job.prepare(a_sign_in(), a_request())
    assert not prepared.offline
    assert prepared.decided.whole_household
    assert prepared.decided.serial is None
    assert prepared.decided.seal is not None
    assert (prepared.pages, prepared.fee_yen) == (1, 300)
    assert counter.replica.asked == 0


async def test_each_copy_has_its_own_number_and_is_in_the_book_before_it_is_printed(counter: Counter) -> None:
    numbers: list[int] = []

    def look(decided: object) -> None:
        numbers.append(len(counter.ledger.copies))

    counter.press.before_print = look
    prepared = await counter.job.prepare(a_sign_in(), a_request(copies=3))
    issued = await counter.job.issue(a_sign_in(), prepared)
    assert [one.copy.serial.serial for one in issued] == [1, 2, 3]
    assert numbers == [1, 2, 3]
    assert [decided.serial for decided in counter.press.printed] == [one.copy.serial for one in issued]
    assert {one.copy.state for one in issued} == {SheetState.PRINTED}
    assert counter.facts() == [ChangeKind.ISSUED, ChangeKind.FEE] * 3


async def test_a_full_disk_prints_nothing(counter: Counter) -> None:
    prepared = await counter.job.prepare(a_sign_in(), a_request())
    counter.ledger.full = True
    with pytest.raises(StoreError):
        await counter.job.issue(a_sign_in(), prepared)
    assert counter.press.printed == []


@pytest.mark.parametrize("code", ["link.unreachable", "link.broken", "link.fault", "link.busy"])
async def test_a_cut_line_changes_only_where_the_record_comes_from(counter: Counter, code: str) -> None:
    counter.cloud.down = LinkDownError(code)
    prepared = await counter.job.prepare(a_sign_in(), a_request())
    assert prepared.offline
    assert prepared.decided.as_of.source is Source.REPLICA
    assert counter.link.failures == [code]
    (issued,) = await counter.job.issue(a_sign_in(), prepared)
    assert issued.copy.state is SheetState.PRINTED
    assert [change.payload["offline"] for change in counter.ledger.changes.values()] == [True, True]


async def test_a_cloud_that_hangs_costs_the_wait_and_no_more(counter: Counter) -> None:
    counter.cloud.silent = True
    began = time.monotonic()
    prepared = await counter.job.prepare(a_sign_in(), a_request())
    await counter.job.issue(a_sign_in(), prepared)
    assert time.monotonic() - began < 1
    assert counter.link.failures == ["link.timeout"]
    counter.link.usable = False
    await counter.job.prepare(a_sign_in(), a_request())
    assert counter.cloud.asked == 1  # a line known to be down is not waited for


async def test_the_clouds_refusal_is_final_and_in_the_book(counter: Counter) -> None:
    counter.cloud.down = RefusedError("refused.by_cloud", reason="x")
    with pytest.raises(RefusedError, match=r"refused\.by_cloud"):
        await counter.job.prepare(a_sign_in(), a_request())
    assert counter.replica.asked == 0
    assert counter.ledger.journal[-1].kind == "refusal"
    assert counter.link.failures == []


@pytest.mark.parametrize("usable", [True, False])
async def test_a_protected_person_stops_the_paper_on_line_and_off(counter: Counter, usable: bool) -> None:
    counter.cloud.restrictions = counter.replica.restrictions = PROTECTED
    counter.link.usable = usable
    with pytest.raises(RefusedError, match=r"refused\.shien_sochi"):
        await counter.job.prepare(a_sign_in(), a_request())
    assert counter.ledger.journal[-1].facts == {"what": "juminhyo_copy", "code": "refused.shien_sochi"}


@pytest.mark.parametrize("usable", [True, False])
async def test_a_block_stops_the_paper_even_where_the_cloud_forgot_it(counter: Counter, usable: bool) -> None:
    block = Block(
        "b1", None, a_household().household_no, BlockProcess.ISSUE, BlockLevel.ERROR, "x", None, TODAY
    )
    counter.cloud.restrictions = counter.replica.restrictions = Restrictions((block,))
    counter.link.usable = usable
    with pytest.raises(RefusedError, match=r"refused\.blocked"):
        await counter.job.prepare(a_sign_in(), a_request())


async def test_data_beyond_the_stop_age_makes_no_paper(counter: Counter) -> None:
    counter.link.usable = False
    counter.clock.forward(timedelta(hours=25))  # of the blocks
    with pytest.raises(RefusedError, match=r"refused\.too_old"):
        await counter.job.prepare(a_sign_in(), a_request())


async def test_where_a_town_sets_another_age_that_one_stops_it() -> None:
    limits = freshness.with_hours(register=(24, 72, 168), blocks=(1, 2))
    counter = Counter(IssueSettings(limits=limits))
    counter.link.usable = False
    counter.clock.forward(timedelta(hours=3))
    with pytest.raises(RefusedError, match=r"refused\.too_old"):
        await counter.job.prepare(a_sign_in(), a_request())


async def test_in_a_shelter_a_housemate_gets_no_paper_off_line_and_the_person_does() -> None:
    shelter = freshness.with_hours(register=(24, 72, 168), blocks=(4, 24), self_only_after=freshness.ALWAYS)
    counter = Counter(IssueSettings(limits=shelter))
    housemate = replace(a_request(), requester=Requester.HOUSEHOLD)
    assert (await counter.job.prepare(a_sign_in(), housemate)).pages, "the cloud knows every measure"
    counter.link.usable = False
    with pytest.raises(RefusedError, match=r"refused\.self_only"):
        await counter.job.prepare(a_sign_in(), housemate)
    assert (await counter.job.prepare(a_sign_in(), a_request())).pages


async def test_old_data_is_told_to_the_clerk(counter: Counter) -> None:
    counter.link.usable = False
    counter.clock.forward(timedelta(hours=5))
    assert (await counter.job.prepare(a_sign_in(), a_request())).warnings == ("warning.blocks_old",)


async def test_a_proxy_waits_off_line_for_the_officers_declaration(counter: Counter) -> None:
    counter.link.usable = False
    request = a_request(requester=Requester.PROXY)
    with pytest.raises(RefusedError, match=r"refused\.officer_needed"):
        await counter.job.prepare(a_sign_in(), request)
    counter.declared = True
    assert (await counter.job.prepare(a_sign_in(), request)).offline


async def test_who_has_moved_away_by_today_gets_no_paper(counter: Counter) -> None:
    household = a_household()
    gone = tuple(moving_away(one, TODAY) for one in household.members)
    counter.replica.households = [replace(household, members=gone)]
    counter.link.usable = False
    with pytest.raises(RefusedError, match=r"refused\.not_resident"):
        await counter.job.prepare(a_sign_in(), a_request())


async def test_the_rest_of_a_household_is_whole_once_one_has_left(counter: Counter) -> None:
    taro, hanako = a_household().members
    counter.replica.households = [replace(a_household(), members=(taro, moving_away(hanako, TODAY)))]
    counter.link.usable = False
    assert (await counter.job.prepare(a_sign_in(), a_request(TARO))).decided.whole_household


async def test_members_are_printed_in_the_stored_order_not_in_the_order_asked(counter: Counter) -> None:
    prepared = await counter.job.prepare(a_sign_in(), a_request(HANAKO, TARO))
    assert [one.atena_no for one in prepared.decided.members] == [TARO, HANAKO]
    part = await counter.job.prepare(a_sign_in(), a_request(TARO))
    assert not part.decided.whole_household


async def test_official_use_costs_nothing(counter: Counter) -> None:
    request = replace(a_request(requester=Requester.OFFICIAL), purpose="生活保護の決定")
    prepared = await counter.job.prepare(a_sign_in(), request)
    assert prepared.fee_yen == 0
    assert prepared.decided.official_use
    await counter.job.issue(a_sign_in(), prepared)
    assert counter.facts() == [ChangeKind.ISSUED]


async def test_a_jam_leaves_the_sheet_unknown_and_begins_no_other(counter: Counter) -> None:
    counter.press.trouble = PaperError("paper.printer_unreachable")
    prepared = await counter.job.prepare(a_sign_in(), a_request(copies=3))
    (issued,) = await counter.job.issue(a_sign_in(), prepared)
    assert issued.trouble is counter.press.trouble
    assert issued.copy.state is SheetState.UNKNOWN
    assert [copy.state for copy in await counter.job.open_sheets()] == [SheetState.UNKNOWN]
    await counter.job.confirm(a_sign_in(), issued.copy.serial, handed_over=False, reason="紙詰まり")
    assert await counter.job.open_sheets() == ()
    assert counter.facts()[-1] is ChangeKind.SPOILED
    assert len(counter.ledger.copies) == 1  # never printed again by itself


async def test_the_clerks_word_ends_a_copy(counter: Counter) -> None:
    prepared = await counter.job.prepare(a_sign_in(), a_request())
    (issued,) = await counter.job.issue(a_sign_in(), prepared)
    with pytest.raises(RefusedError, match=r"refused\.input"):
        await counter.job.confirm(a_sign_in(), issued.copy.serial, handed_over=False, reason=" ")
    await counter.job.confirm(a_sign_in(), issued.copy.serial, handed_over=True)
    assert await counter.job.open_sheets() == ()
    assert counter.facts()[-1] is ChangeKind.HANDED_OVER


async def test_a_death_in_mid_print_leaves_a_question_and_no_second_sheet(counter: Counter) -> None:
    class KilledError(Exception):
        pass

    def die(decided: object) -> None:
        raise KilledError

    counter.press.before_print = die
    prepared = await counter.job.prepare(a_sign_in(), a_request())
    with pytest.raises(KilledError):
        await counter.job.issue(a_sign_in(), prepared)
    counter.ledger.restart()
    assert [copy.state for copy in await counter.job.open_sheets()] == [SheetState.UNKNOWN]
    assert counter.facts() == [ChangeKind.ISSUED, ChangeKind.FEE]  # told to the cloud all the same


async def test_a_paper_is_judged_again_as_it_is_issued(counter: Counter) -> None:
    prepared = await counter.job.prepare(a_sign_in(), a_request())
    await counter.job.issue(a_sign_in(), prepared)
    assert counter.cloud.asked == 2
    counter.cloud.restrictions = PROTECTED
    with pytest.raises(RefusedError, match=r"refused\.shien_sochi"):
        await counter.job.issue(a_sign_in(), prepared)
    assert len(counter.press.printed) == 1


async def test_a_record_that_moved_on_since_the_preview_is_shown_again(counter: Counter) -> None:
    prepared = await counter.job.prepare(a_sign_in(), a_request())
    taro, hanako = a_household().members
    counter.cloud.household = replace(a_household(), members=(replace(taro, history_no=4), hanako))
    with pytest.raises(ConflictError):
        await counter.job.issue(a_sign_in(), prepared)
    assert counter.ledger.copies == {}


async def test_a_measure_for_one_who_left_that_comes_after_the_preview_is_shown(counter: Counter) -> None:
    taro, hanako = a_household().members
    left = (taro, replace(hanako, status=ResidentStatus.TENSHUTSU))
    counter.cloud.household = replace(a_household(), members=left)
    prepared = await counter.job.prepare(a_sign_in(), a_request(TARO))
    counter.cloud.restrictions = Restrictions((), (ShienSochi("m2", HANAKO, False, None, None),))
    with pytest.raises(ConflictError):
        await counter.job.issue(a_sign_in(), prepared)


async def test_a_paper_never_bears_yesterdays_date(counter: Counter) -> None:
    counter.clock.time = counter.clock.time.replace(hour=14, minute=59)  # 23:59 at the counter
    prepared = await counter.job.prepare(a_sign_in(), a_request())
    counter.clock.forward(timedelta(minutes=2))
    (issued,) = await counter.job.issue(a_sign_in(), prepared)
    assert issued.copy.serial.day == date(2026, 11, 21)
    assert counter.press.printed[0].issued_on == date(2026, 11, 21)


async def test_a_clock_off_by_an_hour_issues_nothing(counter: Counter) -> None:
    prepared = await counter.job.prepare(a_sign_in(), a_request())
    counter.offset_ms = -3_600_000
    with pytest.raises(SignInNeededError, match=r"sign_in\.clock_off") as named:
        await counter.job.prepare(a_sign_in(), a_request())
    assert named.value.facts == {"seconds": 3600, "way": "ahead"}
    with pytest.raises(SignInNeededError, match=r"sign_in\.clock_off"):
        await counter.job.issue(a_sign_in(), prepared)


async def test_only_who_may_issue_issues(counter: Counter) -> None:
    prepared = await counter.job.prepare(a_sign_in(), a_request())
    with pytest.raises(RefusedError, match=r"refused\.right_missing"):
        await counter.job.issue(a_sign_in(Right.VIEW), prepared)
    assert counter.ledger.copies == {}


async def test_a_waiting_notification_is_told_and_the_paper_shows_what_is_decided(counter: Counter) -> None:
    queue = QueueChange(
        counter.replica,
        counter.replica,
        counter.reach,
        counter.ledger,
        now=counter.clock,
        random=counted_random(),
        clock_offset_ms=lambda: 0,
    )
    await queue.take(a_sign_in(), TENKYO, a_tenkyo())
    prepared = await counter.job.prepare(a_sign_in(), a_request())
    assert WARN_PENDING in prepared.warnings
    assert prepared.decided.household == a_household()


async def test_a_drill_bears_no_seal_and_its_mark() -> None:
    counter = Counter(IssueSettings(drill=True))
    decided = (await counter.job.prepare(a_sign_in(), a_request())).decided
    assert decided.drill
    assert decided.seal is None


async def test_the_preview_shows_the_pages_without_a_number(counter: Counter) -> None:
    prepared = await counter.job.prepare(a_sign_in(), a_request())
    assert len(await counter.job.preview(prepared)) == prepared.pages
    assert counter.ledger.copies == {}

import asyncio
from dataclasses import replace

import pytest

from client.domain.as_of import Source
from client.domain.blocks import Block, BlockLevel, BlockProcess, Restrictions, ShienSochi
from client.domain.clerk import Right
from client.domain.errors import LinkDownError, RefusedError, SignInNeededError, StoreError
from client.domain.query import Query
from client.jobs.find_resident import HITS, FindResident
from client.jobs.queue_change import QueueChange
from client.jobs.reach import Reach
from client.rules.intakes.moves import TENKYO
from tests.builders import HANAKO, TARO, a_household, a_sign_in, a_tenkyo
from tests.fakes import FakeClock, MemoryLedger, MemoryLink, MemoryRegister, counted_random

pytestmark = pytest.mark.asyncio

PROTECTED = Restrictions(shien_sochi=(ShienSochi("m1", HANAKO, provisional=True, starts=None, ends=None),))


class Counter:
    """A counter with a cloud, a replica and a ledger."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.live = MemoryRegister(Source.CLOUD, [a_household()], version=41)
        self.replica = MemoryRegister(Source.REPLICA, [a_household()])
        self.ledger = MemoryLedger(self.clock)
        self.link = MemoryLink()
        self.reach = Reach(self.link, wait=0.05)
        self.find_resident = FindResident(self.live, self.replica, self.reach, self.ledger, now=self.clock)

    def restrict(self, restrictions: Restrictions) -> None:
        self.live.restrictions = self.replica.restrictions = restrictions


@pytest.fixture
def counter() -> Counter:
    return Counter()


async def test_a_look_up_is_answered_by_the_cloud_while_the_line_is_up(counter: Counter) -> None:
    answer = await counter.find_resident.find(a_sign_in(), Query(typed=" わたなべ "))
    assert [hit.atena_no for hit in answer.value.hits] == [TARO, HANAKO]
    assert answer.as_of.source is Source.CLOUD
    assert counter.replica.asked == 0
    assert counter.link.successes == 1


async def test_a_look_up_goes_on_from_the_replica_when_the_line_breaks(counter: Counter) -> None:
    counter.live.down = LinkDownError("link.broken")
    answer = await counter.find_resident.find(a_sign_in(), Query(typed="ワタナベ"))
    assert answer.as_of.source is Source.REPLICA
    assert counter.link.failures == ["link.broken"]


async def test_a_cloud_that_does_not_answer_is_waited_for_only_a_moment(counter: Counter) -> None:
    class Silent(MemoryRegister):
        async def find(self, query, *, limit):  # type: ignore[no-untyped-def]  # never answers
            await asyncio.sleep(60)

    live = Silent(Source.CLOUD, [])
    job = FindResident(live, counter.replica, counter.reach, counter.ledger, now=counter.clock)
    async with asyncio.timeout(1):
        answer = await job.find(a_sign_in(), Query(typed="ワタナベ"))
    assert answer.as_of.source is Source.REPLICA
    assert counter.link.failures == ["link.timeout"]


async def test_a_clerk_signed_in_off_line_is_served_from_the_replica(counter: Counter) -> None:
    answer = await counter.find_resident.find(a_sign_in(token=None), Query(typed="ワタナベ"))
    assert answer.as_of.source is Source.REPLICA
    assert counter.live.asked == 0


async def test_a_session_that_is_over_is_said_and_not_hidden_behind_the_replica(counter: Counter) -> None:
    counter.live.down = SignInNeededError("sign_in.expired")  # type: ignore[assignment]  # the register says so
    with pytest.raises(SignInNeededError):
        await counter.find_resident.find(a_sign_in(), Query(typed="ワタナベ"))
    assert counter.link.failures == []


async def test_no_answer_leaves_before_its_line_is_in_the_journal(counter: Counter) -> None:
    await counter.find_resident.find(a_sign_in(), Query(typed="ワタナベ"))
    (line,) = counter.ledger.journal
    assert (line.kind, line.actor, line.subjects) == ("look_up", "s001", (TARO, HANAKO))
    assert line.facts == {"source": "cloud", "version": 41, "by": "typed", "hits": 2, "more": 0}
    counter.ledger.full = True
    with pytest.raises(StoreError):
        await counter.find_resident.find(a_sign_in(), Query(typed="ワタナベ"))
    with pytest.raises(StoreError):
        await counter.find_resident.household(a_sign_in(), TARO)


async def test_what_was_typed_is_not_in_the_journal(counter: Counter) -> None:
    await counter.find_resident.find(a_sign_in(), Query(typed="渡邉󠄐"))
    assert "渡" not in repr(counter.ledger.journal)


async def test_a_search_for_nothing_is_refused(counter: Counter) -> None:
    with pytest.raises(RefusedError, match=r"refused\.input"):
        await counter.find_resident.find(a_sign_in(), Query(typed=" 　"))


async def test_a_clerk_without_the_right_sees_nobody_and_the_refusal_is_in_the_book(counter: Counter) -> None:
    with pytest.raises(RefusedError, match=r"refused\.right_missing"):
        await counter.find_resident.find(a_sign_in(Right.ISSUE), Query(typed="ワタナベ"))
    assert counter.ledger.journal[-1].kind == "refusal"
    assert counter.live.asked == counter.replica.asked == 0


@pytest.mark.parametrize("usable", [True, False])
async def test_no_screen_gets_the_address_of_a_protected_person(counter: Counter, usable: bool) -> None:
    counter.restrict(PROTECTED)
    counter.link.usable = usable
    hits = (await counter.find_resident.find(a_sign_in(), Query(typed="ワタナベ"))).value.hits
    assert [(hit.protected, hit.address) for hit in hits if hit.atena_no == HANAKO] == [(True, None)]
    view = (await counter.find_resident.household(a_sign_in(), TARO)).value
    assert view.masked
    assert view.protected == {HANAKO}
    for shown in (view.household, view.projected):
        assert all(not member.address.text.strip() for member in shown.members)


async def test_after_the_identity_is_checked_the_address_is_shown(counter: Counter) -> None:
    counter.restrict(PROTECTED)
    view = (await counter.find_resident.household(a_sign_in(), TARO, identity_checked=True)).value
    assert not view.masked
    assert view.household == a_household()


@pytest.mark.parametrize("usable", [True, False])
async def test_a_block_on_viewing_stops_the_look(counter: Counter, usable: bool) -> None:
    block = Block("b1", TARO, None, BlockProcess.VIEW, BlockLevel.ERROR, "閲覧抑止", None, None)
    counter.restrict(Restrictions((block,)))
    counter.link.usable = usable
    with pytest.raises(RefusedError, match=r"refused\.blocked"):
        await counter.find_resident.household(a_sign_in(), TARO)
    assert counter.ledger.journal[-1].facts["code"] == "refused.blocked"


async def test_a_household_is_shown_as_decided_and_as_it_will_be(counter: Counter) -> None:
    queue = QueueChange(
        counter.live,
        counter.replica,
        counter.reach,
        counter.ledger,
        now=counter.clock,
        random=counted_random(),
        clock_offset_ms=lambda: 0,
    )
    change = await queue.take(a_sign_in(), TENKYO, a_tenkyo())
    view = (await counter.find_resident.household(a_sign_in(), TARO)).value
    assert view.household == a_household()
    assert {member.address.town for member in view.projected.members} == {"みどり県あおぞら市本町二丁目"}
    assert [one.key for one in view.pending] == [change.key]


async def test_a_queued_move_of_a_protected_person_tells_no_place(counter: Counter) -> None:
    counter.restrict(PROTECTED)
    queue = QueueChange(
        counter.live,
        counter.replica,
        counter.reach,
        counter.ledger,
        now=counter.clock,
        random=counted_random(),
        clock_offset_ms=lambda: 0,
    )
    await queue.take(a_sign_in(), TENKYO, a_tenkyo())
    view = (await counter.find_resident.household(a_sign_in(), TARO)).value
    assert "本町" not in "".join(str(dict(change.payload)) for change in view.pending)
    assert all("本町" not in member.address.text for member in view.projected.members)


async def test_nothing_is_kept_between_two_looks(counter: Counter) -> None:
    await counter.find_resident.household(a_sign_in(), TARO)
    moved = replace(a_household(), members=tuple(replace(one, history_no=9) for one in a_household().members))
    counter.live.households = [moved]
    view = (await counter.find_resident.household(a_sign_in(), TARO)).value
    assert {member.history_no for member in view.household.members} == {9}


async def test_the_replica_answers_at_once_and_its_look_up_is_in_the_journal_too(counter: Counter) -> None:
    answer = await counter.find_resident.find_here(a_sign_in(), Query(typed="ワタナベ"))
    assert answer is not None
    assert answer.as_of.source is Source.REPLICA
    assert counter.live.asked == 0
    assert [line.kind for line in counter.ledger.journal] == ["look_up"]


async def test_a_replica_that_is_not_filled_says_nothing_and_the_cloud_is_asked(counter: Counter) -> None:
    counter.replica.down = StoreError("store.not_filled")
    assert await counter.find_resident.find_here(a_sign_in(), Query(typed="ワタナベ")) is None
    assert counter.ledger.journal == []
    assert (await counter.find_resident.find(a_sign_in(), Query(typed="ワタナベ"))).value.hits


async def test_what_is_here_is_shown_to_nobody_without_the_right(counter: Counter) -> None:
    with pytest.raises(RefusedError, match=r"refused\.right_missing"):
        await counter.find_resident.find_here(a_sign_in(Right.ISSUE), Query(typed="ワタナベ"))
    assert counter.replica.asked == 0


async def test_a_list_is_as_long_as_a_person_can_read_and_says_that_there_is_more(counter: Counter) -> None:
    (household,) = counter.live.households
    counter.live.households = [household] * HITS
    found = (await counter.find_resident.find(a_sign_in(), Query(typed="ワタナベ"))).value
    assert (len(found.hits), found.more) == (HITS, True)
    (line,) = counter.ledger.journal
    assert len(line.subjects) == HITS  # who was not shown was not looked at
    few = (await counter.find_resident.find(a_sign_in(), Query(typed="花子"))).value
    assert few.more is (len(few.hits) > HITS)


@pytest.mark.parametrize("field", ["typed", "name", "birth", "place", "number"])
async def test_a_pasted_page_is_refused_with_the_length_that_is_taken(counter: Counter, field: str) -> None:
    query = Query(**{field: "あ" * 10_000})  # type: ignore[arg-type]  # each field is a text
    for job in (counter.find_resident.find, counter.find_resident.find_here):
        with pytest.raises(RefusedError) as caught:
            await job(a_sign_in(), query)
        assert (caught.value.code, caught.value.facts) == (
            "refused.input_too_long",
            {"most": 200, "words": 16},
        )
    assert counter.live.asked == counter.replica.asked == 0


@pytest.mark.parametrize(("rights", "may"), [((Right.VIEW,), False), ((Right.VIEW, Right.SHIEN_SOCHI), True)])
async def test_hidden_addresses_are_searched_only_for_the_officer_of_support_measures(
    counter: Counter, rights: tuple[Right, ...], may: bool
) -> None:
    await counter.find_resident.find_here(a_sign_in(*rights), Query(typed="ワタナベ", sheltered=True))
    assert counter.replica.queries[-1].sheltered is may


@pytest.mark.parametrize(
    ("query", "by"),
    [
        (Query(typed="ワタナベ"), "typed"),
        (Query(typed="1000000014"), "number"),
        (Query(typed="１００００００01４"), "number"),
        (Query(typed="19800401"), "typed"),
        (Query(name="渡邉", birth="S55.4.1"), "birth+name"),
        (Query(number="1000000014", place="泉町", sex="男"), "number+place+sex"),
    ],
)
async def test_a_line_says_which_fields_were_filled_and_not_with_what(query: Query, by: str) -> None:
    assert query.asked_by == by

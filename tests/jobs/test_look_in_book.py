"""The officer looks in the book: only the officer, each look a line before it is shown, names only where they may be."""

from dataclasses import replace

import pytest

from client.domain.clerk import Right, SignIn
from client.domain.errors import RefusedError, SignInNeededError
from client.domain.journal import BookLine, JournalStanding, Slab, Wanted
from client.domain.resident import AtenaNo
from client.jobs.look_in_book import MOST_NAMED, PAGE, LookInBook
from client.jobs.ports import JournalEntry
from tests.builders import NOW, a_sign_in
from tests.ui.book_world import MemoryLines, look_in_book
from tests.ui.world import PROTECTED, WATANABE, World

pytestmark = pytest.mark.asyncio
OFFICER = a_sign_in(Right.VIEW, Right.OFFICER, staff_id="s009")
BOTH = a_sign_in(Right.VIEW, Right.OFFICER, Right.SHIEN_SOCHI, staff_id="s008")
CLERK = a_sign_in(Right.VIEW, Right.ISSUE, Right.SHIEN_SOCHI)


def a_world(*entries: JournalEntry) -> World:
    world = World()
    world.ledger.journal += entries
    return world


def about(*people: AtenaNo) -> BookLine:
    return BookLine(1, NOW, "view", "s001", people)


async def test_who_is_no_officer_reads_no_line_and_no_name() -> None:
    world = a_world(JournalEntry("view", "s001", (WATANABE,)))
    for look in (
        look_in_book(world).page(CLERK, Wanted()),
        look_in_book(world).told(CLERK, about(WATANABE)),
    ):
        with pytest.raises(RefusedError) as refused:
            await look
        assert refused.value.code == "refused.right_missing"


async def test_nor_does_an_officer_whose_lease_is_over() -> None:
    world = a_world()
    over: SignIn = replace(OFFICER, lease=replace(OFFICER.lease, until=NOW))
    with pytest.raises(SignInNeededError):
        await look_in_book(world).page(over, Wanted())


async def test_each_look_is_a_line_with_what_was_looked_by_and_never_a_hit_of_itself() -> None:
    world = a_world(*(JournalEntry("view", "s001", (WATANABE,)) for _ in range(3)))
    page = await look_in_book(world).page(OFFICER, Wanted(subject=WATANABE, staff="s001"))
    assert len(page.lines) == 3
    line = world.ledger.journal[-1]
    assert (line.kind, line.actor, line.subjects) == ("book", "s009", (WATANABE,))
    assert line.facts == {"what": "searched", "by": "number+staff", "lines": 3, "who": "s001"}


async def test_a_book_that_cannot_take_the_line_shows_nothing() -> None:
    world = a_world(JournalEntry("view", "s001", (WATANABE,)))
    world.ledger.full = True
    with pytest.raises(Exception, match=r"store\.full"):
        await look_in_book(world).page(OFFICER, Wanted())


async def test_pages_follow_each_other_and_no_more_is_read_than_a_page() -> None:
    world = a_world(*(JournalEntry("view", "s001", facts={"line": n}) for n in range(2 * PAGE + 7)))
    job = look_in_book(world)
    first = await job.page(OFFICER, Wanted(kind="view"))
    second = await job.page(OFFICER, Wanted(kind="view"), first.below)
    third = await job.page(OFFICER, Wanted(kind="view"), second.below)
    assert [len(page.lines) for page in (first, second, third)] == [PAGE, PAGE, 7]
    assert [first.below > 0, second.below > 0, third.below] == [True, True, 0]
    told = [line.facts["line"] for page in (first, second, third) for line in page.lines]
    assert told == list(range(2 * PAGE + 6, -1, -1))


async def test_how_far_a_long_look_has_come_is_told_and_others_may_ask_the_ledger_between() -> None:
    class Deep(MemoryLines):
        async def standing(self) -> JournalStanding:
            return JournalStanding(95_000)

        async def search(self, wanted: Wanted, *, below: int, span: int, most: int) -> Slab:
            return Slab((), max(below - span, 0))

    world, heard = a_world(), list[tuple[int, int]]()
    job = LookInBook(Deep(world), Deep(world), world.ledger, world.replica, now=world.clock)
    await job.page(OFFICER, Wanted(), tell=lambda done, of: heard.append((done, of)))
    assert len(heard) == 10
    assert heard[0] == (10_000, 95_001)
    assert heard[-1] == (95_001, 95_001)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Wanted(subject="渡邉"), "atena_no"),
        (Wanted(subject="12345"), "atena_no"),
        (Wanted(staff="山﨑 美咲"), "staff_id"),
        (Wanted(since=NOW, until=NOW), "period"),
    ],
)
async def test_what_is_no_number_no_id_and_no_period_is_not_looked_for(wanted: Wanted, field: str) -> None:
    world = a_world()
    with pytest.raises(RefusedError) as refused:
        await look_in_book(world).page(OFFICER, wanted)
    assert (refused.value.code, refused.value.facts) == ("refused.input", {"field": field})
    assert world.ledger.journal == []


async def test_a_number_typed_wide_is_the_same_number() -> None:
    world = a_world(JournalEntry("view", "s001", (WATANABE,)))
    page = await look_in_book(world).page(OFFICER, Wanted(subject=" １００００００００１ "))
    assert [line.kind for line in page.lines] == ["view"]


async def test_people_are_named_and_the_naming_is_a_line_about_them() -> None:
    world = a_world()
    (named,) = (await look_in_book(world).told(OFFICER, about(WATANABE))).people
    assert named.name.startswith("渡邉")
    assert world.ledger.journal == [JournalEntry("book", "s009", (WATANABE,), {"what": "named", "line": 1})]


async def test_of_a_protected_person_an_officer_reads_the_number_alone_unless_it_is_theirs_to_know() -> None:
    world = a_world()
    (hidden,) = (await look_in_book(world).told(OFFICER, about(PROTECTED))).people
    assert (hidden.number, hidden.name, hidden.protected) == (PROTECTED, "", True)
    (shown,) = (await look_in_book(world).told(BOTH, about(PROTECTED))).people
    assert shown.name == "渡部 みなと"


async def test_who_is_in_no_register_has_a_number_and_no_name() -> None:
    (named,) = (await look_in_book(a_world()).told(OFFICER, about(AtenaNo("1999999999")))).people
    assert (named.name, named.protected) == ("", False)


async def test_words_typed_beside_a_line_are_shown_with_its_names_and_of_a_protected_person_to_whom_may_know() -> (
    None
):
    world = a_world(
        JournalEntry("intake", "s001", (WATANABE,), {"what": "withdrawn"}, "電話で申出"),
        JournalEntry("intake", "s001", (PROTECTED,), {"what": "withdrawn"}, "本町から電話"),
    )
    job = look_in_book(world)
    theirs, plain = (await job.page(OFFICER, Wanted(kind="intake"))).lines
    assert (await job.told(OFFICER, plain)).note == "電話で申出"
    assert (await job.told(OFFICER, theirs)).note == ""
    assert (await job.told(BOTH, theirs)).note == "本町から電話"


async def test_words_are_not_shown_either_where_the_protected_one_is_beyond_those_who_are_named() -> None:
    many = tuple(AtenaNo(f"19999999{number:02}") for number in range(MOST_NAMED))
    facts: dict[str, str | int] = {"what": "withdrawn"}
    world = a_world(JournalEntry("intake", "s001", (*many, PROTECTED), facts, "本町から電話"))
    job = look_in_book(world)
    (line,) = (await job.page(OFFICER, Wanted(kind="intake"))).lines
    told = await job.told(OFFICER, line)
    assert (len(told.people), told.note) == (MOST_NAMED, "")
    assert (await job.told(BOTH, line)).note == "本町から電話"

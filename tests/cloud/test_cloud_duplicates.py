"""One event told at two counters is posted once, and the second counter hears where the first lies."""

from typing import Any

import pytest

from tests.cloud.cloud_builders import HANAKO, HOME, JIRO, TARO, Row, Site
from tests.cloud.intake_builders import (
    CHILD,
    DAY,
    NEW,
    NO,
    PAST,
    YES,
    a_newcomer,
    decided,
    request,
    taken,
    tennyu,
)

pytestmark = pytest.mark.asyncio
ELSEWHERE = "p:019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d41"  # what the other counter calls a newcomer
SISTER = "p:019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d42"


async def test_the_second_counter_hears_number_moment_and_terminal_of_the_first_and_no_more(
    site: Site,
) -> None:
    other = await site.another_terminal()
    first = request(site.terminal, "todoke.tenshutsu", made_at="2026-11-20T04:12:00Z")
    await taken(site, first)
    second = request(other, "todoke.tenshutsu")
    (told,) = await other.send(second)
    assert told == {
        "key": second["key"],
        "outcome": "refused",
        "code": "refused.duplicate_intake",
        "duplicate_of": {
            "key": first["key"],
            "made_at": "2026-11-20T04:12:00Z",
            "terminal": site.terminal.number,
        },
    }
    (again,) = await other.send(second)
    asked = (await other.call("GET", f"/v1/commands/{second['key']}")).json()
    assert again["duplicate_of"] == asked["duplicate_of"] == told["duplicate_of"]


async def test_the_first_of_several_that_wait_is_named(site: Site) -> None:
    """A change of the telephone and one of the place for letters are two; each is told of once."""
    phone: Row = {"phone": {"number": "090-0010-0001", "use": "mobile"}}
    keys = [
        await taken(site, changed(site, **phone)),
        await taken(site, changed(site, ends_delivery=True)),
    ]
    (told,) = await site.terminal.send(changed(site, ends_delivery=True))
    assert told["duplicate_of"]["key"] == keys[1]
    (told,) = await site.terminal.send(changed(site, **phone))
    assert told["duplicate_of"]["key"] == keys[0]


def changed(site: Site, **what: Any) -> Row:
    payload = {"subject": TARO, "todoke_date": DAY, **what}
    return site.terminal.command("contact.change", payload, residents=[TARO], base={TARO: 2})


async def test_a_household_that_moves_is_told_of_by_either_of_a_couple(site: Site) -> None:
    both = {"members": [TARO, HANAKO], "whole_household": True}
    key = await taken(site, request(site.terminal, "todoke.tenshutsu", **both))
    (told,) = await site.terminal.send(request(site.terminal, "todoke.tenshutsu", subject=HANAKO, **both))
    assert told["duplicate_of"]["key"] == key


async def test_who_asks_protection_for_more_people_than_did_before_is_heard(site: Site) -> None:
    await taken(site, request(site.terminal, "shien_sochi.application", subject=HANAKO, members=[]))
    await taken(site, request(site.terminal, "shien_sochi.application", subject=TARO, members=[HANAKO]))


@pytest.mark.parametrize(
    "told",
    [
        {"full_name": "大野󠄀　君代"},
        {"full_name": "大野君代", "ido_date": "2026-11-17"},
        {"full_name": "大埜　君代", "latin_name": "ONO KIMIYO"},
    ],
    ids=["as before", "without the space, of another day", "another form of a letter"],
)
async def test_one_who_moves_in_is_told_of_once_whatever_each_counter_calls_them(
    site: Site, told: dict[str, Any]
) -> None:
    other = await site.another_terminal()
    key = await taken(site, tennyu(site.terminal))
    more = {"ido_date": told.pop("ido_date")} if "ido_date" in told else {}
    (answer,) = await other.send(tennyu(other, a_newcomer(ELSEWHERE, **told), **more))
    assert (answer["code"], answer["duplicate_of"]["key"]) == ("refused.duplicate_intake", key)


async def test_who_comes_back_is_known_by_the_number_of_before(site: Site) -> None:
    key = await taken(site, tennyu(site.terminal, a_newcomer(former=JIRO)))
    again = a_newcomer(ELSEWHERE, former=JIRO, full_name="別名　次郎")
    (answer,) = await site.terminal.send(tennyu(site.terminal, again))
    assert answer["duplicate_of"]["key"] == key


async def test_one_of_a_family_is_not_told_of_again_with_another(site: Site) -> None:
    key = await taken(site, tennyu(site.terminal))
    sister = a_newcomer(SISTER, full_name="大野　君江", relationship="妹")
    (answer,) = await site.terminal.send(tennyu(site.terminal, a_newcomer(ELSEWHERE), sister))
    assert answer["duplicate_of"]["key"] == key
    await taken(site, tennyu(site.terminal, sister, joins=HOME))


@pytest.mark.parametrize(
    "differs", [{"full_name": "大野　君江"}, {"birth_date": "1990-04-13"}, {"sex": "男"}], ids=str
)
async def test_a_twin_and_a_namesake_are_somebody_else(site: Site, differs: Row) -> None:
    await taken(site, tennyu(site.terminal))
    await taken(site, tennyu(site.terminal, a_newcomer(ELSEWHERE, **differs)))


async def test_a_counter_that_was_cut_off_does_not_bring_in_again_who_is_registered(site: Site) -> None:
    key = await taken(site, tennyu(site.terminal))
    await decided(site, key, YES)
    (answer,) = await site.terminal.send(tennyu(site.terminal, a_newcomer(ELSEWHERE)))
    assert answer["duplicate_of"]["key"] == key
    later = tennyu(site.terminal, a_newcomer(ELSEWHERE), ido_date="2026-11-19")
    await taken(site, later)  # who left meanwhile may come back


async def test_what_was_returned_is_told_of_anew(site: Site) -> None:
    await decided(site, await taken(site, tennyu(site.terminal)), NO)
    await taken(site, tennyu(site.terminal, a_newcomer(ELSEWHERE)))


async def test_a_child_is_born_once_whichever_parent_says_so(site: Site) -> None:
    def born(child: str, parent: str, name: str) -> Row:
        told = a_newcomer(child, full_name=name, birth_date=PAST, relationship="子")
        payload = {"subject": child, "todoke_date": DAY, "child": told, "parent": parent}
        base = {parent: {TARO: 2, HANAKO: 1}[parent]}
        return site.terminal.command("todoke.birth", payload, residents=[child, parent], base=base)

    key = await taken(site, born(NEW, TARO, "渡邉󠄐　一"))
    (answer,) = await site.terminal.send(born(CHILD, HANAKO, "渡辺　一"))
    assert answer["duplicate_of"]["key"] == key
    await taken(site, born(SISTER, HANAKO, "渡邉　二葉"))  # a twin


@pytest.mark.parametrize(
    ("first", "second", "is_heard"),
    [
        ({"what": "death"}, {"papers": "死亡届"}, False),
        ({"what": "birth"}, {"papers": "出生届（二人目）"}, True),
        ({"what": "other"}, {"papers": "入籍届"}, True),
        ({"what": "divorce"}, {"what": "marriage"}, True),
    ],
)
async def test_papers_for_the_family_register_are_told_apart_where_they_may_be_several(
    site: Site, first: Row, second: Row, is_heard: bool
) -> None:
    await taken(site, request(site.terminal, "koseki.memo", **first))
    (answer,) = await site.terminal.send(request(site.terminal, "koseki.memo", **first | second))
    assert (answer["outcome"] == "accepted") is is_heard


async def test_why_a_counter_leaves_it_to_the_office_makes_no_other_event_of_it(site: Site) -> None:
    key = await taken(site, request(site.terminal, "todoke.tenshutsu"))
    noted = request(site.terminal, "todoke.tenshutsu", office_note="どちらとも言えない")
    (told,) = await site.terminal.send(noted)
    assert told["duplicate_of"]["key"] == key

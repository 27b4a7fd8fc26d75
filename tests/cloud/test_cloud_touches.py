"""What the register tells of residents between a version and a moment: what an offline paper did not know."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cloud import storage
from cloud.clock import stamp
from cloud.register import Change, put, remove
from tests.cloud.cloud_builders import HANAKO, HOME, KIMI, TARO, Site, a_resident

pytestmark = pytest.mark.asyncio


def commit(site: Site, feed: str, *changes: Change) -> int:
    register = site.tenant.register
    with register.writing() as connection:
        return register.commit(connection, feed, changes)


def a_block(number: str, **more: object) -> Change:
    return put("block", {"block_id": number, "process": "issue", "level": "error", **more})


async def told(site: Site, feed: str, *asked: dict[str, Any]) -> dict[str, Any]:
    answer = await site.terminal.call("POST", f"/v1/feeds/{feed}/touches", {"asked": list(asked)})
    assert answer.status_code == 200, answer.text
    opened: dict[str, Any] = site.opened(answer)
    return opened


def asked(site: Site, after: int, *who: str, home: str = "", later: float = 0) -> dict[str, Any]:
    until = stamp(site.clock() + timedelta(minutes=later))
    return {"after": after, "until": until, "residents": list(who), "household_no": home}


async def test_a_row_is_told_by_table_key_and_the_moment_it_was_first_touched(site: Site) -> None:
    first = site.clock()
    commit(site, "blocks", a_block("b1", atena_no=TARO))
    site.clock.forward(minutes=5)
    commit(site, "blocks", a_block("b1", atena_no=TARO, level="alert"))
    body = await told(site, "blocks", asked(site, 1, TARO))
    assert (body["feed"], body["version"], body["at"]) == ("blocks", 3, stamp(site.clock()))
    assert body["touches"] == [
        [{"table": "block", "key": ["b1"], "at": stamp(first), "gone": False, "process": "issue"}]
    ]


async def test_what_was_registered_after_the_moment_or_known_at_the_version_is_not_told(site: Site) -> None:
    version = commit(site, "blocks", a_block("b1", atena_no=TARO))
    until = asked(site, version, TARO)
    site.clock.forward(minutes=5)
    commit(site, "blocks", a_block("b2", atena_no=TARO))
    assert (await told(site, "blocks", until))["touches"] == [[]]
    assert len((await told(site, "blocks", asked(site, version, TARO)))["touches"][0]) == 1


async def test_a_row_that_stands_again_as_it_stood_is_not_told_and_one_that_went_is_told_as_gone(
    site: Site,
) -> None:
    commit(site, "blocks", a_block("b1", atena_no=TARO), a_block("b2", atena_no=TARO))
    commit(site, "blocks", remove("block", ("b1",)))
    assert [one["key"] for one in (await told(site, "blocks", asked(site, 1, TARO)))["touches"][0]] == [
        ["b2"]
    ]
    (gone,) = (await told(site, "blocks", asked(site, 2, TARO)))["touches"][0]
    assert (gone["key"], gone["gone"], "process" in gone) == (["b1"], True, False)


async def test_each_is_told_of_its_own_people_and_household_alone(site: Site) -> None:
    commit(site, "blocks", a_block("b1", atena_no=TARO), a_block("b2", household_no=HOME))
    commit(site, "blocks", a_block("b3", atena_no=KIMI))
    body = await told(
        site, "blocks", asked(site, 1, TARO), asked(site, 1, home=HOME), asked(site, 1, KIMI), asked(site, 1)
    )
    assert [[one["key"][0] for one in touches] for touches in body["touches"]] == [["b1"], ["b2"], ["b3"], []]


async def test_who_joined_and_who_left_the_household_are_both_told_with_their_status(site: Site) -> None:
    before = commit(site, "register", put("juminzei", {"atena_no": KIMI, "fiscal_year": 2026}))
    child = a_resident("1000000077", HOME, "新生児", "シンセイジ")
    left = a_resident(HANAKO, "2999999999", "花子", "ハナコ", history_no=9, status="tenshutsu")
    commit(site, "register", put("resident", child), put("resident", left))
    (touches,) = (await told(site, "register", asked(site, before, TARO, HANAKO, home=HOME)))["touches"]
    assert {(one["key"][0], one["status"]) for one in touches} == {
        ("1000000077", "resident"),
        (HANAKO, "tenshutsu"),
    }


async def test_what_the_log_does_not_reach_back_to_or_has_not_reached_yet_cannot_be_told(site: Site) -> None:
    version = commit(site, "blocks", a_block("b1", atena_no=TARO))
    with site.tenant.register.writing() as connection:
        head = storage.feed_head
        connection.execute(sa.update(head).where(head.c.feed == "blocks").values(log_from=version))
    body = await told(
        site, "blocks", asked(site, 1, TARO), asked(site, version, TARO), asked(site, version + 1, TARO)
    )
    assert body["touches"] == [None, [], None]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"asked": []},
        {"asked": [{"after": -1, "until": "2026-11-20T05:32:00Z", "residents": []}]},
        {"asked": [{"after": 1, "until": "2026-11-20T05:32:00", "residents": []}]},
        {"asked": [{"after": 1, "until": "yesterday", "residents": []}]},
        {"asked": [{"after": 1, "until": "2026-11-20T05:32:00Z", "residents": ["1"] * 2001}]},
        {"asked": [{"after": 1, "until": "2026-11-20T05:32:00Z", "residents": []}] * 51},
    ],
)
async def test_a_question_that_is_none_is_told_so(site: Site, spoilt: dict[str, Any]) -> None:
    answer = await site.terminal.call("POST", "/v1/feeds/blocks/touches", spoilt)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")
    assert (
        await site.terminal.call("POST", "/v1/feeds/nothing/touches", {"asked": [asked(site, 1)]})
    ).status_code == 404

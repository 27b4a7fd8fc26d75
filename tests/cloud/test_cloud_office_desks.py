"""The office's desks: each act is one version of its feed and one line of the log, or nothing at all."""

import asyncio
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest

from cloud.office.blocks import BlockForm
from cloud.office.desk import Desk, desk_of
from cloud.office.log import By, DoneBeforeError
from cloud.office.residents import Ido
from cloud.problems import ProblemError
from tests.cloud.cloud_builders import CHO, HANAKO, HOME, JIRO, KIMI, TARO, Site

pytestmark = pytest.mark.asyncio
BY = By("s002")
BLOCK = BlockForm("issue", "error", "照会中", "2026-11-20")
MOVE = Ido("転居", date(2026, 11, 18), date(2026, 11, 20))


def row_of(site: Site, table: str, *key: str | int) -> dict[str, object] | None:
    with site.tenant.register.reading() as connection:
        return site.tenant.register.row(connection, table, key)


def refused(act: Callable[[], object]) -> tuple[str, object]:
    """Return code and field of a refusal that has left nothing behind."""
    with pytest.raises(ProblemError) as caught:
        act()
    return caught.value.code, caught.value.facts.get("field")


async def blocks_after(site: Site, version: int) -> list[Any]:
    batch = site.opened(await site.terminal.call("GET", f"/v1/feeds/blocks?after={version}"))
    return list(batch["changes"])


def whats(desk: Desk) -> list[str]:
    return [str(act["what"]) for act in reversed(desk.log.acts())]


async def test_a_block_reaches_the_feed_and_the_counter_and_goes_as_a_tombstone(site: Site) -> None:
    desk = desk_of(site.tenant)
    block_id, version = desk.blocks.raise_block(BY, BLOCK, household_no=HOME)
    row = {"block_id": block_id, "household_no": HOME, "process": "issue", "level": "error"}
    row |= {"reason": "照会中", "starts": "2026-11-20"}
    assert await blocks_after(site, version - 1) == [["block", [block_id], row]]
    later = BlockForm("issue", "alert", "照会中", "2026-11-20", "2026-11-21")
    assert desk.blocks.change(BY, block_id, later) == version + 1
    assert (row_of(site, "block", block_id) or {})["ends"] == "2026-11-21"
    site.clock.forward(days=30)
    assert row_of(site, "block", block_id) is not None, "an end date lifts nothing"
    assert desk.blocks.lift(BY, block_id) == version + 2
    site.clock.forward(days=-30)
    assert await blocks_after(site, version + 1) == [["block", [block_id], None]]
    assert whats(desk) == ["block.raised", "block.changed", "block.lifted"]


async def test_a_block_that_says_too_little_is_refused_by_the_name_of_the_field(site: Site) -> None:
    desk = desk_of(site.tenant).blocks
    for form, field in (
        (BlockForm("print", "error", "x", "2026-11-20"), "process"),
        (BlockForm("issue", "much", "x", "2026-11-20"), "level"),
        (BlockForm("issue", "error", " ", "2026-11-20"), "reason"),
        (BlockForm("issue", "error", "x", ""), "starts"),
        (BlockForm("issue", "error", "x", "2026-11-20", "2026-11-19"), "ends"),
    ):
        assert refused(partial(desk.raise_block, BY, form, atena_no=TARO)) == (
            "refused.input",
            field,
        )
    assert refused(lambda: desk.raise_block(BY, BLOCK, atena_no="1")) == ("refused.input", "atena_no")
    assert refused(lambda: desk.raise_block(BY, BLOCK)) == ("refused.input", "atena_no")
    assert refused(lambda: desk.lift(BY, "nothing")) == ("refused.not_found", None)
    assert desk_of(site.tenant).log.acts() == []


async def test_a_block_changed_meanwhile_is_not_lifted_by_an_old_page(site: Site) -> None:
    desk = desk_of(site.tenant).blocks
    block_id, _ = desk.raise_block(BY, BLOCK, atena_no=TARO)
    _, mark = desk.block(block_id)
    desk.change(BY, block_id, BLOCK, mark)
    assert refused(lambda: desk.lift(BY, block_id, mark)) == ("conflict.version", None)


async def test_a_measure_lasts_until_it_is_ended_whatever_its_last_day(site: Site) -> None:
    desk = desk_of(site.tenant)
    (first, second), version = desk.measures.begin(BY, [TARO, HANAKO], provisional=True, starts="2026-11-20")
    assert len(await blocks_after(site, version - 1)) == 2, "one version for all of them"
    desk.measures.confirm(BY, first, "2027-11-19")
    desk.measures.extend(BY, first, "2028-11-19")
    assert row_of(site, "shien_sochi", first) == {
        "measure_id": first,
        "atena_no": TARO,
        "provisional": False,
        "starts": "2026-11-20",
        "ends": "2028-11-19",
    }
    shorter = refused(lambda: desk.measures.extend(BY, first, "2027-11-19"))
    assert shorter == ("refused.input", "ends")
    desk.measures.end(BY, second)
    assert row_of(site, "shien_sochi", second) is None
    nobody = refused(lambda: desk.measures.begin(BY, ["1"], provisional=True, starts="2026-11-20"))
    assert nobody == ("refused.input", "atena_no")


async def test_a_change_is_the_next_history_number_with_why_and_when(site: Site) -> None:
    desk = desk_of(site.tenant)
    before = row_of(site, "resident", TARO, 2) or {}
    typed = {"address_town": "みどり県あおぞら市泉町", "address_banchi": "5番地", "remarks": "x"}
    desk.residents.change(BY, TARO, typed, MOVE)
    after = row_of(site, "resident", TARO, 3) or {}
    assert row_of(site, "resident", TARO, 2) == before
    told = {
        "history_no": 3,
        "before_move": "みどり県あおぞら市葛󠄂城町一丁目2番3号",
        "address_since_text": "令和8年11月18日",
        "address_since_sort": "2026-11-18",
        "ido_reason": "転居",
        "ido_date": "2026-11-18",
        "ido_todoke_date": "2026-11-20",
        "todoke_date": "2026-11-20",
        "processed_date": "2026-11-20",
    }
    assert after == before | typed | told
    desk.residents.change(BY, TARO, {"remarks": ""}, Ido("職権修正", date(2026, 11, 20)))
    last = row_of(site, "resident", TARO, 4) or {}
    assert "remarks" not in last
    assert last["todoke_date"] == "2026-11-20", "no other 異動 changes it"


async def test_a_correction_stays_under_its_history_number_and_is_found(site: Site) -> None:
    desk = desk_of(site.tenant)
    version = desk.residents.correct(BY, HANAKO, {"furigana": "ワタナベ　ハナ", "birth_text": "S60.12.27"})
    row = row_of(site, "resident", HANAKO, 1) or {}
    assert (row["furigana"], row["birth_sort"]) == ("ワタナベ　ハナ", "1985-12-27")
    assert [hit["atena_no"] for hit in desk.residents.found("わたなべ はな")] == [HANAKO]
    batch = site.opened(await site.terminal.call("GET", f"/v1/feeds/register?after={version - 1}"))
    assert [change[1] for change in batch["changes"]] == [[HANAKO, 1]]


async def test_what_no_record_may_be_is_refused_by_the_name_of_the_field(site: Site) -> None:
    desk = desk_of(site.tenant).residents
    for typed, field in (
        ({"full_name": ""}, "full_name"),
        ({"sex": "x"}, "sex"),
        ({"status": "tenshutsu"}, "removed_reason"),
        ({"order_no": "-1"}, "order_no"),
        ({"tenshutsu_planned": "あした"}, "tenshutsu_planned"),
        ({"history_no": "9"}, "history_no"),
        ({"atena_no": JIRO}, "atena_no"),
        ({"remarks": "x" * 1001}, "remarks"),
    ):
        assert refused(partial(desk.correct, BY, TARO, typed)) == ("refused.input", field)
    for ido, field in (
        (Ido("", date(2026, 11, 20)), "ido_reason"),
        (Ido("転居", date(2026, 11, 21)), "ido_date"),
        (Ido("転居", date(2026, 11, 20), date(2026, 11, 19)), "ido_todoke_date"),
    ):
        assert refused(partial(desk.change, BY, TARO, {}, ido)) == ("refused.input", field)
    assert row_of(site, "resident", TARO, 3) is None


async def test_a_newcomer_gets_numbers_nobody_has(site: Site) -> None:
    desk = desk_of(site.tenant)
    typed = {"full_name": "新　一", "birth_text": "H1.1.8", "sex": "男", "kind": "japanese"}
    typed |= {"relationship": "世帯主", "address_town": "みどり県あおぞら市"}
    born = Ido("転入", date(2026, 11, 19), date(2026, 11, 20))
    first, _ = desk.residents.enter(BY, typed, born)
    second, _ = desk.residents.enter(BY, typed | {"household_no": HOME, "relationship": "子"}, born)
    assert len({first, second, TARO, HANAKO, JIRO, KIMI, CHO}) == 7
    own, at_home = desk.residents.record(first).row, desk.residents.record(second).row
    assert (own["order_no"], own["address_since_sort"], own["birth_sort"]) == (1, "2026-11-19", "1989-01-08")
    assert (at_home["household_no"], at_home["order_no"]) == (HOME, 3)
    nowhere = refused(lambda: desk.residents.enter(BY, typed | {"household_no": "1"}, born))
    assert nowhere == ("refused.input", "household_no")


async def test_of_two_who_act_on_one_state_one_is_refused(site: Site) -> None:
    desk = desk_of(site.tenant).residents
    mark = desk.record(TARO).mark

    def change(name: str) -> str:
        try:
            desk.change(BY, TARO, {"full_name": name}, MOVE, mark)
        except ProblemError as error:
            return error.code
        return "done"

    told = await asyncio.gather(*(asyncio.to_thread(change, f"渡　{number}") for number in range(4)))
    assert sorted(told) == ["conflict.version"] * 3 + ["done"]
    assert row_of(site, "resident", TARO, 4) is None


async def test_a_form_acts_once_even_when_it_comes_twice_at_the_same_time(site: Site) -> None:
    desk = desk_of(site.tenant)

    def send() -> str:
        try:
            desk.blocks.raise_block(By("s002", "form-1"), BLOCK, atena_no=TARO)
        except DoneBeforeError:
            return "before"
        return "done"

    told = await asyncio.gather(*(asyncio.to_thread(send) for _ in range(4)))
    assert sorted(told) == ["before", "before", "before", "done"]
    assert len(desk.blocks.listed()) == 1
    assert [act["act_no"] for act in desk.log.acts()] == [1]


async def test_what_programs_do_with_the_offices_token_is_in_the_log_too(site: Site) -> None:
    (sent,) = await site.terminal.send(site.terminal.tenkyo({"subject": HANAKO}))
    decided = {"decision": "return", "reason": "x", "decided_by": "o001"}
    await site.office("POST", f"/intakes/{sent['key']}/decision", decided)
    await site.office("POST", f"/terminals/{site.terminal.number}/revocation")
    acts = desk_of(site.tenant).log.acts()
    assert [(act["who"], act["what"], act["subject"]) for act in acts] == [
        ("office-token", "terminal.revoked", site.terminal.number),
        ("o001", "intake.returned", sent["key"]),
    ]
    older = desk_of(site.tenant).log.acts(before=2)
    assert [act["act_no"] for act in older] == [1]

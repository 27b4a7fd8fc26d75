"""What was put aside is looked at by a person: opened with the town's key, let into effect, or dismissed."""

from typing import Any

import pytest
import sqlalchemy as sa

from cloud import storage
from tests.cloud.cloud_builders import CODE, TARO, Site, Terminal
from tests.cloud.intake_builders import rows
from tests.cloud.test_cloud_commands import heads, lines

pytestmark = pytest.mark.asyncio
BY = {"by": "o001"}


async def revoked(site: Site) -> Terminal:
    """Return a terminal taken out, which another one speaks for."""
    gone = await site.another_terminal()
    await site.office("POST", f"/terminals/{gone.number}/revocation")
    return gone


async def aside(site: Site, state: str = "kept") -> list[dict[str, Any]]:
    return list((await site.office("GET", f"/quarantine?state={state}")).json()["items"])


async def do(site: Site, item: dict[str, Any], what: str, **more: object) -> tuple[int, dict[str, Any]]:
    answer = await site.office("POST", f"/quarantine/{item['item_id']}/{what}", BY | more)
    return answer.status_code, dict(answer.json())


def acts(site: Site) -> list[tuple[str, str, str]]:
    return [(line.who, line.what, line.subject) for line in lines(site, storage.office_act)]


async def test_a_revoked_terminals_words_are_listed_unopened(site: Site) -> None:
    gone = await revoked(site)
    fact, tenkyo = gone.issued(1), gone.tenkyo()
    await site.terminal.send(fact, tenkyo)
    found = {item["command_key"]: item for item in await aside(site)}
    assert set(found) == {fact["key"], tenkyo["key"]}
    item = found[str(fact["key"])]
    assert (item["terminal"], item["kind"], item["reason"]) == (
        gone.number,
        "fact.issued",
        "refused.terminal_revoked",
    )
    assert not {"payload", "sealed", "words"} & set(item)


async def test_opening_shows_what_is_inside_and_who_looked_is_kept(site: Site) -> None:
    gone = await revoked(site)
    await site.terminal.send(gone.tenkyo())
    (item,) = await aside(site)
    _, opened = await do(site, item, "opening")
    assert (opened["payload"]["to"]["banchi"], opened["residents"], opened["base"]) == (
        "5番地",
        [TARO],
        {TARO: 2},
    )
    assert acts(site)[-1] == ("o001", "quarantine.opened", item["item_id"])


async def test_a_released_fact_stands_in_the_book_as_its_authors(site: Site) -> None:
    gone = await revoked(site)
    fact = gone.issued(7)
    (first,) = await site.terminal.send(fact)
    (item,) = await aside(site)
    status, told = await do(site, item, "release")
    assert (status, told["state"], told["answer"]["outcome"]) == (200, "released", "accepted")
    (line,) = lines(site, storage.issue_book)
    assert (line.terminal, line.serial, line.made_by, line.command_key) == (
        gone.number,
        7,
        "s001",
        fact["key"],
    )
    (again,) = await site.terminal.send(fact)
    assert again == {**first, "outcome": "already", "first": "accepted"}
    assert len(lines(site, storage.issue_book)) == 1
    (item,) = await aside(site, "released")
    assert item["decided_by"] == "o001"
    assert (await do(site, item, "release"))[1]["code"] == "office.decided"
    assert acts(site)[-1] == ("o001", "quarantine.released", item["item_id"])


async def test_a_released_request_becomes_an_intake_and_its_first_answer_stays(site: Site) -> None:
    gone = await revoked(site)
    tenkyo = gone.tenkyo()
    (first,) = await site.terminal.send(tenkyo)
    assert first["quarantined"] is True
    (item,) = await aside(site)
    assert (await do(site, item, "release"))[0] == 200
    (intake,) = rows(site, "intake")
    assert (intake["command_key"], intake["state"]) == (tenkyo["key"], "received")
    (again,) = await site.terminal.send(tenkyo)
    assert (again["outcome"], again["first"]) == ("already", "accepted")
    decided = {"decision": "register", "decided_by": "o001", "relationships": {}}
    answer = await site.office("POST", f"/intakes/{tenkyo['key']}/decision", decided)
    assert answer.status_code == 422, "the householder leaves: decided as any other"


@pytest.mark.parametrize("kind", ["fact.issued", "fact.handed_over", "todoke.tenkyo"])
async def test_what_was_released_before_its_author_could_be_heard_takes_effect_once_though_it_sends_it_too(
    site: Site, kind: str
) -> None:
    """A cloud put back to before a terminal was enrolled: a neighbour carries its words, then it is known again."""
    back = await site.another_terminal()
    ended = {"serial": f"{back.number}-000003", "reason": "汚れ"}
    made = {
        "fact.issued": back.issued(3),
        "fact.handed_over": back.command("fact.handed_over", ended),
        "todoke.tenkyo": back.tenkyo(),
    }[kind]
    table = storage.terminal
    here = sa.and_(table.c.municipality == CODE, table.c.terminal_no == back.number)
    with site.tenant.register.writing() as connection:
        known = dict(connection.execute(sa.select(table).where(here)).one()._mapping)
        connection.execute(sa.delete(table).where(here))
    await site.terminal.send(made)
    with site.tenant.register.writing() as connection:
        connection.execute(sa.insert(table), [known])
    (item,) = await aside(site)
    assert (item["reason"], (await do(site, item, "release"))[0]) == ("unknown_terminal", 200)
    first, second = await back.send(made, back.issued(9))
    assert (first["outcome"], first["first"], second["outcome"]) == ("already", "accepted", "accepted")
    books = {
        "fact.issued": storage.issue_book,
        "fact.handed_over": storage.sheet_event,
        "todoke.tenkyo": storage.intake_case,
    }
    assert [line.command_key for line in lines(site, books[kind])].count(made["key"]) == 1
    assert await aside(site) == []


async def test_two_releases_at_once_take_effect_once(site: Site) -> None:
    import asyncio

    gone = await revoked(site)
    await site.terminal.send(gone.issued(7))
    (item,) = await aside(site)
    answers = await asyncio.gather(*(do(site, item, "release") for _ in range(4)))
    assert sorted(status for status, _ in answers) == [200, 409, 409, 409]
    assert len(lines(site, storage.issue_book)) == 1


@pytest.mark.parametrize("what", ["number twice", "forged", "stale", "taken"])
async def test_what_cannot_take_effect_even_so_changes_nothing(site: Site, what: str) -> None:
    gone = await site.another_terminal()
    if what == "number twice":
        await gone.send(gone.issued(1), gone.issued(1))
    elif what == "forged":
        await site.terminal.send(gone.issued(1) | {"made_by": "s009"})
    elif what == "taken":
        mine = site.terminal.issued(1)
        await site.terminal.send(mine, gone.issued(2, key=mine["key"]))
    else:
        await site.office("POST", f"/terminals/{gone.number}/revocation")
        await site.terminal.send(gone.tenkyo(base={TARO: 1}))
    before, books = heads(site), lines(site, storage.issue_book)
    (item,) = await aside(site)
    status, told = await do(site, item, "release")
    assert (status, told["code"]) == (409, "quarantine.still_refused")
    reasons = {"number twice": "serial_twice", "forged": "wrong_signature"}
    assert told["reason"] == (reasons | {"stale": "conflict.version", "taken": "key_taken"})[what]
    assert (heads(site), lines(site, storage.issue_book)) == (before, books)
    assert [item["state"] for item in await aside(site)] == ["kept"]


async def test_what_never_was_a_command_is_shown_as_it_came_and_dismissed(site: Site) -> None:
    await site.terminal.send({"key": "?", "kind": "fact.issued", "sealed": "%%%"})
    (item,) = await aside(site)
    _, opened = await do(site, item, "opening")
    assert "raw" in opened
    assert (await do(site, item, "release"))[1]["code"] == "quarantine.no_command"
    status, told = await do(site, item, "dismissal", reason="書式不明")
    assert (status, told["state"]) == (200, "dismissed")
    assert await aside(site) == []
    (item,) = await aside(site, "dismissed")
    assert (item["decided_by"], item["decided_for"]) == ("o001", "書式不明")
    assert (await do(site, item, "release"))[1]["code"] == "office.decided"
    assert (await do(site, item, "opening"))[0] == 200, "it is kept all the same"


async def test_what_is_dismissed_does_not_come_back_when_it_is_sent_again(site: Site) -> None:
    gone = await revoked(site)
    fact = gone.issued(1)
    await site.terminal.send(fact)
    (item,) = await aside(site)
    await do(site, item, "dismissal", reason="調査済み")
    await site.terminal.send(fact)
    assert await aside(site) == []


async def test_only_the_office_looks(site: Site) -> None:
    gone = await revoked(site)
    await site.terminal.send(gone.issued(1))
    (item,) = await aside(site)
    await site.terminal.sign_in("s002")
    for method, path in (
        ("GET", "/office/v1/quarantine"),
        ("POST", f"/office/v1/quarantine/{item['item_id']}/opening"),
        ("POST", f"/office/v1/quarantine/{item['item_id']}/release"),
    ):
        answer = await site.terminal.call(method, path, BY)
        assert (answer.status_code, answer.json()["code"]) == (401, "office.unknown")
    assert (await do(site, {"item_id": "nothing"}, "opening"))[0] == 404
    with site.tenant.register.reading() as connection:
        said = connection.execute(sa.select(storage.office_act.c.what)).scalars().all()
    assert said == ["terminal.revoked"]

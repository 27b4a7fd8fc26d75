"""What a terminal is told of what is held in its name: whole, in parts, key by key, and before a batch is taken."""

from base64 import b64decode, b64encode
from datetime import timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from cloud import storage, tally
from tests.cloud.cloud_builders import START, Row, Site, Terminal
from tests.vectors import octets, vector

pytestmark = pytest.mark.asyncio
FIRST = "00000000-0000-0000-0000-000000000000"


def a_key(minutes: int, number: int) -> str:
    millis = int((START + timedelta(minutes=minutes)).timestamp() * 1000)
    return str(UUID(int=millis << 80 | 7 << 76 | 2 << 62 | number))


def total(book: dict[str, str]) -> bytes:
    parts = (blake2b((key + outcome).encode(), digest_size=32).digest() for key, outcome in book.items())
    return (sum(map(int.from_bytes, parts)) % 2**256).to_bytes(32)


async def asked(terminal: Terminal, **body: object) -> dict[str, Any]:
    answer = await terminal.call("POST", "/v1/commands/tally", body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def sent(terminal: Terminal, count: int, *, apart: int = 1, begin: int = 1) -> dict[str, str]:
    facts = [
        terminal.issued(number, key=a_key(number * apart, number)) for number in range(begin, begin + count)
    ]
    answers = await terminal.send(*facts)
    return {answer["key"]: answer["outcome"] for answer in answers}


async def expecting(terminal: Terminal, book: dict[str, str], *commands: Row) -> httpx.Response:
    told: Row = {"since": FIRST, "held": len(book)}
    told |= {"total": b64encode(total(book)).decode()} if book else {}
    return await terminal.call("POST", "/v1/commands", {"commands": list(commands), "tally": told})


async def test_a_terminal_is_told_what_is_held_of_its_own_commands_alone(site: Site) -> None:
    other = await site.another_terminal()
    await sent(other, 3, begin=50)
    book = await sent(site.terminal, 5)
    told = await asked(site.terminal, since=FIRST)
    assert (told["held"], b64decode(told["total"])) == (5, total(book))
    assert told["keys"] == {"accepted": sorted(book)}
    assert told["at"] == "2026-11-20T05:00:00Z"


async def test_refusals_and_conflicts_are_held_too(site: Site) -> None:
    wrong, old = site.terminal.tenkyo({"ido_date": "2026-12-01"}), site.terminal.tenkyo(base={})
    answers = await site.terminal.send(wrong, old)
    told = await asked(site.terminal, since=FIRST)
    assert told["held"] == 2
    assert sorted(told["keys"]) == sorted({answer["outcome"] for answer in answers})


async def test_many_are_told_in_sixteen_parts_that_add_up(site: Site) -> None:
    book = await sent(site.terminal, 120, apart=600)
    whole = await asked(site.terminal, since=FIRST, whole=True)
    assert set(whole) == {"held", "total", "at"}
    since, until = str(UUID(int=UUID(a_key(0, 0)).int // tally.SLICE * tally.SLICE)), a_key(130 * 600, 0)
    told = await asked(site.terminal, since=since, until=until)
    width = -(-(UUID(until).int - UUID(since).int) // 16)
    for place, part in enumerate(told["parts"]):
        low = UUID(since).int + place * width
        here = {key: one for key, one in book.items() if low <= UUID(key).int < low + width}
        assert part["held"] == len(here)
        assert b64decode(part.get("total", "A" * 43 + "=")) == total(here)
    assert (whole["held"], b64decode(whole["total"])) == (120, total(book))


@pytest.mark.parametrize("slices", [16, 48])
async def test_sums_that_are_kept_say_what_the_commands_themselves_say(site: Site, slices: int) -> None:
    await sent(site.terminal, 100, apart=977)
    first = UUID(a_key(0, 0)).int // tally.SLICE
    bounds = [(first + place * slices // 16) * tally.SLICE for place in range(17)]
    between = [
        bounds[0],
        *(bound + 1 for bound in bounds[1:-1]),
        bounds[-1],
    ]  # no key lies there: the same, by rows
    with site.tenant.register.reading() as connection:
        mine = connection, site.tenant.municipality, site.terminal.number
        assert tally.tallies(*mine, bounds) == tally.tallies(*mine, between)


async def test_a_batch_is_taken_where_the_terminal_knows_what_is_held(site: Site) -> None:
    book = await sent(site.terminal, 3)
    answer = await expecting(site.terminal, book, site.terminal.issued(9))
    assert [one["outcome"] for one in answer.json()["answers"]] == ["accepted"]


@pytest.mark.parametrize("known", [0, 2])
async def test_nothing_of_a_batch_is_taken_where_something_else_is_held(site: Site, known: int) -> None:
    book = await sent(site.terminal, 3)
    less = dict(list(book.items())[:known])
    fact = site.terminal.issued(9)
    answer = await expecting(site.terminal, less, fact)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict.tally")
    assert (await site.terminal.call("GET", f"/v1/commands/{fact['key']}")).status_code == 404
    assert (await asked(site.terminal, since=FIRST))["held"] == 3


async def test_what_comes_again_is_counted_once(site: Site) -> None:
    fact = site.terminal.issued(1)
    for _ in range(3):
        await site.terminal.send(fact)
    assert (await asked(site.terminal, since=FIRST))["held"] == 1


async def test_an_answer_that_is_not_remembered_says_so_and_is_not_counted(site: Site) -> None:
    forged = site.terminal.issued(1) | {"made_by": "somebody else"}
    garbage: Row = {"key": a_key(0, 1), "kind": "fact.issued"}
    nonsense: Row = {"key": a_key(0, 2), "kind": "todoke.tenkyo"}
    answers = await site.terminal.send(forged, garbage, nonsense)
    assert [answer["remembered"] for answer in answers] == [False] * 3
    assert (await asked(site.terminal, since=FIRST)) == {"held": 0, "keys": {}, "at": "2026-11-20T05:00:00Z"}


async def test_a_range_that_ends_before_it_begins_is_malformed(site: Site) -> None:
    body = {"since": a_key(1, 0), "until": a_key(0, 0)}
    answer = await site.terminal.call("POST", "/v1/commands/tally", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")


async def test_the_sum_is_that_of_the_contract() -> None:
    said = vector("tally")
    for one in said["answers"]:
        assert tally.entry(one["key"], one["outcome"]).octets == octets(one["total"])


async def test_commands_of_before_are_counted_when_the_database_is_brought_up(site: Site) -> None:
    from cloud.migrations.versions import v0005_counted_commands as step

    book = await sent(site.terminal, 30, apart=500)
    table = storage.command_tally
    with site.tenant.engine.begin() as connection:
        kept = sorted(map(tuple, connection.execute(sa.select(table))))
        connection.execute(sa.delete(table))
        step.count(connection)
        assert sorted(map(tuple, connection.execute(sa.select(table)))) == kept
    assert b64decode((await asked(site.terminal, since=FIRST))["total"]) == total(book)

"""The cloud reads and writes its book once a batch: however a run of facts is cut, it says the same."""

import asyncio
from collections.abc import Iterator
from itertools import count, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud import storage
from tests.cloud.cloud_builders import TARO, Row, Site, Terminal, a_site
from tests.cloud.test_cloud_commands import lines

Told = tuple[str, int]  # what happened, and to which of a few copies
_FACTS = ("issued", "short", "handed_over", "spoiled", "void", "fee")
# and what a batch may hold beside them
_BETWEEN = ("again", "forged", "conflict", "malformed", "nameless")
TOLD = st.tuples(st.sampled_from((*_FACTS, *_FACTS, *_FACTS, *_BETWEEN)), st.integers(0, 1))
_first = count(1000, 10)  # numbers nobody has had


@pytest.fixture(scope="module")
def counters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Terminal, Terminal]]:
    """A cloud with two terminals, on a loop of its own that the examples share."""

    async def made() -> tuple[Site, Terminal, Terminal]:
        site = await a_site(tmp_path_factory.mktemp("batches") / "cloud")
        return site, site.terminal, await site.another_terminal()

    with asyncio.Runner() as runner:
        site, one, other = runner.run(made())
        yield site, one, other
        runner.run(site.client.aclose())
        site.tenant.close()


def facts(terminal: Terminal, told: list[Told], first: int) -> list[Row]:
    made: list[Row] = []
    for what, place in told:
        made.append(
            made[place % len(made)] if what == "again" and made else fact(terminal, what, first + place)
        )
    return made


def fact(terminal: Terminal, what: str, number: int) -> Row:
    serial = f"{terminal.number}-{number:06d}"
    match what:
        case "issued" | "again":
            return terminal.issued(number)
        case "forged":
            return terminal.issued(number) | {"made_by": "s009"}
        case "conflict":
            return terminal.tenkyo(base={TARO: 1})
        case "malformed":
            return terminal.command("fact.issued", {"serial": serial, "kind": "", "day": "?"})
        case "short":  # the same number, written otherwise
            told = {"kind": "juminhyo_copy", "day": "2026-11-20", "subject": TARO, "pages": 1, "fee_yen": 300}
            return terminal.command("fact.issued", {"serial": f"{terminal.number}-{number}"} | told)
        case _:
            return terminal.command(
                f"fact.{what}", {"serial": serial} | ({"yen": 300} if what == "fee" else {})
            )


async def sent(terminal: Terminal, batches: list[list[Row]]) -> list[tuple[object, object]]:
    """Send batch after batch; returns what was answered to each fact."""
    answers = [answer for batch in batches for answer in await terminal.send(*batch)]
    return [(answer["outcome"], answer.get("code")) for answer in answers]


def book(site: Site, terminal: Terminal, first: int) -> list[tuple[object, ...]]:
    issued = [
        ("issued", line.serial - first, line.state)
        for line in lines(site, storage.issue_book)
        if line.terminal == terminal.number and line.serial >= first
    ]
    ends = [
        (line.event, int(line.serial_key.rpartition("-")[2]) - first)
        for line in lines(site, storage.sheet_event)
        if line.terminal == terminal.number and int(line.serial_key.rpartition("-")[2]) >= first
    ]
    return sorted(issued) + sorted(ends)


@settings(max_examples=40)
@given(told=st.lists(TOLD, min_size=4, max_size=20), cuts=st.sets(st.integers(1, 19), max_size=4))
def test_however_facts_are_cut_into_batches_the_book_says_the_same(
    counters: tuple[Site, Terminal, Terminal], told: list[Told], cuts: set[int]
) -> None:
    site, one, other = counters
    first = next(_first)
    whole = facts(one, told, first)
    places = [0, *sorted(cut for cut in cuts if cut < len(told)), len(told)]
    batches = [whole[begin:end] for begin, end in pairwise(places)]
    answered = asyncio.run(sent(one, batches))
    assert answered == asyncio.run(sent(other, [[fact] for fact in facts(other, told, first)]))
    assert book(site, one, first) == book(site, other, first)
    put_aside = [line for line in lines(site, storage.quarantine) if line.reason == "serial_twice"]
    assert len(put_aside) % 2 == 0

"""P12: a removed, changed or reordered entry of a terminal's journal is found by the cloud too."""

from itertools import permutations
from typing import Any

import pytest

from cloud import storage
from tests.cloud.cloud_builders import Row, Site
from tests.cloud.test_cloud_commands import lines

pytestmark = pytest.mark.asyncio
START = bytes(32)


async def troubles(site: Site) -> list[tuple[str, int, int]]:
    found: list[dict[str, Any]] = (await site.office("GET", "/journal-trouble")).json()["troubles"]
    assert all(one["terminal"] == site.terminal.number for one in found)
    return [(one["trouble"], one["first"], one["last"]) for one in found]


def three(site: Site) -> list[Row]:
    """Return a journal in three runs: 1 to 4, 5 to 7, 8 to 9."""
    segments, head, first = [], START, 1
    for count in (4, 3, 2):
        segment, head = site.terminal.journal(first, count, head)
        segments.append(segment)
        first += count
    return segments


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
async def test_a_whole_journal_holds_in_whatever_order_it_comes(site: Site, order: tuple[int, ...]) -> None:
    segments = three(site)
    for place in order:
        await site.terminal.send(segments[place])
    assert await troubles(site) == []
    assert not lines(site, storage.quarantine)


async def test_a_run_that_is_missing_is_a_gap_until_it_comes(site: Site) -> None:
    first, second, third = three(site)
    await site.terminal.send(third)
    assert await troubles(site) == [("gap", 1, 7)]
    await site.terminal.send(first)
    assert await troubles(site) == [("gap", 5, 7)]
    await site.terminal.send(second)
    assert await troubles(site) == []


async def test_a_run_told_twice_in_other_cuts_is_the_same_journal(site: Site) -> None:
    first, second, _ = three(site)
    both, _ = site.terminal.journal(1, 6, START)
    await site.terminal.send(first, second, both)
    assert await troubles(site) == []


async def test_another_past_is_a_fork(site: Site) -> None:
    first, second, third = three(site)
    other, _ = site.terminal.journal(1, 4, START, actor="s002")
    await site.terminal.send(first, second, third, other)
    assert {trouble for trouble, *_ in await troubles(site)} == {"fork"}


async def test_a_run_that_follows_another_past_is_a_fork(site: Site) -> None:
    first, _, _ = three(site)
    _, other_head = site.terminal.journal(1, 4, START, actor="s002")
    second, _ = site.terminal.journal(5, 3, other_head)
    await site.terminal.send(first, second)
    assert await troubles(site) == [("fork", 4, 7)]


def _tampered(segment: dict[str, Any], how: str) -> dict[str, Any]:
    entries = list(segment["entries"])
    if how == "changed":
        entries[1] = entries[1] | {"actor": "s009"}
    elif how == "removed":
        del entries[1]
    else:
        entries[1], entries[2] = entries[2], entries[1]
    return segment | {"entries": entries}


@pytest.mark.parametrize("how", ["changed", "removed", "reordered"])
async def test_a_run_that_does_not_lead_to_its_head_is_broken(site: Site, how: str) -> None:
    from cloud.envelopes import open_payload
    from tests.cloud.test_cloud_commands import _command

    whole, head = site.terminal.journal(1, 4, START)
    payload = dict(open_payload(site.tenant.keys, _command(site, whole)))
    changed = site.terminal.command("fact.journal", _tampered(payload, how))
    after, _ = site.terminal.journal(5, 2, head)
    await site.terminal.send(changed, after)
    found = await troubles(site)
    assert found[0][0] == "broken"
    assert found[1][0] == "gap", "what is broken fills no place"


async def test_a_run_without_its_entries_is_kept_for_a_person(site: Site) -> None:
    (answer,) = await site.terminal.send(
        site.terminal.command("fact.journal", {"first": 1, "last": 9, "head": b"\x01\x02"})
    )
    assert answer["outcome"] == "accepted"
    assert [line.reason for line in lines(site, storage.quarantine)] == ["incomplete"]


async def test_the_cloud_links_entries_as_the_terminals_own_rule_does() -> None:
    from client.rules.chain import link
    from cloud.journals import links_of
    from cloud.payloads.facts import JournalEntry, JournalSegment

    told: dict[str, Any] = {
        "at": "2026-11-20T05:31:40.000000Z",
        "kind": "issue",
        "actor": "s001",
        "subjects": ["1000000014"],
        "facts": {"serial": "T0001-000011", "pages": 2},
    }
    segment = JournalSegment(first=7, prev=b"p" * 32, head=b"h" * 32, entries=[JournalEntry(**told)])
    assert links_of(segment) == link(b"p" * 32, {"seq": 7, **told})

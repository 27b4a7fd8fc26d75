"""P12: the cloud's audit finds what was done to a journal after it came, by whoever can write to the database."""

import json
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from cloud import storage
from cloud.journal_audit import Journal, all_troubles, audit
from cloud.journals import links_of
from cloud.payloads.facts import JournalEntry, JournalSegment
from cloud.payloads.kinds import keep, read_kept
from tests.cloud.cloud_builders import TARO, Row, Site, Terminal

pytestmark = pytest.mark.asyncio
START = bytes(32)
RUNS = storage.journal_segment


def journal_payload(first: int, count: int, prev: bytes, *, actor: str = "s001") -> tuple[Row, bytes]:
    """Return a run of a journal, which nobody has signed, and the hash it ends with."""
    entries = [
        JournalEntry(
            at=f"2026-11-20T05:00:00.{seq:06d}Z",
            kind="look_up",
            actor=actor,
            subjects=[TARO],
            facts={"hits": seq},
        )
        for seq in range(first, first + count)
    ]
    head = links_of(JournalSegment(first=first, prev=prev, head=prev, entries=entries))[-32:]
    return {"first": first, "prev": prev, "head": head, "entries": msgspec.to_builtins(entries)}, head


def signature(site: Site, terminal: Terminal, payload: Row, key: ec.EllipticCurvePrivateKey) -> bytes:
    entries: Any = payload["entries"]
    first: Any = payload["first"]
    words = [site.tenant.municipality, terminal.number, first, first + len(entries) - 1]
    message = b"madoguchi-journal-v1\n" + msgspec.msgpack.encode([*words, payload["prev"], payload["head"]])
    return key.sign(message, ec.ECDSA(SHA256()))


def run(
    site: Site,
    first: int,
    count: int,
    prev: bytes,
    *,
    key: ec.EllipticCurvePrivateKey | None = None,
    actor: str = "s001",
    signed: bool = True,
) -> tuple[Row, bytes]:
    payload, head = journal_payload(first, count, prev, actor=actor)
    if signed:
        payload["signature"] = signature(site, site.terminal, payload, key or site.terminal.key)
    return site.terminal.command("fact.journal", payload), head


async def three(site: Site) -> list[Row]:
    """Let a terminal send a journal in three signed runs: 1 to 4, 5 to 7, 8 to 9."""
    sent, head, first = [], START, 1
    for count in (4, 3, 2):
        made, head = run(site, first, count, head)
        await site.terminal.send(made)
        sent.append(made)
        first += count
    return sent


def audited(site: Site) -> list[Journal]:
    with site.tenant.register.reading() as connection:
        return audit(connection, site.tenant.municipality)


def troubles(site: Site) -> list[tuple[str, int, int]]:
    found = list(all_troubles(audited(site)))
    assert all(one.terminal == site.terminal.number for one in found)
    return [(one.trouble, one.first, one.last) for one in found]


def harm(site: Site, *statements: sa.Executable) -> None:
    with site.tenant.engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)


def rewrite(site: Site, first: int, **changed: object) -> JournalSegment:
    """Write a run anew with all that the cloud keeps beside it, as its master could."""
    with site.tenant.engine.begin() as connection:
        kept = connection.scalar(sa.select(RUNS.c.payload).where(RUNS.c.first == first))
        assert kept is not None
        run = msgspec.structs.replace(read_kept(JournalSegment, kept), **changed)
        links = links_of(run)
        run = msgspec.structs.replace(run, head=links[-32:])
        connection.execute(
            sa.update(RUNS)
            .where(RUNS.c.first == first)
            .values(
                payload=keep(run),
                links=links,
                head=run.head,
                prev=run.prev,
                last=run.first + len(run.entries) - 1,
            )
        )
    return run


def entries_of(site: Site, first: int) -> list[Any]:
    with site.tenant.engine.connect() as connection:
        kept = connection.scalar(sa.select(RUNS.c.payload).where(RUNS.c.first == first))
    assert kept is not None
    return list(read_kept(JournalSegment, kept).entries)


async def test_a_whole_journal_is_said_to_be(site: Site) -> None:
    await three(site)
    (journal,) = audited(site)
    assert (journal.runs, journal.signed, journal.last, journal.troubles) == (3, 3, 9, [])


@pytest.mark.parametrize(("place", "first"), [(0, 1), (1, 5), (2, 8)])
async def test_a_run_taken_away_is_missed_the_last_one_too(site: Site, place: int, first: int) -> None:
    sent = await three(site)
    harm(site, sa.delete(RUNS).where(RUNS.c.first == first))
    found = [one.command_key for one in all_troubles(audited(site)) if one.trouble == "removed"]
    assert found == [sent[place]["key"]]


async def test_a_run_taken_away_with_the_command_that_brought_it_is_missed_by_the_count(site: Site) -> None:
    sent = await three(site)
    key = sent[2]["key"]
    harm(
        site,
        sa.delete(RUNS).where(RUNS.c.command_key == key),
        sa.delete(storage.command).where(storage.command.c.key == key),
    )
    assert troubles(site) == [("uncounted", 0, 0)]


async def test_a_run_hidden_as_if_it_lay_in_quarantine_is_missed(site: Site) -> None:
    sent = await three(site)
    key = sent[2]["key"]
    table = storage.command
    with site.tenant.engine.connect() as connection:
        answer = json.loads(str(connection.scalar(sa.select(table.c.answer).where(table.c.key == key))))
    hidden = json.dumps(answer | {"quarantined": True})
    harm(
        site,
        sa.delete(RUNS).where(RUNS.c.command_key == key),
        sa.update(table).where(table.c.key == key).values(answer=hidden),
    )
    assert troubles(site) == [("removed", 0, 0)]


async def test_a_changed_entry_is_found_though_every_hash_was_made_anew(site: Site) -> None:
    await three(site)
    entries = entries_of(site, 8)
    rewrite(site, 8, entries=[msgspec.structs.replace(entries[0], actor="s009"), *entries[1:]])
    assert troubles(site) == [("forged", 8, 9)]


async def test_changed_entries_with_the_hashes_left_as_they_were_are_found(site: Site) -> None:
    await three(site)
    entries = entries_of(site, 5)
    with site.tenant.engine.begin() as connection:
        kept = str(connection.scalar(sa.select(RUNS.c.payload).where(RUNS.c.first == 5)))
        swapped = msgspec.structs.replace(
            read_kept(JournalSegment, kept), entries=[entries[1], entries[0], entries[2]]
        )
        connection.execute(sa.update(RUNS).where(RUNS.c.first == 5).values(payload=keep(swapped)))
    assert {trouble for trouble, *_ in troubles(site)} >= {"rewritten", "broken"}


async def test_entries_cut_off_a_run_are_found(site: Site) -> None:
    await three(site)
    rewrite(site, 8, entries=entries_of(site, 8)[:1])
    assert troubles(site) == [("forged", 8, 8)]


async def test_a_signature_taken_away_is_found(site: Site) -> None:
    await three(site)
    rewrite(site, 5, signature=msgspec.UNSET)
    assert troubles(site) == [("unsigned", 5, 7)]


async def test_runs_of_an_earlier_version_are_unsigned_until_the_first_signed_one(site: Site) -> None:
    first, head = run(site, 1, 3, START, signed=False)
    second, head = run(site, 4, 2, head)
    third, _ = run(site, 6, 2, head, signed=False)
    await site.terminal.send(first, second)
    assert troubles(site) == []
    await site.terminal.send(third)
    assert troubles(site) == [("unsigned", 6, 7)]


async def test_a_run_another_terminal_signed_is_forged(site: Site) -> None:
    other = await site.another_terminal()
    mine, head = run(site, 1, 3, START)
    theirs, _ = run(site, 4, 2, head, key=other.key)
    await site.terminal.send(mine, theirs)
    assert troubles(site) == [("forged", 4, 5)]


async def test_a_run_put_in_by_hand_was_brought_by_nobody(site: Site) -> None:
    await three(site)
    with site.tenant.engine.begin() as connection:
        line = connection.execute(sa.select(RUNS).where(RUNS.c.first == 8)).mappings().one()
        connection.execute(sa.insert(RUNS), [{**line, "command_key": "00000000-0000-7000-8000-000000000000"}])
    assert troubles(site) == [("stray", 8, 9)]


async def test_a_terminal_whose_disk_was_put_back_writes_another_past(site: Site) -> None:
    await three(site)
    _, head = journal_payload(1, 4, START)
    again, _ = run(site, 5, 2, head, actor="s002")
    await site.terminal.send(again)
    assert ("fork", 5, 6) in troubles(site) or ("fork", 5, 7) in troubles(site)


async def test_a_gap_between_runs_is_named(site: Site) -> None:
    await three(site)
    _, head = journal_payload(1, 4, START)
    later, _ = run(site, 12, 2, head)
    await site.terminal.send(later)
    assert ("gap", 10, 11) in troubles(site)


async def test_an_earlier_run_of_nonsense_does_not_stop_the_audit(site: Site) -> None:
    await three(site)
    harm(site, sa.update(RUNS).where(RUNS.c.first == 1).values(payload="[]"))
    assert troubles(site)[0] == ("rewritten", 1, 4)

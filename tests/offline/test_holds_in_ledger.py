"""Holds in a real ledger: own ones by the outbox alone, neighbours' by rows that no message takes away."""

import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.blocks import Restrictions
from client.domain.change import ChangeState, Receipt
from client.domain.errors import StoreError
from client.domain.hold import Hold
from client.domain.resident import AtenaNo
from client.jobs.hold_ports import Ending, Heard
from client.rules.hold_wire import MOST_PERSONS, name_of
from client.rules.holds import joined
from offline.store import door, holds
from offline.store.migrations import backup_path
from offline.store.stores import FileStores
from tests.builders import HANAKO, NOW, TARO
from tests.hold_builders import DEATH, SHIEN_SOCHI, TENSHUTSU, a_hold, a_restrictive
from tests.store_builders import a_change, store_keys, stores_in

pytestmark = pytest.mark.asyncio
KEYS = store_keys()
LATER = AtenaNo("1000009999")  # nobody the replica knows
OVER = (ChangeState.REFUSED, ChangeState.WITHDRAWN, ChangeState.SUPERSEDED)


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncIterator[FileStores]:
    opened = stores_in(tmp_path)
    await opened.open(KEYS)
    yield opened
    await opened.close()


async def on(stores: FileStores, *residents: AtenaNo) -> list[str]:
    return [hold.key for hold in await stores.ledger.holds_on(residents or (TARO,))]


async def hear(stores: FileStores, hold: Hold, giver: str = "T0002") -> Heard:
    return await stores.ledger.hear_hold(hold, b"wire " + hold.key.encode(), giver=giver)


async def test_an_own_request_holds_from_its_commit_until_it_has_landed_and_beyond_a_restart(
    stores: FileStores,
) -> None:
    ledger = stores.ledger
    change = await ledger.queue(a_restrictive(DEATH, TARO))
    await ledger.queue(a_change(HANAKO))  # a 転居届 holds nothing
    assert await on(stores) == [change.key]
    assert await on(stores, HANAKO) == []
    (own,) = await ledger.own_holds()
    assert (own.terminal, own.made_at, own.residents) == ("0007", NOW, (TARO,))
    await stores.close()
    await stores.open(KEYS)
    await ledger.lease((change.key,), now=NOW)
    await ledger.settle(change.key, ChangeState.UNKNOWN)
    assert await on(stores) == [change.key]
    await ledger.settle(change.key, ChangeState.ACCEPTED, receipt=Receipt(41, NOW))
    assert await on(stores) == [change.key]
    await ledger.land(41)
    (held,) = await ledger.holds_on((TARO,))
    assert held.landed_at == NOW
    assert joined(Restrictions(), [held], (TARO,), NOW).blocks  # a register led on without its blocks
    assert not joined(Restrictions(), [held], (TARO,), NOW + timedelta(minutes=2)).blocks
    assert await ledger.own_holds() == ()  # the feed tells of it now


async def test_of_what_has_landed_only_what_the_blocks_may_not_tell_of_is_read(stores: FileStores) -> None:
    ledger = stores.ledger
    change = await ledger.queue(a_restrictive(SHIEN_SOCHI, TARO))
    await ledger.lease((change.key,), now=NOW)
    await ledger.settle(change.key, ChangeState.ACCEPTED, receipt=Receipt(41, NOW))
    hour = timedelta(hours=1)
    assert await ledger.holds_of(SHIEN_SOCHI, NOW + hour)  # not landed: whatever the blocks
    await ledger.land(41)
    assert await ledger.holds_of(SHIEN_SOCHI, NOW - hour)
    assert await ledger.holds_of(SHIEN_SOCHI, NOW + timedelta(minutes=1))
    assert await ledger.holds_of(SHIEN_SOCHI, NOW + hour) == ()


@pytest.mark.parametrize("state", OVER)
async def test_an_own_request_that_was_refused_taken_back_or_written_again_holds_no_more(
    stores: FileStores, state: ChangeState
) -> None:
    ledger = stores.ledger
    change = await ledger.queue(a_restrictive(SHIEN_SOCHI, TARO, HANAKO))
    if state is ChangeState.REFUSED:
        await ledger.lease((change.key,), now=NOW)
        await ledger.settle(change.key, state)
    elif state is ChangeState.WITHDRAWN:
        await ledger.withdraw(change.key, actor="s001", reason="取り消し")
    else:
        await ledger.lease((change.key,), now=NOW)
        await ledger.settle(change.key, ChangeState.CONFLICT)
        assert await on(stores, HANAKO) == [change.key]  # a person has not decided yet
        again = await ledger.queue(a_restrictive(SHIEN_SOCHI, TARO, HANAKO, supersedes=change.key))
        assert await on(stores) == [again.key]
        return
    assert await on(stores) == []
    assert await ledger.holds_of(SHIEN_SOCHI, NOW) == ()


async def test_a_neighbours_hold_is_kept_with_a_line_of_the_journal_also_for_somebody_not_here_yet(
    stores: FileStores,
) -> None:
    hold = a_hold(SHIEN_SOCHI, LATER)
    assert await hear(stores, hold, giver="H0003") is Heard.TAKEN
    await stores.close()
    await stores.open(KEYS)
    assert await stores.ledger.holds_on((LATER,)) == (hold,)
    assert await stores.ledger.holds_of(SHIEN_SOCHI, NOW) == (hold,)
    (row,) = await stores.ledger.journal_tail(1)
    assert (row.entry.kind, row.entry.actor, row.entry.subjects) == ("hold", "T0002", (LATER,))
    assert row.entry.facts == {
        "what": "heard",
        "key": hold.key,
        "kind": "shien_sochi.application",
        "terminal": "T0002",
        "from": "H0003",
    }
    assert (await stores.ledger.verify_journal()).first_bad is None


async def test_said_again_it_changes_nothing_not_even_after_its_end(stores: FileStores) -> None:
    hold = a_hold()
    await hear(stores, hold)
    before = await stores.ledger.mark()
    assert await hear(stores, hold) is Heard.KNOWN
    assert await stores.ledger.mark() == before, "not even a commit"
    assert await stores.ledger.end_hold(hold, Ending.RELEASED, actor="s002", reason="誤り")
    assert not await stores.ledger.end_hold(hold, Ending.RELEASED, actor="s002", reason="誤り")
    assert await hear(stores, hold) is Heard.KNOWN
    assert await on(stores) == []
    (row,) = await stores.ledger.journal_tail(1)
    assert (row.entry.actor, row.entry.facts["what"]) == ("s002", "released")


async def test_words_that_are_weaker_under_the_same_key_take_nothing_from_the_first(
    stores: FileStores,
) -> None:
    first = a_hold(SHIEN_SOCHI, TARO, HANAKO)
    weaker = replace(first, residents=(HANAKO,))
    later = replace(first, kind=TENSHUTSU, planned=NOW.date() + timedelta(days=90))
    for one in (first, weaker, later):
        assert await hear(stores, one) is Heard.TAKEN
    assert first in await stores.ledger.holds_on((TARO,))
    both = joined(Restrictions(), await stores.ledger.holds_on((TARO,)), (TARO,), NOW)
    assert both.shien_sochi


async def test_an_own_request_that_comes_back_by_a_neighbour_is_known(stores: FileStores) -> None:
    change = await stores.ledger.queue(a_restrictive(DEATH))
    (own,) = await stores.ledger.own_holds()
    assert await hear(stores, own) is Heard.KNOWN
    await stores.ledger.withdraw(change.key, actor="s001", reason="取り消し")
    assert await hear(stores, own) is Heard.KNOWN, "taken back here, it stands at the neighbours alone"
    assert await on(stores) == []


async def test_no_terminal_holds_more_than_so_many_persons(stores: FileStores) -> None:
    people = [AtenaNo(str(2 * 10**9 + one)) for one in range(100)]
    for _ in range(MOST_PERSONS // 100):
        assert await hear(stores, a_hold(DEATH, *people, terminal="T0666")) is Heard.TAKEN
    assert await hear(stores, a_hold(DEATH, TARO, terminal="T0666")) is Heard.TOO_MANY
    assert await hear(stores, a_hold(DEATH, TARO, terminal="T0003")) is Heard.TAKEN
    assert len(await on(stores)) == 1
    full = next(one for one in await stores.ledger.heard_holds() if one.terminal == "T0666")
    await stores.ledger.end_hold(full, Ending.RELEASED, actor="s002", reason="誤り")
    assert await hear(stores, a_hold(DEATH, TARO, terminal="T0666")) is Heard.TAKEN


async def test_what_is_handed_on_is_what_came_until_it_ends(stores: FileStores) -> None:
    hold = a_hold()
    await hear(stores, hold)
    wire = b"wire " + hold.key.encode()
    assert await stores.ledger.held_wires() == (name_of(wire),)
    assert await stores.ledger.wires([name_of(wire), bytes(16)]) == (wire,)
    await stores.ledger.end_hold(hold, Ending.FEED, actor="cloud")
    assert await stores.ledger.held_wires() == ()
    assert await stores.ledger.wires([name_of(wire)]) == ()


async def test_killed_between_row_and_journal_there_is_neither(
    stores: FileStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> int:
        raise KeyError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("offline.store.holds.journal.append", killed)
        with pytest.raises(KeyError):
            await hear(stores, a_hold())
    await stores.close()
    await stores.open(KEYS)
    assert await stores.ledger.heard_holds() == ()
    assert await stores.ledger.verify_outbox() is None


async def test_asked_at_every_keystroke_it_does_not_read_through_what_has_landed(stores: FileStores) -> None:
    asked: list[str] = []

    def plans(connection: sqlite3.Connection) -> None:
        connection.set_trace_callback(asked.append)
        holds.of(connection, "0007", SHIEN_SOCHI, NOW)
        holds.on(connection, "0007", (TARO,))
        connection.set_trace_callback(None)
        statements = [one for one in asked if "FROM outbox WHERE kind" in one]
        assert len(statements) == 2
        for statement in statements:
            steps = [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
            assert not any(step == "SCAN outbox" or "outbox_state" in step for step in steps), steps

    await stores.ledger._read(plans)


HEARING = """
import asyncio, sys
from pathlib import Path
from tests.hold_builders import a_hold
from tests.store_builders import store_keys, stores_in

async def main():
    stores = stores_in(Path(sys.argv[1]))
    await stores.open(store_keys())
    while True:
        hold = a_hold()
        await stores.ledger.hear_hold(hold, b"wire", giver="T0002")
        print(hold.key, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("after", [1, 7, 20])
async def test_killed_at_any_moment_each_hold_that_was_taken_is_there_with_its_line(
    tmp_path: Path, after: int
) -> None:
    root = str(Path(__file__).resolve().parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", HEARING, str(tmp_path)], cwd=root, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        taken = [child.stdout.readline().strip() for _ in range(after)]
        child.kill()
        taken += child.stdout.read().split()
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    there = [hold.key for hold in await stores.ledger.heard_holds()]
    lines = [row.entry.facts["key"] for row in reversed(await stores.ledger.journal_tail(1_000))]
    assert there == lines
    assert there[: len(taken)] == taken
    assert len(there) <= len(taken) + 1
    await stores.close()


async def test_a_closed_ledger_holds_its_tongue(stores: FileStores) -> None:
    await stores.close()
    with pytest.raises(StoreError, match=r"store\.no_keys"):
        await hear(stores, a_hold())


SINCE_THE_FIRST_SHAPE = (
    *("DROP TABLE hold_resident", "DROP TABLE hold", "DROP INDEX outbox_kind"),
    *("DROP TABLE doubt", "DROP TABLE doubtful", "DROP TABLE sheet_base"),
    *("DROP TABLE outbox_forgotten", "DROP TABLE outbox_stranger"),
    *("DROP INDEX outbox_held", "DROP INDEX outbox_kept", "DROP INDEX outbox_over"),
    *(
        f"ALTER TABLE outbox DROP COLUMN {column}"
        for column in ("outcome", "over_at", "payload_hash", "sealed_hash")
    ),
    *(
        "DROP TABLE attachment",
        "DROP TABLE journal_run",
        "DROP TABLE journal_pruned",
        "DROP TABLE journal_note",
    ),
    *("DROP INDEX outbox_journal", "DROP INDEX outbox_journal_aside"),
    *("DROP INDEX journal_call_back", "DROP INDEX outbox_supersedes"),
    *("DELETE FROM migration WHERE no > 1", "PRAGMA user_version = 1"),
)


async def test_a_ledger_of_the_first_shape_gets_room_for_holds_and_keeps_what_it_had(tmp_path: Path) -> None:
    old = stores_in(tmp_path)
    await old.open(KEYS)
    change = await old.ledger.queue(a_restrictive(DEATH))
    await old.close()
    connection = door.open_connection(tmp_path / "ledger.db", KEYS.ledger)
    for words in SINCE_THE_FIRST_SHAPE:
        connection.execute(words)
    connection.close()
    new = stores_in(tmp_path)
    await new.open(KEYS)
    assert await on(new) == [change.key]
    assert await hear(new, a_hold()) is Heard.TAKEN
    await new.close()
    kept = door.open_connection(backup_path(tmp_path / "ledger.db", 1), KEYS.ledger)
    assert kept.execute("SELECT count(*) FROM outbox").fetchone() == (1,)
    kept.close()

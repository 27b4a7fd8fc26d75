"""What the office returned and a clerk wrote anew, in the ledger: both stay, and the new one names the old."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from client.domain.change import ChangeState, QueuedChange, Receipt
from client.domain.errors import RefusedError
from offline.store import door, rewritten
from offline.store.stores import FileStores
from tests.builders import NOW
from tests.jobs.test_ledger_port import a_change
from tests.store_builders import store_keys, stores_in

pytestmark = pytest.mark.asyncio
KEYS = store_keys()


async def landed(stores: FileStores) -> QueuedChange:
    change = await stores.ledger.queue(a_change())
    await stores.ledger.lease((change.key,), now=NOW)
    await stores.ledger.settle(change.key, ChangeState.ACCEPTED, receipt=Receipt(41, NOW))
    await stores.ledger.land(41)
    return change


async def test_what_was_returned_stays_as_it_landed_with_its_receipt_and_is_written_anew_once(
    tmp_path: Path,
) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    old = await landed(stores)
    new = await stores.ledger.queue(replace(a_change(), supersedes=old.key))
    with pytest.raises(RefusedError, match=r"refused\.under_way"):
        await stores.ledger.queue(replace(a_change(), supersedes=old.key))
    await stores.close()
    await stores.open(KEYS)
    (kept,) = await stores.ledger.changes_by((old.key,))
    assert (kept.state, kept.receipt) == (ChangeState.LANDED, Receipt(41, NOW))
    assert await stores.ledger.rewritten((old.key, new.key)) == {old.key}
    assert [one.key for one in await stores.ledger.outbox()] == [new.key]
    lines = [line.entry.facts for line in await stores.ledger.journal_tail(9) if line.entry.kind == "intake"]
    assert lines[0] == {"key": new.key, "kind": new.kind.value, "what": "rewritten", "supersedes": old.key}
    assert (await stores.ledger.verify_journal()).first_bad is None
    await stores.close()


async def test_after_the_new_one_was_taken_back_the_returned_one_may_be_written_anew_again(
    tmp_path: Path,
) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    old = await landed(stores)
    first = await stores.ledger.queue(replace(a_change(), supersedes=old.key))
    await stores.ledger.withdraw(first.key, actor="s001", reason="本人が取り下げ")
    assert await stores.ledger.rewritten((old.key,)) == frozenset(), "it is not over: it wants a call again"
    second = await stores.ledger.queue(replace(a_change(), supersedes=old.key))
    assert await stores.ledger.rewritten((old.key,)) == {old.key}
    assert [one.key for one in await stores.ledger.outbox()] == [second.key]
    await stores.close()


async def test_what_was_only_accepted_gives_no_way_to_another(tmp_path: Path) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    change = await stores.ledger.queue(a_change())
    await stores.ledger.lease((change.key,), now=NOW)
    await stores.ledger.settle(change.key, ChangeState.ACCEPTED, receipt=Receipt(41, NOW))
    with pytest.raises(RefusedError):
        await stores.ledger.queue(replace(a_change(), supersedes=change.key))
    await stores.close()


async def test_the_outbox_is_not_read_through_to_know_what_was_written_anew(tmp_path: Path) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    await stores.close()
    connection = door.open_connection(tmp_path / "ledger.db", KEYS.ledger)
    plan = connection.execute(f"EXPLAIN QUERY PLAN {rewritten.AMONG}", ("[]", "", "", "")).fetchall()
    connection.close()
    steps = [str(step) for step in plan if " outbox" in str(step) or " o " in str(step)]
    assert len(steps) == 2
    assert all("USING INDEX outbox_supersedes" in step for step in steps)


async def test_what_the_cloud_forgot_of_it_goes_out_again_under_its_own_key(tmp_path: Path) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    old = await landed(stores)
    new = await stores.ledger.queue(replace(a_change(), supersedes=old.key))
    await stores.ledger.forget((old.key,))
    waiting = await stores.ledger.ready(NOW + timedelta(seconds=1), limit=9, alone_after=3)
    assert [one.key for one in waiting] == [old.key], "the new one waits its turn behind it (P03)"
    assert new.key in [one.key for one in await stores.ledger.outbox()]
    await stores.close()

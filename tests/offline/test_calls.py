"""要連絡: that a resident was called is in the journal, and found again without reading the journal."""

from pathlib import Path

import pytest

from client.domain.errors import RefusedError
from client.jobs.follow_intakes import FollowIntakes
from offline.store import door
from tests.builders import NOW, a_sign_in
from tests.jobs.test_ledger_port import a_change
from tests.settle_fakes import MemoryVersions
from tests.store_builders import store_keys, stores_in

pytestmark = pytest.mark.asyncio
KEYS = store_keys()


async def test_a_call_is_written_once_by_whom_and_found_again_after_a_restart(tmp_path: Path) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    told, other = [await stores.ledger.queue(a_change()) for _ in range(2)]
    follow = FollowIntakes(stores.ledger, MemoryVersions(), now=lambda: NOW)
    for _ in range(2):
        await follow.note_call(a_sign_in(), told.key)
    with pytest.raises(RefusedError, match=r"refused\.not_found"):
        await follow.note_call(a_sign_in(), "no such change")
    lines = [line.entry for line in await stores.ledger.journal_tail(9) if line.entry.kind == "call_back"]
    assert [(line.actor, line.facts["change"]) for line in lines] == [("s001", told.key)]
    await stores.close()
    await stores.open(KEYS)
    assert await stores.ledger.called((told.key, other.key)) == {told.key}
    assert (await stores.ledger.verify_journal()).first_bad is None
    await stores.close()


async def test_no_journal_is_read_through_for_it(tmp_path: Path) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    await stores.close()
    connection = door.open_connection(tmp_path / "ledger.db", KEYS.ledger)
    plan = connection.execute(
        "EXPLAIN QUERY PLAN SELECT json_extract(facts, '$.change') FROM journal WHERE kind = 'call_back'"
        " AND json_extract(facts, '$.change') IN (SELECT value FROM json_each('[]'))"
    ).fetchall()
    connection.close()
    assert any("journal_call_back" in str(step) for step in plan)


async def test_a_return_further_back_than_the_list_reaches_is_listed_all_the_same(tmp_path: Path) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    old = await stores.ledger.queue(a_change())
    await stores.ledger.withdraw(old.key, actor="s001", reason="x")  # over, and before all that follows
    for _ in range(3):
        gone = await stores.ledger.queue(a_change())
        await stores.ledger.withdraw(gone.key, actor="s001", reason="x")
    register = MemoryVersions()
    register.tell(old.key, "returned", "書類不備")
    register.tell("another terminal's", "returned")
    followed = await FollowIntakes(stores.ledger, register, now=lambda: NOW)(2)
    assert len(followed.changes) == 3
    assert followed.changes[0].key == old.key
    assert followed.wants_a_call(followed.changes[0])
    assert register.asked == 1
    await stores.close()

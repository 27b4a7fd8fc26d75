"""A release in a real ledger: in the journal with its report in one commit, and its report goes before all that waits."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.change import ChangeKind, change_key
from client.domain.release import Release
from client.domain.resident import AtenaNo
from offline.store.stores import FileStores
from tests.builders import NOW, a_request
from tests.store_builders import a_change, an_issue, store_keys, stores_in

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncIterator[FileStores]:
    opened = stores_in(tmp_path)
    await opened.open(store_keys())
    yield opened
    await opened.close()


def a_release(number: int = 1) -> Release:
    return Release(
        key=change_key(NOW, number.to_bytes(10)),
        request=a_request(),
        clerk="s001",
        officer="s002",
        second="s003",
        offline=True,
        reason="本人の渡邉さんと面談",
        set_aside=frozenset({"m1"}),
        codes=frozenset({"refused.shien_sochi"}),
        made_at=NOW,
        until=NOW + timedelta(minutes=10),
    )


async def test_the_book_says_who_released_who_stood_by_who_asked_and_until_when(stores: FileStores) -> None:
    release = a_release()
    await stores.ledger.release(release)
    (row,) = await stores.ledger.journal_tail(1)
    entry = row.entry
    assert (entry.kind, entry.actor, entry.subjects) == ("release", "s001", release.request.members)
    assert (entry.facts["officer"], entry.facts["second"]) == ("s002", "s003")
    assert entry.facts["codes"] == "refused.shien_sochi"
    assert "渡邉" not in repr(entry)  # the words of the reason are in the sealed report alone
    report = await stores.ledger.change(release.key)
    assert report is not None
    assert report.kind is ChangeKind.RELEASE
    assert report.payload["reason"] == release.reason


async def test_the_paper_it_let_through_names_it(stores: FileStores) -> None:
    release = a_release()
    await stores.ledger.release(release)
    await stores.ledger.issue(replace(an_issue(), release=release.key), actor="s001", clock_offset_ms=0)
    (row,) = await stores.ledger.journal_tail(1)
    assert row.entry.facts["release"] == release.key


async def test_its_report_goes_before_everything_that_waited_already(stores: FileStores) -> None:
    for number in range(5):
        await stores.ledger.queue(a_change(AtenaNo(f"100000{number:04}")))
    first, second = a_release(1), a_release(2)
    await stores.ledger.release(first)
    await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
    await stores.ledger.release(second)
    batch = await stores.ledger.ready(NOW, limit=4, alone_after=2)
    assert [one.key for one in batch[:2]] == [first.key, second.key]
    assert len(batch) == 4
    assert len({one.key for one in batch}) == 4
    await stores.ledger.lease(tuple(one.key for one in batch), now=NOW)
    assert first.key not in {one.key for one in await stores.ledger.ready(NOW, limit=9, alone_after=2)}


async def test_it_is_found_by_the_index_of_kinds_however_much_waits(stores: FileStores) -> None:
    plan = await stores.ledger._read(
        lambda c: c.execute(
            "EXPLAIN QUERY PLAN SELECT seq FROM outbox WHERE kind = 'fact.release' AND state IN ('queued', 'unknown')"
            " ORDER BY seq LIMIT 9"
        ).fetchall()
    )
    assert "outbox_kind" in str(plan)

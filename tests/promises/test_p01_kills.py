"""P01 and P05 under kill -9: nothing acknowledged is lost, and no number is given twice."""

import asyncio
import collections
import os
import random
from pathlib import Path
from typing import cast

import pytest

from client.domain.certificate import SheetState
from client.domain.change import ChangeKind, ChangeState, QueuedChange
from tests.builders import TODAY
from tests.promises.p01_nursery import KEYS, Nursery, Told, marks_in
from tests.store_builders import stores_in

pytestmark = pytest.mark.long


def noted(change: QueuedChange) -> list[dict[str, str]]:
    return cast(list[dict[str, str]], change.payload.get("attachments", []))


async def check(folder: Path, told: Told) -> None:
    """Hold the reopened ledger against everything that was ever acknowledged."""
    stores = stores_in(folder)
    await stores.open(KEYS)
    ledger = stores.ledger
    lines = [line.entry for line in await ledger.journal_tail(1_000_000)]
    changes = await ledger.outbox(settled=True)
    copies = await ledger.copies(TODAY)
    assert (await ledger.verify_journal()).first_bad is None
    assert await ledger.verify_outbox() is None
    names = collections.Counter(line.facts.get("name") for line in lines if line.kind == "look_up")
    assert all(names[name] == 1 for name in told["record"])
    serials = [copy.serial.serial for copy in copies]
    assert len(serials) == len(set(serials))
    assert {int(serial) for serial in told["issue"]} <= set(serials)
    assert len(told["issue"]) == len(set(told["issue"]))  # no number was given twice, to anybody
    for kind in (ChangeKind.ISSUED, ChangeKind.FEE):
        reported = [change.payload["serial"] for change in changes if change.kind is kind]
        assert sorted(map(str, reported)) == sorted(copy.serial.key for copy in copies)
    states = {copy.serial.serial: copy.state for copy in copies}
    assert all(states[int(serial)] is SheetState.HANDED_OVER for serial in told["hand"])
    keys = collections.Counter(change.key for change in changes)
    assert all(keys[key] == 1 for key in told["queue"])
    answered = {change.key: change.state for change in changes}
    assert all(answered[key] is ChangeState.ACCEPTED for key in told["answer"])
    assert not any(change.state is ChangeState.SENDING for change in changes)
    named = {one["key"]: change for change in changes for one in noted(change)}
    assert set(told["attach"]) <= set(named)
    assert all(change.attached.of == 1 and not change.attached.lost for change in named.values())
    beside = {path.name for path in (folder / "attachments").glob("*")}
    assert beside == {
        f"{key}.sealed" for key in named
    }  # each with its line, and nothing a kill left half done
    await stores.close()


def live_and_die(folder: Path, rounds: int) -> None:
    seed = int.from_bytes(os.urandom(4))
    print("seed", seed)
    chance = random.Random(seed)  # noqa: S311 - when to kill, no secret
    nursery = Nursery(folder)
    ever: Told = collections.defaultdict(list)
    for _ in range(rounds):
        since, most = chance.choice((("born", 0.05), ("open", 0.1), ("open", 0.2)))
        for word, names in nursery.one_life(
            chance.randrange(1 << 32), chance.uniform(0, most), since
        ).items():
            ever[word] += names
        if "open" in ever:
            found, beside = marks_in(folder)
            assert found.commit_no - beside.commit_no in {0, 1}
        asyncio.run(check(folder, ever))
    nursery.end()
    assert ever["issue"]
    assert ever["queue"]
    assert ever["attach"]
    print({word: len(names) for word, names in ever.items()})


def test_fifty_kills_lose_nothing_acknowledged(tmp_path: Path) -> None:
    live_and_die(tmp_path, 50)

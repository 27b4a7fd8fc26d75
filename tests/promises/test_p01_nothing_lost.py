"""P01: nothing acknowledged is lost; what was lost with a file is named. Also P05: no number twice."""

import asyncio
import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from client.domain.errors import StoreError
from client.jobs.ports import JournalEntry
from offline.store import door
from offline.store.slots import Mark, Slots
from offline.store.stores import FileStores
from tests.builders import TODAY
from tests.promises.p01_nursery import KEYS, marks_in
from tests.store_builders import a_change, an_issue, stores_in


async def begun(folder: Path, issues: int = 3) -> FileStores:
    stores = stores_in(folder)
    await stores.open(KEYS)
    for number in range(issues):
        await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
        await stores.ledger.record(JournalEntry("look_up", "s001", facts={"name": str(number)}))
    return stores


def as_after_a_kill(source: Path, target: Path) -> Path:
    """Copy what lies on disk while the program still runs: what a kill leaves."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*-shm"))
    return target


async def reopened(folder: Path) -> FileStores:
    stores = stores_in(folder)
    await stores.open(KEYS)
    return stores


@pytest.mark.asyncio
async def test_killed_between_commit_and_mark_the_ledger_is_one_ahead_and_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = await begun(tmp_path / "a")

    def killed(self: Slots, mark: Mark) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Slots, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            await asyncio.to_thread(_issue_in_a_loop_of_its_own, stores)
    left = as_after_a_kill(tmp_path / "a", tmp_path / "b")
    await stores.close()
    found, beside = marks_in(left)
    assert found.commit_no == beside.commit_no + 1
    again = await reopened(left)
    serials = [copy.serial.serial for copy in await again.ledger.copies(TODAY)]
    later = await again.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
    assert later.serial.serial not in serials
    await again.close()


def _issue_in_a_loop_of_its_own(stores: FileStores) -> None:
    async def act() -> None:
        await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)

    asyncio.run(act())


@pytest.mark.asyncio
async def test_a_flipped_byte_in_the_last_frame_of_the_wal_is_a_loss_with_a_name(tmp_path: Path) -> None:
    stores = await begun(tmp_path / "a")
    left = as_after_a_kill(tmp_path / "a", tmp_path / "b")
    await stores.close()
    wal = left / "ledger.db-wal"
    content = bytearray(wal.read_bytes())
    content[-2000] ^= 1
    wal.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        await reopened(left)
    assert (caught.value.code, caught.value.facts["commits"]) == ("store.ledger_behind", 1)


async def what_is_said(stores: FileStores) -> str | tuple[list[str], list[int]]:
    """Open and read everything; returns it, or the code of the trouble."""
    try:
        await stores.open(KEYS)
        lines = await stores.ledger.journal_tail(99)
        names = sorted(str(line.entry.facts["name"]) for line in lines if line.entry.kind == "look_up")
        return names, [copy.serial.serial for copy in await stores.ledger.copies(TODAY)]
    except StoreError as error:
        return error.code


@pytest.mark.asyncio
async def test_wherever_the_files_are_hurt_no_acknowledged_line_is_missing_in_silence(tmp_path: Path) -> None:
    stores = await begun(tmp_path / "a", issues=4)
    left = as_after_a_kill(tmp_path / "a", tmp_path / "b")
    await stores.close()
    chance = random.Random(7)  # noqa: S311 - where to hurt
    silent = 0
    for number in range(60):
        folder = tmp_path / f"hurt{number}"
        shutil.copytree(left, folder)
        victim = folder / chance.choice(("ledger.db", "ledger.db-wal", "ledger.slots"))
        content = bytearray(victim.read_bytes())
        if chance.random() < 0.3:
            del content[chance.randrange(len(content)) :]
        elif content:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        victim.write_bytes(content)
        again = stores_in(folder)
        said = await what_is_said(again)
        await again.close()
        if isinstance(said, str):
            assert said in {"store.ledger_behind", "store.damaged_ledger", "store.unreadable"}
        else:
            assert said == (["0", "1", "2", "3"], [1, 2, 3, 4]), victim
            silent += 1
    assert 0 < silent < 60


@pytest.mark.asyncio
async def test_an_old_ledger_put_back_is_a_loss_with_a_name_and_its_numbers_do_not_come_again(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "a"
    stores = await begun(folder)
    await stores.close()
    old = (folder / "ledger.db").read_bytes()
    await stores.open(KEYS)
    given = [
        (await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)).serial.serial
        for _ in range(5)
    ]
    await stores.ledger.queue(a_change())
    await stores.close()
    (folder / "ledger.db").write_bytes(old)
    with pytest.raises(StoreError) as caught:
        await stores.open(KEYS)
    assert caught.value.code == "store.ledger_behind"
    assert caught.value.facts == {"commits": 7, "serials": 5, "entries": 6, "changes": 11}
    with pytest.raises(StoreError, match="ledger_behind"):  # still so at the next try
        await stores.open(KEYS)
    await stores.accept_loss(KEYS, actor="s002")
    (loss,) = await stores.ledger.journal_tail(1)
    assert (loss.entry.kind, loss.entry.actor, loss.entry.facts["serials"]) == ("loss", "s002", 5)
    next_one = await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
    assert next_one.serial.serial > max(given) + 1000
    assert next_one.serial.serial == loss.entry.facts["series"]
    await stores.close()
    await stores.open(KEYS)  # from here on as ever
    assert (
        await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
    ).serial.serial == next_one.serial.serial + 1
    await stores.close()


@pytest.mark.asyncio
async def test_an_old_ledger_gone_on_with_is_found_by_the_chain_though_it_counts_further(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "a"
    stores = await begun(folder)
    await stores.close()
    old = {name: (folder / name).read_bytes() for name in ("ledger.db", "ledger.slots")}
    await stores.open(KEYS)
    await stores.ledger.record(JournalEntry("look_up", "s001"))
    await stores.close()
    newer_mark = (folder / "ledger.slots").read_bytes()
    for name, content in old.items():
        (folder / name).write_bytes(content)
    await stores.open(KEYS)  # both put back together: nothing on this disk can tell
    for _ in range(5):
        await stores.ledger.record(JournalEntry("look_up", "s009"))
    await stores.close()
    (folder / "ledger.slots").write_bytes(newer_mark)
    with pytest.raises(StoreError, match="ledger_behind"):
        await stores.open(KEYS)


@pytest.mark.asyncio
@pytest.mark.parametrize("gone", [("ledger.slots",), ("ledger.db",), ("ledger.db", "ledger.slots")])
async def test_a_ledger_or_mark_that_is_gone_is_not_a_new_beginning(
    tmp_path: Path, gone: tuple[str, ...]
) -> None:
    stores = await begun(tmp_path)
    await stores.close()
    for name in gone:
        (tmp_path / name).unlink()
    with pytest.raises(StoreError, match="ledger_behind"):
        await stores.open(KEYS)
    await stores.accept_loss(KEYS, actor="s002")
    copy = await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
    assert copy.serial.serial > 100_000
    await stores.close()
    await stores.open(KEYS)
    await stores.close()


@pytest.mark.asyncio
async def test_an_old_mark_beside_a_newer_ledger_is_named(tmp_path: Path) -> None:
    stores = await begun(tmp_path)
    old = (tmp_path / "ledger.slots").read_bytes()
    await stores.ledger.record(JournalEntry("look_up", "s001"))
    await stores.ledger.record(JournalEntry("look_up", "s001"))
    await stores.close()
    (tmp_path / "ledger.slots").write_bytes(old)
    with pytest.raises(StoreError, match="mark_behind"):
        await stores.open(KEYS)
    await stores.accept_loss(KEYS, actor="s002")
    assert (await stores.ledger.verify_journal()).first_bad is None
    await stores.close()
    found, beside = marks_in(tmp_path)
    assert found == beside


async def write_until_full(stores: FileStores, most: int = 5000) -> int:
    """Issue until the disk is full; returns how many copies were acknowledged."""
    acknowledged = 0

    async def issue_on() -> None:
        nonlocal acknowledged
        for _ in range(most):
            await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
            acknowledged += 1

    with pytest.raises(StoreError) as caught:
        await issue_on()
    assert caught.value.code == "store.full"
    return acknowledged


@pytest.mark.asyncio
async def test_a_full_disk_refuses_the_next_and_keeps_all_before(tmp_path: Path) -> None:
    stores = await begun(tmp_path, issues=0)
    worker = stores.ledger._worker
    assert worker is not None
    pages = await worker.write(lambda c: int(door.one(c, "PRAGMA page_count")))
    await worker.write(lambda c: c.execute(f"PRAGMA max_page_count = {pages + 20}").fetchone())
    acknowledged = await write_until_full(stores)
    assert acknowledged > 0
    await stores.close()
    again = await reopened(tmp_path)
    assert len(await again.ledger.copies(TODAY)) == acknowledged
    copy = await again.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
    assert copy.serial.serial == acknowledged + 1
    assert (await again.ledger.verify_journal()).first_bad is None
    await again.close()


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
@pytest.mark.asyncio
async def test_a_disk_that_is_really_full_loses_nothing(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], check=True)
    try:
        stores = stores_in(small / "data")
        await stores.open(KEYS)
        acknowledged = await write_until_full(stores)
        assert acknowledged > 0
        assert len(await stores.ledger.copies(TODAY)) == acknowledged
        await stores.close()
        assert await what_is_said(stores) == "store.full" or (await stores.ledger.outbox())
        await stores.close()
        subprocess.run(["mount", "-o", "remount,size=8m", str(small)], check=True)
        await stores.open(KEYS)
        assert [copy.serial.serial for copy in await stores.ledger.copies(TODAY)] == list(
            range(1, acknowledged + 1)
        )
        copy = await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
        assert copy.serial.serial == acknowledged + 1
        await stores.close()
    finally:
        subprocess.run(["umount", str(small)], check=False)


@pytest.mark.asyncio
async def test_a_mark_that_cannot_be_written_is_not_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = await begun(tmp_path)

    def no_disk(handle: int) -> None:
        raise OSError(5, "I/O error")

    with monkeypatch.context() as patched:
        patched.setattr("offline.store.slots._SYNC", no_disk)
        with pytest.raises(StoreError, match="unreadable"):
            await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
    began = time.monotonic()
    copy = await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
    assert copy.serial.serial == 5  # the fourth is in the book, and was never printed
    assert time.monotonic() - began < 5
    await stores.close()
    await stores.open(KEYS)
    await stores.close()

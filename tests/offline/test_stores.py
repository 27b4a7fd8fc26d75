import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from client.domain.errors import StoreError
from client.jobs.ports import JournalEntry, Stores
from offline.store import door
from offline.store.seal import info_of, opened, public_of, sealed
from tests.store_builders import a_register, fill, store_keys, stores_in

KEYS = store_keys()


@pytest.mark.asyncio
async def test_the_stores_fulfil_the_port(tmp_path: Path) -> None:
    stores: Stores = stores_in(tmp_path)
    await stores.open(KEYS)
    await stores.close()
    await stores.close()


@pytest.mark.asyncio
@pytest.mark.skipif(sys.platform == "win32", reason="no groups")
@pytest.mark.parametrize(("folder_mode", "file_mode"), [(0o700, 0o600), (0o2770, 0o660)])
async def test_every_file_of_a_store_is_its_owners_or_its_groups(
    tmp_path: Path, folder_mode: int, file_mode: int
) -> None:
    tmp_path.chmod(folder_mode)
    stores = stores_in(tmp_path)
    before = os.umask(0o022)
    try:
        await stores.open(KEYS)
        await fill(stores, a_register())
        await stores.ledger.record(JournalEntry("look_up", "s001"))
        await stores.replica.position()
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
        await stores.close()
    finally:
        os.umask(before)
    assert {"replica.db", "replica.db-wal", "ledger.db", "ledger.db-wal", "ledger.slots"} <= set(modes)
    assert set(modes.values()) == {file_mode}, modes


@pytest.mark.asyncio
async def test_a_wrong_key_is_told_from_a_damaged_file(tmp_path: Path) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    await stores.close()
    with pytest.raises(StoreError) as caught:
        await stores_in(tmp_path).open(store_keys(100))
    assert caught.value.code == "store.wrong_key"
    path = tmp_path / "ledger.db"
    content = bytearray(path.read_bytes())
    content[3] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        await stores_in(tmp_path).open(KEYS)
    assert caught.value.code == "store.damaged_ledger"


@pytest.mark.asyncio
async def test_a_newer_file_is_refused_and_unharmed(tmp_path: Path) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    await fill(stores, a_register())
    await stores.close()
    for name, key in (("replica.db", KEYS.replica), ("ledger.db", KEYS.ledger)):
        connection = door.open_connection(tmp_path / name, key)
        connection.execute("PRAGMA user_version = 99")
        connection.close()
        before = (tmp_path / name).read_bytes()
        with pytest.raises(StoreError) as caught:
            await stores.open(KEYS)
        assert caught.value.code == "store.newer"
        assert (tmp_path / name).read_bytes() == before
    (tmp_path / "stores.json").write_text(json.dumps({"format": 2}))
    with pytest.raises(StoreError, match="newer"):
        await stores_in(tmp_path).open(KEYS)


@pytest.mark.asyncio
async def test_opening_again_with_the_same_keys_disturbs_nothing(tmp_path: Path) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    recording = [
        asyncio.create_task(stores.ledger.record(JournalEntry("look_up", "s001"))) for _ in range(10)
    ]
    await stores.open(KEYS)
    await asyncio.gather(*recording)
    assert len(await stores.ledger.journal_tail(99)) == 10
    await stores.close()


@pytest.mark.asyncio
async def test_what_cannot_be_opened_leaves_nothing_open(tmp_path: Path) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    await stores.close()
    (tmp_path / "ledger.slots").unlink()
    with pytest.raises(StoreError, match="ledger_behind"):
        await stores.open(KEYS)
    with pytest.raises(StoreError, match="no_keys"):
        await stores.ledger.outbox()
    with pytest.raises(StoreError, match="no_keys"):
        await stores.replica.position()


def test_what_is_sealed_opens_with_the_private_key_for_its_purpose_only() -> None:
    private = bytes(range(32))
    info = info_of("purpose", "a", "b")
    envelope = sealed(b"content", public_of(private), info)
    assert opened(envelope, private, info) == b"content"
    for other in (info_of("purpose", "a"), info_of("purpose", "b", "a")):
        with pytest.raises(StoreError, match="wrong_key"):
            opened(envelope, private, other)
    with pytest.raises(StoreError, match="wrong_key"):
        opened(envelope[:-1], private, info)


@pytest.mark.asyncio
async def test_whoever_signs_in_while_the_stores_are_closing_finds_them_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    close = stores.replica.close

    async def slow_close() -> None:
        await asyncio.sleep(0.3)
        await close()

    monkeypatch.setattr(stores.replica, "close", slow_close)
    closing = asyncio.create_task(stores.close())
    await asyncio.sleep(0)
    await stores.open(KEYS)
    await closing
    await stores.ledger.record(JournalEntry("look_up", "s001"))
    assert len(await stores.ledger.journal_tail(9)) == 1
    await stores.close()


@pytest.mark.asyncio
async def test_an_opening_given_up_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = stores_in(tmp_path)

    async def given_up(key: bytes, digest_key: bytes) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(stores.replica, "open", given_up)
        with pytest.raises(asyncio.CancelledError):
            await stores.open(KEYS)
    with pytest.raises(StoreError, match="no_keys"):
        await stores.ledger.outbox()
    await stores.open(KEYS)
    await stores.ledger.record(JournalEntry("look_up", "s001"))
    await stores.close()

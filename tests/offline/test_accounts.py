"""Several accounts of one PC: each has a keyring of its own, and a note of what it keeps."""

import json
from pathlib import Path

import pytest

from client.domain.errors import StoreError
from offline.store.keyring_door import account as this_account
from offline.store.keys import Vault
from tests.builders import NOW
from tests.store_builders import CHEAP, MemoryKeyring, cheap_vault, cloud_sign_in, facts, store_keys


@pytest.mark.asyncio
async def test_each_account_of_this_pc_is_held_against_its_own_note(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    vault = cheap_vault(tmp_path, ring)
    await vault.make_identity()
    deposit = await vault.found(facts(), store_keys())
    (note,) = json.loads((tmp_path / "wraps.json").read_bytes())["keyrings"]
    assert note["account"] == this_account()
    other = Vault(tmp_path, "training", backend=ring, account="uid:4711", cost=CHEAP, floor_kib=256)
    with pytest.raises(StoreError, match="no_keyring"):
        await other.admit(cloud_sign_in(deposit), "password", now=NOW)

"""P11, P05: a disk image put back under an open counter is missed at the next opening; one after a wipe opens none."""

import os
import shutil
from pathlib import Path

import pytest

from client.domain.errors import StoreError
from offline.store.unsent import ASIDE, read_unsent
from tests.builders import NOW
from tests.promises.test_p05_no_number_twice import accepted, issued, opened, refused
from tests.store_builders import MemoryKeyring, a_change, cheap_vault, cloud_sign_in, facts, store_keys

pytestmark = pytest.mark.asyncio


def put_back_under(folder: Path, copy: Path) -> None:
    """Replace every file by its older one, as a restore does that does not stop for open programs."""
    for path in copy.iterdir():
        if path.is_file():
            shutil.copy(path, folder / "restoring")
            os.replace(folder / "restoring", folder / path.name)
    for path in folder.iterdir():
        if path.is_file() and not (copy / path.name).exists():
            path.unlink()


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "killed"])
async def test_an_image_put_back_under_an_open_counter_is_missed_and_begins_a_new_series(
    tmp_path: Path, closed: bool
) -> None:
    folder, ring = tmp_path / "a", MemoryKeyring()
    stores = await opened(folder, ring)
    given = await issued(stores, 3)
    await stores.close()
    shutil.copytree(folder, tmp_path / "image")
    stores = await opened(folder, ring)
    given += await issued(stores, 55)  # the keyring is told of one commit in fifty
    put_back_under(folder, tmp_path / "image")
    given += await issued(stores, 2)  # the counter goes on in files that nobody will find again
    kept = dict(ring.secrets)
    await stores.close()
    if not closed:
        ring.secrets = kept
    loss = await refused(folder, ring)
    assert loss.code == "store.ledger_behind"
    stores = await accepted(folder, ring)
    given += await issued(stores, 2)
    await stores.close()
    assert len(set(given)) == len(given)
    assert given[-2] > max(given[:-2]) + 1000, "a series of its own"


async def test_what_only_the_copies_still_have_is_handed_over_after_the_loss_too(tmp_path: Path) -> None:
    folder, ring = tmp_path / "a", MemoryKeyring()
    stores = await opened(folder, ring)
    first = await stores.ledger.queue(a_change())
    await stores.close()
    shutil.copytree(folder, tmp_path / "image")
    stores = await opened(folder, ring)
    lost = await stores.ledger.queue(a_change())
    await issued(stores)
    await stores.close()
    for path in (tmp_path / "image").glob("ledger.*"):  # the copies beside it were not put back
        shutil.copy(path, folder / path.name)
    stores = await accepted(folder, ring)
    await stores.close()
    assert (folder / ASIDE).exists()
    assert {first.key, lost.key} <= set(read_unsent(folder)), "the ledger lost one, its copy did not"


async def test_an_image_put_back_after_a_wipe_opens_nothing(tmp_path: Path) -> None:
    folder, ring = tmp_path / "a", MemoryKeyring()
    vault = cheap_vault(folder, ring)
    await vault.make_identity()
    deposit = await vault.found(facts(), store_keys())
    await vault.admit(cloud_sign_in(deposit), "right-password", now=NOW)
    shutil.copytree(folder, tmp_path / "image")
    await vault.lock_out()
    await vault.forget_stores()
    await vault.forget()
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "image", folder)
    again = cheap_vault(folder, ring)
    with pytest.raises(StoreError, match="no_keyring"):
        await again.unlock("s001", "right-password", "000000", now=NOW)
    with pytest.raises(StoreError, match="no_keyring"):
        await again.admit(cloud_sign_in(deposit), "right-password", now=NOW)
    with pytest.raises(StoreError, match="no_keyring"):
        assert again.identity

"""The device secret in the keyring, as it is or sealed by the PC's TPM: what opens a terminal, and the moves."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.config import Config
from client.domain.errors import StoreError
from client.rules.settings import ConfigError
from offline.store.device_secret import DEVICE, DeviceKeeping
from offline.store.keys import Vault
from offline.tpm.seal import MARK, Tpm
from tests.builders import NOW
from tests.offline.tpm_builders import Chip, chip
from tests.offline.vault_builders import PASSWORD, said
from tests.store_builders import CHEAP, MemoryKeyring, cloud_sign_in, facts, store_keys

NOWHERE = Tpm(Path("/nonexistent/tpmrm0"))


class KeyringThatStops(MemoryKeyring):
    """A keyring that takes so many more words, and then none."""

    left = 10**6

    def set_password(self, service: str, username: str, password: str) -> None:
        if not self.left:
            raise OSError("the session bus is gone")
        self.left -= 1
        super().set_password(service, username, password)


@pytest.fixture(scope="module")
def here() -> Iterator[Chip]:
    with chip() as made:
        yield made


@pytest.fixture(scope="module")
def there() -> Iterator[Chip]:
    with chip() as made:
        yield made


def a_vault(folder: Path, ring: MemoryKeyring, device: DeviceKeeping, account: str | None = None) -> Vault:
    return Vault(folder, "training", backend=ring, account=account, cost=CHEAP, floor_kib=256, device=device)


async def enrolled(folder: Path, ring: MemoryKeyring, device: DeviceKeeping) -> Vault:
    vault = a_vault(folder, ring, device)
    await vault.make_identity()
    deposit = await vault.found(facts(), store_keys())
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    return vault


def item_of(ring: MemoryKeyring) -> bytes:
    return base64.b64decode(ring.secrets["madoguchi", f"training/992011/0007/{DEVICE}"])


def everything_in(ring: MemoryKeyring) -> bytes:
    return b"".join(base64.b64decode(text) for text in ring.secrets.values())


@pytest.mark.asyncio
async def test_sealed_the_keyring_holds_no_secret_and_the_terminal_opens_on_this_pc(
    tmp_path: Path, here: Chip
) -> None:
    ring = MemoryKeyring()
    vault = await enrolled(tmp_path, ring, here.keeping())
    secret = vault._device_secret()
    assert item_of(ring).startswith(MARK)
    assert secret not in everything_in(ring)
    assert all(secret not in path.read_bytes() for path in tmp_path.iterdir())
    assert await vault.device_is_sealed()
    assert await said(a_vault(tmp_path, ring, here.keeping()), NOW) == "in"


@pytest.mark.asyncio
async def test_disk_and_keyring_carried_to_another_pc_open_nothing_with_the_right_password(
    tmp_path: Path, here: Chip, there: Chip
) -> None:
    ring = MemoryKeyring()
    await enrolled(tmp_path, ring, here.keeping())
    assert await said(a_vault(tmp_path, ring, there.keeping()), NOW) == "tpm.other"
    assert await said(a_vault(tmp_path, ring, DeviceKeeping(NOWHERE)), NOW) == "tpm.absent"


@pytest.mark.asyncio
async def test_a_tpm_that_is_gone_is_told_from_a_wrong_password_and_counts_as_none(
    tmp_path: Path, here: Chip
) -> None:
    ring = MemoryKeyring()
    vault = await enrolled(tmp_path, ring, here.keeping())
    assert await said(vault, NOW, "another password") == "sign_in.wrong_secret"
    gone = a_vault(tmp_path, ring, DeviceKeeping(NOWHERE, sealing=True))
    before = (tmp_path / "wraps.json").read_bytes()
    for _ in range(20):
        assert await said(gone, NOW, "another password") == "tpm.absent"
    assert (tmp_path / "wraps.json").read_bytes() == before
    assert await said(vault, NOW) == "in"


@pytest.mark.asyncio
async def test_lost_keyring_damaged_item_and_damaged_file_are_told_apart(tmp_path: Path, here: Chip) -> None:
    ring = MemoryKeyring()
    vault = await enrolled(tmp_path, ring, here.keeping())
    place = ("madoguchi", f"training/992011/0007/{DEVICE}")
    kept, item = ring.secrets[place], item_of(ring)
    ring.secrets[place] = base64.b64encode(item[:-40]).decode()
    assert await said(vault, NOW) == "tpm.damaged"
    del ring.secrets[place]
    assert await said(vault, NOW) == "store.no_keyring"
    ring.secrets[place] = kept
    both = (tmp_path / "wraps.json", tmp_path / "wraps.copy.json")
    whole = both[0].read_bytes()
    for wraps in both:
        wraps.write_bytes(whole.replace(b'"failures": 0', b'"failures": 1'))
    assert await said(vault, NOW) == "store.wraps_changed"
    both[0].write_bytes(whole)
    assert await said(vault, NOW) == "in"


@pytest.mark.asyncio
async def test_where_it_cannot_be_sealed_nothing_is_kept_at_all(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    vault = a_vault(tmp_path, ring, DeviceKeeping(NOWHERE, sealing=True))
    with pytest.raises(StoreError, match=r"tpm\.absent"):
        await vault.check_device()
    await vault.make_identity()
    with pytest.raises(StoreError, match=r"tpm\.absent"):
        await vault.found(facts(), store_keys())
    assert not ring.secrets
    assert not vault.enrolled


@pytest.mark.asyncio
async def test_a_setting_that_was_changed_shuts_nobody_out_and_the_secret_moves_there_and_back(
    tmp_path: Path, here: Chip
) -> None:
    ring = MemoryKeyring()
    vault = await enrolled(tmp_path, ring, here.keeping(sealing=False))
    plain = item_of(ring)
    sealing = a_vault(tmp_path, ring, here.keeping())
    assert await said(sealing, NOW) == "in"
    await sealing.rekeep_device()
    assert plain not in everything_in(ring)
    for each in (vault, sealing):
        assert await each.device_is_sealed()
        assert await said(each, NOW.replace(minute=NOW.minute + 1 + (each is sealing))) == "in"
    await vault.rekeep_device()
    assert item_of(ring) == plain
    assert not await sealing.device_is_sealed()


@pytest.mark.asyncio
@pytest.mark.parametrize("sealing", [True, False])
async def test_a_move_that_is_cut_off_leaves_what_was(tmp_path: Path, here: Chip, sealing: bool) -> None:
    ring = KeyringThatStops()
    await enrolled(tmp_path, ring, here.keeping(sealing=not sealing))
    before = item_of(ring)
    ring.left = 0
    with pytest.raises(StoreError, match=r"store\.no_keyring"):
        await a_vault(tmp_path, ring, here.keeping(sealing=sealing)).rekeep_device()
    assert item_of(ring) == before
    gone = a_vault(tmp_path, ring, DeviceKeeping(NOWHERE, sealing=sealing))
    if sealing:  # no TPM to seal with: the secret stays where it was, too
        with pytest.raises(StoreError, match=r"tpm\.absent"):
            await gone.rekeep_device()
        assert item_of(ring) == before
    ring.left = 99
    assert await said(a_vault(tmp_path, ring, here.keeping(sealing=sealing)), NOW) == "in"


@pytest.mark.asyncio
async def test_a_terminal_whose_tpm_is_gone_can_be_locked_and_wiped(tmp_path: Path, here: Chip) -> None:
    ring = MemoryKeyring()
    await enrolled(tmp_path, ring, here.keeping())
    gone = a_vault(tmp_path, ring, DeviceKeeping(NOWHERE, sealing=True))
    await gone.lock_out()
    assert await said(a_vault(tmp_path, ring, here.keeping()), NOW) == "store.wraps_changed"
    await gone.forget_stores()
    await gone.forget()
    assert not ring.secrets


@pytest.mark.asyncio
async def test_another_account_of_the_pc_has_it_sealed_as_well(tmp_path: Path, here: Chip) -> None:
    first, second = MemoryKeyring(), MemoryKeyring()
    vault = await enrolled(tmp_path, first, here.keeping())
    taking = a_vault(tmp_path, second, here.keeping(), account="uid:4711")
    await taking.take_over(await vault.hand_out())
    assert item_of(second).startswith(MARK)
    assert item_of(second) != item_of(first)
    assert vault._device_secret() not in everything_in(second)
    assert taking._device_secret() == vault._device_secret()


def test_settings_that_cannot_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Config(tpm_pcrs="7 14").pcrs == (7, 14)
    for wrong in ("24", "-1", "七", "7,14"):
        with pytest.raises(ConfigError, match="tpm_pcrs"):
            Config(tpm_pcrs=wrong)
    monkeypatch.setattr("client.rules.settings.on_windows", lambda: True)
    with pytest.raises(ConfigError, match="device_key"):
        Config(device_key="tpm")

"""P10, P11: a whole terminal whose device secret a TPM seals: enrolled, opened, carried away, cleared and wiped."""

import asyncio
from base64 import b64decode
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

import ui.doors
from client.domain.errors import StoreError
from client.rules import totp
from cloud import storage
from offline.tpm.seal import MARK
from tests.api.small_cloud import PASSWORD, SEED, town
from tests.offline.tpm_builders import Chip, chip
from tests.promises.terminals import PC, Site, config_in, open_terminal
from tests.store_builders import a_change
from ui.cli import exit_codes, verbs
from ui.vaults import vault_of

pytestmark = pytest.mark.asyncio


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    opened = Site(tmp_path / "cloud", list(town()))
    yield opened
    opened.tenant.close()


@pytest.fixture
def pc(site: Site, monkeypatch: pytest.MonkeyPatch) -> PC:
    made = PC((site,))
    made.plug_in(monkeypatch)
    return made


@pytest.fixture
def here() -> Iterator[Chip]:
    with chip() as made:
        yield made


def device_items(pc: PC) -> list[bytes]:
    return [b64decode(text) for (_, name), text in pc.ring.secrets.items() if name.endswith("/device")]


async def test_a_terminal_is_enrolled_and_opened_with_its_tpm_and_not_with_another(
    pc: PC, site: Site, here: Chip, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site, device_key="tpm", tpm_device=str(here.path))
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        await terminal.issue()
        keys, clerk = terminal.keys, terminal.sign_in.clerk.staff_id
    (item,) = device_items(pc)
    assert item.startswith(MARK)
    now = ui.doors.utc_now()
    code = totp.code(SEED, totp.step_of(now) + 1)
    with chip() as there:
        thief = config_in(tmp_path / "pc", site, device_key="tpm", tpm_device=str(there.path))
        with pytest.raises(StoreError, match=r"tpm\.other"):
            await vault_of(thief).unlock(clerk, PASSWORD, code, now=now)
        async with AsyncExitStack() as stack:
            with pytest.raises(StoreError, match=r"tpm\.other"):
                await open_terminal(stack, thief, site)  # the cloud lets in, and its deposit opens nothing
    unlocked = await vault_of(config).unlock(clerk, PASSWORD, code, now=now)
    assert unlocked.keys == keys


async def test_without_a_tpm_nothing_is_enrolled_and_the_token_stays_good(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site, device_key="tpm", tpm_device=str(tmp_path / "tpmrm0"))
    with pytest.raises(StoreError, match=r"tpm\.absent"):
        await ui.doors.enrolled_terminal(config)
    assert not pc.ring.secrets
    plain = replace(config, device_key="keyring")
    assert (await ui.doors.enrolled_terminal(plain)).terminal_no


async def test_after_its_tpm_was_cleared_a_terminal_hands_over_what_is_unsent_and_is_made_anew(
    pc: PC, site: Site, here: Chip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_in(tmp_path / "pc", site, device_key="tpm", tpm_device=str(here.path))
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        number = terminal.doors.facts.terminal_no
        await terminal.issue()
        await terminal.doors.stores.ledger.queue(a_change())
    (before,) = device_items(pc)
    here.clear()
    async with AsyncExitStack() as stack:
        with pytest.raises(StoreError, match=r"tpm\.cleared"):
            await open_terminal(stack, config, site)
    for name, value in {
        "DATA_DIR": config.data_dir,
        "CLOUD_URL": site.url,
        "DEVICE_KEY": "tpm",
        "TPM_DEVICE": here.path,
    }.items():
        monkeypatch.setenv(f"MADOGUCHI_{name}", str(value))
    token = site.token_file(tmp_path / "new")
    words = ["wipe", "--terminal", number, "--transfer", "--token-file", str(token), "--json"]
    assert await asyncio.to_thread(verbs.main, words) == exit_codes.OK
    assert site.count(storage.issue_book) == 1
    assert site.count(storage.command) >= 2
    (after,) = device_items(pc)
    assert after.startswith(MARK)
    assert after != before
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        assert terminal.doors.facts.terminal_no != number

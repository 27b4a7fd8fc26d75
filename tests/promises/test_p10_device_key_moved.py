"""P10, P12: an officer moves the device secret into the PC's TPM and out of it, and the book has it."""

import asyncio
import io
import json
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from client.config import Config
from client.domain.erasure import Wipe
from client.domain.errors import CounterError, StoreError
from offline.store.device_secret import DeviceKeeping
from offline.store.keys import Vault
from offline.store.wipe_file import WipeFile
from offline.tpm.seal import MARK, Tpm
from tests.builders import NOW
from tests.offline.tpm_builders import Chip, chip
from tests.promises.two_persons import CLERK, OFFICER, PASSWORD, Desk, a_desk
from tests.store_builders import CHEAP, MemoryKeyring
from ui.cli import exit_codes, keys
from ui.cli.at_the_book import Place
from ui.cli.device_move import move
from ui.cli.doctor import look
from ui.cli.verbs import main

DEVICE = ("madoguchi", "training/992011/0007/device")


@pytest.fixture(scope="module")
def here() -> Iterator[Chip]:
    with chip() as made:
        yield made


class KilledError(Exception):
    """The program ends here."""


class Ring(MemoryKeyring):
    """A keyring of a program that is killed before one of its words to it."""

    left = 10**6

    def set_password(self, service: str, username: str, password: str) -> None:
        if not self.left:
            raise KilledError
        self.left -= 1
        super().set_password(service, username, password)


@dataclass
class Pc:
    """A PC that is a terminal already, its secret in the keyring as it is."""

    desk: Desk
    folder: Path
    ring: Ring

    def place(self, device: DeviceKeeping) -> Place:
        vault = Vault(self.folder, "training", backend=self.ring, cost=CHEAP, floor_kib=256, device=device)
        return Place(self.folder, "training", vault, lambda: self.desk.now)

    async def move(self, device: DeviceKeeping, staff_id: str = OFFICER, password: str = PASSWORD) -> str:
        """Move it, and return why not, or "moved"."""
        try:
            await move(
                self.place(device),
                "tpm" if device.sealing else "keyring",
                lambda: (staff_id, password, self.desk.code(staff_id)),
            )
        except CounterError as error:
            return error.code
        return "moved"

    async def opens(self, device: DeviceKeeping) -> str:
        vault = self.place(device).vault
        code = self.desk.code(CLERK)
        try:
            await vault.unlock(CLERK, PASSWORD, code, now=self.desk.now)
        except CounterError as error:
            return error.code
        return "in"


async def a_pc(tmp_path: Path) -> Pc:
    folder, ring = tmp_path / "data", Ring()
    return Pc(await a_desk(folder, ring=ring), folder, ring)


@pytest.mark.asyncio
async def test_an_officer_moves_it_there_and_back_and_the_book_has_both(tmp_path: Path, here: Chip) -> None:
    pc = await a_pc(tmp_path)
    before = dict(pc.ring.secrets)
    assert await pc.move(here.keeping()) == "moved"
    assert before[DEVICE] not in pc.ring.secrets.values()
    assert await pc.opens(here.keeping()) == "in"
    assert await pc.opens(DeviceKeeping(Tpm(tmp_path / "none"))) == "tpm.absent"
    assert await pc.move(here.keeping(sealing=False)) == "moved"
    assert pc.ring.secrets[DEVICE] == before[DEVICE]
    assert await pc.opens(DeviceKeeping(Tpm(tmp_path / "none"))) == "in"
    lines = await pc.desk.book("device_key")
    assert [(line.actor, line.facts["to"]) for line in lines] == [(OFFICER, "tpm"), (OFFICER, "keyring")]


@pytest.mark.asyncio
async def test_who_is_no_officer_or_has_not_the_secrets_moves_nothing(tmp_path: Path, here: Chip) -> None:
    pc = await a_pc(tmp_path)
    before = pc.ring.secrets[DEVICE]
    assert await pc.move(here.keeping(), CLERK) == "refused.right_missing"
    assert await pc.move(here.keeping(), OFFICER, "another password") == "sign_in.wrong_secret"
    WipeFile(pc.folder).write(Wipe(order_id="1", begun_at=NOW))
    assert await pc.move(here.keeping()) == "store.being_wiped"
    assert pc.ring.secrets[DEVICE] == before
    assert not await pc.desk.book("device_key")


@pytest.mark.asyncio
async def test_without_a_tpm_nothing_is_moved_and_nobody_is_asked(tmp_path: Path) -> None:
    pc = await a_pc(tmp_path)
    before = dict(pc.ring.secrets)
    assert await pc.move(DeviceKeeping(Tpm(tmp_path / "none"), sealing=True)) == "tpm.absent"
    assert pc.ring.secrets == before
    assert not await pc.desk.book("device_key")


@pytest.mark.asyncio
@pytest.mark.parametrize("sealing", [True, False])
async def test_killed_at_any_word_to_the_keyring_it_opens_and_can_be_moved_again(
    tmp_path: Path, here: Chip, sealing: bool
) -> None:
    pc = await a_pc(tmp_path)
    if not sealing:
        assert await pc.move(here.keeping()) == "moved"
    words, moved = 0, ""
    while not moved:
        pc.ring.left = words
        with suppress(KilledError):
            moved = await pc.move(here.keeping(sealing=sealing))
        pc.ring.left = 10**6
        assert await pc.opens(here.keeping()) == "in"
        words += 1
    assert moved == "moved"
    assert words > 3


def test_the_verb_moves_it_to_where_the_setting_says(
    tmp_path: Path, here: Chip, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pc = asyncio.run(a_pc(tmp_path))
    (tmp_path / "settings.toml").write_text('device_key = "tpm"\n', "utf-8")
    monkeypatch.setenv("MADOGUCHI_CONFIG", str(tmp_path / "settings.toml"))
    monkeypatch.setattr(keys, "alone_at", lambda _: nullcontext(pc.place(here.keeping())))
    lines = (OFFICER, PASSWORD, pc.desk.code(OFFICER))
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    assert main(["keys", "move", "--json"]) == exit_codes.OK
    assert json.loads(capsys.readouterr().out) == {"ok": True, "device_key": "tpm"}
    assert asyncio.run(pc.opens(here.keeping())) == "in"


def test_the_doctor_says_where_it_lies_and_whether_it_opens(
    tmp_path: Path, here: Chip, monkeypatch: pytest.MonkeyPatch
) -> None:
    pc = asyncio.run(a_pc(tmp_path))

    def found(config: Config, device: DeviceKeeping) -> str:
        monkeypatch.setattr("ui.vaults.vault_of", lambda _: pc.place(device).vault)
        finding = next(one for one in look(config) if one.name == "device")
        return finding.error.code if finding.error else finding.detail

    plain = Config(data_dir=tmp_path, environment="training")
    sealed = Config(data_dir=tmp_path, environment="training", device_key="tpm")
    assert found(plain, DeviceKeeping()) == "keyring"
    assert found(sealed, here.keeping()) == "tpm.not_moved"
    assert asyncio.run(pc.move(here.keeping())) == "moved"
    assert found(sealed, here.keeping()) == "tpm"
    assert found(plain, here.keeping(sealing=False)) == "tpm.not_moved"
    assert found(sealed, DeviceKeeping(Tpm(tmp_path / "none"), sealing=True)) == "tpm.absent"
    assert exit_codes.of(StoreError("tpm.absent")) == exit_codes.KEYRING
    assert item_is_sealed(pc.ring)


def item_is_sealed(ring: MemoryKeyring) -> bool:
    from base64 import b64decode

    return b64decode(ring.secrets[DEVICE]).startswith(MARK)

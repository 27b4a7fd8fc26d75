"""The real keyring of a Linux desktop: a session bus, gnome-keyring, and our own program as its user."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.offline.tpm_builders import chip

PROGRAM = """
import asyncio, sys
from pathlib import Path
from client.rules import totp
from offline.store.device_secret import DeviceKeeping
from offline.store.keys import Vault
from offline.tpm.seal import Tpm
from tests.builders import NOW
from tests.store_builders import CHEAP, SEED, cloud_sign_in, facts, store_keys

async def main(folder, step, tpm):
    device = DeviceKeeping(Tpm(Path(tpm)), sealing=bool(tpm))
    vault = Vault(folder, "training", cost=CHEAP, floor_kib=256, device=device)
    if step == "enrol":
        await vault.make_identity()
        deposit = await vault.found(facts(), store_keys())
        await vault.admit(cloud_sign_in(deposit), "password", now=NOW)
    else:
        unlocked = await vault.unlock("s001", "password", totp.code(SEED, totp.step_of(NOW)), now=NOW)
        assert unlocked.keys == store_keys()
        assert vault.identity.sign(b"data")
    print(step, "done")

from client.domain.errors import CounterError
try:
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], *sys.argv[3:] or [""]))
except CounterError as error:
    print(error.code)
"""

needs_keyring = pytest.mark.skipif(
    not (shutil.which("dbus-run-session") and shutil.which("gnome-keyring-daemon"))
    and not os.environ.get("CI"),
    reason="no session bus or keyring on this machine",
)


def run(home: Path, step: str, tpm: Path | str = "", *, keyring: bool = True, chosen: str = "") -> str:
    program = f'{sys.executable} -c "$PROGRAM" {home / "data"} {step} {tpm}'
    unlock = "printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null; " if keyring else ""
    environ = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PROGRAM": PROGRAM,
        "XDG_RUNTIME_DIR": str(home),
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={home}/no-bus",
    }
    if chosen:
        environ |= {"PYTHON_KEYRING_BACKEND": chosen, "PYTHONPATH": f"{environ['PYTHONPATH']}:{home}"}
    command = (
        ["dbus-run-session", "--", "bash", "-c", unlock + program] if keyring else ["bash", "-c", program]
    )
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip() or done.stderr


@pytest.mark.service
@needs_keyring
def test_the_real_keyring_keeps_the_device_secret_over_sessions(tmp_path: Path) -> None:
    assert run(tmp_path, "enrol") == "enrol done"
    assert run(tmp_path, "unlock") == "unlock done"
    assert "1,1" not in (tmp_path / "data" / "wraps.json").read_text()


@pytest.mark.service
@needs_keyring
def test_the_real_keyring_keeps_what_the_tpm_sealed_over_sessions(tmp_path: Path) -> None:
    with chip() as here:
        assert run(tmp_path, "enrol", here.path) == "enrol done"
        assert run(tmp_path, "unlock", here.path) == "unlock done"


@pytest.mark.service
def test_without_a_session_bus_there_is_no_fallback(tmp_path: Path) -> None:
    assert run(tmp_path, "enrol", keyring=False) == "store.no_keyring"
    assert not (tmp_path / "data").exists() or list((tmp_path / "data").iterdir()) == []


# Each is what the keyring library itself would take: one that keeps nothing, one that refuses, one that writes a file.
CHOSEN = ("keyring.backends.null.Keyring", "keyring.backends.fail.Keyring", "in_the_clear.Keyring")
IN_THE_CLEAR = """
import json, os, pathlib
from keyring.backend import KeyringBackend

FILE = pathlib.Path(os.environ["HOME"], "in_the_clear.json")

class Keyring(KeyringBackend):
    priority = 99

    def _all(self):
        return json.loads(FILE.read_text()) if FILE.exists() else {}

    def get_password(self, service, username):
        return self._all().get(username)

    def set_password(self, service, username, password):
        FILE.write_text(json.dumps({**self._all(), username: password}))
"""


def choose(home: Path, chosen: str) -> None:
    """Ask the keyring library for a backend as an administrator would, by its own file of settings."""
    (home / "in_the_clear.py").write_text(IN_THE_CLEAR)
    for folder in (home / ".config" / "python_keyring", home / ".local" / "share" / "python_keyring"):
        folder.mkdir(parents=True)
        (folder / "keyringrc.cfg").write_text(
            f"[backend]\ndefault-keyring={chosen}\nkeyring-path={home}\n", "utf-8"
        )


@pytest.mark.service
@needs_keyring
@pytest.mark.parametrize("chosen", CHOSEN)
def test_no_setting_of_the_keyring_library_takes_the_secrets_out_of_the_real_keyring(
    tmp_path: Path, chosen: str
) -> None:
    choose(tmp_path, chosen)
    assert run(tmp_path, "enrol", chosen=chosen) == "enrol done"
    assert run(tmp_path, "unlock") == "unlock done"
    assert "keyring.backends.SecretService.Keyring" in (tmp_path / "data" / "wraps.json").read_text()
    assert not (tmp_path / "in_the_clear.json").exists()


@pytest.mark.service
@pytest.mark.parametrize("chosen", CHOSEN)
def test_no_setting_of_the_keyring_library_makes_a_keyring_where_there_is_none(
    tmp_path: Path, chosen: str
) -> None:
    choose(tmp_path, chosen)
    assert run(tmp_path, "enrol", keyring=False, chosen=chosen) == "store.no_keyring"
    assert not (tmp_path / "in_the_clear.json").exists()

"""P10: two real keyrings, one for each account of a PC: what one hands, the other keeps over its sessions."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path
from client.domain.errors import CounterError
from client.rules import totp
from offline.store.keyring_door import system_backend
from offline.store.keys import Vault
from tests.builders import NOW
from tests.promises.two_persons import CLERK, OFFICER, PASSWORD, a_desk
from tests.store_builders import CHEAP, store_keys
from ui.cli.account import hand, take
from ui.cli.at_the_book import Place

def secrets(staff_id, minutes):
    at = NOW + timedelta(minutes=minutes)
    return staff_id, PASSWORD, totp.code(staff_id.encode() * 5, totp.step_of(at))

def place(folder, account, minutes):
    vault = Vault(folder, "training", account=account, cost=CHEAP, floor_kib=256)
    return Place(folder, "training", vault, lambda: NOW + timedelta(minutes=minutes))

async def main(folder, step, minutes, code=""):
    second = place(folder, "uid:70001", minutes)
    if step == "hand":
        desk = await a_desk(folder, ring=system_backend())
        first = place(folder, desk.vault.account, minutes)
        told = await hand(first, "uid:70001", lambda: secrets(OFFICER, minutes), cost=CHEAP)
        print(told["code"])
    elif step == "take":
        await take(second, folder / "account.handed", lambda: code, lambda: secrets(CLERK, minutes))
        print("taken")
    else:
        unlocked = await second.vault.unlock(*secrets(CLERK, minutes), now=second.now())
        assert unlocked.keys == store_keys()
        assert second.vault.identity.sign(b"data")
        print("in")

try:
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), *sys.argv[4:]))
except CounterError as error:
    print(error.code)
"""


def run(ring: Path, folder: Path, *words: str) -> str:
    """Run a step in a session of the account whose keyring lies there."""
    command = ["sh", str(ROOT / "installer/dev/with-session"), str(ring), sys.executable, "-c", PROGRAM]
    environ = {"HOME": str(ring), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    ring.mkdir(exist_ok=True)
    done = subprocess.run(
        [*command, str(folder), *words], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout.strip() or done.stderr


@pytest.mark.service
@pytest.mark.skipif(
    not (shutil.which("dbus-run-session") and shutil.which("gnome-keyring-daemon"))
    and not os.environ.get("CI"),
    reason="no session bus or keyring on this machine",
)
def test_what_one_accounts_keyring_has_another_accounts_has_after_the_code(tmp_path: Path) -> None:
    first, second, folder = tmp_path / "first", tmp_path / "second", tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o2770)
    code = run(first, folder, "hand", "1")
    assert run(second, folder, "take", "3", code) == "taken"
    assert run(second, folder, "unlock", "5") == "in"

"""P10: after a lock nothing that opens the stores is left in the memory of the counter, as another process reads it."""

import asyncio
import base64
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend

from client.domain.clerk import Clerk, CloudSignIn, HowSignedIn, Lease, Right, SignIn
from client.jobs.ports import StoreKeys
from offline.store.freed import overwrite_freed
from offline.store.stores import FileStores
from tests.builders import NOW
from tests.promises.two_persons import Desk
from tests.store_builders import a_register, cheap_vault, facts, fill, store_keys, stores_in
from ui.no_core import overwrite_what_is_freed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="how Linux shows a process's memory")
ROOT = Path(__file__).resolve().parents[2]
CLERK, SEED = "s001", b"0123456789abcdefghij"
COUNTER = "from tests.promises.test_p10_memory_after_lock import play; play()"


class RingOnDisk(KeyringBackend):
    """A keyring that keeps nothing in the memory of who asks it."""

    priority = 1

    def __init__(self, path: Path) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring leaves it untyped
        self._path = path

    def items(self) -> dict[str, str]:
        """Return what it has."""
        return dict(json.loads(self._path.read_text())) if self._path.exists() else {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.items().get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._path.write_text(json.dumps(self.items() | {username: password}))


def play() -> None:
    """Be the counter: sign in with the password that is typed, and lock at the next line."""
    freed, perturbed = (word == "yes" for word in sys.argv[1:])
    if perturbed:
        overwrite_what_is_freed()
    asyncio.run(_play(Path.cwd(), overwrite_freed if freed else None))


async def _play(folder: Path, forgotten: Callable[[], None] | None) -> None:
    stores = FileStores(folder / "data", facts(), lambda: NOW, lambda _: b"", forgotten=forgotten)
    vault = cheap_vault(folder / "data", RingOnDisk(folder / "ring.json"))
    desk = Desk(vault, stores, {CLERK: SEED}, b"")
    await desk.log_in(CLERK, sys.stdin.readline().rstrip(), desk.code(CLERK))
    sys.stdout.write("in\n")
    sys.stdout.flush()
    sys.stdin.readline()
    await desk.log_in.sign_out()
    sys.stdout.write("out\n")
    sys.stdout.flush()
    sys.stdin.readline()


@dataclass
class Pc:
    """A terminal that knows one clerk, and the secrets nobody else has."""

    folder: Path
    password: str
    needles: dict[str, bytes]

    def found_while(self, *, freed: bool, perturbed: bool) -> tuple[set[str], set[str]]:
        """Play a counter, signed in and then locked; return which secrets lie in its memory at each time."""
        words = ["yes" if word else "no" for word in (freed, perturbed)]
        counter = subprocess.Popen(
            [sys.executable, "-c", COUNTER, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
        )
        assert counter.stdin
        assert counter.stdout
        with counter:
            found = []
            for typed, wanted in ((self.password, b"in\n"), ("lock", b"out\n")):
                counter.stdin.write(f"{typed}\n".encode())
                counter.stdin.flush()
                assert counter.stdout.readline() == wanted
                memory = read_memory(counter.pid)
                found.append({name for name, needle in self.needles.items() if needle in memory})
        return found[0], found[1]


def read_memory(pid: int) -> bytes:
    """Return all that a process can write to, as it is now."""
    pieces = []
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in maps:
            if told := re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line):
                first, end = (int(number, 16) for number in told.groups())
                memory.seek(first)
                pieces.append(memory.read(end - first))
    return b"".join(pieces)


async def a_pc(folder: Path) -> Pc:
    data, ring = folder / "data", RingOnDisk(folder / "ring.json")
    password = f"みどりの窓口 {secrets.token_hex(6)}"
    data.mkdir()
    vault = cheap_vault(data, ring)
    keys: StoreKeys = replace(
        store_keys(),
        replica=secrets.token_bytes(32),
        ledger=secrets.token_bytes(32),
        inbox=secrets.token_bytes(32),
    )
    await vault.make_identity()
    deposit = await vault.found(facts(), keys)
    register = a_register()
    grant: dict[str, object] = {"grant_id": "1", "staff_id": CLERK, "right": Right.VIEW.value}
    register.put(
        "staff_member", {"staff_id": CLERK, "name": "職員", "section": "市民課", "from_day": "2020-04-01"}
    )
    register.put("right_grant", grant)
    stores = stores_in(data)
    await stores.open(keys)
    await fill(stores, register)
    await stores.close()
    clerk = Clerk(CLERK, "職員", "市民課", frozenset({Right.VIEW}), by_item=False)
    made = SignIn(clerk, Lease(NOW.replace(year=NOW.year + 1)), HowSignedIn.ONLINE, NOW, "token")
    await vault.admit(CloudSignIn(made, SEED, 0, deposit), password, now=NOW)
    device = base64.b64decode(ring.items()["training/992011/0007/device"])
    needles: dict[str, bytes] = {
        "device": device,
        "password": password.encode(),
        "password of Qt": password.encode("utf-16le"),
    }
    for name, key in (("replica", keys.replica), ("ledger", keys.ledger), ("inbox", keys.inbox)):
        needles |= {
            name: key,
            f"{name} in hex": key.hex().encode(),
            f"{name} in HEX": key.hex().upper().encode(),
        }
    return Pc(folder, password, needles)


@pytest.mark.asyncio
async def test_after_a_lock_no_key_and_no_password_is_left_in_memory(tmp_path: Path) -> None:
    pc = await a_pc(tmp_path)
    signed_in, locked = pc.found_while(freed=True, perturbed=True)
    assert {"replica", "ledger"} <= signed_in, "what is there is found"
    assert locked == set()


@pytest.mark.asyncio
async def test_without_it_keys_are_left_in_what_was_freed(tmp_path: Path) -> None:
    pc = await a_pc(tmp_path)
    assert pc.found_while(freed=False, perturbed=False)[1]

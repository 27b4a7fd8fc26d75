"""A process of its own that shows a wrong secret, and stops on the way to be killed there: ``FOLDER HOW WHERE``.

``HOW``: ``vault``, the keeper of keys alone; ``verb``, an officer's verb, its secrets on standard input. ``WHERE``: the
call it stops in, after it said so: ``mark``, the count is in the file and the keyring is not told; ``try``, before the try.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from client.domain.errors import CounterError
from tests.builders import NOW
from tests.file_keyring import FileKeyring
from tests.offline.vault_builders import code_at
from tests.store_builders import cheap_vault
from ui.cli.verbs import main as verb


def stop(*_: object) -> bytes:
    os.write(1, b"here\n")
    time.sleep(600)
    raise AssertionError("not killed")


def main(folder: Path, how: str, where: str) -> None:
    ring = FileKeyring(folder / "ring.json")
    with pytest.MonkeyPatch.context() as here:
        stops = {"mark": "offline.store.wrap_mark.WrapMark.reach", "try": "offline.store.wraps.wrap_key"}
        here.setattr(stops[where], stop)
        if how == "verb":
            here.setattr("offline.store.keys.system_backend", lambda: ring)
            verb(["keys", "erase", "s002"])
            return
        vault = cheap_vault(folder / "training", ring)
        try:
            asyncio.run(vault.unlock("s001", "falsch", code_at(NOW), now=NOW))
        except CounterError as error:
            print(error.code, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])

"""A terminal as an old version left it: the stores under tests/offline/fixtures, copied, and all that opens them."""

import base64
import json
import re
import shutil
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from client.jobs.ports import StoreKeys
from offline.store import door
from offline.store.keys import Vault
from offline.store.stores import FileStores
from tests.promises.p16_reading import read_ledger, read_replica
from tests.store_builders import MemoryKeyring

FIXTURES = Path(__file__).resolve().parents[1] / "offline" / "fixtures"
VERSIONS = sorted(path.name for path in FIXTURES.iterdir())


@dataclass(frozen=True)
class Old:
    """A terminal as an old version left it, copied, and all that opens it."""

    version: str
    folder: Path
    secrets: dict[str, Any]
    content: dict[str, Any]

    @property
    def keys(self) -> StoreKeys:
        return StoreKeys(**{name: bytes.fromhex(key) for name, key in self.secrets["keys"].items()})

    @property
    def read_at(self) -> datetime:
        return datetime.fromisoformat(self.secrets["read_at"])

    @property
    def day(self) -> date:
        return date.fromisoformat(self.secrets["day"])

    def vault(self) -> Vault:
        ring = MemoryKeyring()
        ring.secrets = {
            ("madoguchi", name): base64.b64encode(bytes.fromhex(secret)).decode()
            for name, secret in self.secrets["keyring"].items()
        }
        return Vault(self.folder, "training", backend=ring)

    def stores(self) -> FileStores:
        vault = self.vault()
        facts = vault.facts
        assert facts is not None
        return FileStores(self.folder, facts, lambda: self.read_at, vault.identity.sign)

    async def read(self, stores: FileStores) -> dict[str, Any]:
        """Read everything, as it was read when the fixture was made."""
        people = tuple(self.secrets["people"])
        told = {
            "replica": await read_replica(stores, people, self.day),
            "ledger": await read_ledger(stores, self.day, self.secrets["journal_lines"]),
        }
        plain: dict[str, Any] = json.loads(json.dumps(told))
        return plain

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}

    def do(self, name: str, statement: str) -> None:
        key = {"replica.db": self.keys.replica, "ledger.db": self.keys.ledger}[name]
        connection = door.open_connection(self.folder / name, key)
        connection.execute(statement)
        connection.close()


def an_old_terminal(version: str, folder: Path) -> Old:
    """Copy what a version left into a folder."""
    kept = FIXTURES / version
    told = re.search(r"```json\n(.*)```", (kept / "README.md").read_text("utf-8"), re.DOTALL)
    assert told
    shutil.copytree(kept, folder, ignore=shutil.ignore_patterns("README.md", "content.json"))
    content = json.loads((kept / "content.json").read_text("utf-8"))
    return Old(version, folder, json.loads(told[1]), content)

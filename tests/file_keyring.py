"""A keyring that is there for another process as well, as the system's is."""

import json
from pathlib import Path

from tests.store_builders import MemoryKeyring


class FileKeyring(MemoryKeyring):
    """Items in a file, written whole."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def get_password(self, service: str, username: str) -> str | None:
        return self._all().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._write({**self._all(), f"{service} {username}": password})

    def delete_password(self, service: str, username: str) -> None:
        self._write({name: one for name, one in self._all().items() if name != f"{service} {username}"})

    def _all(self) -> dict[str, str]:
        if not self._path.exists():
            return {}
        found: dict[str, str] = json.loads(self._path.read_bytes())
        return found

    def _write(self, items: dict[str, str]) -> None:
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps(items), "utf-8")
        beside.replace(self._path)

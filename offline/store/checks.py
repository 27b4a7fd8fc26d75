"""Key-check values beside the stores: SQLCipher cannot tell a wrong key from a damaged header, these can."""

import hmac
import json
from hashlib import blake2b
from pathlib import Path
from typing import Any

from client.domain.errors import StoreError
from offline.store.files import read_whole, write_whole

FORMAT = 1


def check_value(name: str, key: bytes) -> str:
    """Return what is kept of a key: enough to know it again, nothing to find it by."""
    return blake2b(f"madoguchi key check v1\0{name}".encode(), key=key, digest_size=16).hexdigest()


class Checks:
    """``stores.json``: a check value for each key, and that the ledger has begun."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, Any] | None = None

    @property
    def begun(self) -> bool:
        """Tell whether a ledger was ever made here; then it must be found again."""
        return bool(self._read())

    def verify(self, name: str, key: bytes) -> None:
        """Raise StoreError ``store.wrong_key`` where a key is not the one the store was made with."""
        kept = self._read().get(name)
        if kept is not None and not hmac.compare_digest(str(kept), check_value(name, key)):
            raise StoreError("store.wrong_key")

    def begin(self, **keys: bytes) -> None:
        """Write the check values down, once."""
        if self._read():
            return
        kept: dict[str, Any] = {"format": FORMAT}
        kept |= {name: check_value(name, key) for name, key in keys.items()}
        write_whole(self._path, json.dumps(kept, indent=1).encode())
        self._kept = kept

    def _read(self) -> dict[str, Any]:
        if self._kept is None:
            content = read_whole(self._path)
            try:
                self._kept = {} if content is None else dict(json.loads(content))
            except (ValueError, TypeError) as error:
                raise StoreError("store.unreadable") from error
            if self._kept.get("format", FORMAT) > FORMAT:
                raise StoreError("store.newer")
        return self._kept

"""``orders.json``: how this terminal stands to the town's orders; read before anybody signs in, so not encrypted."""

import asyncio
from pathlib import Path

import msgspec

from client.domain.errors import StoreError
from client.rules.orders import Obedience
from offline.store.files import read_whole, write_whole

FILE = "orders.json"


class _File(msgspec.Struct, frozen=True):
    newest: str
    locked: bool
    to_be_erased: bool
    erase_by: str = ""  # not in files of before


class OrderFile:
    """The file in a data folder; fulfils the port ``OrderKeeper``."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def read(self) -> Obedience:
        """Return what was kept; nothing where the file cannot be read: a counter is not shut by a bad disk."""
        try:
            content = read_whole(self._path)
            if content is None:
                return Obedience()
            kept = msgspec.json.decode(content, type=_File)
        except (msgspec.DecodeError, UnicodeDecodeError, StoreError):
            return Obedience()
        return Obedience(kept.newest, kept.locked, kept.to_be_erased, kept.erase_by)

    def write(self, stand: Obedience) -> None:
        """Keep it. StoreError."""
        kept = _File(stand.newest, stand.locked, stand.to_be_erased, stand.erase_by)
        write_whole(self._path, msgspec.json.encode(kept))

    async def known(self) -> Obedience:
        """Return the same as ``read``: the file alone has no seal."""
        return await asyncio.to_thread(self.read)

    async def keep(self, stand: Obedience) -> None:
        """Keep it. StoreError."""
        await asyncio.to_thread(self.write, stand)

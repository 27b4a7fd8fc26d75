"""What is unsent on the disk of a shut terminal, for whoever hands it over; fulfils the port ``UnsentFiles``."""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

from client.domain.attachment import Attachment
from client.domain.terminal import TerminalFacts
from client.jobs.hand_over_unsent import SealedCopy
from offline.store.attachment_files import SealedFiles
from offline.store.unsent import BESIDE, COPY, FILE, read_unsent, strike
from offline.store.unsent_copies import attachment_of


class FolderUnsent:
    """The copies and the sealed files in a data folder; no ledger is open there meanwhile."""

    def __init__(self, folder: Path, facts: TerminalFacts, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._sealed = SealedFiles(folder / "attachments", facts, now)

    @property
    def is_kept(self) -> bool:
        """Tell whether the copies are here."""
        return is_kept(self._folder)

    async def copies(self) -> tuple[SealedCopy, ...]:
        """Return changes, oldest first. StoreError."""
        found = await asyncio.to_thread(read_unsent, self._folder)
        return tuple(SealedCopy(one.key, one.content) for one in found.values() if one.kind == COPY)

    async def attachments(self) -> tuple[Attachment, ...]:
        """Return what lies beside changes. StoreError."""
        found = await asyncio.to_thread(read_unsent, self._folder)
        return tuple(attachment_of(one) for one in found.values() if one.kind == BESIDE)

    async def is_whole(self, attachment: Attachment) -> bool:
        """Tell whether its sealed file is there with its hash. StoreError."""
        return await self._sealed.is_whole(attachment)

    async def read(self, attachment: Attachment, begins: int, length: int) -> bytes:
        """Return some of its sealed bytes. StoreError."""
        return await self._sealed.read(attachment, begins, length)

    async def strike(self, keys: Collection[str]) -> None:
        """Forget what the cloud has. StoreError."""
        await asyncio.to_thread(strike, self._folder, keys)


def is_kept(folder: Path) -> bool:
    """Tell whether the copies lie beside a ledger: one of an older program has none until it is opened once."""
    return not (folder / "ledger.db").exists() or (folder / FILE).exists()


def counts(folder: Path) -> tuple[int, int]:
    """Return how many changes and attachments the cloud does not have, as the disk tells without any key. StoreError."""
    found = read_unsent(folder).values()
    return sum(one.kind == COPY for one in found), sum(one.kind == BESIDE for one in found)

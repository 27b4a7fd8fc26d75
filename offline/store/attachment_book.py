"""The lines of attachments as jobs ask for them; fulfils the port ``AttachmentBook``."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

from client.domain.attachment import CarriedAttachment, WaitingAttachment
from client.domain.errors import StoreError
from client.jobs.ports import Now
from offline.store import attachments
from offline.store.attachment_files import SealedFiles

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class Does(Protocol):
    """How work reaches the ledger: as one commit, or as a look."""

    def __call__(self, work: Work[T], /) -> Awaitable[T]:
        """Do it."""
        ...


class LedgerAttachments:
    """The lines in an open ledger, and what goes from the disk once nobody needs it."""

    def __init__(
        self,
        commit: Does,
        look: Does,
        files: SealedFiles,
        now: Now,
        *,
        there: Callable[[str], Awaitable[None]],
    ) -> None:
        self._commit = commit
        self._look = look
        self._files = files
        self._now = now
        self._there = there  # hears what the cloud has whole

    async def next_to_send(self, now: datetime) -> WaitingAttachment | None:
        """Return what is to be sent next."""
        return await self._look(lambda c: attachments.next_to_send(c, now))

    async def there(self, key: str) -> None:
        """Write that the cloud has one whole."""
        await self._commit(lambda c: attachments.there(c, key))
        await self._there(key)

    async def lost(self, key: str) -> None:
        """Write that the sealed file of one is gone or is not what was written."""
        await self._commit(lambda c: attachments.lost(c, key, self._now()))

    async def postpone(self, key: str, *, next_try_at: datetime, words: str) -> None:
        """Write when the next try is, and why."""
        await self._commit(partial(attachments.postpone, key=key, next_try_at=next_try_at, words=words))

    async def to_carry(self) -> tuple[tuple[CarriedAttachment, ...], int]:
        """Return what another terminal would have to bring if this PC died, and how many are lost here."""
        return await self._look(lambda c: (attachments.to_carry(c), attachments.counts(c)[1]))

    async def delete_of(self, changes: Iterable[str]) -> int:
        """Delete the sealed files beside some changes, where the cloud has them; returns how many. Nothing else goes.

        The lines say so before the files go: what a kill leaves behind is removed at the next opening.
        """
        keys = tuple(changes)
        gone = await self._commit(lambda c: attachments.delete_of(c, keys))
        await self._files.remove(gone)
        return len(gone)

    async def tidy(self, *, after_loss: bool) -> None:
        """Remove what a kill left without a line, and name each line whose file is gone or cut.

        After a ledger that lost entries was accepted, what has no line any more is set aside instead: it may be the
        last that is left of an intake. A folder that cannot be read keeps no counter shut: it is looked at again.
        """
        with suppress(StoreError):
            await self._files.keep_only(
                {one.key for one in await self._look(attachments.kept)}, aside=after_loss
            )
            for one in await self._look(lambda c: attachments.kept(c, attachments.LOST)):
                if await self._files.is_whole(one):
                    await self._commit(partial(attachments.found, key=one.key))
            for one in await self._files.missing(
                await self._look(lambda c: attachments.kept(c, attachments.WAITING))
            ):
                await self.lost(one.key)

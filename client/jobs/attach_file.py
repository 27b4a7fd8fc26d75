"""Attach a file to an intake that is being written: sealed on the disk before the clerk goes on, or refused with a word."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from client.domain.attachment import Attachment, Limits
from client.domain.change import change_key
from client.domain.errors import RefusedError
from client.jobs.attachment_ports import AttachmentFiles, OnBytes
from client.jobs.ports import Now

_KEY_RANDOM = 10


class AttachFile:
    """Takes files in one at a time, so that however many are chosen only one lies in memory."""

    def __init__(
        self, files: AttachmentFiles, *, limits: Limits, now: Now, random: Callable[[int], bytes]
    ) -> None:
        self._files = files
        self.limits = limits
        self._now = now
        self._random = random
        self._one_at_a_time = asyncio.Lock()

    def new_key(self) -> str:
        """Return a key for an intake about to be written: what is attached to it is sealed with it."""
        return change_key(self._now(), self._random(_KEY_RANDOM))

    async def __call__(
        self,
        source: Path,
        command_key: str,
        beside: Callable[[], Sequence[Attachment]],
        on_bytes: OnBytes = lambda _done, _of: None,
    ) -> Attachment:
        """Take a file in beside those that are there. RefusedError ``attachment.…``, StoreError; nothing is kept then."""
        async with self._one_at_a_time:
            if len(beside()) >= self.limits.count:
                raise RefusedError("attachment.too_many", most=self.limits.count)
            return await self._files.take(
                source, self.new_key(), command_key, most=self.limits.size, on_bytes=on_bytes
            )

    async def drop(self, attachment: Attachment) -> None:
        """Take one back, before the intake was accepted."""
        await self._files.drop(attachment)

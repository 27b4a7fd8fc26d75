"""What the jobs of attachments need from the world: sealed files on the disk, their lines in the ledger, the cloud."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from client.domain.attachment import Attachment, CloudAttachment, WaitingAttachment
from client.domain.change import QueuedChange
from client.jobs.send_outbox import Line

OnBytes = Callable[[int, int], None]  # how many were read, of how many


class SealedContent(Protocol):
    """Where the sealed bytes of attachments are read from."""

    async def is_whole(self, attachment: Attachment) -> bool:
        """Tell whether the sealed bytes are there with their hash."""
        ...

    async def read(self, attachment: Attachment, begins: int, length: int) -> bytes:
        """Return some of the sealed bytes. StoreError ``store.attachment_lost``."""
        ...


class AttachmentFiles(SealedContent, Protocol):
    """Attachments on the disk, sealed to the cloud before the first byte is written; nobody here can open them."""

    async def take(
        self, source: Path, key: str, command_key: str, *, most: int, on_bytes: OnBytes
    ) -> Attachment:
        """Read a file and keep it sealed. RefusedError ``attachment.…``, StoreError; then nothing is kept."""
        ...

    async def drop(self, attachment: Attachment) -> None:
        """Remove one that no intake was written with."""
        ...


class AttachmentBook(Protocol):
    """The lines of attachments in the ledger; each call returns after the commit."""

    async def next_to_send(self, now: datetime) -> WaitingAttachment | None:
        """Return what is to be sent next, of the oldest change whose command the cloud has taken."""
        ...

    async def there(self, key: str) -> None:
        """Write that the cloud has one whole."""
        ...

    async def lost(self, key: str) -> None:
        """Write, in the journal too, that the sealed file of one is gone or is not what was written."""
        ...

    async def postpone(self, key: str, *, next_try_at: datetime, words: str) -> None:
        """Write when the next try is, and why."""
        ...


class CommandsAhead(Protocol):
    """The commands that go before attachments."""

    async def ready(self, now: datetime, *, limit: int, alone_after: int) -> tuple[QueuedChange, ...]:
        """Return what may be sent now."""
        ...


class AttachmentLine(Line, Protocol):
    """The part of a link that a sender of attachments asks and tells."""

    @property
    def usable(self) -> bool:
        """Tell whether a call to the cloud is worth its wait."""
        ...


class CloudAttachments(Protocol):
    """The cloud's ear for attachments; the proof is the terminal's own."""

    async def announce(self, attachment: Attachment, parts: int) -> CloudAttachment:
        """Begin one, or go on with it. LinkDownError, RefusedError."""
        ...

    async def put(self, attachment: Attachment, place: int, content: bytes) -> CloudAttachment:
        """Bring one part. LinkDownError, RefusedError."""
        ...

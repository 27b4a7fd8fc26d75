"""A working stand-in for sealed files: what was taken in, in memory, nothing of it sealed."""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from client.domain.attachment import Attachment, media_type_of
from client.domain.errors import RefusedError
from client.jobs.attachment_ports import OnBytes


@dataclass
class MemoryFiles:
    """attachment_ports.AttachmentFiles in memory."""

    kept: dict[str, bytes] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)

    async def take(
        self, source: Path, key: str, command_key: str, *, most: int, on_bytes: OnBytes
    ) -> Attachment:
        try:
            content = source.read_bytes()
        except OSError as error:
            raise RefusedError("attachment.unreadable") from error
        if len(content) > most:
            raise RefusedError("attachment.too_large", most=most)
        made = Attachment(key, command_key, media_type_of(content), len(content), sha256(content).hexdigest())
        on_bytes(len(content), len(content))
        self.kept[key] = content
        return made

    async def drop(self, attachment: Attachment) -> None:
        self.dropped.append(attachment.key)
        self.kept.pop(attachment.key, None)

    async def is_whole(self, attachment: Attachment) -> bool:
        return attachment.key in self.kept

    async def read(self, attachment: Attachment, begins: int, length: int) -> bytes:
        return self.kept[attachment.key][begins : begins + length]

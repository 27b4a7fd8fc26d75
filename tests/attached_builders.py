"""Photos, and a terminal that attaches them to what it takes in: real files, a real ledger, the way to a real cloud."""

import os
import random
import tracemalloc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from client.api.attachments import AttachmentBox
from client.api.commands import CommandBox
from client.domain.attachment import Attachment, Limits
from client.domain.change import ChangeKind, NewChange, change_key
from client.domain.resident import AtenaNo
from client.domain.terminal import facts_of
from client.jobs.attach_file import AttachFile
from client.jobs.send_attachments import SendAttachments
from client.jobs.send_outbox import SendOutbox
from offline.store.ledger import LedgerFile
from tests.api.small_cloud import SmallCloud
from tests.builders import HANAKO, TARO, TODAY, a_tenkyo_payload
from tests.fakes import MemoryLink

JPEG, PNG, PDF = b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7\n"
KEY = b"l" * 32


def a_photo(size: int = 150_000, *, begins: bytes = JPEG, seed: int = 1) -> bytes:
    """Return what begins like a photo and is as even as one."""
    return begins + random.Random(seed).randbytes(size - len(begins))  # noqa: S311 no secret


def a_file(folder: Path, content: bytes, name: str = "写真.jpg") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def no_attachments() -> tuple[Attachment, ...]:
    return ()


@dataclass
class Attaching:
    """A terminal of the small cloud: its ledger on disk, and what carries outbox and attachments."""

    cloud: SmallCloud
    folder: Path
    ahead: timedelta = timedelta(0)
    link: MemoryLink = field(default_factory=MemoryLink)
    may_cross: bool = True

    def __post_init__(self) -> None:
        told = self.cloud.enrolled
        assert told
        self.cloud.http.identity = self.cloud.identity
        now = self.cloud.clock
        facts = facts_of(told, "https://cloud.example")
        self.ledger = LedgerFile(self.folder, facts, now, self.cloud.identity.sign)
        self.files = self.ledger.attachment_files
        self.book = self.ledger.attachments
        self.attach = AttachFile(self.files, limits=Limits(), now=now, random=os.urandom)
        self.begin()

    def begin(self) -> None:
        """Make the jobs anew, as a program does that has just started."""
        told = self.cloud.enrolled
        assert told

        def now() -> datetime:
            return self.cloud.clock() + self.ahead

        self.outbox = SendOutbox(
            CommandBox(self.cloud.http, told.terminal_no),
            self.ledger,
            self.link,
            now=now,
            jitter=lambda: 0.5,
        )
        self.sender = SendAttachments(
            AttachmentBox(self.cloud.http),
            self.book,
            self.files,
            self.ledger,
            self.link,
            may_cross=lambda: self.may_cross,
            now=now,
            jitter=lambda: 0.5,
        )

    async def open(self, *, begun: bool = False) -> "Attaching":
        self.folder.mkdir(exist_ok=True)
        await self.ledger.open(KEY, begun=begun)
        return self

    async def restart(self) -> None:
        """Lose what only a running program knows."""
        await self.ledger.close()
        self.__post_init__()
        await self.open(begun=True)

    async def take(self, *photos: bytes, command_key: str = "") -> tuple[Attachment, ...]:
        """Attach photos to an intake that is being written."""
        key = command_key or self.attach.new_key()
        found = []
        for number, photo in enumerate(photos):
            source = a_file(self.folder / "stick", photo, f"{number}.jpg")
            found.append(await self.attach(source, key, no_attachments))
        return tuple(found)

    async def queue(self, attachments: tuple[Attachment, ...]) -> str:
        change = a_move(attachments, self.cloud)
        await self.ledger.queue(change)
        return change.key

    async def at_the_cloud(self, attachment: Attachment) -> bytes:
        """Return what the office reads of an attachment."""
        return self.cloud.tenant.attachments.opened(attachment.key, "o001")


def a_move(
    attachments: tuple[Attachment, ...], cloud: SmallCloud, *, supersedes: str | None = None
) -> NewChange:
    now = cloud.clock()
    return NewChange(
        key=attachments[0].command_key if attachments else change_key(now, os.urandom(10)),
        kind=ChangeKind.TENKYO,
        residents=(TARO, HANAKO),
        base={AtenaNo(TARO): 3, AtenaNo(HANAKO): 5},
        payload=a_tenkyo_payload(),
        made_at=now,
        made_by="s001",
        todoke_date=TODAY,
        supersedes=supersedes,
        attachments=attachments,
    )


async def least_peak(work: Callable[[str], Awaitable[None]]) -> int:
    """Return the bytes that work holds at most, the least of three times: other threads of the process only add to it."""
    peaks = []
    for number in range(3):
        tracemalloc.start()
        try:
            await work(str(number))
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    return min(peaks)

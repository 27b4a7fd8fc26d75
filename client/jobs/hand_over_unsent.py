"""Hand over to the cloud what it does not have yet, by the terminal's own key: nobody is signed in, the book is shut (P11).

It reads the sealed copies beside the ledger. What the cloud has taken is struck out at once, so a kill goes on from there;
brought twice it takes effect once.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

from client.domain.attachment import Attachment
from client.domain.errors import RefusedError, StoreError
from client.jobs.attachment_ports import CloudAttachments
from client.jobs.pass_on import CloudBox
from client.rules.attachments import missing, parts_of, span

_ROUNDS = 3  # tries to make a whole of one attachment's parts
_NOT_WHOLE = "attachment.not_whole"
_STRIKE_EVERY = 50


@dataclass(frozen=True, slots=True)
class SealedCopy:
    """A change as the cloud alone can read it."""

    key: str
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What was handed over, what the cloud would not take, and what was lost on this disk before."""

    changes: int = 0
    attachments: int = 0
    left: int = 0
    lost: int = 0

    def __add__(self, other: "HandedOver") -> "HandedOver":
        """Return both together; what is left is what was left last."""
        return HandedOver(
            self.changes + other.changes,
            self.attachments + other.attachments,
            other.left,
            self.lost + other.lost,
        )


class UnsentFiles(Protocol):
    """What is on the disk, sealed, and not at the cloud. All of it works on other threads."""

    async def copies(self) -> tuple[SealedCopy, ...]:
        """Return changes, oldest first. StoreError."""
        ...

    async def attachments(self) -> tuple[Attachment, ...]:
        """Return what lies beside them. StoreError."""
        ...

    async def is_whole(self, attachment: Attachment) -> bool:
        """Tell whether its sealed file is there with its hash. StoreError."""
        ...

    async def read(self, attachment: Attachment, begins: int, length: int) -> bytes:
        """Return some of its sealed bytes. StoreError."""
        ...

    async def strike(self, keys: Collection[str]) -> None:
        """Forget what the cloud has. StoreError."""
        ...


class HandOverUnsent:
    """Brings the cloud all of it, one after the other; one that it will not take keeps no other back."""

    def __init__(self, box: CloudBox, cloud: CloudAttachments, unsent: UnsentFiles) -> None:
        self._box = box
        self._cloud = cloud
        self._unsent = unsent

    async def __call__(self) -> HandedOver:
        """Hand over. LinkDownError, SignInNeededError (a wrong clock): what went before is struck out; StoreError."""
        done = await self._changes()
        return done + await self._attachments(done.left)

    async def _changes(self) -> HandedOver:
        taken: list[str] = []
        left = handed = 0
        try:
            for copy in await self._unsent.copies():
                try:
                    await self._box.put(copy.sealed)
                except RefusedError:
                    left += 1
                    continue
                taken.append(copy.key)
                handed += 1
                if len(taken) == _STRIKE_EVERY:
                    await self._unsent.strike(taken)
                    taken.clear()
        finally:
            if taken:
                await self._unsent.strike(taken)
        return HandedOver(changes=handed, left=left)

    async def _attachments(self, left: int) -> HandedOver:
        handed = lost = 0
        for one in await self._unsent.attachments():
            try:
                there = await self._bring(one)
            except (RefusedError, StoreError):
                left += 1
                continue
            await self._unsent.strike((one.key,))
            handed, lost = handed + there, lost + (not there)
        return HandedOver(attachments=handed, left=left, lost=lost)

    async def _bring(self, one: Attachment) -> bool:
        """Bring one whole; False where its file is gone or is not what was written: there is nothing to hand over."""
        if not await self._unsent.is_whole(one):
            return False
        told = await self._cloud.announce(one, parts_of(one.size))
        for _ in range(_ROUNDS):
            for place in missing(parts_of(one.size), told):
                content = await self._unsent.read(one, *span(place, one.size))
                told = await self._cloud.put(one, place, content)
            if told.whole:
                return True
        raise RefusedError("refused.by_cloud", reason=_NOT_WHOLE)

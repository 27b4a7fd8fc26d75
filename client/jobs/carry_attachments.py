"""Bring the cloud what lay beside another terminal's outbox: each under its author's name, by the change that names it.

They go the way a terminal's own go (``send_attachments.py``), out of a bundle: one at a time is in memory, and what the
cloud has of it by now is asked of the cloud. The author may come back and send too.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from client.domain.attachment import Attachment, CarriedAttachment, WaitingAttachment
from client.domain.change import ChangeState
from client.domain.errors import CounterError, RefusedError
from client.jobs.attachment_ports import CloudAttachments
from client.jobs.carry_outbox import CarriedOutbox, OpenLine
from client.jobs.ports import Now
from client.jobs.send_attachments import SendAttachments
from client.rules.attachments import AFTER_NO, FOLLOWS, parts_of
from client.rules.outbox import NEEDS_A_PERSON

Contents = Callable[[], Iterator[tuple[CarriedAttachment, bytes]]]

_ROUNDS = 8
_LONGEST_WAIT_S = 5.0
_UNTRIED = "untried"
_FOR_A_PERSON = frozenset(state.value for state in NEEDS_A_PERSON)


@dataclass(frozen=True, slots=True)
class Left:
    """An attachment the cloud does not have whole, and why: its own word, or the state of the change it lies beside."""

    one: CarriedAttachment
    words: str

    @property
    def may_go_later(self) -> bool:
        """Tell whether it is worth bringing again: not beside what was answered with no."""
        return self.words not in _FOR_A_PERSON


class _Round:
    """One way through another terminal's attachments; fulfils AttachmentBook and SealedContent."""

    def __init__(
        self, contents: Iterator[tuple[CarriedAttachment, bytes]], left: dict[str, str], tries: int
    ) -> None:
        self.next_try_at: datetime | None = None
        self._contents = contents
        self._left = left  # why, by key, of those to be brought; who is there is taken out
        self._tries = tries
        self._key = ""
        self._sealed = b""

    async def next_to_send(self, now: datetime) -> WaitingAttachment | None:
        """Return the next in the bundle that the cloud does not have."""
        while (found := await asyncio.to_thread(next, self._contents, None)) is not None:
            one, self._sealed = found
            self._key = one.attachment.key
            if self._key in self._left:
                return WaitingAttachment(one.attachment, parts_of(one.attachment.size), self._tries)
        return None

    async def there(self, key: str) -> None:
        """Hear that the cloud has one whole."""
        del self._left[key]

    async def lost(self, key: str) -> None:
        """Hear that one is not what was written."""
        self._left[key] = "store.attachment_lost"

    async def postpone(self, key: str, *, next_try_at: datetime, words: str) -> None:
        """Hear why one did not go."""
        self._left[key] = words
        self.next_try_at = min(self.next_try_at or next_try_at, next_try_at)

    async def is_whole(self, attachment: Attachment) -> bool:
        """Tell whether these are the bytes at hand; their hash was looked at as they were read."""
        return attachment.key == self._key

    async def read(self, attachment: Attachment, begins: int, length: int) -> bytes:
        """Return some of them."""
        return self._sealed[begins : begins + length]


class CarryAttachments:
    """Sends what lies beside another terminal's outbox, with this terminal's proof."""

    def __init__(self, cloud: CloudAttachments, *, now: Now) -> None:
        self._cloud = cloud
        self._now = now

    async def __call__(
        self, beside: Sequence[CarriedAttachment], states: Mapping[str, ChangeState], contents: Contents
    ) -> tuple[Left, ...]:
        """Send until all are there or trouble lasts; return what is left, which may be brought again."""
        held = {
            one.attachment.key: states[one.named_in].value
            for one in beside
            if states.get(one.named_in, ChangeState.LANDED) not in FOLLOWS
        }
        left = {one.attachment.key: _UNTRIED for one in beside if one.attachment.key not in held}
        for tries in range(_ROUNDS):
            if not left or not await self._round(contents, left, tries):
                break
        why = held | left
        return tuple(Left(one, why[one.attachment.key]) for one in beside if one.attachment.key in why)

    async def _round(self, contents: Contents, left: dict[str, str], tries: int) -> bool:
        """Go through all of them once; True where it is worth going again, after the wait for that."""
        book = _Round(contents(), left, tries)
        sender = SendAttachments(
            self._cloud,
            book,
            book,
            CarriedOutbox(()),  # what could go went before
            OpenLine(),
            may_cross=lambda: True,
            now=self._now,
            jitter=lambda: 0.0,
        )
        try:
            trouble: CounterError | None = (await sender.drain()).trouble
        except RefusedError as error:  # this terminal was taken out, or the stick with the bundle
            left.update(dict.fromkeys(left, error.code))
            return False
        if trouble is not None:
            left.update({key: trouble.code for key, words in left.items() if words == _UNTRIED})
        wait = (book.next_try_at - self._now()) if book.next_try_at else AFTER_NO
        if wait >= AFTER_NO / 2:  # all that is left was answered with no
            return False
        await asyncio.sleep(min(max(wait, timedelta(0)).total_seconds(), _LONGEST_WAIT_S))
        return True

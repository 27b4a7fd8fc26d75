"""Send attachments: one after the other, part by part, each going on where the last line, day or program left off.

Commands go first: an attachment is sent once the cloud has taken its change, and before every part whatever command is
ready goes. What is there is asked of the cloud and kept nowhere else, so nothing here can be wrong about it.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from client.domain.attachment import CloudAttachment, WaitingAttachment
from client.domain.errors import CounterError, LinkDownError, RefusedError, SignInNeededError, StoreError
from client.jobs.attachment_ports import (
    AttachmentBook,
    AttachmentLine,
    CloudAttachments,
    CommandsAhead,
    SealedContent,
)
from client.jobs.ports import Now
from client.rules import attachments as rules
from client.rules.services import COMMANDS

_ALONE_AFTER = 2  # as the outbox has it
_ROUNDS = 3  # times the cloud may have forgotten parts, or the whole, while they are brought
_NOT_WHOLE = "attachment.whole_hash"
# No word against the attachment: a part was changed on the way, the cloud forgot, somebody's parts are among ours.
_SOON = frozenset({"request.malformed", "refused.not_found", _NOT_WHOLE})


@dataclass(frozen=True, slots=True)
class Brought:
    """What a round did: parts that went, attachments that are whole now, and what stopped it."""

    parts: int = 0
    whole: int = 0
    trouble: CounterError | None = None


class SendAttachments:
    """Carries sealed attachments to the cloud with the terminal's own proof, whoever is signed in."""

    def __init__(
        self,
        cloud: CloudAttachments,
        book: AttachmentBook,
        files: SealedContent,
        ledger: CommandsAhead,
        link: AttachmentLine,
        *,
        may_cross: Callable[[], bool],
        now: Now,
        jitter: Callable[[], float],
    ) -> None:
        self._cloud = cloud
        self._book = book
        self._files = files
        self._ledger = ledger
        self._link = link
        self._may_cross = may_cross
        self._now = now
        self._jitter = jitter
        self._one_at_a_time = asyncio.Lock()
        self._parts = 0

    async def drain(self) -> Brought:
        """Send until nothing is due, something must go before, or there is trouble with the line.

        RefusedError ``refused.terminal_revoked``, StoreError.
        """
        async with self._one_at_a_time:
            self._parts = whole = 0
            while await self._may_go() and (one := await self._book.next_to_send(self._now())) is not None:
                try:
                    is_whole = await self._bring(one)
                except (LinkDownError, RefusedError, SignInNeededError) as error:
                    await self._put_off(one, error)
                    if not isinstance(error, RefusedError):
                        return Brought(self._parts, whole, error)
                else:
                    if is_whole is None:
                        break
                    whole += is_whole
            return Brought(self._parts, whole)

    async def _may_go(self) -> bool:
        """Tell whether the next part may go: over this line, and with no command that could go in its place."""
        if not (self._link.usable and self._may_cross()):
            return False
        if not self._link.usable_for(COMMANDS):
            return True
        return not await self._ledger.ready(self._now(), limit=1, alone_after=_ALONE_AFTER)

    async def _bring(self, one: WaitingAttachment) -> bool | None:
        """Bring what the cloud lacks; True once it has the whole, False where it is lost, None where others go first."""
        if not await self._files.is_whole(one.attachment):
            await self._book.lost(one.attachment.key)
            return False
        for attempt in range(_ROUNDS):
            told = await self._timed(one)
            # Where the parts make no whole one of them is not ours, and every one is brought again.
            places = rules.missing(
                one.parts, told if attempt < _ROUNDS - 1 else CloudAttachment(whole=told.whole)
            )
            for place in places:
                if not await self._may_go():
                    return None
                try:
                    told = await self._put(one, place)
                except RefusedError as error:
                    if attempt == _ROUNDS - 1 or not _is_mended_anew(error):
                        raise
                    break
            if told.whole:
                await self._book.there(one.attachment.key)
                return True
        raise LinkDownError("link.fault")  # it says that all is there, and never that it is whole

    async def _timed(self, one: WaitingAttachment) -> CloudAttachment:
        began = time.monotonic()
        told = await self._cloud.announce(one.attachment, one.parts)
        self._link.note_success(round((time.monotonic() - began) * 1000))
        return told

    async def _put(self, one: WaitingAttachment, place: int) -> CloudAttachment:
        try:
            content = await self._files.read(one.attachment, *rules.span(place, one.attachment.size))
        except StoreError:
            await self._book.lost(one.attachment.key)
            raise
        told = await self._cloud.put(one.attachment, place, content)
        self._parts += 1
        return told

    async def _put_off(self, one: WaitingAttachment, error: CounterError) -> None:
        """Write when it is tried again and why; nothing is given up because somebody said no."""
        if isinstance(error, LinkDownError):
            self._link.note_failure(error)
        elif error.code == "refused.terminal_revoked":
            raise error
        word = str(error.facts.get("reason") or error.code)
        refused = isinstance(error, RefusedError) and word not in _SOON
        wait = rules.wait(one.attempts + 1, self._jitter(), refused=refused)
        await self._book.postpone(one.attachment.key, next_try_at=self._now() + wait, words=word)


def _is_mended_anew(error: RefusedError) -> bool:
    """Tell whether the cloud forgot the attachment, or has parts that make no whole."""
    return error.code == "refused.not_found" or error.facts.get("reason") == _NOT_WHOLE

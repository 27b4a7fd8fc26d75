"""End what neighbours hold: by the feed, by the cloud's word for that very request, or by an officer; by no neighbour's.

The cloud answers any terminal of the town for any key. What it took in or refused is the feeds' affair once this replica is
younger than that; a conflict, and a key it has never seen, end nothing: the request may yet be sent.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from client.domain.change import ChangeKind, CloudAnswer
from client.domain.clerk import Right, SignIn
from client.domain.errors import RefusedError
from client.domain.feed import Position
from client.domain.hold import Hold
from client.domain.intake import refuse_forbidden_number
from client.jobs.hold_ports import Ending, HeldBook, ToldRows
from client.jobs.ports import Link, Now
from client.rules.holds import SURELY, says_all
from client.rules.sign_in import right_error, session_error

_CLOUD = "cloud"
_ASKED_A_ROUND = 20
_ASK_AGAIN = timedelta(minutes=10)
_NEVER = datetime.min.replace(tzinfo=UTC)


class OwnRows(ToldRows, Protocol):
    """The replica, as far as it can say that it is young enough."""

    async def position(self) -> Position:
        """Return the versions reached, and when each was known to be the newest."""
        ...


class Answers(Protocol):
    """What the cloud remembers of anybody's requests."""

    async def ask(self, key: str) -> CloudAnswer | None:
        """Return the remembered answer for a key, or None where the cloud never saw it."""
        ...


@dataclass(frozen=True, slots=True)
class _Word:
    """What the cloud said of a request: a replica that has this version, and blocks younger than that, rules."""

    ending: Ending
    at: datetime
    version: int = 0


class SettleHolds:
    """Looks after what was heard of neighbours."""

    def __init__(self, cloud: Answers, ledger: HeldBook, replica: OwnRows, link: Link, *, now: Now) -> None:
        self._cloud = cloud
        self._ledger = ledger
        self._replica = replica
        self._link = link
        self._now = now
        self._asked: dict[Hold, datetime] = {}
        self._said: dict[Hold, _Word] = {}

    async def round(self) -> int:
        """End what has been decided; returns how many. StoreError, LinkDownError."""
        holds, position = await self._ledger.heard_holds(), await self._replica.position()
        told = await self._told(holds, position)
        self._asked = {hold: at for hold, at in self._asked.items() if hold in holds}
        self._said = {hold: word for hold, word in self._said.items() if hold in holds}
        ended = 0
        for hold in holds:
            word = self._said.get(hold)
            if hold in told:
                ended += await self._ledger.end_hold(hold, Ending.FEED, actor=_CLOUD)
            elif word is not None and _is_younger(position, word):
                ended += await self._ledger.end_hold(hold, word.ending, actor=_CLOUD)
        await self._ask([hold for hold in holds if hold not in told and hold not in self._said], position)
        return ended

    async def release(self, sign_in: SignIn, hold: Hold, *, reason: str) -> None:
        """End a neighbour's hold here by an officer's word, of a support measure by who answers for those. RefusedError."""
        needed = Right.SHIEN_SOCHI if hold.kind is ChangeKind.SHIEN_SOCHI else Right.OFFICER
        for right in (needed, Right.BLOCK_LIFT):
            if missing := session_error(sign_in, self._now()) or right_error(sign_in, right):
                raise missing
        if not reason.strip():
            raise RefusedError("refused.input", field="reason")
        refuse_forbidden_number("reason", reason)
        actor = sign_in.clerk.staff_id
        if not await self._ledger.end_hold(hold, Ending.RELEASED, actor=actor, reason=reason.strip()):
            raise RefusedError("refused.not_found")

    async def _told(self, holds: tuple[Hold, ...], position: Position) -> frozenset[Hold]:
        """Return the holds of which the feed says all they stop."""
        if not holds or position.blocks is None:
            return frozenset()
        rows, at = await self._replica.told_of({hold.key for hold in holds}), position.blocks.at
        return frozenset(hold for hold in holds if says_all(rows, hold, hold.residents, at))

    async def _ask(self, holds: list[Hold], position: Position) -> None:
        """Ask the cloud of some requests, those first that were asked of least lately."""
        now = self._now()
        due = [one for one in holds if self._asked.get(one, _NEVER) <= now - _ASK_AGAIN]
        for hold in sorted(due, key=lambda one: self._asked.get(one, _NEVER))[:_ASKED_A_ROUND]:
            if not self._link.usable:
                return
            self._asked[hold] = now
            answer = await self._cloud.ask(hold.key)
            if answer is None or answer.quarantined or answer.author != hold.terminal:
                continue  # of another's command under the key nothing follows; a cloud that names no author ends nothing
            if (
                answer.outcome == "refused"
            ):  # perhaps for another's request of the same: let its rows come first
                seen = position.blocks.at if position.blocks else now
                self._said[hold] = _Word(Ending.REFUSED, max(now, seen))
            elif answer.outcome == "accepted" and answer.receipt:
                receipt = answer.receipt
                self._said[hold] = _Word(Ending.DECIDED, receipt.at, receipt.register_version)


def _is_younger(position: Position, word: _Word) -> bool:
    blocks, register = position.blocks, position.register
    return (
        blocks is not None
        and register is not None
        and register.version >= word.version
        and blocks.at > word.at + SURELY
    )

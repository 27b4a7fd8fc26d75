"""Follow intakes to their end: what waits here beside what the register says became of it, in one look for all."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from client.domain.as_of import Answer
from client.domain.change import ChangeState, QueuedChange
from client.domain.clerk import Right, SignIn
from client.domain.errors import RefusedError, StoreError
from client.domain.row import Row
from client.jobs.ports import Now
from client.rules.sign_in import right_error, session_error

RECEIVED, REVIEWING, REGISTERED, RETURNED = "received", "reviewing", "registered", "returned"
_NEWEST = 500  # of what was returned, town-wide: it may lie further back than the list reaches


class IntakesTold(Protocol):
    """The replica, asked what became of intakes."""

    async def intakes_told(self, keys: Collection[str], *, returned: int) -> Answer[tuple[Row, ...]]:
        """Return the rows of some intakes by their keys, and of those returned last, so many."""
        ...


class CallBook(Protocol):
    """The ledger, asked for changes by key and for who was called about them."""

    async def recent(self, limit: int) -> tuple[QueuedChange, ...]:
        """Return what wants a clerk, what waits to be sent, and what is over last, at most so many of each."""
        ...

    async def changes_by(self, keys: Collection[str]) -> tuple[QueuedChange, ...]:
        """Return those of some keys that are this terminal's, oldest first."""
        ...

    async def called(self, keys: Collection[str]) -> frozenset[str]:
        """Return about which of some changes somebody was called."""
        ...

    async def rewritten(self, keys: Collection[str]) -> frozenset[str]:
        """Return which of some changes were written anew."""
        ...

    async def note_call(self, key: str, *, actor: str) -> None:
        """Write into the journal that the resident was called about a change."""
        ...


@dataclass(frozen=True, slots=True)
class IntakeFate:
    """What became of an intake: received, reviewing, registered or returned, why and when."""

    state: str
    reason: str = field(default="", repr=False)
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """The outbox's lines, what became of each, about which somebody was called, and which were written anew."""

    changes: tuple[QueuedChange, ...] = ()
    fates: Mapping[str, IntakeFate] = field(default_factory=dict)
    called: frozenset[str] = frozenset()
    rewritten: frozenset[str] = frozenset()

    def may_rewrite(self, change: QueuedChange) -> bool:
        """Tell whether the office returned it and nobody has written it anew yet."""
        fate = self.fates.get(change.key)
        landed = change.state is ChangeState.LANDED and change.key not in self.rewritten
        return landed and fate is not None and fate.state == RETURNED

    def wants_a_call(self, change: QueuedChange) -> bool:
        """Tell whether somebody is still to be called: it was refused, or returned by the office."""
        fate = self.fates.get(change.key)
        returned = fate is not None and fate.state == RETURNED
        answered = returned or change.state is ChangeState.REFUSED
        over = change.key in self.called or change.key in self.rewritten
        return answered and not change.kind.is_fact and not over


class FollowIntakes:
    """Joins the outbox to the register's word."""

    def __init__(self, book: CallBook, register: IntakesTold, *, now: Now) -> None:
        self._book = book
        self._register = register
        self._now = now

    async def __call__(self, limit: int) -> Followed:
        """Return the lines, at most so many of each sort, and besides them whatever was returned."""
        changes = await self._book.recent(limit)
        keys = {change.key for change in changes if not change.kind.is_fact}
        fates: dict[str, IntakeFate] = {}
        with suppress(StoreError):  # no replica yet: the outbox is shown all the same
            told = await self._register.intakes_told(keys, returned=_NEWEST)
            fates = {str(row["command_key"]): _fate(row) for row in told.value}
        further = await self._book.changes_by(set(fates) - keys)
        both = tuple(sorted((*changes, *further), key=lambda one: one.seq))
        listed = {one.key for one in both}
        return Followed(
            both, fates, await self._book.called(listed), await self._book.rewritten(listed & set(fates))
        )

    async def note_call(self, sign_in: SignIn, key: str) -> None:
        """Write down that the resident was called. RefusedError, SignInNeededError."""
        missing = session_error(sign_in, self._now()) or right_error(sign_in, Right.ACCEPT)
        if missing:
            raise missing
        if not await self._book.changes_by((key,)):
            raise RefusedError("refused.not_found")
        await self._book.note_call(key, actor=sign_in.clerk.staff_id)


def _fate(row: Row) -> IntakeFate:
    at = row.get("changed_at")
    moment = datetime.fromisoformat(at) if isinstance(at, str) else None
    return IntakeFate(str(row.get("state", "")), str(row.get("reason") or ""), moment)

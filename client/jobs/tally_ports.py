"""What holding the outbox against the cloud needs from the world: a cloud that counts, and the book of answers."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from client.domain.change import CloudAnswer, QueuedChange
from client.domain.tally import Expected, Forgotten, ToldTally


class TalliedCommands(Protocol):
    """The cloud's ear for changes, which counts what it has heard."""

    async def send(
        self, changes: tuple[QueuedChange, ...], *, expected: Expected | None = None
    ) -> tuple[CloudAnswer, ...]:
        """Send a batch. ConflictError ``conflict.tally``, nothing taken, where the cloud holds something else."""
        ...

    async def tally(self, since: str, until: str | None, *, whole: bool) -> ToldTally | None:
        """Return what it holds of this terminal's commands in a range; None where it does not count."""
        ...

    async def ask(self, key: str) -> CloudAnswer | None:
        """Return the remembered answer for a key, or None where the cloud never saw it."""
        ...


class AnsweredBook(Protocol):
    """The ledger, as far as it knows what the cloud has answered."""

    async def oldest_kept(self) -> str | None:
        """Return the first key that has an answer and whose payload is still here."""
        ...

    async def held(self, since: str) -> Mapping[str, str]:
        """Return what the cloud should hold from a key on, with its outcomes."""
        ...

    async def forget(self, keys: tuple[str, ...]) -> Forgotten:
        """Let changes that the cloud has forgotten go out again."""
        ...

    async def note_strangers(self, told: Mapping[str, str]) -> int:
        """Write down what the cloud holds under this terminal's name that is not known here; returns how many."""
        ...

    async def strangers(self) -> int:
        """Return how many there are."""
        ...

    async def clear_out(self, at: datetime, keep: timedelta) -> int:
        """Delete payloads and envelopes of what was over so long before a moment of the cloud's."""
        ...

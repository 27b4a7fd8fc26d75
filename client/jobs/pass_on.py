"""Bring to the cloud what terminals handed over, oldest first; what only the cloud could say is not decided here.

A resident has one request under way at a time, so no order is lost where a batch the cloud stumbles over is set back.
"""

from collections.abc import Collection
from typing import Protocol

from client.domain.errors import ConflictError, CounterError, LinkDownError, RefusedError

_STUMBLED = frozenset({"link.fault", "link.busy", "link.timeout"})  # and may do so over this one batch alone


class SealedBatches(Protocol):
    """What was handed over and waits."""

    async def oldest(self, but: Collection[str] = ()) -> tuple[str, bytes] | None:
        """Return the batch that has waited longest, with its name, some left out."""
        ...

    async def drop(self, name: str) -> None:
        """Let go of a batch."""
        ...


class CloudBox(Protocol):
    """Where sealed batches go."""

    async def put(self, sealed: bytes) -> None:
        """Bring one. CounterError."""
        ...


class PassOn:
    """A batch is let go of when the cloud has it, or has said that it is none."""

    def __init__(self, cloud: CloudBox, batches: SealedBatches) -> None:
        self._cloud = cloud
        self._batches = batches
        self._set_back: set[str] = set()

    async def round(self) -> int:
        """Bring all that waits; returns how many the cloud could do nothing with. CounterError: the rest is kept."""
        refused = 0
        while (oldest := await self._next()) is not None:
            name, sealed = oldest
            try:
                await self._cloud.put(sealed)
            except CounterError as error:
                if not _is_about_the_batch(error):
                    if isinstance(error, LinkDownError) and error.code in _STUMBLED:
                        self._set_back.add(name)
                    raise
                refused += 1
            await self._batches.drop(name)
        return refused

    async def _next(self) -> tuple[str, bytes] | None:
        """Return the oldest of those not set back; of those in turn where there is no other."""
        found = await self._batches.oldest(self._set_back)
        if found is None and self._set_back:
            self._set_back.clear()
            found = await self._batches.oldest()
        return found


def _is_about_the_batch(error: CounterError) -> bool:
    """Tell whether the cloud said no to what is in a batch; a no to the carrier, or a clock that is off, is none."""
    if isinstance(error, ConflictError):  # not sealed to this town, or no batch of commands
        return True
    return isinstance(error, RefusedError) and str(error.facts.get("reason", "")).startswith("request.")

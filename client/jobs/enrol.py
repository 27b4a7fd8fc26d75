"""Enrol: make this PC a terminal of the town."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from client.domain.errors import LinkDownError, RefusedError
from client.domain.terminal import TerminalFacts, facts_of
from client.jobs.ports import CloudEnrolment, Enrolment, StoreKeys

_PAUSES = (1.0, 2.0)  # seconds between tries to leave the deposit
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class _Founded:
    facts: TerminalFacts
    deposit: bytes


class Enrol:
    """Takes a one-time token and leaves a terminal: key, number, facts, and the store keys in deposit.

    The deposit lies nowhere on this disk. Until the cloud has it nothing may be written, so leaving it is
    tried again, and calling the job once more goes on from there without another token.
    """

    def __init__(
        self,
        cloud: CloudEnrolment,
        terminal: Enrolment,
        *,
        random: Callable[[int], bytes],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._cloud = cloud
        self._terminal = terminal
        self._random = random
        self._sleep = sleep
        self._request: str | None = None
        self._founded: _Founded | None = None

    async def __call__(self, token: str, name: str, cloud_url: str) -> TerminalFacts:
        """Enrol under a name staff will know the PC by. RefusedError, LinkDownError, StoreError."""
        if self._founded is None:
            self._founded = await self._found(token, name, cloud_url)
        await self._leave(self._founded.deposit)
        return self._founded.facts

    async def _found(self, token: str, name: str, cloud_url: str) -> _Founded:
        if not token.strip():
            raise RefusedError("refused.input", field="token")
        if not name.strip() or not name.isprintable():
            raise RefusedError("refused.input", field="terminal_name")
        # The same key again after a lost answer: the cloud then gives the terminal it has already made.
        self._request = self._request or await self._terminal.make_identity()
        enrolled = await self._cloud.enrol(token.strip(), self._request, name.strip())
        facts = facts_of(enrolled, cloud_url)
        keys = StoreKeys(
            replica=self._random(_KEY_BYTES),
            ledger=self._random(_KEY_BYTES),
            digest=enrolled.digest_key,
            inbox=self._random(_KEY_BYTES),
        )
        return _Founded(facts, await self._terminal.found(facts, keys))

    async def _leave(self, deposit: bytes) -> None:
        for pause in _PAUSES:
            with suppress(LinkDownError):
                await self._cloud.leave(deposit, self._terminal.identity)
                return
            await self._sleep(pause)
        await self._cloud.leave(deposit, self._terminal.identity)

"""Keep the certificate of a program that runs on for weeks: looked at now and then; who shows it hears of the next one."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from client.domain.errors import CounterError
from client.domain.terminal import TerminalFacts
from client.jobs.renew_certificate import RenewCertificate

EVERY = timedelta(hours=6)


class KeepCertificate:
    """Renews at two thirds of the life, and puts the next one into use at once; until then the old one is good."""

    def __init__(
        self,
        renew: RenewCertificate,
        facts: TerminalFacts,
        *,
        use: Callable[[TerminalFacts], Awaitable[None]],
        usable: Callable[[], bool] = lambda: True,
        trouble: Callable[[CounterError], object] = lambda _: None,
    ) -> None:
        self._renew = renew
        self._facts = facts
        self._use = use
        self._usable = usable
        self._trouble = trouble

    async def round(self) -> bool:
        """Look once; True where there is a new one. LinkDownError, RefusedError, StoreError: the next look asks again."""
        renewed = await self._renew(self._facts)
        if renewed == self._facts:
            return False
        await self._use(renewed)
        self._facts = renewed  # after its use: where that failed the cloud is asked again, and says the same
        return True

    async def for_ever(self) -> None:
        """Look now and then, while the line can be used."""
        while True:
            await asyncio.sleep(EVERY.total_seconds())
            if not self._usable():
                continue
            try:
                await self.round()
            except CounterError as error:
                self._trouble(error)

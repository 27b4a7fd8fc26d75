"""Watch the cloud's services: hear how calls to each went, and ask the cloud's health while one is out."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from client.domain.errors import CounterError, LinkDownError
from client.jobs.ports import Now
from client.rules import services
from client.rules.services import Services

Health = Callable[[], Awaitable[Mapping[str, str]]]

_IMPOSSIBLE = timedelta(minutes=5)  # no wait is that long: then the clock was set back


class ServiceWatch:
    """What is known of each service; ``run`` asks the health until cancelled, so that no clerk has to try."""

    def __init__(
        self,
        health: Health | None,
        now: Now,
        sleep: Callable[[float], Awaitable[None]],
        *,
        jitter: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        self._health = health
        self._now = now
        self._sleep = sleep
        self._jitter = jitter
        self._changed = changed
        self._heard = asyncio.Event()
        self.known = Services()

    def usable(self, name: str) -> bool:
        """Tell whether a service is worth asking."""
        return self.known.usable(name, self._now())

    def failed_lately(self, name: str) -> bool:
        """Tell whether a service failed when it was last asked, a moment ago."""
        return self.known.failed_lately(name, self._now())

    def failed(self, error: LinkDownError) -> None:
        """Hear that a call failed."""
        self._become(
            services.after_no_answer(
                self.known, error.service, self._now(), code=error.code, jitter=self._jitter()
            )
        )

    def answered(self, name: str, ms: int) -> None:
        """Hear that a service answered."""
        self._become(services.after_answer(self.known, name, self._now(), ms=ms))

    def forget(self) -> None:
        """Forget all: what failed is explained by the line."""
        self._become(Services())

    async def run(self, usable: Callable[[], bool]) -> None:
        """Ask how the services are while one is out and the line is good, after growing waits."""
        while self._health is not None:
            self._heard.clear()
            at = self.known.next_look_at
            if at is None or not usable():
                await self._heard.wait()
            elif timedelta(0) < (wait := at - self._now()) < _IMPOSSIBLE:
                await self._sleep(wait.total_seconds())
            else:
                await self._look(self._health)

    async def _look(self, health: Health) -> None:
        try:
            told = await health()
        except CounterError:
            self._become(services.look_later(self.known, self._now(), jitter=self._jitter()))
        else:
            self._become(services.after_health(self.known, told, self._now(), jitter=self._jitter()))

    def _become(self, known: Services) -> None:
        moved = (known.out, known.slow) != (self.known.out, self.known.slow)
        self.known = known
        self._heard.set()
        if moved:
            self._changed()

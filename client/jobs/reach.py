"""Reaching for the cloud first: a bounded wait, and a word to the link about how it went."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from client.domain.clerk import SignIn
from client.domain.errors import CounterError, LinkDownError
from client.jobs.ports import Link
from client.rules.link import answer_wait

T = TypeVar("T")

CLOUD_WAIT = 1.8  # seconds; what is left of three is for replica, pages and printer


class Reach:
    """Asks the cloud as long as a clerk can wait, a little longer over a far line, whatever the call's own timeouts are."""

    def __init__(
        self, link: Link, wait: float = CLOUD_WAIT, *, token: Callable[[], str | None] | None = None
    ) -> None:
        self._link = link
        self._wait = wait
        self._token = token  # the one that works now; without it, the sign-in's own

    def worth_trying(self, sign_in: SignIn, service: str) -> bool:
        """Tell whether a service of the cloud can be had and this clerk is known to the cloud, still."""
        known = sign_in.access_token is not None and (self._token is None or self._token() is not None)
        return self._link.usable_for(service) and known

    async def ask(self, service: str, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call to a service; LinkDownError, also where the wait is over, after noting it."""
        began, over = time.monotonic(), self._link.carrying
        try:
            answer = await self._bounded(call)
        except LinkDownError as error:
            error.service, error.over = service, error.over or over
            self._link.note_failure(error)
            raise
        except CounterError:  # a clear no is an answer: the line is good
            self._link.note_success(_since(began), service=service, over=over)
            raise
        self._link.note_success(_since(began), service=service, over=over)
        return answer

    async def _bounded(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(answer_wait(self._wait, self._link.last_ms)):
                return await call()
        except TimeoutError as error:
            raise LinkDownError("link.timeout") from error


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)

"""The door to the neighbours: TLS of the town's own, a lease with every call, bounds on all, a log without persons."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime

import h11
import msgspec

from client import logs
from client.domain.errors import CounterError, LinkDownError, StoreError
from client.domain.peer import PeerLease, PeerPapers
from client.jobs.ports import Now
from client.rules.peers import HEADER, OwnTown, judged, lease_from_text, lease_text
from offline.hall.talk import DEFAULT_LIMITS, Asked, Call, Given, Limits, Talk, TooLargeError

_PROBLEM = "application/problem+json"
_MINUTE = 60.0
_GOODBYE_S = 2.0


class PeerServer:
    """Answers neighbours whose lease holds; ``papers`` and ``town`` are looked up at every call."""

    def __init__(
        self,
        answer: Callable[[Asked], Awaitable[Given]],
        town: Callable[[], OwnTown],
        papers: Callable[[], PeerPapers | None],
        *,
        now: Now,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._answer = answer
        self._town = town
        self._papers = papers
        self._now = now
        self._limits = limits
        self._server: asyncio.Server | None = None
        self._talking: dict[asyncio.Task[None], bytes] = {}  # and the certificate each one shows
        self._calls: dict[str, list[float]] = {}

    async def open(self, context: ssl.SSLContext, host: str, port: int) -> int:
        """Begin to answer; returns the port. OSError where it is taken."""
        limit = self._limits.head_s
        self._server = await asyncio.start_server(
            self._come, host, port, ssl=context, ssl_handshake_timeout=limit, ssl_shutdown_timeout=1.0
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop answering, and let go of everybody."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._talking):
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        shown: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        if task is None or not self._has_room(shown):
            writer.transport.abort()
            return
        self._talking[task] = shown
        try:
            await self._talk(reader, writer, shown)
            writer.close()
            async with asyncio.timeout(_GOODBYE_S):
                await writer.wait_closed()
        except (TimeoutError, OSError, h11.ProtocolError):
            pass  # slow, gone or no HTTP: nothing is owed to it
        except StoreError as error:  # our own papers cannot be read: to be silent is all that can be said
            logs.logger().warning("trouble", **logs.facts_of(error))
        except asyncio.CancelledError:
            pass  # the server is closing; asyncio would log the task's end
        finally:
            self._talking.pop(task, None)
            writer.transport.abort()

    def _has_room(self, shown: bytes) -> bool:
        """Tell whether one more may talk; one machine, taken out or not, cannot keep all the others away."""
        of_one = sum(one == shown for one in self._talking.values())
        return len(self._talking) < self._limits.connections and of_one < self._limits.of_one

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, shown: bytes) -> None:
        talk = Talk(reader, writer, self._limits)
        while True:
            try:
                call = await talk.next()
            except TooLargeError:
                with suppress(h11.LocalProtocolError):
                    await talk.send(self._signed(problem(413, "request.too_large")))
                return
            if call is None:
                return
            await talk.send(self._signed(await self._given(call, shown)))

    async def _given(self, call: Call, shown: bytes) -> Given:
        try:
            peer = judged(lease_from_text(call.headers.get(HEADER, "")), shown, self._town(), self._now())
        except LinkDownError as error:
            logs.logger().warning("stranger refused", refused=str(error.facts.get("reason", "")))
            return problem(403, "peer.stranger", reason=str(error.facts.get("reason", "")))
        if self._is_greedy(peer):
            return replace(problem(429, "link.busy"), headers={"retry-after": "10"})
        try:
            given = await self._answer(Asked(call, peer))
        except (
            CounterError
        ) as error:  # a disk that is full, a cloud that is away: the neighbour asks elsewhere
            given = problem(503, "link.busy", reason=error.code)
        told = {"route": given.route or "other", "status": given.status, "bytes": len(given.body)}
        logs.logger().info("neighbour", terminal_no=peer.terminal_no, **told)
        return given

    def _is_greedy(self, peer: PeerLease) -> bool:
        """Tell whether a machine has asked too often in the last minute; those who asked nothing lately are forgotten."""
        now = time.monotonic()
        recent = [at for at in self._calls.get(peer.terminal_no, ()) if now - at < _MINUTE]
        if len(recent) < self._limits.calls_a_minute:
            recent.append(now)
            self._calls[peer.terminal_no] = recent
            return False
        return True

    def _signed(self, given: Given) -> Given:
        """Put on an answer who gives it, and when."""
        papers = self._papers()
        own = {HEADER: lease_text(papers.lease)} if papers is not None else {}
        date = {"date": format_datetime(self._now().astimezone(UTC), usegmt=True)}
        return replace(given, headers={**given.headers, **own, **date})


def problem(status: int, code: str, **facts: str) -> Given:
    """Return a problem as RFC 9457 has it."""
    body = {"type": "about:blank", "title": code, "status": status, "code": code, **facts}
    return Given(status, msgspec.json.encode(body), _PROBLEM)


def stamp(moment: datetime) -> str:
    """Return a moment as the contract writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

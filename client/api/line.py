"""One up-link as the client uses it: its trust, its proxy, its kept connections, its bytes.

httpx is imported on the first call, not at start: the sign-in window does not wait for it.
"""

import asyncio
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from client.domain.errors import LinkDownError
from client.domain.uplink import Route, Uplink
from client.rules.usage import Bytes

if TYPE_CHECKING:
    import httpx

Present = Callable[[ssl.SSLContext], None]
Trust = Callable[[], ssl.SSLContext]

_KEEP = 90.0  # seconds a connection is kept
# A held-back answer is silence by agreement; that not even the question was heard, only the connection can tell. Linux alone
# has the option; keep-alive probes would tell as much, and cost a line paid by the byte a third of what it costs at rest.
_UNHEARD_MS = 15_000


class Line:
    """One way to the cloud. Environment variables (proxies, certificates) are not heeded.

    ``trust`` makes the context of somebody who is not known by an authority's file: a neighbour.
    """

    def __init__(
        self,
        route: Route,
        *,
        transport: "httpx.AsyncBaseTransport | None" = None,
        trust: Trust | None = None,
    ) -> None:
        if transport is None:
            _check_address(route.url)
        self._route = route
        self._transport = transport
        self._whom = trust
        self._client: httpx.AsyncClient | None = None
        self._under_way: set[asyncio.Timeout] = set()
        self.uplink: Uplink = route.uplink
        self.url = route.url.rstrip("/")
        self.used_at = 0.0
        self.used = Bytes()
        self.cuts = 0  # how often the calls under way were ended

    def sent(self, count: int) -> None:
        """Count bytes that went out."""
        self.used += Bytes(sent=count)

    def received(self, count: int) -> None:
        """Count bytes that came in."""
        self.used += Bytes(received=count)

    @contextmanager
    def noted(self, limit: asyncio.Timeout) -> Iterator[None]:
        """Keep a call in mind while it is under way."""
        self._under_way.add(limit)
        try:
            yield
        finally:
            self._under_way.discard(limit)

    def cut(self) -> None:
        """End the calls under way, as if the line had been cut: another up-link carries now."""
        self.cuts += 1
        now = asyncio.get_running_loop().time()
        for limit in tuple(self._under_way):
            limit.reschedule(now)

    async def opened(self, present: Present | None) -> "httpx.AsyncClient":
        """Return the client; loading it (a third of a second, once) neither stops the window nor uses up a wait."""
        if self._client is None:
            made = await asyncio.to_thread(self._open, present)
            self._client = self._client or made
        return self._client

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _open(self, present: Present | None) -> "httpx.AsyncClient":
        import httpx

        transport = self._transport
        if transport is None:
            trust = self._trust()
            if present is not None:
                present(trust)
            transport = httpx.AsyncHTTPTransport(
                verify=trust,
                proxy=self._route.proxy or None,
                trust_env=False,
                limits=httpx.Limits(max_connections=6, max_keepalive_connections=3, keepalive_expiry=_KEEP),
                socket_options=_socket_options(),
            )
        return httpx.AsyncClient(
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            headers={"user-agent": "madoguchi"},
        )

    def _trust(self) -> ssl.SSLContext:
        if self._whom is not None:
            return self._whom()
        if self._route.ca_file:
            try:
                return ssl.create_default_context(cafile=self._route.ca_file)
            except OSError as error:  # not there, not readable, or no certificate: then nobody can be trusted
                raise LinkDownError("link.untrusted") from error
        import truststore  # only where no authority of the town's own is set

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _socket_options() -> list[tuple[int, int, int]]:
    if sys.platform != "linux":
        return []
    return [(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNHEARD_MS)]


def _check_address(base_url: str) -> None:
    parts = urlsplit(base_url)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise ValueError("the cloud is spoken to over https only")

"""The one AsyncClient: trust, proof of possession, the clock, timeouts computed from expected size, byte counts.

httpx is imported on the first call, not at start: the sign-in window does not wait for it.
"""

import asyncio
import base64
import hashlib
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import msgspec

from client.api import failures
from client.api.reply import BYTES, JSON, MSGPACK, PROBLEM, Reply, media_type, unpacked
from client.domain.errors import LinkDownError, RefusedError, SignInNeededError

if TYPE_CHECKING:
    import httpx

__all__ = ["Http", "Identity", "Reply"]

Now = Callable[[], datetime]
Present = Callable[[ssl.SSLContext], None]

_UNSIGNED = frozenset({"/v1/enrolments", "/v1/clock", "/v1/health"})
_PATIENCE = 12.0  # seconds any answer may take, however small
_STALL = 12.0  # seconds without a single byte
_SLOWEST = 6_000  # bytes a second on the thinnest line we work over, less than half of 128 kbit/s
_LARGEST = 4_000_000  # bytes an answer may have unless more was expected
_SWOLLEN = 8  # times the expected size an answer may have
_STALE_AFTER = 1.0  # seconds after which the other side may have closed a kept connection
_STALE_WITHIN = 0.25  # seconds in which such a connection shows it
_KEEP = 90.0  # seconds a connection is kept
_DATE_IS_COARSE = 1_500  # ms; the Date header has whole seconds
_YEARS = range(2000, 2200)  # what a cloud's clock may show, right or wrong
_FIRST_LINE = 16  # bytes of a first line beside the path


class Identity(Protocol):
    """The terminal itself, as it proves itself to the cloud."""

    @property
    def terminal_no(self) -> str:
        """Return the number the cloud gave."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Sign with the terminal's key: ECDSA P-256, SHA-256, DER."""
        ...


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]
    limit: float  # seconds for the whole call
    stall: float  # seconds without a single byte
    largest: int  # bytes the answer may have
    repeatable: bool


class Http:
    """Speaks to one cloud: signs each call, keeps the connection, counts bytes, learns the clock.

    ``ca_file`` names the town's own authority; without it the operating system's trust store decides.
    Environment variables (proxies, certificates) are not heeded: what is not in the settings does not count.
    """

    def __init__(
        self,
        base_url: str,
        identity: Identity | None,
        *,
        now: Now,
        transport: "httpx.AsyncBaseTransport | None" = None,
        ca_file: str | None = None,
        proxy: str | None = None,
        connect_timeout: float = 5.0,
        http2: bool = False,
    ) -> None:
        if transport is None:
            _check_address(base_url)
        self._base_url = base_url.rstrip("/")
        self.identity = identity
        self._now = now
        self._transport = transport
        self._ca_file = ca_file
        self._proxy = proxy
        self._connect_timeout = connect_timeout
        self._http2 = http2
        self._present: Present | None = None
        self._client: httpx.AsyncClient | None = None
        self._used_at = 0.0
        self._clock_known = False
        self.clock_offset_ms = 0  # the cloud's clock minus ours
        self.bytes_sent = 0  # of HTTP, heads included, TLS not
        self.bytes_received = 0

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: object | None = None,
        expect_bytes: int = 2000,
        timeout: float | None = None,
        token: str | None = None,
        repeatable: bool = True,
        headers: Mapping[str, str] | None = None,
        quiet_s: int = 0,
    ) -> Reply:
        """Make one call and read its whole answer; CounterError where it is not a good one.

        ``timeout`` is for the whole call; without it, it follows from ``expect_bytes``. ``repeatable`` says
        that a call cut at once, on a connection the other side had closed long ago, may be made again.
        ``quiet_s`` is how long the other side was asked to hold its answer back (long poll).
        """
        body = b"" if json is None else msgspec.json.encode(json)
        call = _Call(
            method=method,
            path=path,
            body=body,
            headers={**(headers or {}), **({"authorization": f"Bearer {token}"} if token else {})},
            limit=timeout or quiet_s + _PATIENCE + (expect_bytes + len(body)) / _SLOWEST,
            stall=quiet_s + _STALL,
            largest=max(_LARGEST, expect_bytes * _SWOLLEN),
            repeatable=repeatable,
        )
        try:
            return await self._attempt(call)
        except SignInNeededError as error:
            if error.code != "sign_in.clock_off" or not repeatable:
                raise
            # Only the signed date was wrong, and the answer told the right time: once more with it.
        except RefusedError as error:
            if self._present is None or error.facts.get("reason") != "terminal.wrong_certificate":
                raise
            # Ended or revoked: what may be said without a certificate is said without it.
            await self.present(None)
        return await self._attempt(call)

    async def present(self, loader: Present | None) -> None:
        """Show a certificate in TLS from now on, one that a function loads into the context; None shows none."""
        self._present = loader
        await self.close()

    async def probe(self) -> None:
        """Ask the cloud's time, the smallest call there is, and learn from it; LinkDownError where it fails."""
        began = time.monotonic()
        reply = await self.call("GET", "/v1/clock", expect_bytes=200, timeout=self._connect_timeout)
        half_way = timedelta(seconds=(time.monotonic() - began) / 2)
        told = reply.decode(_Clock).now
        if not _can_be(told):
            raise LinkDownError("link.fault", status=reply.status)
        self._learn(told + half_way, exact=True)

    async def settle_clock(self) -> int:
        """Return the clock's offset in ms, asked anew where it is not known or large: clocks get set right."""
        if not self._clock_known or abs(self.clock_offset_ms) > _DATE_IS_COARSE:
            await self.probe()
        return self.clock_offset_ms

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _attempt(self, call: _Call) -> Reply:
        began = time.monotonic()
        may_be_stale = call.repeatable and self._used_at and began - self._used_at > _STALE_AFTER
        try:
            return await self._within(call)
        except LinkDownError as error:
            at_once = time.monotonic() - began < _STALE_WITHIN
            if not (may_be_stale and at_once and error.code == "link.broken"):
                raise
        return await self._within(call)

    async def _within(self, call: _Call) -> Reply:
        client = await self._opened()
        try:
            async with asyncio.timeout(call.limit):
                reply = await self._exchange(client, call)
        except TimeoutError as error:
            raise LinkDownError("link.timeout") from error
        self._used_at = time.monotonic()
        return reply

    async def _exchange(self, client: "httpx.AsyncClient", call: _Call) -> Reply:
        with failures.translated():
            request = client.build_request(
                call.method,
                self._base_url + call.path,
                content=call.body or None,
                headers=self._headers(call),
                timeout=self._timeouts(call),
            )
            self.bytes_sent += _head_size(request.headers.raw) + len(call.path) + len(call.body)
            response = await client.send(request, stream=True)
            try:
                raw = await self._read(response, call.largest)
            finally:
                await response.aclose()
        return self._judge(response.status_code, response.headers, raw, call.largest)

    async def _read(self, response: "httpx.Response", largest: int) -> bytes:
        self.bytes_received += _head_size(response.headers.raw)
        parts = bytearray()
        async for part in response.aiter_raw():
            self.bytes_received += len(part)
            parts += part
            if len(parts) > largest:
                raise LinkDownError("link.fault", status=response.status_code)
        return bytes(parts)

    def _judge(self, status: int, headers: Mapping[str, str], raw: bytes, largest: int) -> Reply:
        body = unpacked(raw, headers.get("content-encoding", "identity"), largest, status)
        kind = media_type(headers)
        if 200 <= status < 300:
            if status != 204 and kind not in {JSON, MSGPACK, BYTES}:
                raise LinkDownError("link.fault", status=status)  # a captive portal's page is no answer
            self._learn_from_date(headers)
            return Reply(status, headers, body)
        problem = failures.problem_of(body) if kind == PROBLEM else failures.Problem()
        if problem.now is not None:
            self._learn(problem.now, exact=True)
        raise failures.error_of(status, problem, headers.get("retry-after"))

    def _headers(self, call: _Call) -> dict[str, str]:
        headers = {"accept": f"{JSON}, {MSGPACK}", "accept-encoding": "gzip", **call.headers}
        if call.body:
            headers["content-type"] = JSON
        if self.identity is not None and call.path not in _UNSIGNED:
            headers.update(self._proof(self.identity, call))
        return headers

    def _proof(self, identity: Identity, call: _Call) -> dict[str, str]:
        date = (self._now() + timedelta(milliseconds=self.clock_offset_ms)).astimezone(UTC)
        stamp = date.strftime("%Y-%m-%dT%H:%M:%SZ")
        where = urlsplit(self._base_url).path + call.path
        digest = hashlib.sha256(call.body).hexdigest()
        signature = identity.sign(f"madoguchi-v1\n{call.method}\n{where}\n{stamp}\n{digest}".encode())
        return {
            "madoguchi-terminal": identity.terminal_no,
            "madoguchi-date": stamp,
            "madoguchi-proof": base64.urlsafe_b64encode(signature).decode(),
        }

    def _timeouts(self, call: _Call) -> "httpx.Timeout":
        import httpx

        return httpx.Timeout(min(call.stall, call.limit), connect=min(self._connect_timeout, call.limit))

    async def _opened(self) -> "httpx.AsyncClient":
        """Return the client; loading it (a third of a second, once) neither stops the window nor uses up a wait."""
        if self._client is None:
            made = await asyncio.to_thread(self._open)
            self._client = self._client or made
        return self._client

    def _open(self) -> "httpx.AsyncClient":
        import httpx

        direct = self._transport is None
        trust = self._trust() if direct else True
        if self._present is not None and isinstance(trust, ssl.SSLContext):
            self._present(trust)
        return httpx.AsyncClient(
            transport=self._transport,
            verify=trust,
            proxy=self._proxy if direct else None,
            trust_env=False,
            http2=self._http2,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=6, max_keepalive_connections=3, keepalive_expiry=_KEEP),
            headers={"user-agent": "madoguchi"},
        )

    def _trust(self) -> ssl.SSLContext:
        if self._ca_file is not None:
            try:
                return ssl.create_default_context(cafile=self._ca_file)
            except OSError as error:  # not there, not readable, or no certificate: then nobody can be trusted
                raise LinkDownError("link.untrusted") from error
        import truststore  # only where no authority of the town's own is set

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    def _learn_from_date(self, headers: Mapping[str, str]) -> None:
        try:
            told = parsedate_to_datetime(headers.get("date", ""))
        except (ValueError, OverflowError):
            return
        self._learn(told + timedelta(milliseconds=500), exact=False)

    def _learn(self, told: datetime, *, exact: bool) -> None:
        if not _can_be(told):
            return
        offset = round((told - self._now()) / timedelta(milliseconds=1))
        if exact or not self._clock_known or abs(offset - self.clock_offset_ms) > _DATE_IS_COARSE:
            self.clock_offset_ms = offset
        self._clock_known = True


class _Clock(msgspec.Struct):
    now: datetime


def _can_be(moment: datetime) -> bool:
    """Tell whether a clock may show a moment: one at the ends of the calendar cannot even be reckoned with."""
    return moment.tzinfo is not None and moment.year in _YEARS


def _check_address(base_url: str) -> None:
    parts = urlsplit(base_url)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise ValueError("the cloud is spoken to over https only")


def _head_size(raw: list[tuple[bytes, bytes]]) -> int:
    return _FIRST_LINE + sum(len(name) + len(value) + 4 for name, value in raw)

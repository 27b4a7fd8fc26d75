"""The one door to the cloud: proof of possession, the clock, timeouts computed from expected size, and over which line.

A call is the same whichever up-link carries it, and signs the path of the town's own address: a proof is for the cloud.
"""

import asyncio
import base64
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import msgspec

from client.api import failures
from client.api.line import Line, Present, Trust
from client.api.reply import BYTES, CRL, JSON, MSGPACK, PROBLEM, Reply, media_type, unpacked
from client.domain.errors import LinkDownError, RefusedError, SignInNeededError
from client.domain.uplink import Route, Uplink
from client.rules.services import service_of
from client.rules.usage import Bytes

if TYPE_CHECKING:
    import httpx

__all__ = ["Http", "Identity", "Reply"]

Now = Callable[[], datetime]

_UNSIGNED = frozenset({"/v1/enrolments", "/v1/clock", "/v1/health", "/v1/ca/crl"})
_PATIENCE = 12.0  # seconds any answer may take, however small
_STALL = 12.0  # seconds without a single byte
_SLOWEST = 6_000  # bytes a second on the thinnest line we work over, less than half of 128 kbit/s
_LARGEST = 4_000_000  # bytes an answer may have unless more was expected
_SWOLLEN = 8  # times the expected size an answer may have
_STALE_AFTER = 1.0  # seconds after which the other side may have closed a kept connection
_STALE_WITHIN = 0.25  # seconds in which such a connection shows it
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

    ``more`` are further up-links to the same cloud, beside the main one; ``carry`` says which of them calls go over.
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
        more: Sequence[Route] = (),
        connect_timeout: float = 5.0,
        trust: Trust | None = None,
    ) -> None:
        main = Route(Uplink.MAIN, base_url, proxy or "", ca_file or "")
        self._lines = {one.uplink: Line(one, transport=transport, trust=trust) for one in (main, *more)}
        self._line = self._lines[Uplink.MAIN]
        self._town = urlsplit(base_url).path.rstrip("/")
        self.identity = identity
        self._now = now
        self._connect_timeout = connect_timeout
        self._present: Present | None = None
        self._clock_known = False
        self.clock_offset_ms = 0  # the cloud's clock minus ours

    @property
    def used(self) -> Mapping[str, Bytes]:
        """Return the bytes of each up-link so far."""
        return {uplink.value: line.used for uplink, line in self._lines.items()}

    @property
    def bytes_sent(self) -> int:
        """Return the bytes that went out over all up-links."""
        return sum(line.used.sent for line in self._lines.values())

    @property
    def bytes_received(self) -> int:
        """Return the bytes that came in over all up-links."""
        return sum(line.used.received for line in self._lines.values())

    @property
    def carrying(self) -> Uplink:
        """Return the up-link that calls go over."""
        return self._line.uplink

    def carry(self, uplink: Uplink, *, cut: bool) -> None:
        """Send calls over an up-link from now on; ``cut`` ends those under way on the last one, as a cut line would."""
        last, self._line = self._line, self._lines[uplink]
        if cut and last is not self._line:
            last.cut()

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: object | None = None,
        content: bytes = b"",
        expect_bytes: int = 2000,
        timeout: float | None = None,
        token: str | None = None,
        repeatable: bool = True,
        headers: Mapping[str, str] | None = None,
        quiet_s: int = 0,
    ) -> Reply:
        """Make one call and read its whole answer; CounterError where it is not a good one.

        What is sent is ``json``, or ``content`` as it is.
        ``timeout`` is for the whole call; without it, it follows from ``expect_bytes``. ``repeatable`` says
        that a call cut at once, on a connection the other side had closed long ago, may be made again.
        ``quiet_s`` is how long the other side was asked to hold its answer back (long poll).
        """
        body = content if json is None else msgspec.json.encode(json)
        call = _Call(
            method=method,
            path=path,
            body=body,
            headers={
                **({"content-type": BYTES if content else JSON} if body else {}),
                **(headers or {}),
                **({"authorization": f"Bearer {token}"} if token else {}),
            },
            limit=timeout or quiet_s + _PATIENCE + (expect_bytes + len(body)) / _SLOWEST,
            stall=quiet_s + _STALL,
            largest=max(_LARGEST, expect_bytes * _SWOLLEN),
            repeatable=repeatable,
        )
        try:
            return await self._attempt(call, self._line)
        except SignInNeededError as error:
            if error.code != "sign_in.clock_off" or not repeatable:
                raise
            # Only the signed date was wrong, and the answer told the right time: once more with it.
        except RefusedError as error:
            if self._present is None or error.facts.get("reason") != "terminal.wrong_certificate":
                raise
            # Ended or revoked: what may be said without a certificate is said without it.
            await self.present(None)
        return await self._attempt(call, self._line)

    async def present(self, loader: Present | None) -> None:
        """Show a certificate in TLS from now on, one that a function loads into the context; None shows none."""
        self._present = loader
        await self.close()

    async def probe(self, uplink: Uplink | None = None) -> None:
        """Ask the cloud's time, the smallest call there is, and learn from it; LinkDownError where it fails.

        Over the up-link that carries, or another one.
        """
        line = self._lines[uplink] if uplink else self._line
        wait = self._connect_timeout
        call = _Call("GET", "/v1/clock", b"", {}, wait, wait, _LARGEST, repeatable=True)
        began = time.monotonic()
        reply = await self._attempt(call, line)
        half_way = timedelta(seconds=(time.monotonic() - began) / 2)
        told = reply.decode(_Clock).now
        if not _can_be(told):
            raise LinkDownError("link.fault", status=reply.status)
        self._learn(line, told + half_way, exact=True)

    async def health(self) -> Mapping[str, str]:
        """Return how the cloud says its services are: ok, slow or down. LinkDownError."""
        reply = await self.call("GET", "/v1/health", expect_bytes=500, timeout=self._connect_timeout)
        return reply.decode(_Health).services

    async def settle_clock(self) -> int:
        """Return the clock's offset in ms, asked anew where it is not known or large: clocks get set right."""
        if not self._clock_known or abs(self.clock_offset_ms) > _DATE_IS_COARSE:
            await self.probe()
        return self.clock_offset_ms

    async def close(self) -> None:
        """Close the connections."""
        for line in self._lines.values():
            await line.close()

    async def _attempt(self, call: _Call, line: Line) -> Reply:
        began = time.monotonic()
        may_be_stale = call.repeatable and line.used_at and began - line.used_at > _STALE_AFTER
        try:
            return await self._within(call, line)
        except LinkDownError as error:
            at_once = time.monotonic() - began < _STALE_WITHIN
            if not (may_be_stale and at_once and error.code == "link.broken"):
                raise
        return await self._within(call, line)

    async def _within(self, call: _Call, line: Line) -> Reply:
        try:
            return await self._timed(call, line)
        except LinkDownError as error:
            error.over, error.service = line.uplink.value, service_of(call.path)
            raise

    async def _timed(self, call: _Call, line: Line) -> Reply:
        cuts = line.cuts
        client = await line.opened(self._present)
        if line.cuts != cuts:
            raise LinkDownError("link.broken")
        try:
            async with asyncio.timeout(call.limit) as limit:
                with line.noted(limit):
                    reply = await self._exchange(client, call, line)
        except TimeoutError as error:
            raise LinkDownError("link.timeout" if line.cuts == cuts else "link.broken") from error
        line.used_at = time.monotonic()
        return reply

    async def _exchange(self, client: "httpx.AsyncClient", call: _Call, line: Line) -> Reply:
        with failures.translated():
            request = client.build_request(
                call.method,
                line.url + call.path,
                content=call.body or None,
                headers=self._headers(call),
                timeout=self._timeouts(call),
            )
            line.sent(_head_size(request.headers.raw) + len(call.path) + len(call.body))
            response = await client.send(request, stream=True)
            try:
                self._look_at(response)
                raw = await self._read(response, call.largest, line)
            finally:
                await response.aclose()
        return self._judge(response, raw, call.largest, line)

    def _own_headers(self) -> Mapping[str, str]:
        """Return what goes with every call beside its proof."""
        return {}

    def _look_at(self, response: "httpx.Response") -> None:
        """Judge who answers before the answer is read; a cloud is known by its certificate alone."""

    async def _read(self, response: "httpx.Response", largest: int, line: Line) -> bytes:
        line.received(_head_size(response.headers.raw))
        parts = bytearray()
        async for part in response.aiter_raw():
            line.received(len(part))
            parts += part
            if len(parts) > largest:
                raise LinkDownError("link.fault", status=response.status_code)
        return bytes(parts)

    def _judge(self, response: "httpx.Response", raw: bytes, largest: int, line: Line) -> Reply:
        status, headers = response.status_code, response.headers
        body = unpacked(raw, headers.get("content-encoding", "identity"), largest, status)
        kind = media_type(headers)
        if 200 <= status < 300:
            if status != 204 and kind not in {JSON, MSGPACK, BYTES, CRL}:
                raise LinkDownError("link.fault", status=status)  # a captive portal's page is no answer
            self._learn_from_date(line, headers)
            return Reply(status, headers, body)
        problem = failures.problem_of(body) if kind == PROBLEM else failures.Problem()
        if problem.now is not None:
            self._learn(line, problem.now, exact=True)
        raise failures.error_of(status, problem, headers.get("retry-after"))

    def _headers(self, call: _Call) -> dict[str, str]:
        usual = {"accept": f"{JSON}, {MSGPACK}", "accept-encoding": "gzip"}
        headers = {**usual, **call.headers, **self._own_headers()}
        if self.identity is not None and call.path not in _UNSIGNED:
            headers.update(self._proof(self.identity, call))
        return headers

    def _proof(self, identity: Identity, call: _Call) -> dict[str, str]:
        date = (self._now() + timedelta(milliseconds=self.clock_offset_ms)).astimezone(UTC)
        stamp = date.strftime("%Y-%m-%dT%H:%M:%SZ")
        where = self._town + call.path
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

    def _learn_from_date(self, line: Line, headers: Mapping[str, str]) -> None:
        try:
            told = parsedate_to_datetime(headers.get("date", ""))
        except (ValueError, OverflowError):
            return
        self._learn(line, told + timedelta(milliseconds=500), exact=False)

    def _learn(self, line: Line, told: datetime, *, exact: bool) -> None:
        if not _can_be(told):
            return
        offset = round((told - self._now()) / timedelta(milliseconds=1))
        if exact or not self._clock_known or abs(offset - self.clock_offset_ms) > _DATE_IS_COARSE:
            self.clock_offset_ms = offset
        self._clock_known = True


class _Clock(msgspec.Struct):
    now: datetime


class _Health(msgspec.Struct):
    services: dict[str, str]


def _can_be(moment: datetime) -> bool:
    """Tell whether a clock may show a moment: one at the ends of the calendar cannot even be reckoned with."""
    return moment.tzinfo is not None and moment.year in _YEARS


def _head_size(raw: list[tuple[bytes, bytes]]) -> int:
    return _FIRST_LINE + sum(len(name) + len(value) + 4 for name, value in raw)

"""One neighbour's connection: HTTP/1.1 within bounds, so that no slow, greedy or broken one holds up the others."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import h11

from client.domain.peer import PeerLease

_HEAD_BYTES = 16_384
_READ = 65_536


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server gives its neighbours, all of them and each."""

    connections: int = 256
    of_one: int = 16  # connections by one certificate, whether its lease holds or not
    calls_a_minute: int = 600  # of one machine
    head_s: float = 10.0  # for a call to come in whole, handshake and body each
    idle_s: float = 75.0  # between two calls
    send_s: float = 30.0  # for a piece of an answer to be taken
    body_bytes: int = 2_100_000  # the largest sealed batch as text
    wait_s: int = 60  # the longest an answer is held back


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it came, before it is known whose it is."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in small letters
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """A call of a neighbour whose lease holds."""

    call: Call
    peer: PeerLease


@dataclass(frozen=True, slots=True)
class Given:
    """An answer; ``route`` is what the log says was asked, never the address itself."""

    status: int
    body: bytes = field(default=b"", repr=False)
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    route: str = ""
    length: int | None = None  # of the body where it is left out (HEAD)


class TooLargeError(Exception):
    """A body beyond the bound."""


class Talk:
    """Reads calls and writes answers on one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: Limits) -> None:
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_BYTES)

    async def next(self) -> Call | None:
        """Return the next call, or None where there is none to come. TimeoutError, h11.RemoteProtocolError."""
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        if self._http.our_state is not h11.IDLE:
            return None
        async with asyncio.timeout(self._limits.idle_s):
            first = await self._event()
        if not isinstance(first, h11.Request):
            return None
        async with asyncio.timeout(self._limits.head_s):
            body = await self._body()
        try:
            target = urlsplit(first.target.decode("ascii"))
        except ValueError as error:
            raise h11.RemoteProtocolError("no address") from error
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in first.headers}
        query = dict(parse_qsl(target.query, keep_blank_values=True))
        return Call(first.method.decode("ascii"), target.path, query, headers, body)

    async def send(self, given: Given) -> None:
        """Write an answer. TimeoutError, OSError."""
        length = len(given.body) if given.length is None else given.length
        headers = {"content-type": given.kind, "content-length": str(length), "cache-control": "no-store"}
        told = [(name, value) for name, value in (headers | dict(given.headers)).items()]
        await self._write(h11.Response(status_code=given.status, headers=told))
        for at in range(0, len(given.body), _READ):
            await self._write(h11.Data(data=given.body[at : at + _READ]))
        await self._write(h11.EndOfMessage())

    async def _write(self, event: h11.Event) -> None:
        self._writer.write(self._http.send(event) or b"")
        async with asyncio.timeout(self._limits.send_s):
            await self._writer.drain()

    async def _body(self) -> bytes:
        body = bytearray()
        while not isinstance(event := await self._event(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                raise h11.RemoteProtocolError("the call was cut off")
            body += event.data
            if len(body) > self._limits.body_bytes:
                raise TooLargeError
        return bytes(body)

    async def _event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(_READ))
        return event

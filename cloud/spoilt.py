"""Answers as they should not be: a proxy's, a captive portal's, a busy cloud's, and good ones that were hurt."""

import asyncio
import random
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from cloud.asgi import WIRE, Message, Receive, Scope, Send, Wire
from cloud.fault_plan import Fault, FaultKind, Refusal
from cloud.problems import ProblemError

_PIECES = 40
_HTML = b"text/html; charset=utf-8"
_PROXY_PAGE = (
    "<html><head><title>{status} {phrase}</title></head><body><h1>{status} {phrase}</h1></body></html>"
)
_PORTAL_PAGE = (
    "<!DOCTYPE html><html lang=ja><head><title>Wi-Fi</title></head>"
    '<body><form action="/login" method=post>ネットワークの利用を開始するにはログインしてください。</form></body></html>'
)


class LineCutError(ConnectionResetError):
    """The line is cut; in tests without a socket this is what the caller sees."""


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer in one piece."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def told_length(self, length: int | None) -> list[tuple[bytes, bytes]]:
        """Return the headers with another Content-Length, or without one."""
        kept = [(name, value) for name, value in self.headers if name.lower() != b"content-length"]
        has_none = length is None or self.status == HTTPStatus.NO_CONTENT
        return kept if has_none else [*kept, (b"content-length", str(length).encode())]


def whole(messages: list[Message]) -> Whole:
    """Return an answer out of the messages it came in."""
    start = messages[0]
    body = b"".join(bytes(one.get("body", b"")) for one in messages[1:])
    return Whole(int(start["status"]), list(start.get("headers", [])), body)


class WayBack:
    """The way back to the caller."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._wire: Wire | None = scope.get("extensions", {}).get(WIRE)
        self._receive = receive
        self._send = send

    async def say(self, answer: Whole) -> None:
        """Send an answer whole."""
        await self.begin(answer.status, answer.told_length(len(answer.body)))
        await self.piece(answer.body, more=False)

    async def begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Send the head of an answer."""
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def piece(self, body: bytes, *, more: bool) -> None:
        """Send a piece of the body."""
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    def beside(self, data: bytes) -> None:
        """Put bytes on the wire beside HTTP, where there is one."""
        if self._wire is not None:
            self._wire.write(data)

    async def cut(self, *, reset: bool = False) -> None:
        """End the connection."""
        if self._wire is None:
            raise LineCutError("the line is cut")
        if reset:
            self._wire.reset()
        else:
            self._wire.cut()
        await self.silence()

    async def silence(self) -> None:
        """Say nothing until the caller gives up."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


def problem(fault: Fault) -> Whole:
    """Return the cloud's own no: busy, a service down, a refusal."""
    if fault.kind is FaultKind.SERVICE_DOWN:
        trouble = ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "service.down", service=fault.service)
    elif fault.kind is FaultKind.REFUSED:
        is_conflict = fault.code is Refusal.CONFLICT
        status = HTTPStatus.CONFLICT if is_conflict else HTTPStatus.FORBIDDEN
        trouble = ProblemError(status, fault.code.value)
    else:
        trouble = ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "link.busy")
    headers = [(b"content-type", b"application/problem+json")]
    if trouble.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append((b"retry-after", str(fault.retry_after).encode()))
    return Whole(trouble.status, headers, msgspec.json.encode(trouble.body()))


def error(fault: Fault) -> Whole:
    """Return a 5xx: 500 and 503 as the cloud says them, 502 and 504 as a proxy before it does."""
    if fault.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return problem(fault)
    if fault.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        content = msgspec.json.encode(ProblemError(fault.status, "cloud.fault").body())
        return Whole(fault.status, [(b"content-type", b"application/problem+json")], content)
    page = _PROXY_PAGE.format(status=fault.status, phrase=HTTPStatus(fault.status).phrase)
    return Whole(fault.status, [(b"content-type", _HTML)], page.encode())


def portal() -> Whole:
    """Return the page of a network that wants somebody to sign in: 200, and not the cloud's."""
    return Whole(HTTPStatus.OK, [(b"content-type", _HTML)], _PORTAL_PAGE.encode())


def garbled(answer: Whole, seed: int) -> Whole:
    """Return an answer of which nothing can be read, with the right type and length."""
    dice = random.Random(seed)  # noqa: S311 - noise, no secret
    return Whole(answer.status, answer.headers, bytes(0x80 | dice.getrandbits(7) for _ in answer.body))


async def trickle(answer: Whole, seconds: float, line: WayBack) -> None:
    """Send a body in small pieces over a time."""
    await line.begin(answer.status, answer.told_length(len(answer.body)))
    size = max(1, -(-len(answer.body) // _PIECES))
    pieces = [answer.body[at : at + size] for at in range(0, len(answer.body), size)]
    for one in pieces:
        await asyncio.sleep(seconds / len(pieces))
        await line.piece(one, more=True)
    await line.piece(b"", more=False)


async def half(answer: Whole, line: WayBack) -> None:
    """Promise a body, send half of it, and end the connection."""
    await line.begin(answer.status, answer.told_length(len(answer.body)))
    await line.piece(answer.body[: len(answer.body) // 2], more=True)
    await line.cut()


async def half_a_chunk(answer: Whole, line: WayBack) -> None:
    """Send the body in chunks, and end the connection in the middle of the second."""
    middle = len(answer.body) // 2
    await line.begin(answer.status, answer.told_length(None))
    await line.piece(answer.body[:middle], more=True)
    rest = answer.body[middle:]
    line.beside(b"%x\r\n" % len(rest) + rest[: len(rest) // 2])
    await line.cut()


async def short_length(answer: Whole, line: WayBack) -> None:
    """Say half of the body's length, and send the rest of it where the next answer should begin."""
    middle = len(answer.body) // 2
    await line.begin(answer.status, answer.told_length(middle))
    await line.piece(answer.body[:middle], more=False)
    line.beside(answer.body[middle:])

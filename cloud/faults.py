"""Faults on purpose, for drills and tests: an ASGI layer that loses, doubles, delays, refuses and cuts answers."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CUT = "madoguchi.cut"  # scope extension: a function that drops the connection (cloud/wire.py puts it there)
_CONTROL = "/training/"


class LineCutError(ConnectionResetError):
    """The line is cut; in tests without a socket this is what the caller sees."""


class FaultKind(Enum):
    """What may go wrong with one call."""

    LOST_ANSWER = "lost_answer"  # it took effect, and nobody hears of it
    ANSWER_TWICE = "answer_twice"  # it arrives twice; the second answer is heard
    BUSY = "busy"  # 503, nothing happened
    DELAY = "delay"
    CUT_MIDWAY = "cut_midway"  # half of the answer


class Line(Enum):
    """The line as a whole."""

    OK = "ok"
    SLOW = "slow"  # every answer late by the delay
    CUT = "cut"  # every connection reset
    SILENT = "silent"  # every call swallowed, no answer ever


@dataclass(slots=True)
class Fault:
    """A fault that befalls the next calls to a path."""

    kind: FaultKind
    path: str = "/"
    times: int = 1
    delay_ms: int = 0


class Faults:
    """What is to go wrong from now on; shared by the control routes and the layer."""

    def __init__(self) -> None:
        self.line = Line.OK
        self.delay_ms = 0
        self._planned: list[Fault] = []

    def plan(self, fault: Fault) -> None:
        """Let a fault befall the next calls it fits."""
        self._planned.append(fault)

    def clear(self) -> None:
        """Let nothing more go wrong."""
        self.line, self.delay_ms = Line.OK, 0
        self._planned.clear()

    def next_for(self, path: str) -> Fault | None:
        """Take the fault due for a call, if any."""
        for fault in self._planned:
            if path.startswith(fault.path):
                fault.times -= 1
                if fault.times <= 0:
                    self._planned.remove(fault)
                return fault
        return None


class FaultLayer:
    """The layer itself, outside everything else."""

    def __init__(self, app: App, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, or not."""
        if scope["type"] != "http" or str(scope["path"]).startswith(_CONTROL):
            await self._app(scope, receive, send)
            return
        if self._faults.line is Line.CUT:
            await _cut(scope, receive)
            return
        if self._faults.line is Line.SILENT:
            await _until_given_up(receive)
            return
        if self._faults.line is Line.SLOW:
            await asyncio.sleep(self._faults.delay_ms / 1000)
        fault = self._faults.next_for(str(scope["path"]))
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await self._spoil(fault, scope, receive, send)

    async def _spoil(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind is FaultKind.BUSY:
            await _busy(send)
            return
        body = await _body(receive)
        if fault.kind is FaultKind.DELAY:
            await asyncio.sleep(fault.delay_ms / 1000)
        answer = await self._ask(scope, body)
        if fault.kind is FaultKind.ANSWER_TWICE:
            answer = await self._ask(scope, body)
        if fault.kind is FaultKind.LOST_ANSWER:
            await _cut(scope, receive)
            return
        for message in answer:
            if fault.kind is FaultKind.CUT_MIDWAY and message["type"] == "http.response.body":
                half = bytes(message.get("body", b""))
                await send({**message, "body": half[: len(half) // 2], "more_body": True})
                await _cut(scope, receive)
                return
            await send(message)

    async def _ask(self, scope: Scope, body: bytes) -> list[Message]:
        """Make the call for real and keep its answer back."""
        sent: list[Message] = []
        heard = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Message:
            message = next(heard, None)
            if message is None:  # nobody has gone: a streamed answer listens here until it is whole
                await asyncio.Event().wait()
            return message or {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(dict(scope), receive, send)
        return sent


async def _cut(scope: Scope, receive: Receive) -> None:
    drop = scope.get("extensions", {}).get(CUT)
    if drop is None:
        raise LineCutError("the line is cut")
    drop()
    await _until_given_up(receive)


async def _body(receive: Receive) -> bytes:
    parts = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(parts)
        parts += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(parts)


async def _until_given_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _busy(send: Send) -> None:
    problem = {"type": "about:blank", "title": "Service Unavailable", "status": 503, "code": "link.busy"}
    headers = [(b"content-type", b"application/problem+json"), (b"retry-after", b"1")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(problem).encode()})

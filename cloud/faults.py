"""Faults on purpose, for drills and tests: an ASGI layer that loses, doubles, delays, refuses and cuts answers."""

import asyncio
from contextlib import nullcontext

from cloud import spoilt
from cloud.asgi import App, Message, Receive, Scope, Send
from cloud.clock import off_by
from cloud.fault_plan import Call, Fault, FaultKind, Faults, Line
from cloud.points import ending_at
from cloud.service_names import split_town
from cloud.spoilt import LineCutError

__all__ = [
    "App",
    "Fault",
    "FaultKind",
    "FaultLayer",
    "Faults",
    "Line",
    "LineCutError",
    "Message",
    "Receive",
    "Scope",
    "Send",
]

SERVICE_STATES = "madoguchi.services"  # in the scope: services that are not well, for the health to tell
_CONTROL = "/training/"
_TERMINAL = b"madoguchi-terminal"
_NOTHING_HAPPENS = frozenset(
    {
        FaultKind.BUSY,
        FaultKind.ERROR,
        FaultKind.REFUSED,
        FaultKind.PORTAL,
        FaultKind.RESET,
        FaultKind.SILENT,
        FaultKind.SERVICE_DOWN,
    }
)


class FaultLayer:
    """The layer itself, outside everything else; its own control goes through untouched."""

    def __init__(self, app: App, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, or not."""
        call = _call(scope) if scope["type"] == "http" else None
        if call is None or call.path.startswith(_CONTROL):
            await self._app(scope, receive, send)
            return
        line = spoilt.WayBack(scope, receive, send)
        if self._faults.line is Line.CUT:
            await line.cut()
        elif self._faults.line is Line.SILENT:
            await line.silence()
        else:
            if self._faults.line is Line.SLOW:
                await asyncio.sleep(self._faults.delay_ms / 1000)
            scope[SERVICE_STATES] = self._faults.states(call.municipality)
            with off_by(self._faults.off_for(call)):
                await self._answered(self._faults.next_for(call), line, scope, receive, send)

    async def _answered(
        self, fault: Fault | None, line: spoilt.WayBack, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault is None:
            await self._app(scope, receive, send)
            return
        if fault.kind is not FaultKind.TRICKLE:
            await asyncio.sleep(fault.delay_ms / 1000)
        if fault.kind in _NOTHING_HAPPENS and not fault.takes_effect:
            await _instead(fault, line)
            return
        body = await _body(receive)
        dying = fault.kind is FaultKind.RESTART
        with ending_at(fault.point, self._faults.end) if dying else nullcontext():
            answer = await self._ask(scope, body)
        if fault.kind is FaultKind.ANSWER_TWICE:
            answer = await self._ask(scope, body)
        if fault.kind in _NOTHING_HAPPENS:
            await _instead(fault, line)
        else:
            await _hurt(fault, answer, line)

    async def _ask(self, scope: Scope, body: bytes) -> spoilt.Whole:
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
        return spoilt.whole(sent)


def _call(scope: Scope) -> Call:
    municipality, path = split_town(str(scope["path"]))
    terminal = dict(scope["headers"]).get(_TERMINAL, b"").decode("latin-1")
    return Call(str(scope["method"]), path, municipality, terminal)


async def _instead(fault: Fault, line: spoilt.WayBack) -> None:
    """Say something that is no answer to the call."""
    match fault.kind:
        case FaultKind.SILENT:
            await line.silence()
        case FaultKind.RESET:
            await line.cut(reset=True)
        case FaultKind.PORTAL:
            await line.say(spoilt.portal())
        case FaultKind.ERROR:
            await line.say(spoilt.error(fault))
        case _:
            await line.say(spoilt.problem(fault))


async def _hurt(fault: Fault, answer: spoilt.Whole, line: spoilt.WayBack) -> None:
    """Pass on the answer of a call that was made, hurt as the fault says."""
    match fault.kind:
        case FaultKind.LOST_ANSWER:
            await line.cut()
        case FaultKind.TRICKLE:
            await spoilt.trickle(answer, fault.delay_ms / 1000, line)
        case FaultKind.CUT_MIDWAY:
            await spoilt.half(answer, line)
        case FaultKind.CUT_IN_CHUNK:
            await spoilt.half_a_chunk(answer, line)
        case FaultKind.WRONG_LENGTH:
            await spoilt.short_length(answer, line)
        case FaultKind.GARBAGE:
            await line.say(spoilt.garbled(answer, fault.seed))
        case _:
            await line.say(answer)


async def _body(receive: Receive) -> bytes:
    parts = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(parts)
        parts += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(parts)

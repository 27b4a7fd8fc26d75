"""The words of ASGI as the cloud's layers say them, and the wire below a call where there is one."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

WIRE = "madoguchi.wire"  # scope extension: the connection a call came over (cloud/wire.py puts it there)


class Wire(Protocol):
    """The connection a call came over, for whoever means to spoil it."""

    def cut(self) -> None:
        """Close it, whatever was promised."""
        ...

    def reset(self) -> None:
        """Close it with RST, as a middlebox does that has forgotten a connection."""
        ...

    def write(self, data: bytes) -> None:
        """Put bytes on it beside HTTP."""
        ...

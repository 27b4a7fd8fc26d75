"""The server's socket: HTTP/1.1 over TLS, with a way to hurt a connection on purpose."""

import socket
import struct
from asyncio import BaseTransport, Transport
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from cloud.asgi import WIRE, App, Receive, Scope, Send

_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: on, no seconds; close then sends RST


class TransportWire:
    """The transport of one connection, as the layer of faults sees it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def cut(self) -> None:
        """Close it, whatever was promised."""
        self._transport.abort()

    def reset(self) -> None:
        """Close it with RST."""
        plain = self._transport.get_extra_info("socket")
        if plain is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._transport.abort()

    def write(self, data: bytes) -> None:
        """Put bytes on it beside HTTP; inside TLS, where it is spoken."""
        self._transport.write(data)


class CuttableProtocol(H11Protocol):
    """uvicorn's own protocol, which shows the application the connection a call came over."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Remember the transport inside the application this connection calls."""
        if not isinstance(transport, Transport):
            raise TypeError("a connection that cannot be dropped")
        super().connection_made(transport)
        self.app: Any = _knowing(self.app, TransportWire(transport))


def _knowing(app: Any, wire: TransportWire) -> App:
    async def with_wire(scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"] = {**scope.get("extensions", {}), WIRE: wire}
        await app(scope, receive, send)

    return with_wire

"""The server's socket: HTTP/1.1 over TLS, with a way to drop a connection on purpose."""

from asyncio import BaseTransport, Transport
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from cloud.faults import CUT, App, Receive, Scope, Send


class CuttableProtocol(H11Protocol):
    """uvicorn's own protocol, which tells the application how to drop the connection it came over."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Remember the transport inside the application this connection calls."""
        if not isinstance(transport, Transport):
            raise TypeError("a connection that cannot be dropped")
        super().connection_made(transport)
        self.app: Any = _knowing(self.app, transport)


def _knowing(app: Any, transport: Transport) -> App:
    async def with_cut(scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"] = {**scope.get("extensions", {}), CUT: transport.abort}
        await app(scope, receive, send)

    return with_cut

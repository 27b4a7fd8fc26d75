"""Servers that misbehave, on real sockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes, *, status: str = "200 OK", kind: str = "application/json", more: str = "") -> bytes:
    """Return an answer as it goes over the wire."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


GOOD = answer(b'{"now":"2026-11-20T05:32:00Z"}')


async def request(reader: asyncio.StreamReader) -> bytes:
    """Return the head of a call."""
    return await reader.readuntil(b"\r\n\r\n")


def saying(said: bytes) -> Serve:
    """A server that says the same to every call on a connection, and hangs up when the caller does."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            writer.write(said)
            await writer.drain()

    return serve


@asynccontextmanager
async def served(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    open_ones: dict[asyncio.StreamWriter, asyncio.Event] = {}

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones[writer] = asyncio.Event()
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the caller hung up
        finally:
            writer.transport.abort()
            open_ones[writer].set()

    server = await asyncio.start_server(keep, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        server.close()
        for writer, ended in open_ones.items():
            writer.transport.abort()
            await ended.wait()

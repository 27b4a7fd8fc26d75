"""A door on the loopback that counts what goes through it: the same for every peer, TLS and heads included."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_A_PIECE = 65_536


@dataclass
class Counted:
    """What went through so far, and where the door is."""

    port: int = 0
    up: int = 0
    down: int = 0

    @property
    def bytes(self) -> int:
        """Return the bytes of both directions."""
        return self.up + self.down


@contextmanager
def counting(to: int) -> Iterator[Counted]:
    """Stand before a port of the loopback, in a thread of its own."""
    counted, ready, loop = Counted(), threading.Event(), asyncio.new_event_loop()

    async def run() -> None:
        async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_connection("127.0.0.1", to)
            await asyncio.gather(_carry(reader, back, counted, "up"), _carry(there, writer, counted, "down"))

        server = await asyncio.start_server(met, "127.0.0.1", 0)
        counted.port = server.sockets[0].getsockname()[1]
        ready.set()
        async with server:
            with suppress(asyncio.CancelledError):
                await server.serve_forever()

    main = loop.create_task(run())

    def work() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(main)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield counted
    finally:
        loop.call_soon_threadsafe(main.cancel)
        thread.join(10)


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counted: Counted, way: str
) -> None:
    with suppress(OSError, asyncio.CancelledError):
        while piece := await reader.read(_A_PIECE):
            setattr(counted, way, getattr(counted, way) + len(piece))
            writer.write(piece)
            await writer.drain()
    writer.close()

"""Serving towns over TLS: one process, one port, a ready file only when it really answers."""

import asyncio
import logging
import os
import signal
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from cloud.app import create_app
from cloud.authority import server_files
from cloud.keys import write_private
from cloud.proxy import Proxy
from cloud.snapshots import Upkeep
from cloud.tenants import Tenants
from cloud.wire import CuttableProtocol

_log = logging.getLogger(__name__)
_ALWAYS = ("127.0.0.1", "localhost")
_TRIES = 600
_BETWEEN_S = 0.05
_A_PIECE = 4096
_GRACE_S = 3  # for answers under way when the word to stop comes


@dataclass(frozen=True, slots=True)
class Place:
    """Where to serve, and where to say so; ``told`` of the program and ``towns`` of each town go into the ready file."""

    host: str
    port: int
    ready: Path | None
    training: bool
    told: Mapping[str, object] = field(repr=False)
    towns: Sequence[Mapping[str, Any]] = field(
        repr=False, default=()
    )  # the first is what the file is mostly about
    proxy: Proxy | None = None

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return the names and addresses the certificate is for."""
        return tuple(dict.fromkeys((*_ALWAYS, self.reached_by)))

    @property
    def reached_by(self) -> str:
        """Return the address a neighbour on this machine calls."""
        return "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - asks, does not bind

    def bound(self) -> socket.socket:
        """Return a socket bound to the place; OSError where it is taken."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        # Said to be TCP, or asyncio leaves Nagle's algorithm on, and every answer waits 40 ms for an acknowledgement.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        return listener


def serve(towns: Tenants, place: Place, *, until: BinaryIO | None = None) -> None:
    """Serve until SIGTERM or SIGINT, or until a stream ends: a parent that is killed closes it, whatever else it does."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(
            number, lambda *_: None
        )  # uvicorn raises it again once it has stopped: nothing is left to do
    upkeep = Upkeep(lambda: [(tenant.snapshots, tenant.crl) for tenant in towns])
    with place.bound() as listener:
        try:
            server = uvicorn.Server(_config(towns, place))
            if until is not None:
                threading.Thread(target=_end_with, args=(until, server), daemon=True).start()
            asyncio.run(_run(server, listener, towns, place, upkeep))
        finally:
            upkeep.stop()
            if place.ready is not None:
                place.ready.unlink(missing_ok=True)


def _end_with(stream: BinaryIO, server: uvicorn.Server) -> None:
    """Let the server stop when the stream ends; it looks several times a second."""
    while stream.read(_A_PIECE):
        pass
    server.should_exit = True


def _config(towns: Tenants, place: Place) -> uvicorn.Config:
    certificate, key = server_files(towns.folder / "keys", towns.authority, place.hosts, towns.now())
    return uvicorn.Config(
        create_app(towns, training=place.training, proxy=place.proxy),
        http=CuttableProtocol if place.training else H11Protocol,
        ws="none",
        lifespan="off",
        ssl_certfile=str(certificate),
        ssl_keyfile=str(key),
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=_GRACE_S,
    )


async def _run(
    server: uvicorn.Server, listener: socket.socket, towns: Tenants, place: Place, upkeep: Upkeep
) -> None:
    serving = asyncio.create_task(server.serve([listener]))
    answering = asyncio.create_task(_until_answering(place, listener.getsockname()[1], towns))
    await asyncio.wait({serving, answering}, return_when=asyncio.FIRST_COMPLETED)
    if answering.done() and answering.result():
        _announce(place, listener.getsockname()[1], towns)
        upkeep.start()
    else:
        server.should_exit = True
    answering.cancel()
    await serving


async def _until_answering(place: Place, port: int, towns: Tenants) -> bool:
    """Call ourselves until a real call over TLS is answered; False where that never happens."""
    trust = ssl.create_default_context(cafile=str(_ca_file(towns)))
    for _ in range(_TRIES):
        if await _answers(place.reached_by, port, trust):
            return True
        await asyncio.sleep(_BETWEEN_S)
    return False


async def _answers(host: str, port: int, trust: ssl.SSLContext) -> bool:
    try:
        reader, writer = await asyncio.open_connection(host, port, ssl=trust)
        writer.write(f"GET /v1/health HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
        line = await reader.readline()
        writer.close()
        await writer.wait_closed()
    except OSError:
        return False
    return b" 200 " in line


def _announce(place: Place, port: int, towns: Tenants) -> None:
    url = f"https://{place.reached_by}:{port}"
    each = [{"url": f"{url}/{town['municipality']['code']}", **town} for town in place.towns]
    first = each[0] if each else {"url": url}
    others = {str(town["municipality"]["code"]): town for town in each}
    facts = {**first, "port": port, "ca_file": str(_ca_file(towns)), "pid": os.getpid(), **place.told}
    facts |= {"towns": others} if len(each) > 1 else {}
    if place.ready is not None:
        place.ready.parent.mkdir(parents=True, exist_ok=True)
        write_private(place.ready, msgspec.json.format(msgspec.json.encode(facts)))
    _log.info("serving at %s", url)


def _ca_file(towns: Tenants) -> Path:
    return (towns.folder / "keys" / "ca.pem").resolve()

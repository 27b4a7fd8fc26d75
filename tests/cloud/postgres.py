"""A PostgreSQL server of the tests' own, in a temporary folder; every test gets a new database in it."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

from cloud import database
from cloud.migrations import bring_up

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
_SETTINGS = ("max_connections=200",)
_CARELESS = ("fsync=off", "full_page_writes=off")  # nobody pulls the plug on a test


class Server:
    """A running server."""

    def __init__(self, port: int) -> None:
        self.url = f"postgresql://madoguchi@127.0.0.1:{port}"
        self._numbers = count(1)

    def shape(self) -> None:
        """Make the database every other is a copy of: the tables, and nobody in them."""
        engine = database.open_engine(self.keep("shape", "template0"))
        bring_up(engine)
        engine.dispose()

    def keep(self, name: str, template: str = "shape") -> str:
        """Make a database that stays, for others to be copies of; returns its URL."""
        with psycopg.connect(f"{self.url}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"{self.url}/{name}"

    @contextmanager
    def database(self, template: str = "shape") -> Iterator[str]:
        """Make a database without a town, and take it away afterwards; yields its URL."""
        name = f"cloud{next(self._numbers)}"
        with psycopg.connect(f"{self.url}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
            try:
                yield f"{self.url}/{name}"
            finally:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def running(*, durable: bool = False) -> Iterator[Server]:
    """Run a server; the test is skipped where none is installed. A durable one waits for the disk, as towns' do."""
    if not PROGRAMS:
        pytest.skip("no PostgreSQL server is installed")
    control = PROGRAMS[-1].with_name("pg_ctl")
    folder = Path(tempfile.mkdtemp(prefix="madoguchi-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = f"{folder}/data"
    _as_postgres(
        str(PROGRAMS[-1]),
        "-D",
        data,
        "-U",
        "madoguchi",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "-N",
        "--locale=C.UTF-8",
    )
    options = [f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"]
    options += [f"-c {setting}" for setting in (*_SETTINGS, *(() if durable else _CARELESS))]
    _as_postgres(str(control), "-D", data, "-o", " ".join(options), "-l", f"{folder}/log", "-w", "start")
    try:
        server = Server(port)
        server.shape()
        yield server
    finally:
        _as_postgres(str(control), "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _as_postgres(*words: str) -> None:
    """Run a tool of the server; root may not, so root becomes user postgres for it."""
    ahead = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*ahead, *words], check=True, capture_output=True, cwd="/")

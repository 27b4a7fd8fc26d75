"""The real services that other tests lean on start here, and end again."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from installer.dev import services

ROOT = Path(__file__).resolve().parents[2]
WITH_SESSION = ROOT / "installer/dev/with-session"

pytestmark = pytest.mark.service

KEEP = "import keyring; keyring.set_password('house', 'test', 'kept')"
SHOW = "import keyring; print(type(keyring.get_keyring()).__module__, keyring.get_password('house', 'test'))"


def in_session(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(WITH_SESSION), str(folder), *command], capture_output=True, text=True, check=False
    )


def test_a_session_of_our_own_keeps_secrets_in_its_folder_only(tmp_path: Path) -> None:
    assert in_session(tmp_path / "one", sys.executable, "-c", KEEP).returncode == 0
    shown = in_session(tmp_path / "one", sys.executable, "-c", SHOW)
    assert shown.stdout.split() == ["keyring.backends.SecretService", "kept"]
    stranger = in_session(tmp_path / "two", sys.executable, "-c", SHOW)
    assert stranger.stdout.split() == ["keyring.backends.SecretService", "None"]


def test_a_session_ends_as_its_command_does(tmp_path: Path) -> None:
    assert in_session(tmp_path, "sh", "-c", "exit 7").returncode == 7


def test_what_a_session_keeps_is_not_readable_as_it_stands(tmp_path: Path) -> None:
    in_session(tmp_path, sys.executable, "-c", KEEP)
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert kept
    assert b"kept" not in kept


@pytest.fixture
def passable() -> Iterator[Path]:
    """A folder the user postgres can pass through; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="house-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def test_postgresql_answers_and_keeps_what_it_was_told(passable: Path) -> None:
    counts = []
    for attempt in ("first", "again"):
        with services.postgresql(passable / "pg", durable=False) as url:
            engine = sqlalchemy.create_engine(url)
            with engine.begin() as line:
                line.exec_driver_sql("create table if not exists word (said text)")
                line.exec_driver_sql("insert into word values (%s)", (attempt,))
                counts.append(line.exec_driver_sql("select count(*) from word").scalar_one())
            engine.dispose()
    assert counts == [1, 2]


def test_a_printer_can_be_started_beside_the_mdns_service(tmp_path: Path) -> None:
    with services.dns_sd(tmp_path) as told, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
        probe.close()
        spool = tmp_path / "spool"
        spool.mkdir()
        command = ["ippeveprinter", "-p", port, "-k", "-d", str(spool), "-f", "application/pdf", "house"]
        with services.running(command, tmp_path / "printer.log", {**os.environ, **told}):
            uri = f"ipp://localhost:{port}/ipp/print"
            services.wait_until(lambda: answers(uri), seconds=30, what="ippeveprinter")


def answers(uri: str) -> bool:
    asked = ["ipptool", "-q", "-T", "2", uri, "get-printer-attributes.test"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0

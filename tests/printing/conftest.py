"""Fonts, a drawer and a real IPP printer (ippeveprinter) whose faults are scripted."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from printing.desk.draw import Drawer
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain

_PRINT_COMMAND = """#!/bin/sh
# $1 is the job's file; the folder of this script says how the printer feels
here=$(dirname "$0")
[ -f "$here/SLOW" ] && sleep 1
if [ -f "$here/PAPER_OUT" ]; then
  echo "STATE: +media-empty-error" >&2
  while [ -f "$here/PAPER_OUT" ]; do sleep 0.1; done
  echo "STATE: -media-empty-error" >&2
fi
if [ -f "$here/ABORT" ]; then echo "ERROR: fuser failure" >&2; exit 1; fi
cp "$1" "$here/printed.pdf"
echo "ATTR: job-impressions-completed=1" >&2
"""


@pytest.fixture(scope="session")
def chain() -> FontChain:
    """Give the chain papers are set in."""
    return FontChain(find_fonts())


@pytest.fixture(scope="session")
def drawer(chain: FontChain) -> Drawer:
    """Give one drawer for all tests: it is made for one thread."""
    return Drawer(chain)


@dataclass(frozen=True)
class ScriptedPrinter:
    """A printer that listens, and a folder in which a file name is a fault."""

    uri: str
    folder: Path
    process: subprocess.Popen[bytes]

    def fault(self, name: str) -> None:
        """Let a fault begin."""
        (self.folder / name).touch()

    def mend(self, name: str) -> None:
        """Let a fault end."""
        (self.folder / name).unlink()

    @property
    def printed(self) -> bytes | None:
        """Return what came out last."""
        out = self.folder / "printed.pdf"
        return out.read_bytes() if out.exists() else None


@pytest.fixture(scope="session")
def _name_service() -> Iterator[None]:
    """Start what ippeveprinter cannot do without (dbus, avahi), and end only what was started here."""
    if not shutil.which("ippeveprinter"):
        pytest.skip("ippeveprinter is not installed (cups-ipp-utils)")
    needed = (
        (_bus_answers, ["dbus-daemon", "--system", "--nofork", "--nopidfile"]),
        (_avahi_answers, ["avahi-daemon", "--no-chroot", "--no-rlimits"]),
    )
    with ExitStack() as started:
        for answers, call in needed:
            if answers():
                continue
            if os.geteuid() != 0:
                pytest.skip(f"{call[0]} does not run, and not root to start it")
            Path("/run/dbus").mkdir(exist_ok=True)
            process = subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            started.callback(_end, process)
            _wait_for(answers)
        yield


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(10)


def _bus_answers() -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex("/run/dbus/system_bus_socket") == 0


def _avahi_answers() -> bool:
    return subprocess.run(["avahi-daemon", "--check"], check=False).returncode == 0


@pytest.fixture
def printer(_name_service: None, tmp_path: Path) -> Iterator[ScriptedPrinter]:
    """Start a printer of our own; one a test, since a fault may leave it in any state."""
    with a_printer(tmp_path) as one:
        yield one


@pytest.fixture
def pdf_queue(_name_service: None, tmp_path: Path) -> Iterator[ScriptedPrinter]:
    """Start what says of itself that it prints into files."""
    with a_printer(tmp_path, "-M", "Generic", "-m", "CUPS-PDF Printer") as one:
        yield one


@contextmanager
def a_printer(tmp_path: Path, *said: str) -> Iterator[ScriptedPrinter]:
    """Run a printer that says this of itself."""
    port = _free_port()
    command = tmp_path / "print.sh"
    command.write_text(_PRINT_COMMAND)
    command.chmod(0o755)
    (tmp_path / "spool").mkdir()
    call = ["ippeveprinter", "-p", str(port), "-d", str(tmp_path / "spool"), "-f", "application/pdf"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [*call, *said, "-c", str(command), f"Counter{port}"], stdout=log, stderr=log
        )
    try:
        _wait_for(lambda: _answers(port))
        yield ScriptedPrinter(f"ipp://localhost:{port}/ipp/print", tmp_path, process)
    finally:
        for fault in ("PAPER_OUT", "SLOW"):
            (tmp_path / fault).unlink(missing_ok=True)
        _end(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("localhost", port)) == 0


def _wait_for(ready: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "a service did not start"
        time.sleep(0.05)

"""Real services for tests and training, started beside the system's own and ended by whoever started them."""

import os
import secrets
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
</policy></busconfig>
"""
AVAHI = """[server]
use-ipv6=no
allow-interfaces=lo
enable-dbus=yes
"""


class NotHereError(Exception):
    """A service cannot be started on this machine; the message says why."""


def wait_until(ready: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Wait for a service to answer."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise NotHereError(f"{what} did not answer within {seconds:.0f} s")
        time.sleep(0.05)


@contextmanager
def running(
    command: list[str], log: Path, env: Mapping[str, str] | None = None, handed: tuple[int, ...] = ()
) -> Iterator[int]:
    """Keep a program running, its words in a log, open files ``handed`` on; end it, and only it, afterwards."""
    with log.open("wb") as words:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            env=dict(env) if env else None,
            pass_fds=handed,
        )
        try:
            yield child.pid
        finally:
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


@contextmanager
def screen(folder: Path) -> Iterator[dict[str, str]]:
    """Run an X screen of our own; yields its variable.

    It takes a free number and says it when it answers. xvfb-run waits for a signal that may come before it waits,
    and then it waits for ever.
    """
    if shutil.which("Xvfb") is None:
        raise NotHereError("Xvfb is not installed (Debian: xvfb)")
    number, to_say = os.pipe()
    command = ["Xvfb", "-displayfd", str(to_say), "-screen", "0", "1920x1080x24", "-noreset"]
    with os.fdopen(number, "rb") as said, running(command, folder / "screen.log", handed=(to_say,)):
        os.close(to_say)
        if not select.select([said], [], [], 60)[0]:
            raise NotHereError("Xvfb did not answer within 60 s")
        name = said.readline().decode().strip()
        if not name:
            raise NotHereError(f"Xvfb did not start: {(folder / 'screen.log').read_text(errors='replace')}")
        yield {"DISPLAY": f":{name}"}


@contextmanager
def dns_sd(folder: Path) -> Iterator[dict[str, str]]:
    """Give ippeveprinter the mDNS daemon without which it will not start; yields variables to run under.

    A system bus and an avahi-daemon of our own, on the loopback only, unless the system's is there.
    """
    if subprocess.run(["avahi-daemon", "--check"], capture_output=True, check=False).returncode == 0:
        yield {}
        return
    if os.geteuid() != 0:
        raise NotHereError("no avahi-daemon is running, and only root can start one")
    socket, bus, avahi = folder / "system-bus", folder / "bus.conf", folder / "avahi.conf"
    bus.write_text(BUS.format(socket=socket))
    avahi.write_text(AVAHI)
    told = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={socket}"}
    with running(["dbus-daemon", f"--config-file={bus}", "--nofork", "--nopidfile"], folder / "bus.log"):
        wait_until(socket.exists, seconds=30, what="dbus-daemon")
        command = ["avahi-daemon", "--no-chroot", "--no-drop-root", "--no-rlimits", "-f", str(avahi)]
        log = folder / "avahi.log"
        with running(command, log, {**os.environ, **told}):
            wait_until(
                lambda: "startup complete" in log.read_text(errors="replace"), seconds=30, what="avahi-daemon"
            )
            yield told


def postgresql_programs() -> Path:
    """Return the folder of the newest PostgreSQL server on this machine."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    if not homes:
        raise NotHereError("no PostgreSQL server is installed (Debian: postgresql)")
    return homes[-1]


@contextmanager
def postgresql(folder: Path, *, durable: bool) -> Iterator[str]:
    """Run a PostgreSQL of our own in a folder, on a socket only; yields its SQLAlchemy URL.

    As root it runs as the user postgres, who must be able to enter the folder.
    """
    programs = postgresql_programs()
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if become:
        shutil.chown(folder, "postgres", "postgres")
        if subprocess.run([*become, "test", "-x", str(folder)], check=False).returncode != 0:
            raise NotHereError(f"the user postgres cannot enter {folder}")
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        initdb = [str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "madoguchi", "-E", "UTF8"]
        quiet = subprocess.run(
            [*become, *initdb, "--locale=C.UTF-8"], capture_output=True, check=False, cwd="/"
        )
        if quiet.returncode != 0:
            raise NotHereError(f"initdb failed: {quiet.stderr.decode(errors='replace').strip()}")
    settings = [f"-k {folder}", "-c listen_addresses=''", *([] if durable else ["-c fsync=off"])]
    control = [*become, str(programs / "pg_ctl"), "-D", str(data), "-w", "-s", "-l", str(folder / "log")]
    subprocess.run([*control, "-o", " ".join(settings), "start"], check=True, cwd="/")
    try:
        subprocess.run(
            [*become, str(programs / "createdb"), "-h", str(folder), "-U", "madoguchi", "madoguchi"],
            check=False,  # there already, from the start before
            capture_output=True,
            cwd="/",
        )
        yield f"postgresql+psycopg://madoguchi@/madoguchi?host={folder}"
    finally:
        subprocess.run([*control, "-m", "fast", "stop"], check=False, cwd="/")


def room_for_postgresql(beside: Path) -> Path:
    """Return a folder the database may live in: here, or under /var/tmp where root's home shuts postgres out."""
    if os.geteuid() != 0:
        return beside
    entered = subprocess.run(
        ["runuser", "-u", "postgres", "--", "test", "-x", str(beside.parent)],
        check=False,
        capture_output=True,
    )
    if entered.returncode == 0:
        return beside
    mark = beside.parent / "postgresql-at"
    if not mark.exists():
        mark.write_text(f"/var/tmp/madoguchi-{secrets.token_hex(6)}")  # noqa: S108 -- its folder is made 0700
    return Path(mark.read_text())

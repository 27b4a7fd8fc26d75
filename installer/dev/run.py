"""The training start behind ./run: a reference cloud with a synthetic town, a terminal of it, and the counter.

All of it lives in .run/ of this clone: the cloud's data, the terminal's encrypted files, the papers, the
keyring (only where the desk has none), the logs, and config.toml with the settings used.
"""

import argparse
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

from installer.dev import services

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / ".run"
CLOUD_PATIENCE = 900  # seconds; a town of a million takes minutes to make
EXIT_USAGE, EXIT_CLOUD, EXIT_IN_USE = 64, 70, 75


@dataclass(frozen=True, slots=True)
class Home:
    """Where one training town lives: each kind of database has its own, with a terminal of its own."""

    folder: Path

    @property
    def cloud(self) -> Path:
        """Return the folder of the cloud's data."""
        return self.folder / "cloud"

    @property
    def ready(self) -> Path:
        """Return the file the cloud writes once it answers."""
        return self.cloud / "ready.json"

    @property
    def log(self) -> Path:
        """Return the file with the cloud's words."""
        return self.folder / "cloud.log"


def home_of(database: str) -> Home:
    """Return the home for a kind of database, made if it is not there."""
    home = Home(RUN if database == "sqlite" else RUN / f"on-{database}")
    home.cloud.mkdir(parents=True, exist_ok=True)
    return home


class CannotStartError(Exception):
    """Why the training start gives up, in words for whoever typed ./run, and the exit code."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


def say(words: str) -> None:
    """Tell what is being done."""
    print(f"[run] {words}", flush=True)


class Words(argparse.ArgumentParser):
    """A command line whose mistakes end with the code OPERATIONS.md gives them."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end."""
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def asked(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = Words(prog="./run", description="Opens the counter with a synthetic town.")
    parser.add_argument(
        "--unattended", action="store_true", help="play the main job, or the drill, without a person"
    )
    parser.add_argument("--out", type=Path, help="where the unattended run leaves pictures, papers, summary")
    parser.add_argument("--drill", metavar="NAME", help="start a drill")
    parser.add_argument("--reset", action="store_true", help="forget the town and the terminal first")
    parser.add_argument("--cloud", choices=("sqlite", "postgresql"), default="sqlite", help="its database")
    parser.add_argument("--residents", type=int, default=10_000, help="size of a town made anew")
    answer = parser.parse_args(words)
    if answer.out and not answer.unattended:
        parser.error("--out goes with --unattended")
    if answer.drill is not None and answer.drill not in drills():
        parser.error(f"no drill {answer.drill}; there are: {' '.join(drills())}")
    if answer.unattended and answer.cloud != "sqlite":
        parser.error("--cloud goes with a window: the unattended plays have a cloud of their own")
    if not 100 <= answer.residents <= 1_000_000:
        parser.error("--residents: 100 to 1,000,000")
    return answer


def drills() -> list[str]:
    """Return the names of the drills there are."""
    return sorted(path.stem for path in (ROOT / "resources" / "drills").glob("*.toml"))


def has_display() -> bool:
    """Tell whether a window could be seen."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def has_keyring() -> bool:
    """Tell whether the session bus has, or can start, a keyring."""
    if not os.environ.get("DBUS_SESSION_BUS_ADDRESS") and not bus_in_runtime_dir():
        return False
    ask = ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/"]
    names = [
        subprocess.run(
            [*ask, f"org.freedesktop.DBus.{question}"], capture_output=True, text=True, check=False
        ).stdout
        for question in ("ListNames", "ListActivatableNames")
    ]
    return any("org.freedesktop.secrets" in answer for answer in names)


def bus_in_runtime_dir() -> bool:
    """Tell whether a session bus waits at its usual place."""
    folder = os.environ.get("XDG_RUNTIME_DIR")
    return bool(folder) and (Path(str(folder)) / "bus").exists()


def in_session(folder: Path, command: list[str]) -> list[str]:
    """Put a command on a session bus of its own, with a training keyring in a folder."""
    return ["sh", str(ROOT / "installer/dev/with-session"), str(folder), *command]


@contextmanager
def alone() -> Iterator[None]:
    """Hold .run/ for ourselves."""
    RUN.mkdir(mode=0o700, exist_ok=True)
    with (RUN / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStartError(
                EXIT_IN_USE, "another ./run of this clone is open: close its window first"
            ) from None
        yield


def forget_everything() -> None:
    """Empty .run/, the database kept elsewhere included."""
    say("Forgetting the town and the terminal of before ...")
    elsewhere = RUN / "postgresql-at"
    if elsewhere.exists():
        shutil.rmtree(elsewhere.read_text(), ignore_errors=True)
    for entry in RUN.iterdir():
        if entry.name != "lock":
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def port(home: Home) -> int:
    """Return the port of before if it is free, so that the terminal finds its cloud again; else a free one."""
    kept = home.folder / "port"
    wanted = int(kept.read_text()) if kept.exists() else 0
    for candidate in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            kept.write_text(str(found))
            return found
    raise CannotStartError(EXIT_CLOUD, "no free port on 127.0.0.1")


def cloud_command(home: Home, residents: int, url: str | None) -> list[str]:
    """Return the command that serves the reference cloud."""
    command = [sys.executable, "-P", "-m", "cloud", "serve", "--training", "--data", str(home.cloud)]
    command += ["--residents", str(residents), "--seed", "1"]
    command += ["--port", str(port(home)), "--ready", str(home.ready)]
    return command + (["--url", url] if url else [])


def show_new_words(log: TextIO) -> None:
    """Pass on what the cloud has said since the last look."""
    for line in log.read().splitlines():
        print(f"[cloud] {line}", flush=True)


@contextmanager
def cloud(home: Home, residents: int, url: str | None) -> Iterator[None]:
    """Keep a reference cloud running; its first words are shown, all of them are in cloud.log."""
    home.ready.unlink(missing_ok=True)
    say(f"Starting the reference cloud (the first time it makes a town of {residents:,} people) ...")
    command = cloud_command(home, residents, url)
    with services.running(command, home.log) as pid, home.log.open(errors="replace") as words:
        end = time.monotonic() + CLOUD_PATIENCE
        while not home.ready.exists():
            show_new_words(words)
            if gone(pid) or time.monotonic() > end:
                show_new_words(words)
                raise CannotStartError(EXIT_CLOUD, f"the reference cloud did not start; see {home.log}")
            time.sleep(0.1)
        show_new_words(words)
        say(f"The cloud answers at {json.loads(home.ready.read_text())['url']}.")
        yield


def gone(pid: int) -> bool:
    """Tell whether a child has ended, without taking its exit code from who waits for it."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def settings(home: Home, ready: dict[str, object]) -> dict[str, str]:
    """Return the terminal's settings for this training town."""
    tokens = ready["enrolment_tokens"]
    token_file = home.folder / "enrolment-token"
    if isinstance(tokens, list) and tokens:
        token_file.write_text(str(tokens[0]))
        token_file.chmod(0o600)
    return {
        "data_dir": str(home.folder / "terminal"),
        "cloud_url": str(ready["url"]),
        "ca_file": str(ready["ca_file"]),
        "environment": "trial",  # the town is synthetic
        "printer_uri": f"file:{home.folder / 'papers'}",
        "training_hint": str(home.ready),
        "place_readings_file": str(ready["place_readings_file"]),
        "enrolment_token_file": str(token_file),
    }


def write_config(home: Home, values: dict[str, str]) -> Path:
    """Write the settings where the counter will read them, and nothing else will."""
    path = home.folder / "config.toml"
    lines = ["# Written by ./run at every start."]
    lines += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def show_sign_in(ready: dict[str, object]) -> None:
    """Print the training sign-in, which the window shows too."""
    staff = ready.get("staff")
    for person in staff if isinstance(staff, list) else ():
        say(f"training sign-in: {person['staff_id']} {person['name']}  password {person['password']}")
    say("The one-time code stands beside the fields.")


def open_counter(home: Home, drill: str | None) -> int:
    """Open the counter and wait until it is closed; returns its exit code."""
    ready = json.loads(home.ready.read_text())
    (home.folder / "papers").mkdir(exist_ok=True)
    environment = {**os.environ, "MADOGUCHI_CONFIG": str(write_config(home, settings(home, ready)))}
    show_sign_in(ready)
    command = [sys.executable, "-P", "-m", "ui", *(["drill", drill] if drill else [])]
    if not has_keyring():
        say("No session bus with a keyring here: starting one for training, kept in .run/keyring.")
        command = in_session(RUN / "keyring", command)
    say(f"Opening the counter; close its window to end. Papers come out in {home.folder / 'papers'}.")
    return stay_with(command, RUN, environment)


def stay_with(command: list[str], folder: Path, environment: dict[str, str]) -> int:
    """Run a program and all it starts; whatever ends us ends them too."""
    child = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True)
    try:
        return child.wait()
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGTERM)
            child.wait(20)


def attended(options: argparse.Namespace) -> int:
    """Run cloud and counter until the window is closed."""
    with ExitStack() as stack:
        stack.enter_context(alone())
        if options.reset:
            forget_everything()
        home, url = home_of(options.cloud), None
        if options.cloud == "postgresql":
            say("Starting a PostgreSQL of our own ...")
            room = services.room_for_postgresql(RUN / "postgresql")
            url = stack.enter_context(services.postgresql(room, durable=True))
        stack.enter_context(cloud(home, options.residents, url))
        return open_counter(home, options.drill)


def unattended(out: Path, drill: str | None, residents: int) -> int:
    """Play the main job, or a drill, without a person; the verdict is the exit code."""
    out = Path(os.environ.get("RUN_FROM", ".")) / out
    what = f"the drill {drill}" if drill else "the main job"
    say(f"Playing {what} through the real windows, unseen; the results go to {out} ...")
    RUN.mkdir(mode=0o700, exist_ok=True)
    keyring = RUN / f"keyring-unattended-{os.getpid()}"
    command = [sys.executable, "-P", str(ROOT / "tests/journeys/play.py"), "--out", str(out)]
    command += ["--drill", drill] if drill else ["--residents", str(residents)]
    environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ, "PYTHONPATH": str(ROOT)}
    if not has_display():  # then Qt aborts on any other, whoever asked for it
        environment["QT_QPA_PLATFORM"] = "offscreen"
    try:
        code = stay_with(in_session(keyring, command), ROOT, environment)
    finally:
        shutil.rmtree(keyring, ignore_errors=True)
    say(f"{'All of it held' if code == 0 else 'NOT all of it held'}; see {out / 'summary.json'}.")
    return code


def ended(_signal: int, _frame: FrameType | None) -> None:
    """Leave as if closed: whatever was started is ended on the way out."""
    raise SystemExit(143)


def main(words: Sequence[str]) -> int:
    """Do what was asked; returns the exit code."""
    options = asked(words)
    signal.signal(signal.SIGTERM, ended)
    if not options.unattended and not has_display():
        say("No display here (DISPLAY and WAYLAND_DISPLAY are empty), so no window can be seen.")
        drill = f" --drill {options.drill}" if options.drill else ""
        what = "drill" if options.drill else "main job"
        say(f"Playing the {what} without a person instead, as ./run --unattended{drill} --out out does.")
        options.unattended = True
    try:
        if not options.unattended:
            return attended(options)
        return unattended(options.out or Path("out"), options.drill, options.residents)
    except (CannotStartError, services.NotHereError) as why:
        print(f"[run] {why}", file=sys.stderr)
        return getattr(why, "code", EXIT_CLOUD)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Commands the gate runs: each in a process group of its own, of which nothing is left in the end."""

import os
import signal
import subprocess
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_MARK = "GATE_GROUP"  # the variable by which what a group leaves running is known
_running: "set[subprocess.Popen[bytes]]" = set()


def run(
    command: Sequence[str],
    *,
    env: dict[str, str],
    seconds: float,
    out: int | None = None,
    late: Callable[[], None] = lambda: None,
) -> int:
    """Run a command in a process group of its own and return its exit code; 124 when it took too long.

    ``late`` is called before it is ended for that. Whatever ends the gate ends the group too, and whatever the
    command started and left.
    """
    mark = uuid.uuid4().hex
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        env=env | {_MARK: mark},
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT if out else None,
        start_new_session=True,
    )
    _running.add(child)
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        tell_late = f"ended after {seconds:.0f} s: {' '.join(command)}\n"
        os.write(out if out is not None else 1, tell_late.encode())
        late()
        return 124
    finally:
        if child.poll() is None:
            end_group(child)
        _running.discard(child)
        end_left(mark)


def end_left(mark: str) -> None:
    """End what bears a group's mark: programs in sessions of their own outlive the tests that began them."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{_MARK}={mark}".encode() in (process / "environ").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:
            continue  # it has ended, or is somebody else's


def end_group(child: "subprocess.Popen[bytes]") -> None:
    """End a process and all it started, gently first: interrupted, pytest still writes its report."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, sign)
            child.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def end_all() -> None:
    """End every command that runs."""
    for child in tuple(_running):
        end_group(child)

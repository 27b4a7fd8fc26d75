"""Which test each process of a group is in: told by the tests, read by the gate when a group takes too long."""

import faulthandler
import os
import signal
import time
from pathlib import Path

FOLDER = "GATE_NOW"  # the variable that names the folder
_FRAMES = 8  # the innermost of a stack; the others are pytest's
_REST = 1.0  # seconds a process has to write its stack down


def listen() -> None:
    """Let this process write its stack down when asked; the interpreter need not be free for it.

    Started in the background by a shell it would ignore the interrupt that makes pytest write its report.
    """
    if folder := os.environ.get(FOLDER):
        # Open for as long as the process lives.
        stack = (Path(folder) / f"{os.getpid()}.stack").open("w")
        faulthandler.register(signal.SIGUSR1, file=stack, all_threads=False)
        signal.signal(signal.SIGINT, signal.default_int_handler)


def tell(test: str) -> None:
    """Write down that a test begins."""
    if folder := os.environ.get(FOLDER):
        (Path(folder) / f"{os.getpid()}.now").write_text(f"{time.monotonic()}\n{test}")


def ask(folder: Path) -> list[str]:
    """Return, for each process that is in a test: since when, in which, and where in it."""
    said = sorted(folder.glob("*.now"))
    for one in said:
        try:
            os.kill(int(one.stem), signal.SIGUSR1)
        except ProcessLookupError:
            continue
    time.sleep(_REST)
    lines = []
    for one in said:
        since, test = one.read_text().split("\n", 1)
        lines.append(f"for {time.monotonic() - float(since):.0f} s in {test}")
        stack = one.with_suffix(".stack")
        if stack.exists():
            lines += stack.read_text(errors="replace").splitlines()[1 : _FRAMES + 1]
    return lines

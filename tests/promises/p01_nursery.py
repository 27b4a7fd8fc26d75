"""Runs ledger writers, one after the other, kills them and keeps what they had acknowledged."""

import collections
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from offline.store import door
from offline.store.ledger_file import mark_of
from offline.store.slots import Mark, Slots
from tests.store_builders import store_keys

KEYS = store_keys()
Told = dict[str, list[str]]


class Nursery:
    """Writers that are killed, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.promises.p01_writer", str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip

    def one_life(self, seed: int, seconds: float, since: str) -> Told:
        """Let a writer live for a while since its birth or opening, kill it, and return what it acknowledged."""
        told: Told = collections.defaultdict(list)
        self._say(seed)
        killer: threading.Timer | None = None
        child = 0
        for line in self._lines():
            word, *rest = line.split()
            if word == "dead":
                break
            if word == "born":
                child = int(rest[0])
            if word == since:
                killer = threading.Timer(seconds, os.kill, (child, signal.SIGKILL))
                killer.start()
            if word != "born":
                told[word] += rest
        if killer is not None:
            killer.join()
        return told

    def end(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)

    def _say(self, seed: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seed}\n")
        self._process.stdin.flush()

    def _lines(self) -> Iterator[str]:
        assert self._process.stdout is not None
        return iter(self._process.stdout.readline, "")


def marks_in(folder: Path) -> tuple[Mark, Mark]:
    """Return the ledger's own mark and the one beside it, as they were found."""
    slots = Slots(folder / "ledger.slots", KEYS.ledger)
    beside = slots.open()
    slots.close()
    connection = door.open_connection(folder / "ledger.db", KEYS.ledger)
    try:
        return mark_of(connection), beside or Mark()
    finally:
        connection.close()

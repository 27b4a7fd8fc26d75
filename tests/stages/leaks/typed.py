"""The counter of a PC, with a clerk whose secrets come letter by letter: no copy of them here is the test's own.

    typed.py

What is to be done comes on standard input: ``enter`` or ``mistype``, then staff id, password and code, a line each;
``cut`` to wait for the line to be down; ``lock``; ``end``. Each is answered with a line on standard output, once it is done.
"""

import asyncio
import os
import sys

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from tests.journeys.real_terminal import Visit, opened
from ui.__main__ import main


def _told(word: str) -> None:
    os.write(1, f"{word}\n".encode())


def _letter() -> bytes:
    return os.read(0, 1)


def _word() -> str:
    word = ""
    while (letter := _letter()) not in {b"\n", b""}:
        word += letter.decode()
    return word


async def _typed(visit: Visit, name: str) -> None:
    field = visit.find(QLineEdit, name)
    field.setFocus(Qt.FocusReason.ShortcutFocusReason)
    await asyncio.sleep(0)
    while (letter := _letter()) not in {b"\n", b""}:
        QTest.keyClicks(field, letter.decode())
        await asyncio.sleep(0)


async def _enter(visit: Visit, seen: str) -> None:
    await visit.ready()
    for name in ("logInStaff", "logInPassword", "logInCode"):
        await _typed(visit, name)
    await visit.press(Qt.Key.Key_Return, visit.find(QLineEdit, "logInCode"))
    await visit.wait_for(seen, 40)


async def play(visit: Visit) -> None:
    """Do what is asked."""
    await visit.ready()
    _told(str(os.getpid()))
    while (word := _word()) not in {"end", ""}:
        match word:
            case "enter":
                await _enter(visit, "search")
            case "mistype":
                await _enter(visit, "notice")
                await asyncio.sleep(1)
            case "cut":
                await visit.line_is("オフライン")
            case "lock":
                await visit.lock()
                await asyncio.sleep(1)  # as long as a thief needs, at the least: stores are shut by then
        _told(word)
    _told("end")


if __name__ == "__main__":
    sys.argv = ["madoguchi"]
    sys.exit(opened(main, play))

"""P10: a secret typed into a field of ours is nowhere in the memory of the process once the field is emptied."""

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests.promises.test_p10_memory_after_lock import read_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="how Linux shows a process's memory")
ROOT = Path(__file__).resolve().parents[2]
TYPIST = "from tests.promises.test_p10_typed_secrets import play; play()"
STEPS = range(
    1, 33
)  # bytes from a letter to the next: a text of one, two or four bytes, a list of what was typed


def copies(memory: bytes, secret: str) -> set[str]:
    """Name how a secret lies in a memory: the middle of it, for what frees or empties a text spoils its ends alone."""
    middle = secret[3:-2]
    found = set()
    for way, letters in (("", middle), ("backwards, ", middle[::-1])):
        for step in STEPS:
            apart = b"." * (step - 1)
            if re.search(apart.join(re.escape(one.encode()) for one in letters), memory, re.DOTALL):
                found.add(f"{way}a letter every {step} bytes")
    return found


def play() -> None:
    """Type what comes letter by letter into a field, read it as a screen does, and empty the field."""
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication, QLineEdit

    from ui.no_core import overwrite_what_is_freed
    from ui.widgets.secret_field import SecretField

    overwrite_what_is_freed()
    app = QApplication([])
    field: QLineEdit = SecretField("password")
    if sys.argv[1] == "plain":
        field = QLineEdit()
        field.setEchoMode(QLineEdit.EchoMode.Password)
    field.show()
    for told in ("typed", "emptied"):
        while told == "typed" and (letter := os.read(0, 1)) != b"\n":
            QTest.keyClicks(field, letter.decode())
            app.processEvents()
        if told == "emptied":
            len(field.text())
            field.clear()
            app.processEvents()
            field.setText("")
        os.write(1, f"{told}\n".encode())
        while os.read(0, 1) != b"\n":
            pass


def typed_and_emptied(field: str) -> tuple[set[str], set[str]]:
    """Return how a secret lies in the memory of who typed it, and once the field is empty."""
    secret = secrets.token_urlsafe(15)
    typist = subprocess.Popen(
        [sys.executable, "-c", TYPIST, field],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"},
    )
    assert typist.stdin
    assert typist.stdout
    with typist:
        found = []
        for said, answer in ((secret, b"typed\n"), ("", b"emptied\n")):
            typist.stdin.write(f"{said}\n".encode())
            typist.stdin.flush()
            assert typist.stdout.readline() == answer
            found.append(copies(read_memory(typist.pid), secret))
        typist.stdin.write(b"\n")
    return found[0], found[1]


def test_a_secret_typed_is_overwritten_with_its_field() -> None:
    typed, emptied = typed_and_emptied("secret")
    assert typed, "what is there is found"
    assert emptied == set()


def test_a_masked_field_of_qt_s_own_keeps_what_was_typed_as_a_list_of_steps() -> None:
    assert "a letter every 16 bytes" in typed_and_emptied("plain")[1]

"""P10: a password typed into the real window is nowhere in the memory of the counter once it is locked."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import pytest

from tests.journeys.leaks import own_folders
from tests.journeys.real_terminal import ENVIRONMENT, Staff, Terminal
from tests.promises.test_p10_memory_after_lock import read_memory
from tests.promises.test_p10_typed_secrets import copies

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.slow, pytest.mark.service, pytest.mark.root, pytest.mark.timeout(300)]


class Counter:
    """The program, and a clerk in front of it."""

    def __init__(self, process: "subprocess.Popen[bytes]", staff: Staff) -> None:
        self._process = process
        self._staff = staff
        self.pid = int(self._answer())

    def do(self, word: str) -> None:
        """Have something done."""
        self._say(word)
        assert self._answer() == word

    def enter(self, staff_id: str) -> None:
        """Sign in."""
        self._say("enter", staff_id, self._staff.password(staff_id), self._staff.code(staff_id))
        assert self._answer() == "enter"

    def mistype(self, staff_id: str) -> None:
        """Try to sign in with the right password and a code that is none."""
        self._say("mistype", staff_id, self._staff.password(staff_id), self._staff.wrong_code(staff_id))
        assert self._answer() == "mistype"

    def has(self, staff_id: str) -> set[str]:
        """Name what is in its memory of a password, as who may read it sees it."""
        return copies(read_memory(self.pid), self._staff.password(staff_id))

    def _say(self, *words: str) -> None:
        assert self._process.stdin
        self._process.stdin.write("".join(f"{word}\n" for word in words).encode())
        self._process.stdin.flush()

    def _answer(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().decode().strip()


@contextmanager
def counter(terminal: Terminal, staff: Staff) -> Iterator[Counter]:
    token = terminal.root / "token"
    token.write_text(terminal.cloud.ready["enrolment_tokens"][0], "utf-8")
    config = terminal.config(enrolment_token_file=str(token))
    told = {f"MADOGUCHI_{one.name.upper()}": str(getattr(config, one.name)) for one in fields(config)}
    own = {"MADOGUCHI_CONFIG": os.devnull, "MADOGUCHI_ENVIRONMENT": ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    here = {**os.environ, **own_folders(terminal.root), **told, **own, "QT_QPA_PLATFORM": "offscreen"}
    session = ("sh", str(ROOT / "installer/dev/with-session"), str(terminal.root / "keys"))
    with (
        (terminal.root / "said").open("wb") as said,
        subprocess.Popen(
            [*session, sys.executable, "-P", "-m", "tests.stages.leaks.typed"],
            cwd=terminal.root, env=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said,
        ) as process,
    ):  # fmt: skip
        one = Counter(process, staff)
        yield one
        one.do("end")


def test_a_password_typed_is_nowhere_in_memory_after_the_lock(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    asyncio.run(terminal.serve())
    try:
        staff = Staff(terminal.cloud)
        with counter(terminal, staff) as one:
            one.enter("s001")
            one.do("lock")
            assert one.has("s001") == set()
            terminal.cloud.kill()
            one.do("cut")
            one.mistype("s001")
            assert one.has("s001") == set()
            one.enter("s001")
            one.do("lock")
            assert one.has("s001") == set()
    finally:
        terminal.cloud.close()

"""P12, P10: whoever guesses at a counter off line has the tries the rule gives, whatever they do to PC, clock and files."""

import asyncio
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from client.rules.sign_in import CLOCK_TOLERANCE, DEFAULT_LOCKOUT
from offline.store import wraps
from offline.store.keys import Vault
from tests.builders import NOW
from tests.file_keyring import FileKeyring
from tests.offline.vault_builders import PASSWORD, said, with_clerk
from tests.store_builders import cheap_vault
from ui.cli import exit_codes
from ui.cli.verbs import main

ROOT = Path(__file__).resolve().parents[2]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WRONG = "falsch"
FILES = ("wraps.json", "wraps.copy.json")
Change = Callable[[Path, Path], object]


@dataclass
class Guessed:
    """A terminal off line, a guesser before it, and how many secrets were looked at: each costs one Argon2id."""

    data: Path
    looked_at: int = 0

    @property
    def folder(self) -> Path:
        return self.data / "training"

    @property
    def vault(self) -> Vault:
        """Return the keeper of keys of a program just started: it knows nothing but what lies on the disk."""
        return cheap_vault(self.folder, FileKeyring(self.data / "ring.json"))

    @property
    def failures(self) -> int:
        found: int = json.loads((self.folder / "wraps.json").read_bytes())["staff"][0]["failures"]
        return found

    async def guess(self, now: datetime, password: str = WRONG) -> str:
        return await said(self.vault, now, password)

    async def locked(self) -> None:
        """Guess until the first wait begins."""
        for _ in range(DEFAULT_LOCKOUT.failures):
            await self.guess(NOW)


@pytest.fixture
def pc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Guessed:
    (tmp_path / "training").mkdir()
    made = Guessed(tmp_path)
    asyncio.run(with_clerk(made.folder, FileKeyring(tmp_path / "ring.json")))
    really = wraps.wrap_key

    def counted(*given: object, **named: object) -> bytes:
        made.looked_at += 1
        return really(*given, **named)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(wraps, "wrap_key", counted)
    return made


@contextmanager
def another(pc: Guessed, how: str, where: str, typed: str = "") -> "Iterator[subprocess.Popen[str]]":
    """Run another process up to where it stops; it is killed in any case."""
    settings = {"CONFIG": str(pc.data / "settings.toml"), "DATA_DIR": str(pc.data), "ENVIRONMENT": "training"}
    (pc.data / "settings.toml").write_text("", "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.promises.p12_guesser", str(pc.data), how, where],
        env=os.environ | {f"MADOGUCHI_{name}": value for name, value in settings.items()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(typed)
        process.stdin.flush()
        assert process.stdout.readline() == "here\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.asyncio
async def test_a_program_started_anew_for_each_guess_gives_no_more_of_them(pc: Guessed) -> None:
    assert [await pc.guess(NOW) for _ in range(7)] == 4 * ["sign_in.wrong_secret"] + 3 * [
        "sign_in.locked_out"
    ]
    assert pc.looked_at == 5
    assert await pc.guess(NOW, PASSWORD) == "sign_in.locked_out"
    assert pc.looked_at == 5, "the right one is not looked at either: nobody learns which it is"
    assert await pc.guess(NOW + 5 * MINUTE, PASSWORD) == "in"


@pytest.mark.asyncio
async def test_a_clock_set_forward_before_each_guess_gives_thirty_and_then_none_ever(pc: Guessed) -> None:
    for number in range(50):
        await pc.guess(NOW + number * 2 * HOUR)
    assert pc.looked_at == DEFAULT_LOCKOUT.most == 30
    for late in (100 * HOUR, timedelta(days=3), timedelta(days=4000)):
        assert await pc.guess(NOW + late, PASSWORD) == "sign_in.too_many"
    assert await pc.guess(NOW, PASSWORD) == "sign_in.too_many"
    assert pc.looked_at == 30


@pytest.mark.asyncio
async def test_a_clock_set_back_shortens_no_wait_and_gives_no_guess(pc: Guessed) -> None:
    await pc.locked()
    for back in (MINUTE, HOUR, timedelta(days=30), timedelta(days=3650)):
        assert await pc.guess(NOW - back, PASSWORD) == "sign_in.locked_out"
    assert await pc.guess(NOW + 2 * HOUR) == "sign_in.locked_out"  # looked at, and the wait is longer
    assert await pc.guess(NOW + 5 * MINUTE, PASSWORD) == "sign_in.locked_out"
    assert (pc.looked_at, pc.failures) == (6, 6)
    assert await pc.guess(NOW + 2 * HOUR + 10 * MINUTE, PASSWORD) == "in"


@pytest.mark.asyncio
async def test_to_and_fro_between_guesses_gives_none_at_the_earlier_hour(pc: Guessed) -> None:
    assert await pc.guess(NOW + 2 * HOUR) == "sign_in.wrong_secret"
    for _ in range(3):
        assert await pc.guess(NOW, PASSWORD) == "sign_in.clock_off"
    assert (pc.looked_at, pc.failures) == (1, 1)


@pytest.mark.asyncio
async def test_a_clock_walked_back_in_small_steps_comes_no_further_than_the_first(pc: Guessed) -> None:
    step = CLOCK_TOLERANCE - MINUTE
    assert await pc.guess(NOW + 2 * HOUR) == "sign_in.wrong_secret"
    assert await pc.guess(NOW + 2 * HOUR - step) == "sign_in.wrong_secret"
    assert await pc.guess(NOW + 2 * HOUR - 2 * step) == "sign_in.clock_off"
    assert (pc.looked_at, pc.failures) == (2, 2)


@pytest.mark.parametrize("where", ["mark", "try"])
def test_killed_after_the_count_and_before_the_try_the_try_counts(pc: Guessed, where: str) -> None:
    for _ in range(DEFAULT_LOCKOUT.failures - 1):
        assert asyncio.run(pc.guess(NOW)) == "sign_in.wrong_secret"
    with another(pc, "vault", where) as process:
        process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL
    assert pc.failures == DEFAULT_LOCKOUT.failures
    assert asyncio.run(pc.guess(NOW, PASSWORD)) == "sign_in.locked_out"
    assert pc.looked_at == DEFAULT_LOCKOUT.failures - 1


def _both_older(folder: Path, kept: Path) -> None:
    for name in FILES:
        shutil.copy(kept / name, folder / name)


def _one_older(folder: Path, kept: Path) -> None:
    shutil.copy(kept / FILES[0], folder / FILES[0])


def _gone_and_older(folder: Path, kept: Path) -> None:
    shutil.copy(kept / FILES[1], folder / FILES[1])
    (folder / FILES[0]).unlink(missing_ok=True)


def _damaged_and_older(folder: Path, kept: Path) -> None:
    shutil.copy(kept / FILES[1], folder / FILES[1])
    (folder / FILES[0]).write_bytes(b"{}")


@pytest.mark.parametrize(
    ("put_back", "says"),
    [
        (_both_older, "store.wraps_behind"),
        (_one_older, "store.wraps_behind"),
        (_gone_and_older, "store.wraps_changed"),
        (_damaged_and_older, "store.wraps_changed"),
    ],
)
def test_files_of_before_put_back_after_each_guess_give_one_guess_in_all(
    pc: Guessed, tmp_path: Path, put_back: Change, says: str
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    for name in FILES:
        shutil.copy(pc.folder / name, kept / name)
    assert asyncio.run(pc.guess(NOW)) == "sign_in.wrong_secret"
    for number in range(5):
        put_back(pc.folder, kept)
        assert asyncio.run(pc.guess(NOW + number * HOUR)) == says
        assert asyncio.run(pc.guess(NOW + number * HOUR, PASSWORD)) == says
    assert pc.looked_at == 1


@pytest.mark.asyncio
async def test_the_copy_alone_put_back_changes_no_count(pc: Guessed, tmp_path: Path) -> None:
    before = (pc.folder / FILES[1]).read_bytes()
    await pc.locked()
    (pc.folder / FILES[1]).write_bytes(before)
    assert await pc.guess(NOW, PASSWORD) == "sign_in.locked_out"
    assert (pc.looked_at, pc.failures) == (5, 5)


@pytest.mark.asyncio
async def test_ten_guesses_at_the_same_moment_are_five(pc: Guessed) -> None:
    vault = pc.vault
    told = await asyncio.gather(*(said(vault, NOW, WRONG) for _ in range(10)))
    assert sorted(told) == 6 * ["sign_in.locked_out"] + 4 * ["sign_in.wrong_secret"]
    assert (pc.looked_at, pc.failures) == (5, 5)


def test_of_two_processes_that_try_the_same_person_one_is_not_even_asked(
    pc: Guessed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("DATA_DIR", str(pc.data)), ("ENVIRONMENT", "training")):
        monkeypatch.setenv(f"MADOGUCHI_{name}", value)
    monkeypatch.setenv("MADOGUCHI_CONFIG", str(pc.data / "settings.toml"))
    monkeypatch.setattr("offline.store.keys.system_backend", lambda: FileKeyring(pc.data / "ring.json"))

    def tried(*words: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO("s001\nfalsch\n000000\n"))
        return main([*words, "--json"])

    with another(pc, "verb", "try", "s001\nfalsch\n000000\n"):
        for _ in range(3):
            assert tried("keys", "erase", "s002") == exit_codes.IN_USE
            assert tried("audit", "verify") == exit_codes.IN_USE
        assert (pc.looked_at, pc.failures) == (0, 1)
    assert tried("keys", "erase", "s002") != exit_codes.IN_USE
    assert (pc.looked_at, pc.failures) == (1, 2), "the one that was killed counts"

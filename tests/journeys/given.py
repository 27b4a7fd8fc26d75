"""What every trial of bad input begins with: a terminal of one's own, and its people."""

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass, fields
from pathlib import Path

from tests.journeys.real_terminal import Script, Secrets, Staff, Terminal, opened
from ui.window import open_counter

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Given:
    """A terminal of one's own, and its people; ``secrets`` is what the keyring held when it was copied."""

    terminal: Terminal
    staff: Staff
    secrets: Secrets | None = None

    def copy_to(self, root: Path) -> "Given":
        """Return the whole PC once more: files and keyring as they were, and its town."""
        if self.secrets:
            self.secrets.put_back()
        return Given(self.terminal.copy_to(root), self.staff.again())

    def open(self, script: Script, **settings: object) -> int:
        config = self.terminal.config(**settings)
        return opened(lambda: open_counter(config), script, pictures(self.terminal))

    def program(
        self, *words: str, typed: str | None = None, **settings: object
    ) -> subprocess.CompletedProcess[str]:
        """Run ``madoguchi`` with these settings, and with what is typed at it."""
        return self._child(["-m", "ui", *words], settings, typed)

    def let_sessions_last(self) -> None:
        """Serve the town anew, with access tokens that outlast a leap of the clock by an hour."""
        self.terminal.cloud.kill()
        for town in (self.terminal.cloud.data / "towns").iterdir():
            (town / "sign_in.toml").write_text("token_life = 7200", "utf-8")
        asyncio.run(self.terminal.serve())

    def second(self) -> subprocess.CompletedProcess[str]:
        """Open the counter a second time, as a program of its own."""
        return self._child(["-m", "tests.journeys.with_hands", str(pictures(self.terminal) / "second")], {})

    def module(self, *words: str, typed: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the tests that opens this terminal, and with what is typed at it."""
        return self._child(["-m", *words], {}, typed)

    def _child(
        self, words: list[str], settings: dict[str, object], typed: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        config = self.terminal.config(**settings)
        told = {f"MADOGUCHI_{one.name.upper()}": str(getattr(config, one.name)) for one in fields(config)}
        env = {**os.environ, **told, "MADOGUCHI_CONFIG": os.devnull, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-P", *words]
        return subprocess.run(
            command, env=env, capture_output=True, text=True, input=typed, timeout=60, check=False
        )


def pictures(terminal: Terminal) -> Path:
    """Where the camera puts its pictures; a person may ask for another place to look at them."""
    folder = os.environ.get("BAD_INPUT_PICTURES")
    return Path(folder) / terminal.root.name if folder else terminal.root / "pictures"

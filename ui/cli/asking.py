"""Questions at the terminal: without an echo where it is a secret; from a pipe, a line each."""

import getpass
import sys


class Asking:
    """Asks whoever sits there."""

    def __init__(self) -> None:
        self.is_person = sys.stdin.isatty()

    def ask(self, prompt: str) -> str:
        """Return what was typed."""
        if self.is_person:
            return input(prompt).strip()
        return sys.stdin.readline().rstrip("\n")

    def secret(self, prompt: str) -> str:
        """Return what was typed unseen."""
        return getpass.getpass(prompt) if self.is_person else sys.stdin.readline().rstrip("\n")

    def clerk(self) -> tuple[str, str, str]:
        """Return staff id, password and code."""
        return self.ask("staff id: "), self.secret("password: "), self.secret("code: ")

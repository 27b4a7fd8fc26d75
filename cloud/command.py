"""A command as it crosses the wire, and the answers there are to one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

Answer = dict[str, object]


@dataclass(frozen=True, slots=True)
class Command:
    """One item of POST /v1/commands; the payload is still sealed."""

    key: str
    kind: str
    residents: tuple[str, ...]
    base: Mapping[str, int]
    made_at: str  # to the second, as the books have it
    written_at: str  # the same moment as its author wrote it down
    clock_offset_ms: int
    made_by: str
    terminal: str
    sealed: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    todoke_date: date | None = None
    supersedes: str | None = None

    @property
    def is_fact(self) -> bool:
        """Tell whether it states what happened; such a thing is never refused for its content."""
        return self.kind.startswith("fact.")


def accepted(command: Command, version: int, at: str, text: str = "") -> Answer:
    """Return the answer to a command that took effect at a register version."""
    receipt = {"register_version": version, "at": at, "text": text}
    return {"key": command.key, "outcome": "accepted", "receipt": receipt}


def quarantined(key: str, version: int, at: str) -> Answer:
    """Return the answer to what was taken in and put aside: its sender has handed it over, a person looks at it."""
    receipt = {"register_version": version, "at": at, "text": ""}
    return {"key": key, "outcome": "accepted", "receipt": receipt, "quarantined": True}


def told_before(command: Command, first: Mapping[str, object]) -> Answer:
    """Return the refusal of what waits already, with what finds the first on its slip: number, moment and terminal."""
    return refused(command, "refused.duplicate_intake") | {"duplicate_of": dict(first)}


def refused(command: Command, code: str, reason: str = "") -> Answer:
    """Return a refusal; a code of our own making travels as the reason of ``refused.by_cloud``."""
    if not code.startswith("refused."):
        code, reason = "refused.by_cloud", code
    answer: Answer = {"key": command.key, "outcome": "refused", "code": code}
    return answer | ({"reason": reason} if reason else {})


def conflict(command: Command, current: Mapping[str, int]) -> Answer:
    """Return the answer to a request made on a version that is no longer the present one.

    The rows that go with it are read whenever it is told: what is remembered would show a place that is hidden since.
    """
    return {
        "key": command.key,
        "outcome": "conflict",
        "code": "conflict.version",
        "current": dict(current),
    }

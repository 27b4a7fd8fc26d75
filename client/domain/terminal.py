"""This terminal as the cloud took it in, and as far as the cloud has seen it: nothing to hide."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from client.domain.enrolment import Enrolled, TownKey


@dataclass(frozen=True, slots=True)
class TerminalFacts:
    """Number, name, town and the public keys a terminal works with; kept in the open beside the stores.

    ``certificate`` and ``ca`` are PEM; ``feed_keys`` are Ed25519 and ``command_keys`` X25519, at least one of
    each: the town changes its keys without taking its terminals in anew.
    """

    terminal_no: str  # given by the cloud, never twice
    terminal_name: str  # what staff call this PC
    municipality_code: str
    municipality_name: str
    prefecture: str
    cloud_url: str
    certificate: str = field(repr=False)
    ca: str = field(repr=False)
    feed_keys: tuple[TownKey, ...]
    command_keys: tuple[TownKey, ...]

    @property
    def number_part(self) -> str:
        """Return the terminal's part of the issue number: its name, and the number that is given only once.

        Two PCs may bear one name, and a PC taken in anew keeps its name: only the number keeps sheets apart.
        """
        return f"{self.terminal_name}-{self.terminal_no}"


@dataclass(frozen=True, slots=True)
class TerminalSeen:
    """How far the cloud has seen this terminal's ledger come; zeros where it was not asked, or knows of nothing."""

    highest_serial: int = 0
    commit_no: int = 0


NOTHING_SEEN = TerminalSeen()


def facts_of(enrolled: Enrolled, cloud_url: str) -> TerminalFacts:
    """Return the facts a terminal keeps of its enrolment."""
    return TerminalFacts(
        terminal_no=enrolled.terminal_no,
        terminal_name=enrolled.terminal_name,
        municipality_code=enrolled.municipality_code,
        municipality_name=enrolled.municipality_name,
        prefecture=enrolled.prefecture,
        cloud_url=cloud_url,
        certificate=enrolled.certificate,
        ca=enrolled.ca,
        feed_keys=enrolled.feed_keys,
        command_keys=enrolled.command_keys,
    )


class OrderKind(Enum):
    """What the town may order a terminal to do."""

    LOCK = "lock"
    UNLOCK = "unlock"
    WIPE = "wipe"
    REENROL = "reenrol"
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class TerminalOrder:
    """An order to this terminal whose signature was verified; ``order_id`` grows, and none is obeyed twice."""

    order_id: str
    kind: OrderKind
    made_at: datetime
    body: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class TerminalState:
    """How this terminal is, as the office sees it; nothing personal."""

    program: str  # version
    register_version: int | None  # what the replica has reached; None before the first fill
    blocks_version: int | None
    waiting: int  # changes the cloud has not answered
    oldest_waiting: datetime | None
    clock_offset_ms: int

"""The keys that open this PC's files, and who was let in with them."""

from dataclasses import dataclass, field
from datetime import datetime

from client.domain.clerk import SignIn
from client.domain.terminal import NOTHING_SEEN, TerminalSeen


@dataclass(frozen=True, slots=True)
class StoreKeys:
    """What opens this PC's files; in memory only, 32 bytes each."""

    replica: bytes = field(repr=False)
    ledger: bytes = field(repr=False)
    digest: bytes = field(repr=False)  # the tenant's key of row digests
    inbox: bytes = field(repr=False)  # X25519 private key of the sealed inbox


@dataclass(frozen=True, slots=True)
class FailedTry:
    """A wrong secret or PIN shown while the book was shut: its running number on this PC, whose id, and when (UTC)."""

    no: int
    staff_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A clerk let in, and the keys that came with it."""

    sign_in: SignIn
    keys: StoreKeys = field(repr=False)
    seen: TerminalSeen = NOTHING_SEEN  # of this terminal's ledger, by the cloud that let the clerk in
    failed: int = 0  # wrong secrets and PINs since the clerk was last let in here
    tries: tuple[FailedTry, ...] = ()  # of anybody, that no line of the book tells of yet, in their order
    wraps_anew: bool = False  # the file of wraps was changed or put back, and begun anew
    measures_key: bytes = field(
        default=b"", repr=False
    )  # opens whom measures protect from, for who may see it
    wraps_mended: bool = False  # the file of wraps or its copy was damaged, and mended from the other

    @property
    def wraps_word(self) -> str:
        """Return what the book is to tell of the file of wraps: ``anew``, ``mended``, or nothing."""
        return "anew" if self.wraps_anew else "mended" if self.wraps_mended else ""


@dataclass(frozen=True, slots=True)
class NewFactor:
    """A second factor made at this PC: the seed of its codes (RFC 6238), and the step of the code that was shown."""

    seed: bytes = field(repr=False)
    step: int

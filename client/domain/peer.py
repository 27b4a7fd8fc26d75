"""Neighbours: other machines of the same town, known by the lease the cloud signed for them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class PeerRole(Enum):
    """What a neighbour is: another counter, or a hall server, which keeps and carries what it cannot read."""

    TERMINAL = "terminal"
    HALL = "hall"


@dataclass(frozen=True, slots=True)
class SignedLease:
    """A lease as it travels: the very words that were signed, and by which of the town's keys."""

    words: str
    key_id: str
    signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PeerLease:
    """The town's word that a certificate (SHA-256 of it, hex) is that of a machine of its own until a moment."""

    municipality: str
    terminal_no: str
    role: PeerRole
    certificate: str
    made_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class PeerPapers:
    """What a machine shows its neighbours and judges them by: its own lease, and who was taken out (CRL, DER)."""

    lease: SignedLease
    crl: bytes = field(repr=False, default=b"")

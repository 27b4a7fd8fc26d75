"""一時解除: blocks and support measures set aside for one issue, by whom, why and until when."""

from dataclasses import dataclass, field
from datetime import datetime

from client.domain.blocks import Restrictions
from client.domain.certificate import CertificateRequest
from client.domain.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Secrets:
    """What somebody shows at this PC beside the clerk: staff id, password, second factor; never kept, never logged."""

    staff_id: str
    password: str = field(repr=False)
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Release:
    """一時解除 for one issue of one paper as it was asked for; lifts nothing, and is told to no other system [STD j410].

    ``officer`` released, ``second`` stood beside, ``clerk`` asked: staff ids. ``set_aside`` are the ids of all blocks
    and measures that stood then, ``codes`` the refusals they made; moments are UTC.
    """

    key: str  # UUIDv7, of its report to the cloud
    request: CertificateRequest = field(repr=False)
    clerk: str
    officer: str
    second: str
    offline: bool
    reason: str = field(repr=False)
    set_aside: frozenset[str]
    codes: frozenset[str]
    made_at: datetime
    until: datetime
    compared: bool = False  # who asked, with whom each measure protects from; told to the register alone


@dataclass(frozen=True, slots=True)
class ToRelease:
    """What stands against a paper that an officer may set aside, and nothing else does."""

    refusals: tuple[RefusedError, ...]
    restrictions: Restrictions
    offline: bool

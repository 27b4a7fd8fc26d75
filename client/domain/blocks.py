"""What stops a paper or a look: 抑止 and 支援措置 ([STD j160, j410, j440])."""

from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from client.domain.hold import Hold
from client.domain.resident import AtenaNo, HouseholdNo


class BlockProcess(Enum):
    """The process a 抑止 concerns."""

    ISSUE = "issue"
    VIEW = "view"
    IDO = "ido"
    SEAL = "seal"  # 印鑑登録証明書 alone


class BlockLevel(Enum):
    """Whether a 抑止 stops, or only warns."""

    ERROR = "error"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Block:
    """抑止: concerns a person or a household, for one process; an end date that has passed lifts nothing.

    ``held`` is the request it stands for while the register has not said so itself.
    """

    block_id: str
    atena_no: AtenaNo | None
    household_no: HouseholdNo | None
    process: BlockProcess
    level: BlockLevel
    reason: str
    starts: date | None
    ends: date | None
    held: Hold | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ShienSochi:
    """支援措置: any paper or look that contains the person is stopped, also while provisional (仮支援措置)."""

    measure_id: str
    atena_no: AtenaNo
    provisional: bool
    starts: date | None
    ends: date | None
    held: Hold | None = field(default=None, repr=False)  # as of a Block
    other_side: bytes = field(default=b"", repr=False)  # 相手方, sealed to those with the right [STD j160]


@dataclass(frozen=True, slots=True)
class OtherSide:
    """Whom a measure protects from: name, reading and day of birth, each as far as the register knows."""

    name: str = field(repr=False)
    reading: str = field(repr=False)
    birth: date | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Restrictions:
    """All that stands against a household's papers: blocks and support measures."""

    blocks: tuple[Block, ...] = ()
    shien_sochi: tuple[ShienSochi, ...] = ()

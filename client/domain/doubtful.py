"""停止中発行 要確認: papers issued off line whose data had changed in the register before, unknown here then (P07)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from client.domain.certificate import SerialNo, SheetState
from client.domain.feed import Feed
from client.domain.resident import AtenaNo, HouseholdNo


class Why(Enum):
    """What was registered before a paper was issued and not known here."""

    TENSHUTSU = "tenshutsu"  # 転出
    DEATH = "death"  # 死亡
    SHOJO = "shojo"  # 消除
    IDO = "ido"  # another 異動 of a record
    BLOCK = "block"  # 抑止
    SHIEN_SOCHI = "shien_sochi"  # 支援措置; told only to who has the right
    TAX = "tax"  # 課税
    ARREARS = "arrears"  # 収納
    NHI = "nhi"  # 国民健康保険の資格
    SEAL = "seal"  # 印鑑登録
    CERTIFIER = "certifier"  # 認証者: a deputy declared at the terminal whom the register does not name
    UNKNOWN = "unknown"  # the register can no longer tell: to be looked at by a person


class Done(Enum):
    """What was done about a paper on the list."""

    REPLACED = "replaced"  # 差替え
    CONTACTED = "contacted"  # 本人へ連絡
    NOTHING = "nothing"  # 問題なし


@dataclass(frozen=True, slots=True)
class OfflinePaper:
    """What a paper issued from the replica rested on; ``issued_at`` is by the cloud's clock as far as it is known."""

    serial: int
    kind: str
    issued_at: datetime
    versions: Mapping[Feed, int]
    residents: tuple[AtenaNo, ...]
    household_no: HouseholdNo
    deputy: tuple[str, str] | None = None  # title and name on it, where two declared them at the terminal


@dataclass(frozen=True, slots=True)
class Touch:
    """A row the register touched between a paper's version and its issue; ``at`` when first (UTC)."""

    table: str
    at: datetime
    gone: bool
    status: str | None = None  # of a resident's row
    process: str | None = None  # of a block


@dataclass(frozen=True, slots=True)
class Told:
    """What the register told of one paper and feed, when it told it; None where it cannot tell any more."""

    at: datetime
    touches: tuple[Touch, ...] | None


@dataclass(frozen=True, slots=True)
class Certified:
    """Title and name the register has for the day of a paper, None for nobody, and how new that word is."""

    at: datetime
    certifier: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason to doubt a paper, and when it was registered; None where nobody can tell."""

    why: Why
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be written of a paper; ``final`` once the register's word is of a time after its issue."""

    serial: int
    doubts: tuple[Doubt, ...]
    final: bool


@dataclass(frozen=True, slots=True)
class SignOff:
    """Who dealt with a paper on the list, when, and what was done."""

    by: str
    at: datetime
    done: Done
    remark: str = ""


@dataclass(frozen=True, slots=True)
class DoubtfulPaper:
    """A line of 停止中発行 要確認一覧: numbers and reasons, no name and no address."""

    serial: SerialNo
    kind: str
    subject: AtenaNo
    issued_at: datetime
    state: SheetState
    doubts: tuple[Doubt, ...]
    found_at: datetime
    signed_off: SignOff | None = None
    withheld: bool = False  # a reason is told to who has the right alone


@dataclass(frozen=True, slots=True)
class DoubtCounts:
    """How many papers wait for the officer, and how many the register was not asked about yet."""

    open: int = 0
    unchecked: int = 0


@dataclass(frozen=True, slots=True)
class DoubtfulList:
    """The list as it is printed: where, when, by whom, and its lines."""

    town: str
    terminal: str
    officer: str
    made_at: datetime
    papers: tuple[DoubtfulPaper, ...]
    drill: bool = False

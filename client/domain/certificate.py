"""Certificates: what is asked for, what is decided, and the number each sheet bears ([STD j1000, j1040])."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from client.domain.as_of import AsOf
from client.domain.blocks import Restrictions
from client.domain.resident import AtenaNo, Household, Resident


class CertificateKind(Enum):
    """The papers this counter can make."""

    JUMINHYO_COPY = "juminhyo_copy"


class Requester(Enum):
    """請求者: who asks."""

    SELF = "self"  # 本人
    HOUSEHOLD = "household"  # 同一世帯
    PROXY = "proxy"  # 代理人
    THIRD_PARTY = "third_party"  # 第三者
    OFFICIAL = "official"  # 公用


class IdentityCheck(Enum):
    """本人確認: how the one who came was checked."""

    PHOTO = "photo"  # one document of class A
    TWO_DOCUMENTS = "two_documents"  # two of class B
    QUESTIONS = "questions"  # 聴聞
    NONE = "none"


@dataclass(frozen=True, slots=True)
class JuminhyoOptions:
    """What a 住民票の写し shows beside the fixed items; left out unless asked for (住基法 第12条第5項)."""

    relationship: bool = False  # 世帯主・続柄
    honseki: bool = False  # 本籍・筆頭者; of a foreigner 国籍・地域
    foreign_items: bool = False  # 在留資格 and the rest of 第30条の45
    furigana: bool = True


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """What the clerk entered: the paper, whose, for whom, and how many copies."""

    kind: CertificateKind
    subject: AtenaNo
    members: tuple[AtenaNo, ...]
    options: JuminhyoOptions
    requester: Requester
    identity: IdentityCheck
    purpose: str
    copies: int = 1

    def __post_init__(self) -> None:
        if not self.members or not 1 <= self.copies <= 20:
            raise ValueError("a certificate needs members and 1 to 20 copies")


@dataclass(frozen=True, slots=True)
class SerialNo:
    """発行番号 without its page: date, municipality, terminal, printer, serial [STD j1040].

    The serial belongs to the terminal whose number the cloud never gives twice, so no two sheets agree.
    """

    day: date
    municipality: str
    terminal: str
    printer: str
    serial: int

    def text(self, page: int, pages: int) -> str:
        """Return the number as printed: 20261120 あおぞら市 本庁1 プリンタ001 000011 1/2."""
        parts = (f"{self.day:%Y%m%d}", self.municipality, self.terminal, self.printer, f"{self.serial:06d}")
        return " ".join((*filter(None, parts), f"{page}/{pages}"))

    @property
    def brief(self) -> str:
        """Return the number as a list has it: 20261120 本庁1 000011, enough in one town."""
        return f"{self.day:%Y%m%d} {self.terminal} {self.serial:06d}"

    @property
    def key(self) -> str:
        """Return what names this copy in book and queue: terminal and serial."""
        return f"{self.terminal}-{self.serial:06d}"


@dataclass(frozen=True, slots=True)
class Certifier:
    """認証者: title and name, with the prefecture printed before them [STD j310, j1050]."""

    prefecture: str
    town: str
    title: str
    name: str
    declared: bool = False  # a 職務代理者 by the word of two at this terminal, whom the register may not know


@dataclass(frozen=True, slots=True)
class OfficialSeal:
    """電子公印: a one-bit PNG, at most 25 mm square, black."""

    image: bytes = field(repr=False)
    side_mm: int


@dataclass(frozen=True, slots=True)
class Decided:
    """A certificate that may be issued: the record, the options, and the words and seal that go with it.

    Everything the paper needs, nothing it must look up. ``serial`` is None on a preview.
    ``drill`` puts 「訓練」 across every sheet and cannot be switched off.
    """

    kind: CertificateKind
    household: Household
    members: tuple[Resident, ...]
    options: JuminhyoOptions
    whole_household: bool
    attestation: str
    certifier: Certifier
    seal: OfficialSeal | None
    issued_on: date
    as_of: AsOf
    show_as_of: bool = False
    official_use: bool = False
    drill: bool = False
    serial: SerialNo | None = None


@dataclass(frozen=True, slots=True)
class FormWords:
    """What goes on a paper beside the record, in force on a day."""

    certifier: Certifier
    seal: OfficialSeal | None
    attestation: str
    fee_yen: int


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The cloud's word on an issue: from which record, with which warnings."""

    household: Household
    restrictions: Restrictions
    words: FormWords
    warnings: tuple[str, ...]
    as_of: AsOf


class SheetState(Enum):
    """What is known of a copy [lessons: nothing resumes by itself]."""

    COMMITTED = "committed"  # in the book, not one byte printed
    SENT = "sent"  # handed to the printer
    PRINTED = "printed"  # the printer's word
    HANDED_OVER = "handed_over"  # 交付済: the clerk's word
    SPOILED = "spoiled"  # 書損
    UNKNOWN = "unknown"  # asked sheet by sheet


@dataclass(frozen=True, slots=True)
class IssuedCopy:
    """A copy in the book: its number, its pages and what is known of it."""

    serial: SerialNo
    kind: CertificateKind
    subject: AtenaNo
    pages: int
    state: SheetState
    issued_at: datetime
    fee_yen: int


@dataclass(frozen=True, slots=True)
class Printed:
    """The printer's word on a copy."""

    pdf_hash: str  # SHA-256 of the PDF, kept for the book
    state: SheetState  # SENT, PRINTED or UNKNOWN
    words: str  # what the printer said

"""A queued change: its key, its base, and where it stands on its way to the cloud."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from types import MappingProxyType
from uuid import UUID

from client.domain.attachment import NOTHING_ATTACHED, Attached, Attachment
from client.domain.errors import RefusedError
from client.domain.forbidden_numbers import forbidden_field, without_forbidden_numbers
from client.domain.resident import AtenaNo

_RANDOM_BYTES = 10


def change_key(at: datetime, random: bytes) -> str:
    """Make the key of a change, a UUIDv7 (RFC 9562): 48 bits of milliseconds, then 74 of ten random bytes."""
    if len(random) != _RANDOM_BYTES:
        raise ValueError("a key takes ten random bytes")
    tail = int.from_bytes(random, "big")
    high = tail >> 68  # 12 bits beside the version
    low = tail & (1 << 62) - 1  # 62 bits beside the variant
    millis = int(at.timestamp() * 1000) & (1 << 48) - 1
    return str(UUID(int=millis << 80 | 7 << 76 | high << 64 | 2 << 62 | low))


class ChangeKind(Enum):
    """What a command does; ``is_fact`` things happened, the others are requests that may be refused."""

    TENKYO = "todoke.tenkyo"  # 転居届
    TENNYU = "todoke.tennyu"  # 転入届
    TENSHUTSU = "todoke.tenshutsu"  # 転出届
    SETAI_HENKO = "todoke.setai_henko"  # 世帯変更届
    DEATH = "todoke.death"  # 死亡届
    NHI_ACQUIRE = "nhi.acquire"  # 国民健康保険 資格取得届
    NHI_LOSE = "nhi.lose"  # 資格喪失届
    NHI_CHANGE = "nhi.change"  # 変更届
    SEAL_REGISTER = "seal.register"  # 印鑑登録申請
    SEAL_ABOLISH = "seal.abolish"  # 印鑑登録廃止申請
    SEAL_CARD_LOST = "seal.card_lost"  # 印鑑登録証亡失届
    SHIEN_SOCHI = "shien_sochi.application"  # 支援措置 申出
    CONTACT = "contact.change"  # 送付先・連絡先の変更
    TAX_REDUCTION = "tax.reduction"  # 減免申請
    DISASTER = "disaster.application"  # 罹災証明書 交付申請
    KOSEKI_MEMO = "koseki.memo"  # 戸籍の届の預かり
    ISSUED = "fact.issued"
    HANDED_OVER = "fact.handed_over"
    SPOILED = "fact.spoiled"
    FEE = "fact.fee"
    JOURNAL = "fact.journal"
    RELEASE = "fact.release"  # 一時解除; before all others
    ERASED = "fact.erased"

    @property
    def is_fact(self) -> bool:
        """Facts never conflict, never wait for another and are never refused for content."""
        return self.value.startswith("fact.")


# Requests that stop papers from their receipt on: client/rules/holds.py says which.
RESTRICTIVE = frozenset(
    {
        *(ChangeKind.TENSHUTSU, ChangeKind.DEATH, ChangeKind.SHIEN_SOCHI),
        *(ChangeKind.SEAL_ABOLISH, ChangeKind.SEAL_CARD_LOST),
    }
)


class WithdrawnFor(Enum):
    """Why a change was taken back; words beside it stay on this PC's disk and go into no log."""

    APPLICANT = "applicant"  # 本人の申出
    MISTAKE = "mistake"  # 入力の誤り
    TWICE = "twice"  # 重複
    OTHER = "other"  # in words beside it


class ChangeState(Enum):
    """Where a queued change stands."""

    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    LANDED = "landed"
    CONFLICT = "conflict"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


# The last words of an unknown change that is no longer sent by itself: a person looks at it first.
PARKED = frozenset({"refused.cannot_be_read", "refused.stumbles"})


DUPLICATE = "refused.duplicate_intake"
OFFICE_NOTE = "office_note"  # the field of a payload that says why a counter leaves it to the office
_TAIL = 8  # letters of a key that tell one from another


@dataclass(frozen=True, slots=True)
class FirstTold:
    """The request that told of the same before, as a refused duplicate names it."""

    key: str
    at: datetime
    terminal: str

    @property
    def words(self) -> str:
        """Return it as it is kept behind the refusal's code, the key by its end."""
        return f"{self.terminal} {self.at.astimezone(UTC).isoformat()} {self.key[-_TAIL:]}"


def first_told(words: str) -> FirstTold | None:
    """Return what a refusal's words name as the first, the key by its end; None where they name none."""
    code, _, told = words.partition(" ")
    *terminal, at, tail = ("", "", *told.split(" "))
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    named = " ".join(filter(None, terminal))
    return FirstTold(tail, moment, named) if code == DUPLICATE and moment.tzinfo else None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The cloud's word that a change took effect: at which register version, and when."""

    register_version: int
    at: datetime
    text: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", without_forbidden_numbers(self.text))


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a change that was sent: an answer, or none and when it is tried again."""

    key: str
    state: ChangeState
    receipt: Receipt | None = None
    words: str = ""
    next_try_at: datetime | None = None
    remembered: bool = True  # the cloud keeps this answer under the key, and counts it
    counts: bool = True  # as a try; where all was stopped, it says nothing of this change


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """How many changes the cloud has not answered, how many want a clerk, and when the next try is."""

    waiting: int = 0
    wants_a_clerk: int = 0
    next_try_at: datetime | None = None
    oldest_at: datetime | None = None  # when the oldest that waits was made
    attachments: int = 0  # that the cloud does not have whole
    attachments_lost: int = 0  # whose sealed file is gone or changed; a person must look


@dataclass(frozen=True, slots=True)
class CloudAnswer:
    """The cloud's answer for one command."""

    key: str
    outcome: str  # accepted | conflict | refused; a repeat brings the first outcome
    receipt: Receipt | None
    words: str
    quarantined: bool = False  # taken in, and put aside without effect: a person of the town looks at it
    already: bool = field(default=False, compare=False)  # the first answer once more
    remembered: bool = True  # kept under the key, and counted
    author: str = field(
        default="", compare=False
    )  # the terminal whose change it was, where a key was asked for

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", without_forbidden_numbers(self.words))


@dataclass(frozen=True, slots=True)
class NewChange:
    """A change about to be written: made on a base version of each resident it touches.

    ``payload`` never holds 個人番号 or 住民票コード: RefusedError names the field. ``todoke_date`` is the day at the
    counter, decisive in law; the day of entry into the register (処理日) is the cloud's. Of one ``for_cloud_alone`` no
    readable copy stays here (支援措置, P08).
    ``attachments`` are named in the payload with their hashes, so that the cloud takes these beside it and no others.
    """

    key: str  # UUIDv7, made before the first send
    kind: ChangeKind
    residents: tuple[AtenaNo, ...]
    base: Mapping[AtenaNo, int]
    payload: Mapping[str, object] = field(repr=False)
    made_at: datetime
    made_by: str
    clock_offset_ms: int = 0
    todoke_date: date | None = None
    supersedes: str | None = None
    received_by: str = ""  # of somebody who may only receive; then made_by is who decided beside them
    for_cloud_alone: bool = False
    attachments: tuple[Attachment, ...] = ()

    def __post_init__(self) -> None:
        if any(one.command_key != self.key for one in self.attachments):
            raise ValueError("an attachment is sealed for the change it lies beside")
        field = None if self.kind.is_fact else forbidden_field(self.payload)  # what happened is never refused
        if field is not None:
            raise RefusedError("refused.forbidden_number", field=field)
        object.__setattr__(self, "base", MappingProxyType(dict(self.base)))
        told = self.payload.get("attachments")  # of the one whose place it takes
        before = told if isinstance(told, list | tuple) else ()
        notes = [*before, *(one.note for one in self.attachments)]
        named = {"attachments": notes} if self.attachments else {}
        object.__setattr__(self, "payload", MappingProxyType({**self.payload, **named}))


@dataclass(frozen=True, slots=True)
class QueuedChange:
    """A change in the outbox, and all that is known of its fate."""

    seq: int
    key: str
    kind: ChangeKind
    state: ChangeState
    residents: tuple[AtenaNo, ...]
    base: Mapping[AtenaNo, int]
    payload: Mapping[str, object] = field(repr=False)
    sealed: bytes = field(repr=False)
    signature: bytes = field(repr=False)  # of the terminal that wrote it, over everything that is sent
    made_at: datetime
    made_by: str
    clock_offset_ms: int
    todoke_date: date | None
    supersedes: str | None
    attempts: int
    next_try_at: datetime | None
    last_words: str
    receipt: Receipt | None
    forgotten: Receipt | None = None  # what the cloud receipted first, before it forgot
    attached: Attached = NOTHING_ATTACHED  # what lies beside it

    @property
    def readable(self) -> bool:
        """Tell whether its words are still here; of a protected person's they never were."""
        return bool(self.payload)

    @property
    def is_parked(self) -> bool:
        """Tell whether it waits for a person before it is sent again; whether the cloud acted is not known."""
        return self.state is ChangeState.UNKNOWN and self.last_words in PARKED

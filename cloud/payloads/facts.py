"""Facts: what happened at a counter. A field that is not known here is kept, for it happened all the same."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from cloud.payloads.base import AtenaNo, Count, Hash, Moment, Text, Words

MOST_ENTRIES = 1000
MOST_NUMBER = 2**53 - 1  # what JSON holds exactly in every language
SerialKey = Annotated[str, Meta(max_length=60, pattern="^.+-[0-9]{1,12}$")]  # T0001-000011
Number = Annotated[int, Meta(ge=0, le=MOST_NUMBER)]
MoreNumbers = Annotated[list[AtenaNo], Meta(max_length=100)]


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A copy that bears a number."""

    serial: SerialKey
    kind: Text
    day: date
    subject: AtenaNo
    pages: Count
    fee_yen: Count
    members: MoreNumbers = msgspec.field(default_factory=list)
    printer: Words = ""
    offline: bool = False
    commit_no: Number = 0  # of the ledger that wrote it


class SheetEnd(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a copy: handed over, spoiled, or void after it was handed over."""

    serial: SerialKey
    reason: Words = ""


class Fee(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid for a copy."""

    serial: SerialKey
    yen: Count | UnsetType = UNSET
    fee_yen: Count | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.yen is UNSET and self.fee_yen is UNSET:
            raise ValueError("yen")

    @property
    def paid(self) -> int:
        """Return the yen."""
        return self.yen or self.fee_yen or 0


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of a terminal's journal, as its hash covers it; its number is its place."""

    at: Annotated[str, Meta(max_length=40)]
    kind: Annotated[str, Meta(max_length=64)]
    actor: Annotated[str, Meta(max_length=100)]
    subjects: list[str]
    facts: dict[str, str | int]


class JournalSegment(msgspec.Struct, frozen=True, kw_only=True):
    """A run of a terminal's journal, with the hash before it and the hash it ends with."""

    first: Annotated[int, Meta(ge=1, le=MOST_NUMBER)]
    prev: Hash
    head: Hash
    entries: Annotated[list[JournalEntry], Meta(min_length=1, max_length=MOST_ENTRIES)]
    signature: Annotated[bytes, Meta(max_length=200)] | UnsetType = UNSET  # of the terminal, over the rest


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """A terminal's certificate of erasure: what it says (JSON), and its signature over that."""

    words: Annotated[str, Meta(min_length=1, max_length=20_000)]
    signature: Annotated[str, Meta(max_length=200)]


class CloseLine(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate's line of a day's account."""

    certificate: Text
    copies: Count
    yen: Count
    free: Count = 0
    spoiled: Count = 0
    void: Count = 0
    offline: Count = 0


class DayClose(msgspec.Struct, frozen=True, kw_only=True):
    """A counter's account of a day, signed; one that is opened again after a sync is told again."""

    day: date
    lines: Annotated[list[CloseLine], Meta(max_length=100)]
    cash_expected: Count
    cash_counted: Count
    closed_by: Text
    difference_reason: Words = ""
    journal_head: Hash | UnsetType = UNSET


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A block set aside once by two officers, for one paper or one look, for a while; it stands again after."""

    residents: Annotated[list[AtenaNo], Meta(min_length=1, max_length=100)]
    process: Literal["issue", "view", "ido", "seal"]
    officer: Text
    second: Text
    reason: Text
    until: Moment
    serial: SerialKey | UnsetType = UNSET

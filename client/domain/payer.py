"""Payers who are no residents: people registered elsewhere, and corporations."""

from dataclasses import dataclass, field
from datetime import date

from client.domain.resident import AtenaNo


@dataclass(frozen=True, slots=True)
class Outsider:
    """住登外者: known to a tax or service here, registered elsewhere or nowhere."""

    atena_no: AtenaNo
    full_name: str | None = field(repr=False)
    furigana: str | None = field(repr=False)
    birth_text: str | None = field(repr=False)
    birth_sort: date | None = field(repr=False)
    sex: str | None
    postcode: str | None = field(repr=False)
    address: str | None = field(repr=False)
    reason: str | None


@dataclass(frozen=True, slots=True)
class Corporation:
    """法人 as a payer; its 法人番号 is public (番号法 第39条)."""

    atena_no: AtenaNo
    corporate_no: str | None
    name: str | None
    kana: str | None
    postcode: str | None
    address: str | None
    representative: str | None
    closed: date | None

"""What is in force from a day until a day: certifiers, seals, fees, words, forms, letters, guides, staff and rights."""

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class CertifierTerm:
    """認証者 for a time: the mayor, or who acts for the mayor [STD j310]."""

    certifier_id: str
    title: str
    name: str
    in_force_from: date | None
    in_force_until: date | None


@dataclass(frozen=True, slots=True)
class SealTerm:
    """電子公印 of a certifier for a time [STD j1050]."""

    seal_id: str
    certifier_id: str
    image: bytes | None = field(repr=False)
    side_mm: int
    in_force_from: date | None
    in_force_until: date | None


@dataclass(frozen=True, slots=True)
class FeeRule:
    """手数料 of a certificate."""

    rule_id: str
    certificate: str
    unit: str | None
    yen: int
    in_force_from: date | None
    in_force_until: date | None


@dataclass(frozen=True, slots=True)
class AttestationText:
    """認証文 of a certificate, for a whole household or for some of its members."""

    attestation_id: str
    certificate: str
    scope: str
    text: str
    in_force_from: date | None
    in_force_until: date | None


@dataclass(frozen=True, slots=True)
class FormText:
    """様式 of a certificate, as resources/forms/ has it."""

    form_id: str
    certificate: str
    body: str = field(repr=False)
    in_force_from: date | None
    in_force_until: date | None


@dataclass(frozen=True, slots=True)
class GuideTree:
    """手続案内 for an occasion."""

    tree_id: str
    occasion: str
    title: str | None
    body: str = field(repr=False)
    in_force_from: date | None
    in_force_until: date | None


@dataclass(frozen=True, slots=True)
class GaijiTerm:
    """外字: a letter of the town's own, by its code point in hex [STD j1070]."""

    code: str
    reading: str | None
    mj_code: str | None
    outline: bytes | None = field(repr=False)
    in_force_from: date | None
    in_force_until: date | None


@dataclass(frozen=True, slots=True)
class StaffMember:
    """職員, lent ones (応援職員) too, while they work here."""

    staff_id: str
    name: str
    section: str | None
    lent_by: str | None
    in_force_from: date | None = field(metadata={"column": "from_day"})
    in_force_until: date | None = field(metadata={"column": "until_day"})
    secrets_since: datetime | None = None  # what was kept from before opens nothing


@dataclass(frozen=True, slots=True)
class RightGrant:
    """権限 of a person or of a whole section, by date [STD j1380]."""

    grant_id: str
    staff_id: str | None
    section: str | None
    right: str
    in_force_from: date | None = field(metadata={"column": "from_day"})
    in_force_until: date | None = field(metadata={"column": "until_day"})


@dataclass(frozen=True, slots=True)
class StaffEntry:
    """What the register says of one staff id: the person, None where it knows none, and every grant of theirs, any day.

    ``by_item`` and ``by_block`` tell that the town grants items, and acts on blocks, one by one.
    """

    member: StaffMember | None
    grants: tuple[RightGrant, ...]
    by_item: bool = False
    by_block: bool = False

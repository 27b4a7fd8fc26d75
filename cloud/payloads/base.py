"""What payloads share: their plain types, and what every request can be asked."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_DIGITS = "[0-9]{1,15}"
PROVISIONAL = "p:"  # what the id of somebody without 宛名番号 begins with

AtenaNo = Annotated[str, Meta(pattern=f"^{_DIGITS}$")]
NewcomerId = Annotated[str, Meta(pattern=f"^p:{_UUID}$")]
PersonId = Annotated[str, Meta(pattern=f"^(p:{_UUID}|{_DIGITS})$")]  # one of the two
HouseholdNo = Annotated[str, Meta(pattern=f"^{_DIGITS}$")]
Text = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
Words = Annotated[str, Meta(max_length=200)]  # may be empty
LongText = Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"\S")]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Sealed = Annotated[
    bytes, Meta(min_length=1, max_length=65_536)
]  # sealed once more: opened by the cloud alone
Moment = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
Hash = Annotated[bytes, Meta(min_length=32, max_length=32)]
Persons = Annotated[list[PersonId], Meta(min_length=1, max_length=100)]
MorePersons = Annotated[list[PersonId], Meta(max_length=100)]


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address in this town."""

    town: Text
    banchi: Text
    katagaki: Words = ""
    postcode: Words = ""


class AttachmentNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An attachment its author names: what comes under this key must have this hash."""

    key: Annotated[str, Meta(pattern=f"^{_UUID}$")]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    media_type: Text


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A notification or application about somebody, as it was taken in at a counter."""

    subject: PersonId
    todoke_date: date
    filer: Words = ""
    office_note: Words = ""  # why the counter leaves it to the office; no part of what happened
    attachments: Annotated[list[AttachmentNote], Meta(max_length=20)] = msgspec.field(default_factory=list)

    @property
    def persons(self) -> tuple[str, ...]:
        """Return everybody it concerns, the subject first."""
        return (self.subject,)

    @property
    def newcomers(self) -> tuple[str, ...]:
        """Return the provisional ids of those it brings into the register."""
        return ()

    @property
    def event(self) -> tuple[object, ...]:
        """Return what happened: two of one kind and subject with the same are the same, told twice."""
        return ()

    def odd_field(self) -> str | None:
        """Return the field that says what another one denies, where the form of both is right."""
        return None

    def date_trouble(self, today: date) -> str | None:
        """Return the field with a day that no law allows; nothing is filed ahead of today [STD j480, j570]."""
        return "todoke_date" if self.todoke_date > today else None


class GroupRequest(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request about several people."""

    members: Persons

    @property
    def persons(self) -> tuple[str, ...]:
        """Return the subject and the members."""
        return tuple(dict.fromkeys((self.subject, *self.members)))


def after(happened: date, filed: date, today: date, name: str) -> str | None:
    """Return the wrong field where what is told lies ahead, or was filed before it happened."""
    if happened > today:
        return name
    return None if happened <= filed <= today else "todoke_date"


Sex = Literal["男", "女"]

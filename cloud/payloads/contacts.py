"""How somebody is reached: by which telephone, and where letters go."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from cloud.payloads.base import Place, Request, Text


class Phone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A telephone and what it is."""

    number: Annotated[str, Meta(max_length=20, pattern=r"^\+?[0-9][0-9-]*$")]
    use: Literal["mobile", "home", "work", "other"]


class Delivery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where letters go, to whose name, of which business and from what day."""

    addressee: Text
    place: Place
    business: Text = "all"
    starts: date = msgspec.field(name="from")
    until: date | UnsetType = UNSET


class ContactChange(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is reached otherwise from now on; a delivery may begin later."""

    phone: Phone | UnsetType = UNSET
    delivery: Delivery | UnsetType = UNSET
    ends_delivery: bool = False

    def __post_init__(self) -> None:
        if not (self.phone or self.delivery or self.ends_delivery):
            raise ValueError("phone")

    @property
    def event(self) -> tuple[object, ...]:
        """Return all of it: who changes something else besides is heard."""
        return self.phone, self.delivery, self.ends_delivery

    def odd_field(self) -> str | None:
        """Return ``until`` where it lies before the beginning."""
        found = self.delivery
        return "until" if found and found.until and found.until < found.starts else None

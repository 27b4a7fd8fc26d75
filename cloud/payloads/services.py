"""Applications to the services beside the register: insurance, seals, disaster certificates, support measures."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from cloud.payloads.base import (
    Count,
    GroupRequest,
    LongText,
    MorePersons,
    Request,
    Sealed,
    Text,
    Words,
    after,
)

RegistrationNo = Annotated[str, Meta(min_length=1, max_length=20, pattern=r"\S")]


class NhiAcquire(GroupRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who comes into the National Health Insurance, from what day and why."""

    acquired: date
    reason: Literal["転入", "社保離脱", "出生", "生保廃止", "その他"]

    @property
    def event(self) -> tuple[object, ...]:
        """Return the day."""
        return (self.acquired,)

    def date_trouble(self, today: date) -> str | None:
        """Refuse what lies ahead."""
        return after(self.acquired, self.todoke_date, today, "acquired")


class NhiLose(GroupRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who leaves the National Health Insurance, from what day and why."""

    lost: date
    reason: Literal["転出", "社保加入", "死亡", "生保開始", "国保組合", "後期高齢", "その他"]
    papers_returned: bool = False

    @property
    def event(self) -> tuple[object, ...]:
        """Return the day."""
        return (self.lost,)

    def date_trouble(self, today: date) -> str | None:
        """Refuse what lies ahead."""
        return after(self.lost, self.todoke_date, today, "lost")


class NhiChange(GroupRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes for members of the National Health Insurance who stay in it, and from what day."""

    changed: date
    what: Literal["住所", "世帯主", "氏名", "世帯", "再交付", "その他"]
    memo: Words = ""

    @property
    def event(self) -> tuple[object, ...]:
        """Return the change."""
        return self.what, self.changed

    def date_trouble(self, today: date) -> str | None:
        """Refuse what lies ahead."""
        return after(self.changed, self.todoke_date, today, "changed")


class SealRegister(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose seal is to be registered; the office gives the number and decides what the picture proves."""

    registered_name: Text
    identity: Literal["photo", "guarantor", "inquiry"]
    proxy: bool = False
    image: Annotated[bytes, Meta(min_length=1, max_length=262_144)] | UnsetType = UNSET  # PNG, one bit


class SealEnd(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose seal registration ends, by application or because the card is lost."""

    registration_no: RegistrationNo | UnsetType = UNSET  # all of the subject's where it is not known
    proxy: bool = False


class Disaster(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What befell, and when."""

    name: Text
    on: date


class DisasterApplication(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who asks for a survey of damage and its certificate; number and survey belong to another system."""

    # 災害対策基本法 第90条の2

    disaster: Disaster
    place: Text
    building: Literal["dwelling", "other"]
    owner: Literal["own", "rented", "other"]
    damage: LongText
    contact: Words = ""
    photos: Count = 0

    @property
    def event(self) -> tuple[object, ...]:
        """Return the building and what befell it."""
        return self.disaster.name, self.disaster.on, self.place

    def date_trouble(self, today: date) -> str | None:
        """Refuse what lies ahead."""
        return after(self.disaster.on, self.todoke_date, today, "on")


class TaxReduction(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who asks that a tax or premium be reduced, of what fiscal year and why; the office alone decides."""

    tax: Literal["juminzei", "nhi", "kotei", "keiji", "kaigo"]
    fiscal_year: Annotated[int, Meta(ge=1950, le=2200)]
    reason: Literal["disaster", "unemployment", "income", "welfare", "illness", "other"]
    since: date
    circumstances: LongText

    @property
    def event(self) -> tuple[object, ...]:
        """Return what is to be reduced."""
        return self.tax, self.fiscal_year

    def date_trouble(self, today: date) -> str | None:
        """Refuse what lies ahead."""
        return after(self.since, self.todoke_date, today, "since")


class ShienSochiApplication(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who asks for protection, with whom, and from what; of the other side nothing stands in the clear."""

    members: MorePersons = msgspec.field(default_factory=list)
    scope: Annotated[
        list[Literal["etsuran", "juminhyo", "juminhyo_before", "fuhyo", "fuhyo_before"]], Meta(min_length=1)
    ]
    first_town: Words = ""  # 当初受付市区町村
    opponent_sealed: Sealed | UnsetType = UNSET

    @property
    def persons(self) -> tuple[str, ...]:
        """Return who asks, and for whom besides."""
        return tuple(dict.fromkeys((self.subject, *self.members)))


class ShienSochiEnd(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who asks that the protection end; nothing ends before the office has decided."""

    members: MorePersons = msgspec.field(default_factory=list)
    reason: Words = ""

    @property
    def persons(self) -> tuple[str, ...]:
        """Return who asks, and for whom besides."""
        return tuple(dict.fromkeys((self.subject, *self.members)))

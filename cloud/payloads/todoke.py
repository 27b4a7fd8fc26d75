"""Notifications that change a record of the register: moving in, out and inside the town, households, birth, death."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from cloud.clock import day_in_tokyo, read_stamp
from cloud.payloads.base import (
    AtenaNo,
    GroupRequest,
    HouseholdNo,
    LongText,
    Moment,
    MorePersons,
    NewcomerId,
    PersonId,
    Place,
    Request,
    Sealed,
    Sex,
    Text,
    Words,
    after,
)

# 住基法 第24条: before one leaves. Up to 14 days after it counts as a notification still [STD j640].
TENSHUTSU_LATE = timedelta(days=14)


class Tenkyo(GroupRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who moves inside the town, when, and where to."""

    ido_date: date
    to: Place
    whole_household: bool

    @property
    def event(self) -> tuple[object, ...]:
        """Return the move."""
        return self.ido_date, self.to.town, self.to.banchi

    def date_trouble(self, today: date) -> str | None:
        """Refuse what lies ahead: a move is notified after it (住基法 第23条)."""
        return after(self.ido_date, self.todoke_date, today, "ido_date")


class Newcomer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who comes into the register; ``former`` is the number of one who comes back [STD j600]."""

    id: NewcomerId
    kind: Literal["japanese", "foreign"]
    birth_date: date
    sex: Sex
    relationship: Text
    full_name: Words = ""
    latin_name: Words = ""
    furigana: Words = ""
    former_name: Words = ""  # 旧氏
    former_name_furigana: Words = ""
    common_name: Words = ""  # 通称
    common_name_furigana: Words = ""
    honseki: Words = ""
    hittosha: Words = ""
    nationality: Words = ""
    residence_status: Words = ""
    residence_period: Words = ""
    residence_until: date | UnsetType = UNSET
    residence_card_no: Words = ""
    foreigner_category: Words = ""  # 第30条の45に規定する区分
    former: AtenaNo | UnsetType = UNSET
    belongs_to: Annotated[
        list[Literal["nhi", "koki", "kaigo", "nenkin", "jido_teate"]], Meta(max_length=5)
    ] = msgspec.field(default_factory=list)
    mynumber_sealed: Sealed | UnsetType = UNSET
    juminhyo_code_sealed: Sealed | UnsetType = UNSET

    def __post_init__(self) -> None:
        if not (self.full_name.strip() or self.latin_name.strip()):
            raise ValueError("full_name")


class TenshutsuCertificate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The paper of the town before, as it was shown: whose it is, its number and its day."""

    town: Text
    number: Words
    issued: date


class Tennyu(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who comes into the town, when, where from and where to.

    Without the paper certificate of the town before (a card holder's) it is kept, never accepted: ``azukari``.
    """

    subject: NewcomerId
    newcomer_list: Annotated[list[Newcomer], Meta(min_length=1, max_length=30)] = msgspec.field(
        name="members"
    )
    ido_date: date
    to: Place
    tennyu_from: Text = msgspec.field(name="from")
    from_householder: Words = ""
    whole_household: bool | UnsetType = UNSET
    certificate: Literal["paper", "card", "abroad"]
    tenshutsu_certificate: TenshutsuCertificate | UnsetType = UNSET
    azukari: bool
    joins: HouseholdNo | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.azukari != (self.certificate == "card"):
            raise ValueError("azukari")

    def odd_field(self) -> str | None:
        """Return ``subject`` where it is none of those who come."""
        return None if self.subject in self.newcomers else "subject"

    @property
    def persons(self) -> tuple[str, ...]:
        """Return the newcomers."""
        return tuple(dict.fromkeys((self.subject, *self.newcomers)))

    @property
    def newcomers(self) -> tuple[str, ...]:
        """Return the ids they have until they are registered."""
        return tuple(one.id for one in self.newcomer_list)

    @property
    def event(self) -> tuple[object, ...]:
        """Return the day: one moves in once."""
        return (self.ido_date,)

    def date_trouble(self, today: date) -> str | None:
        """Refuse what lies ahead: one has moved in before one says so (住基法 第22条)."""
        if self.tenshutsu_certificate and self.tenshutsu_certificate.issued > today:
            return "issued"
        return after(self.ido_date, self.todoke_date, today, "ido_date")


class Birth(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A child born to somebody who lives here, as far as a counter takes it: the family register is another's."""

    subject: NewcomerId
    child: Newcomer
    parent: PersonId
    todoke_accepted_by: Words = ""  # the town that took the notification, where it was another

    def odd_field(self) -> str | None:
        """Return ``subject`` where it is not the child."""
        return None if self.subject == self.child.id else "subject"

    @property
    def persons(self) -> tuple[str, ...]:
        """Return child and parent."""
        return self.subject, self.parent

    @property
    def newcomers(self) -> tuple[str, ...]:
        """Return the child's id until it is registered."""
        return (self.child.id,)

    @property
    def event(self) -> tuple[object, ...]:
        """Return the day it was born."""
        return (self.child.birth_date,)

    def date_trouble(self, today: date) -> str | None:
        """Refuse what lies ahead (戸籍法 第49条)."""
        return after(self.child.birth_date, self.todoke_date, today, "birth_date")


class Death(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who died, as far as a counter takes it (戸籍法 第86条)."""

    died_on: date
    filer_relationship: Words = ""
    todoke_accepted_by: Words = ""

    def date_trouble(self, today: date) -> str | None:
        """Refuse what lies ahead."""
        return after(self.died_on, self.todoke_date, today, "died_on")


class Tenshutsu(GroupRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who leaves the town, when, and where to; the one move that may be told ahead [STD j480]."""

    planned: date
    to: Text
    abroad: bool
    whole_household: bool
    by_card: bool = False  # without a paper certificate: the data go ahead of the mover

    @property
    def event(self) -> tuple[object, ...]:
        """Return the day: one leaves once."""
        return (self.planned,)

    @property
    def is_late(self) -> bool:
        """Tell whether it came so late that the office records it of its own motion [STD j640]."""
        return self.todoke_date > self.planned + TENSHUTSU_LATE


class SetaiHenko(GroupRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How people stand to one another in households from a day on (住基法 第25条)."""

    what: Literal["bunri", "gappei", "henko", "nushi_henko"]
    ido_date: date
    householder: PersonId | UnsetType = UNSET
    joins: HouseholdNo | UnsetType = UNSET
    relationships: dict[AtenaNo, Text] = msgspec.field(default_factory=dict)

    @property
    def event(self) -> tuple[object, ...]:
        """Return the change."""
        return self.what, self.ido_date

    def date_trouble(self, today: date) -> str | None:
        """Refuse what lies ahead."""
        return after(self.ido_date, self.todoke_date, today, "ido_date")


class KosekiMemo(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That papers for the family register were handed in: a record of it, and nothing more.

    Its subject may be somebody nobody has told of: those concerned may all be registered elsewhere.
    """

    members: MorePersons = msgspec.field(default_factory=list)
    what: Literal["birth", "death", "marriage", "divorce", "other"]
    received_at: Moment
    papers: LongText
    contact: Words = ""
    cremation_asked: bool = False

    @property
    def persons(self) -> tuple[str, ...]:
        """Return whom the papers are about."""
        return tuple(dict.fromkeys((self.subject, *self.members)))

    @property
    def event(self) -> tuple[object, ...]:
        """Return what happened; twins are born of one mother, and other papers are of many sorts."""
        return (self.what, self.papers) if self.what in {"birth", "other"} else (self.what,)

    def odd_field(self) -> str | None:
        """Return ``received_at`` where there is no such moment."""
        return "received_at" if self._received_on is None else None

    def date_trouble(self, today: date) -> str | None:
        """Refuse what lies ahead."""
        received = self._received_on
        ahead = received is not None and received > today
        return "received_at" if ahead else super().date_trouble(today)

    @property
    def _received_on(self) -> date | None:
        try:
            return day_in_tokyo(read_stamp(self.received_at))
        except (ValueError, OverflowError):
            return None


def newcomers_in(request: Request) -> Sequence[Newcomer]:
    """Return whom a request brings into the register."""
    if isinstance(request, Tennyu):
        return request.newcomer_list
    return [request.child] if isinstance(request, Birth) else []

"""Members of staff as sign-in sees them: who is in force today, with which rights, and until when.

Who somebody is and what they may do are rows of the register (``staff_member``, ``right_grant``); only secrets lie
beside it. A right comes from a grant to the person or to the whole section, each with its days in Tokyo, both inclusive.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa

from cloud import storage
from cloud.clock import end_of
from cloud.credentials import put_factor
from cloud.passwords import Passwords

SEED_SIZE = 20  # bytes; the size RFC 4226 recommends for SHA-1
ITEMS = ("zairyu", "seal", "tax", "nhi")  # 在留資格等, 印鑑, 税, 国保 [STD j1390]
BLOCK_SET, BLOCK_LIFT = "block_set", "block_lift"  # 抑止・支援措置の設定, 解除
BLOCK_ACTS = (BLOCK_SET, BLOCK_LIFT, "block_release")  # 一時解除, at a terminal [STD j410]
IN_CHARGE = frozenset(("officer", "shien_sochi", "office"))  # of blocks or support measures
RIGHTS = (
    *("view", "issue", "accept", "receive", "honseki", *ITEMS, "cash", "officer", "shien_sochi"),
    *(*BLOCK_ACTS, "office"),
)


@dataclass(frozen=True, slots=True)
class Clerk:
    """Who is signed in, and what the person may do today."""

    staff_id: str
    name: str
    section: str
    rights: frozenset[str]
    by_item: bool = False  # the town grants items one by one; else whoever may look up has them
    by_block: bool = False  # and the acts on blocks; else whoever is in charge of some has all three
    secrets_since: str | None = (
        None  # of the register's row: before it nothing a terminal kept of theirs counts
    )

    def may(self, right: str) -> bool:
        """Tell whether the person may do something today, or see an item."""
        return right in held(self.rights, by_item=self.by_item, by_block=self.by_block)


@dataclass(frozen=True, slots=True)
class NewStaff:
    """A member of staff to be written down; one lent by another town has a first and a last day."""

    staff_id: str
    name: str
    section: str
    rights: tuple[str, ...]
    password: str = field(repr=False)
    totp_seed: bytes = field(repr=False)
    lent_by: str = ""  # the town that lends a 応援職員
    from_day: date | None = None
    until_day: date | None = None


@dataclass(frozen=True, slots=True)
class HeldRight:
    """A right in force on a day, and where it comes from."""

    right: str
    grant_id: str
    source: str  # person | section
    from_day: str | None
    until_day: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A person in force on a day."""

    clerk: Clerk
    last_day: date | None  # of the person here
    rights_last_day: date | None  # first day on whose end a right of today is gone

    def ends(self) -> datetime | None:
        """Return when the person's time here is over, where it is known."""
        return end_of(self.last_day) if self.last_day else None

    def lease_end(self) -> datetime | None:
        """Return when a lease given today must end: off line nobody hears that a right is over."""
        days = [day for day in (self.last_day, self.rights_last_day) if day]
        return end_of(min(days)) if days else None


def add_staff(
    connection: sa.Connection,
    municipality: str,
    people: Iterable[NewStaff],
    today: date,
    passwords: Passwords | None = None,
) -> None:
    """Keep the secrets of new members of staff; who they are is written into the register (``staff_rows``)."""
    hasher, day = passwords or Passwords(), today.isoformat()
    for person in people:
        mine = {"municipality": municipality, "staff_id": person.staff_id}
        line = {"password_hash": hasher.hashed(person.password), "password_set_on": day}
        connection.execute(sa.insert(storage.staff), [mine | line])
        put_factor(
            connection, municipality, person.staff_id, kind="totp", secret=person.totp_seed, today=today
        )


def clerk_of(connection: sa.Connection, municipality: str, staff_id: str, today: date) -> Clerk | None:
    """Return a member of staff with the rights in force on a day, or None."""
    standing = standing_of(connection, municipality, staff_id, today)
    return standing.clerk if standing else None


def standing_of(connection: sa.Connection, municipality: str, staff_id: str, today: date) -> Standing | None:
    """Return a member of staff in force on a day, or None: unknown, not yet, no longer, suspended."""
    member, secret = storage.rows["staff_member"], storage.staff
    query = sa.select(
        member.c.name, member.c.section, member.c.lent_by, member.c.until_day, member.c.secrets_since
    ).where(
        member.c.municipality == municipality,
        member.c.staff_id == staff_id,
        secret.c.municipality == member.c.municipality,
        secret.c.staff_id == member.c.staff_id,
        secret.c.suspended_since.is_(None),
        _in_force(member, today),
    )
    person = connection.execute(query).one_or_none()
    held = held_rights(connection, municipality, staff_id, today)  # also for nobody: the same work for any id
    by_item, by_block = grants_by_name(connection, municipality)
    if person is None:
        return None
    last = {right: _last([one for one in held if one.right == right]) for right in {o.right for o in held}}
    ends = [day for day in last.values() if day]
    clerk = Clerk(
        staff_id,
        person.name,
        person.section or "",
        frozenset(last),
        by_item,
        by_block,
        secrets_since=person.secrets_since,
    )
    return Standing(clerk, _day(person.until_day), date.fromisoformat(min(ends)) if ends else None)


def held(rights: Iterable[str], *, by_item: bool, by_block: bool) -> frozenset[str]:
    """Return rights with those that come with another, in a town that does not grant them one by one.

    Items come with looking up, but not to one who receives (窓口業務の委託): what they need is granted by name. Acts on
    blocks come with being in charge of some.
    """
    own = frozenset(rights)
    items = frozenset() if by_item or "view" not in own or "receive" in own else frozenset(ITEMS)
    acts = frozenset() if by_block or not own & IN_CHARGE else frozenset(BLOCK_ACTS)
    return own | items | acts


def grants_by_name(connection: sa.Connection, municipality: str) -> tuple[bool, bool]:
    """Tell whether a town grants items one by one, and the acts on blocks."""
    town = storage.rows["town"]
    query = sa.select(town.c.rights_by_item, town.c.rights_by_block).where(
        town.c.municipality == municipality, town.c.code == municipality
    )
    found = connection.execute(query).one_or_none()
    return (bool(found.rights_by_item), bool(found.rights_by_block)) if found else (False, False)


def held_rights(
    connection: sa.Connection, municipality: str, staff_id: str, today: date
) -> tuple[HeldRight, ...]:
    """Return a person's grants in force on a day, with where they come from.

    What is granted to a section does not reach somebody lent: those grants were decided for the town's own staff, and
    what a person of another town may see here is decided for the person.
    """
    member, grant = storage.rows["staff_member"], storage.rows["right_grant"]
    section = sa.select(member.c.section).where(
        member.c.municipality == municipality, member.c.staff_id == staff_id, member.c.lent_by.is_(None)
    )
    found = connection.execute(
        sa.select(grant)
        .where(
            grant.c.municipality == municipality,
            sa.or_(
                grant.c.staff_id == staff_id,
                sa.and_(grant.c.staff_id.is_(None), grant.c.section == section.scalar_subquery()),
            ),
            _in_force(grant, today),
        )
        .order_by(grant.c.right, grant.c.grant_id)
    )
    return tuple(
        HeldRight(
            line.right,
            line.grant_id,
            "section" if line.staff_id is None else "person",
            line.from_day,
            line.until_day,
        )
        for line in found
    )


def _in_force(table: sa.Table, day: date) -> sa.ColumnElement[bool]:
    written = day.isoformat()
    return sa.and_(
        sa.or_(table.c.from_day.is_(None), table.c.from_day <= written),
        sa.or_(table.c.until_day.is_(None), table.c.until_day >= written),
    )


def _last(grants: list[HeldRight]) -> str | None:
    """Return the last day of the grant that lasts longest, None where one has no end."""
    days = [one.until_day for one in grants]
    return None if None in days else max(str(day) for day in days)


def _day(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None

"""Who may enter the back office: both factors as at a counter, the right ``office``, and a session of its pages."""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa

from cloud import database, storage
from cloud.clock import Now, day_in_tokyo, read_stamp, stamp
from cloud.factors.desk import Proof
from cloud.lockouts import OFFICE
from cloud.office.reading import RIGHT, SHIEN_RIGHT, is_of_measures
from cloud.staff import ITEMS, Clerk, clerk_of, held
from cloud.tenant import Tenant

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=8)
_NONCE = 16  # hexadecimal digits
_SEEN_EVERY = timedelta(seconds=30)  # a page more or less is no reason to write


@dataclass(frozen=True, slots=True)
class Officer:
    """A member of staff who may work in the back office today."""

    staff_id: str
    name: str
    section: str
    rights: frozenset[str]  # all items and acts on blocks too, where the town does not give them one by one

    def may_read(self, kind: str) -> bool:
        """Tell whether what a request of a kind says, and what lies beside it, is for this person [STD j440]."""
        return not is_of_measures(kind) or SHIEN_RIGHT in self.rights


def sign_in(tenant: Tenant, staff_id: str, password: str, code: str, browser: str = "") -> Officer | None:
    """Check both factors (a problem says no, or to wait); None without the right to the office.

    Wrong ones are counted apart for each browser that signed this person in before, told by what it was given then.
    """
    place = OFFICE
    known = known_browser(tenant, staff_id, browser[:_NONCE])
    if hmac.compare_digest(known.encode(), browser.encode("utf-8", "replace")):
        place = f"{OFFICE}:{browser[:_NONCE]}"
    opened = tenant.sign_in.open(place, staff_id, password, Proof("totp", code))
    tenant.sessions.close(place, opened.token.value)  # a session of the wire is not what pages need
    return _officer(opened.clerk)


def known_browser(tenant: Tenant, staff_id: str, nonce: str = "") -> str:
    """Return what a browser keeps in which somebody has signed in: it opens nothing, and cannot be made up."""
    nonce = nonce or secrets.token_hex(_NONCE // 2)
    words = f"madoguchi-office-browser\0{tenant.municipality}\0{staff_id}\0{nonce}"
    return nonce + hmac.digest(tenant.keys.office_token.encode(), words.encode(), "sha256").hex()


def officer_of(tenant: Tenant, staff_id: str) -> Officer | None:
    """Return a member of staff who may work in the office today, or None."""
    with tenant.register.reading() as connection:
        clerk = clerk_of(connection, tenant.municipality, staff_id, day_in_tokyo(tenant.now()))
    return _officer(clerk) if clerk else None


def _officer(clerk: Clerk) -> Officer | None:
    items = frozenset() if clerk.by_item else frozenset(ITEMS)
    rights = items | held(clerk.rights, by_item=True, by_block=clerk.by_block)
    return Officer(clerk.staff_id, clerk.name, clerk.section, rights) if RIGHT in clerk.rights else None


@dataclass(frozen=True, slots=True)
class PageSession:
    """A browser in which somebody works in the office; the database knows the token's hash only."""

    officer: Officer
    token: str = field(repr=False)

    @property
    def csrf(self) -> str:
        """Return what every form of this session carries, and no other site can know."""
        return hmac.digest(self.token.encode(), b"madoguchi-office-form", "sha256").hex()

    def owns(self, csrf: str) -> bool:
        """Tell whether a form is of this session."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode())


class PageSessions:
    """The browsers signed in to one municipality's office."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._now: Now = tenant.now

    def open(self, officer: Officer) -> PageSession:
        """Begin a session; those that have ended are swept away."""
        token, now, table = secrets.token_urlsafe(32), self._now(), storage.office_session
        line = {
            "municipality": self._tenant.municipality,
            "token_hash": _hash(token),
            "staff_id": officer.staff_id,
            "made_at": stamp(now),
            "seen_at": stamp(now),
        }
        with database.writing(self._tenant.engine) as connection:
            ended = sa.or_(table.c.seen_at < stamp(now - IDLE), table.c.made_at < stamp(now - LONGEST))
            mine = table.c.municipality == self._tenant.municipality
            connection.execute(sa.delete(table).where(mine, ended))
            connection.execute(sa.insert(table), [line])
        return PageSession(officer, token)

    def session(self, token: str) -> PageSession | None:
        """Return whose session a token is; None where it ended, or the right was taken away since."""
        now, table = self._now(), storage.office_session
        query = sa.select(table.c.staff_id, table.c.made_at, table.c.seen_at).where(self._at(token))
        with database.reading(self._tenant.engine) as connection:
            found = connection.execute(query).one_or_none()
        if found is None or not _lasts(read_stamp(found.made_at), read_stamp(found.seen_at), now):
            return None
        officer = officer_of(self._tenant, found.staff_id)
        if officer is None:
            return None
        if now - read_stamp(found.seen_at) >= _SEEN_EVERY:
            with database.writing(self._tenant.engine) as connection:
                connection.execute(sa.update(table).where(self._at(token)).values(seen_at=stamp(now)))
        return PageSession(officer, token)

    def close(self, token: str) -> None:
        """End a session."""
        with database.writing(self._tenant.engine) as connection:
            connection.execute(sa.delete(storage.office_session).where(self._at(token)))

    def _at(self, token: str) -> sa.ColumnElement[bool]:
        table = storage.office_session
        return sa.and_(table.c.municipality == self._tenant.municipality, table.c.token_hash == _hash(token))


def _lasts(made_at: datetime, seen_at: datetime, now: datetime) -> bool:
    return now - seen_at < IDLE and now - made_at < LONGEST


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8")).hexdigest()

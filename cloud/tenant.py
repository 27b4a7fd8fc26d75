"""One municipality in the cloud: its register, keys and desks, opened together on a data directory."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import sqlalchemy as sa

from cloud import database
from cloud.attachments import Attachments
from cloud.authority import Authority, open_authority
from cloud.clock import Now, day_in_tokyo, may_be_off, utc_now
from cloud.commands import Commands
from cloud.contract import Row
from cloud.enrolment import Terminals
from cloud.feeds import Feeds
from cloud.former_staff import take_in_former_staff
from cloud.founding import found, is_founded
from cloud.keys import TenantKeys, open_keys
from cloud.leases import Leases
from cloud.migrations import bring_up
from cloud.news import News
from cloud.office.decisions import Office
from cloud.office.quarantine_desk import QuarantineDesk
from cloud.orders import Orders
from cloud.passwords import Passwords
from cloud.peers import PeerLeases
from cloud.personnel import Personnel
from cloud.proof import Proofs
from cloud.register import Register
from cloud.revocations import RevocationList
from cloud.sessions import Sessions
from cloud.sign_in import SignInDesk
from cloud.sign_in_rules import DEFAULT_RULES, SignInRules
from cloud.snapshots import Snapshots
from cloud.staff import NewStaff, add_staff
from cloud.staff_rows import staff_rows
from cloud.terminal_states import TerminalStates


@dataclass(frozen=True, slots=True)
class Tenant:
    """Everything that answers for one municipality."""

    folder: Path
    engine: sa.Engine
    municipality: str
    keys: TenantKeys
    authority: Authority
    register: Register
    crl: RevocationList
    terminals: Terminals
    orders: Orders
    states: TerminalStates
    proofs: Proofs
    sign_in: SignInDesk
    sessions: Sessions
    personnel: Personnel
    feeds: Feeds
    news: News
    snapshots: Snapshots
    commands: Commands
    attachments: Attachments
    leases: Leases
    peers: PeerLeases
    office: Office
    quarantine: QuarantineDesk
    now: Now

    def is_office(self, token: str) -> bool:
        """Tell whether a token is the back office's own."""
        return secrets.compare_digest(token.encode(), self.keys.office_token.encode())

    def close(self) -> None:
        """Close the database."""
        self.engine.dispose()


def open_tenant(
    folder: Path,
    municipality: str,
    *,
    town: Callable[[], Iterable[tuple[str, Row]]],
    staff: Sequence[NewStaff] = (),
    rules: SignInRules = DEFAULT_RULES,
    url: str | None = None,
    engine: sa.Engine | None = None,
    now: Now = utc_now,
    progress: Callable[[str], None] = lambda _: None,
) -> Tenant:
    """Open a municipality, founding it from ``town`` and ``staff`` where the database does not know it.

    ``engine`` is a database many share, brought up already; without it the town has one of its own, by ``url``.
    """
    now = may_be_off(now)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = open_keys(folder / "keys", now())
    authority = open_authority(folder / "keys", f"Madoguchi {municipality}", now())
    if engine is None:
        engine = database.open_engine(url or f"sqlite:///{folder / 'cloud.db'}")
        bring_up(engine)
    register = Register(engine, municipality, keys.digest, now)
    if not is_founded(engine, municipality):
        _found(
            register,
            town=town,
            people=tuple(staff),
            passwords=Passwords(rules),
            now=now,
            progress=progress,
        )
    take_in_former_staff(register, now)
    return _joined(folder, register, keys, authority, rules=rules, now=now)


def _joined(
    folder: Path,
    register: Register,
    keys: TenantKeys,
    authority: Authority,
    *,
    rules: SignInRules,
    now: Now,
) -> Tenant:
    """Join the desks of a municipality that is founded."""
    engine, municipality = register.engine, register.municipality
    crl = RevocationList(register, authority, folder, now)
    crl.refresh()
    terminals = Terminals(register, authority, crl, now)
    feeds = Feeds(register, keys, now)
    commands, leases = Commands(register, keys, now), Leases(register, now)
    return Tenant(
        folder=folder,
        engine=engine,
        municipality=municipality,
        keys=keys,
        authority=authority,
        register=register,
        crl=crl,
        terminals=terminals,
        orders=Orders(register, keys, now),
        states=TerminalStates(register, now),
        proofs=Proofs(terminals, now),
        sign_in=SignInDesk(engine, municipality, now, rules),
        sessions=Sessions(engine, municipality, now, rules),
        personnel=Personnel(register, now, rules),
        feeds=feeds,
        news=News(feeds.heads),
        snapshots=Snapshots(register, keys, folder / "snapshots", now),
        commands=commands,
        attachments=Attachments(register, keys, now),
        leases=leases,
        peers=PeerLeases(municipality, keys, now),
        office=Office(register, leases, now),
        quarantine=QuarantineDesk(register, keys, commands, now),
        now=now,
    )


def _found(
    register: Register,
    *,
    town: Callable[[], Iterable[tuple[str, Row]]],
    people: tuple[NewStaff, ...],
    passwords: Passwords,
    now: Now,
    progress: Callable[[str], None],
) -> None:
    """Fill the register with the town and its staff, whose secrets are kept beside it, in one transaction."""
    today = day_in_tokyo(now())

    def keep_secrets(connection: sa.Connection) -> None:
        add_staff(connection, register.municipality, people, today, passwords)

    found(register, chain(town(), staff_rows(people, today)), now, progress, keep_secrets)

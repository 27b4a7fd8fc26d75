"""One municipality in the cloud: its register, keys and desks, opened together on a data directory."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from cloud import storage
from cloud.authority import Authority, open_authority
from cloud.clock import Now, day_in_tokyo, utc_now
from cloud.commands import Commands
from cloud.contract import Row
from cloud.enrolment import Terminals
from cloud.feeds import Feeds
from cloud.founding import found, is_founded
from cloud.keys import TenantKeys, open_keys
from cloud.office.decisions import Office
from cloud.proof import Proofs
from cloud.register import Register
from cloud.sessions import Sessions
from cloud.snapshots import Snapshots
from cloud.staff import NewStaff, add_staff


@dataclass(frozen=True, slots=True)
class Tenant:
    """Everything that answers for one municipality."""

    folder: Path
    engine: sa.Engine
    municipality: str
    keys: TenantKeys
    authority: Authority
    register: Register
    terminals: Terminals
    proofs: Proofs
    sessions: Sessions
    feeds: Feeds
    snapshots: Snapshots
    commands: Commands
    office: Office
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
    staff: Iterable[NewStaff] = (),
    url: str | None = None,
    now: Now = utc_now,
    progress: Callable[[str], None] = lambda _: None,
) -> Tenant:
    """Open a municipality, founding it from ``town`` and ``staff`` where the database does not know it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = open_keys(folder / "keys", now())
    authority = open_authority(folder / "keys", f"Madoguchi {municipality}", now())
    engine = storage.open_engine(url or f"sqlite:///{folder / 'cloud.db'}")
    register = Register(engine, municipality, keys.digest, now)
    if not is_founded(engine, municipality):
        found(
            register,
            town(),
            now,
            progress,
            lambda connection: add_staff(connection, municipality, staff, day_in_tokyo(now())),
        )
    terminals = Terminals(register, authority, now)
    return Tenant(
        folder=folder,
        engine=engine,
        municipality=municipality,
        keys=keys,
        authority=authority,
        register=register,
        terminals=terminals,
        proofs=Proofs(terminals, now),
        sessions=Sessions(engine, municipality, now),
        feeds=Feeds(register, keys, now),
        snapshots=Snapshots(register, keys, folder / "snapshots", now),
        commands=Commands(register, keys, now),
        office=Office(register, now),
        now=now,
    )

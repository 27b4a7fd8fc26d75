"""The municipalities one cloud serves: one database, a folder of keys each, and nothing in common beyond the door.

DIR/cloud.db            every town's rows, where no PostgreSQL is named
DIR/keys/               the authority and certificate the server itself is known by
DIR/towns/CODE/keys/    what one town signs, seals and opens with
DIR/towns/CODE/…        its snapshots, and sign_in.toml where it has rules of sign-in of its own
"""

import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from threading import Lock

import sqlalchemy as sa

from cloud import database, storage
from cloud.authority import Authority, open_authority
from cloud.clock import Now, may_be_off, utc_now
from cloud.contract import Row
from cloud.founding import is_founded
from cloud.keys import secret, write_private
from cloud.migrations import bring_up
from cloud.sign_in_rules import read_rules
from cloud.staff import NewStaff
from cloud.tenant import Tenant, open_tenant

URL = "MADOGUCHI_CLOUD_URL"  # names the database where nothing else does
CODE = re.compile(r"[0-9]{6}")
_OF_A_TOWN = (
    "feed-*.key",
    "command-*.key",
    "digest.key",
    "chunk.key",
    "office.key",
)  # in DIR/keys up to version 0.1.0


class Tenants:
    """The towns of a data directory, opened as they are asked for."""

    def __init__(self, folder: Path, url: str | None = None, now: Now = utc_now) -> None:
        self.folder = folder
        self.now = may_be_off(now)
        self._clock = now
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        url = url or os.environ.get(URL) or f"sqlite:///{folder / 'cloud.db'}"
        self.engine = database.open_engine(url)
        bring_up(self.engine)
        (folder / "keys").mkdir(exist_ok=True, mode=0o700)
        self._operator_token = secret(folder / "keys" / "operator.key").hex()
        self._settle_one_town()
        self._open: dict[str, Tenant] = {}
        self._opening = Lock()

    def is_operator(self, token: str) -> bool:
        """Tell whether a token is that of those who run the cloud (DIR/keys/operator.key, in hex)."""
        return secrets.compare_digest(token.encode(), self._operator_token.encode())

    @property
    def authority(self) -> Authority:
        """Return what the server's own certificate is signed by."""
        return open_authority(self.folder / "keys", "Madoguchi cloud", self.now())

    def folder_of(self, municipality: str) -> Path:
        """Return where a town's keys and snapshots are kept."""
        return self.folder / "towns" / municipality

    def codes(self) -> list[str]:
        """Return the codes of all towns here."""
        with database.reading(self.engine) as connection:
            query = sa.select(storage.tenant.c.municipality).order_by(storage.tenant.c.municipality)
            return list(connection.execute(query).scalars())

    def open(
        self,
        municipality: str,
        *,
        town: Callable[[], Iterable[tuple[str, Row]]],
        staff: Sequence[NewStaff] = (),
        progress: Callable[[str], None] = lambda _: None,
    ) -> Tenant:
        """Open a town, founding it where the database does not know it; ValueError where the code is none."""
        if not CODE.fullmatch(municipality):
            raise ValueError("a municipality has a code of six digits")
        with self._opening:
            if municipality not in self._open:  # once: what a town remembers of proofs is in one place
                self._open[municipality] = open_tenant(
                    self.folder_of(municipality),
                    municipality,
                    town=town,
                    staff=staff,
                    rules=read_rules(self.folder_of(municipality) / "sign_in.toml"),
                    engine=self.engine,
                    now=self._clock,
                    progress=progress,
                )
            return self._open[municipality]

    def of(self, municipality: str) -> Tenant | None:
        """Return a town that is served here, or None; it is opened at the first call for it."""
        found = self._open.get(municipality)
        if found is not None or not self._is_here(municipality):
            return found
        return self.open(municipality, town=lambda: ())

    def _is_here(self, municipality: str) -> bool:
        named = CODE.fullmatch(municipality) and self.folder_of(municipality).exists()
        return bool(named) and is_founded(self.engine, municipality)

    def sole(self) -> Tenant | None:
        """Return the town where only one is open; None where there are several, or none."""
        return next(iter(self._open.values())) if len(self._open) == 1 else None

    def open_all(self) -> None:
        """Open every town of the database."""
        for code in self.codes():
            self.of(code)

    def __iter__(self) -> Iterator[Tenant]:
        """Iterate over the towns opened so far."""
        return iter(list(self._open.values()))

    def close(self) -> None:
        """Close the database."""
        self.engine.dispose()

    def _settle_one_town(self) -> None:
        """Give the one town of a directory of version 0.1.0 a folder of its own; its authority stays the server's too."""
        keys = self.folder / "keys"
        old = [path for pattern in _OF_A_TOWN for path in keys.glob(pattern)]
        codes = self.codes()
        if not old or len(codes) != 1:
            return
        home = self.folder_of(codes[0])
        if any((home / "keys" / path.name).exists() for path in old):
            return  # of a founding that never came to its end: the town here has keys of its own
        (home / "keys").mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("ca.key", "ca.pem"):
            write_private(home / "keys" / name, (keys / name).read_bytes())
        if (self.folder / "snapshots").exists():
            (self.folder / "snapshots").replace(home / "snapshots")
        for path in old:
            path.replace(home / "keys" / path.name)

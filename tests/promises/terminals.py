"""Terminals on this PC, opened through the program's own doors; the clouds behind them run in this process."""

import hashlib
import itertools
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

import ui.doors
from client.api.auth import Sessions
from client.api.commands import CommandBox
from client.api.http import Http
from client.config import Config
from client.domain.certificate import IssuedCopy
from client.domain.clerk import SignIn
from client.domain.terminal import TerminalFacts
from client.jobs.ports import StoreKeys
from client.jobs.send_outbox import SendOutbox, SendReport
from client.rules import totp
from cloud import storage
from cloud.app import create_app
from cloud.staff import RIGHTS, NewStaff
from cloud.tenant import Tenant, open_tenant
from tests.api.small_cloud import PASSWORD, SEED, Row
from tests.cloud.cloud_builders import QUICK
from tests.fakes import MemoryLink
from tests.store_builders import MemoryKeyring, an_issue

Rows = list[tuple[str, Row]]
STAFF = [NewStaff(f"s{number:03d}", "山﨑　美咲", "市民課", RIGHTS, PASSWORD, SEED) for number in range(1, 7)]


class Site:
    """A municipality's cloud."""

    def __init__(
        self,
        folder: Path,
        rows: Rows,
        url: str = "https://cloud.example",
        rights: tuple[str, ...] = RIGHTS,
    ) -> None:
        code = next(str(row["code"]) for table, row in rows if table == "town")
        self.url = url
        staff = [replace(one, rights=rights) for one in STAFF]
        self.tenant: Tenant = open_tenant(folder, code, town=lambda: rows, staff=staff, rules=QUICK)
        self.app = create_app(self.tenant, training=True)
        self._next_clerk = itertools.count(1)

    def clerk(self) -> str:
        """Return somebody who has not signed in yet: a code is good only once."""
        return f"s{next(self._next_clerk):03d}"

    def token_file(self, folder: Path) -> Path:
        """Write a one-time token for a new terminal."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "token"
        path.write_text(self.tenant.terminals.new_token(), "utf-8")
        return path

    def count(self, table: sa.Table) -> int:
        """Return how many rows a table has."""
        with self.tenant.engine.connect() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()

    def everything(self) -> dict[str, list[str]]:
        """Return every row of every table."""
        with self.tenant.engine.connect() as connection:
            return {
                table.name: sorted(str(tuple(row)) for row in connection.execute(sa.select(table)))
                for table in storage.metadata.sorted_tables
            }


@dataclass
class PC:
    """One PC: its keyring, and the way from it to the clouds."""

    sites: tuple[Site, ...]
    ring: MemoryKeyring = field(default_factory=MemoryKeyring)

    def plug_in(self, patched: pytest.MonkeyPatch) -> None:
        """Let the program's doors find this keyring and these clouds."""
        patched.setattr("offline.store.keys.system_backend", lambda: self.ring)
        patched.setattr("ui.doors.http_of", self._http)

    def _http(self, config: Config, facts: TerminalFacts | None) -> Http:
        url = config.cloud_url or (facts.cloud_url if facts else "")
        site = next(site for site in self.sites if site.url == url)
        return Http(url, None, now=ui.doors.utc_now, transport=httpx.ASGITransport(app=site.app))


@dataclass
class Terminal:
    """An open terminal and who is signed in at it."""

    doors: ui.doors.Doors
    keys: StoreKeys
    sign_in: SignIn
    link: MemoryLink = field(default_factory=MemoryLink)

    async def issue(self, times: int = 1) -> list[IssuedCopy]:
        """Take numbers, as papers do."""
        ledger = self.doors.stores.ledger
        return [await ledger.issue(an_issue(), actor="s001", clock_offset_ms=0) for _ in range(times)]

    async def send(self) -> None:
        """Send what waits; all of it is heard."""
        report = await self.drain()
        assert report.trouble is None

    async def drain(self) -> SendReport:
        """Send what waits, and return how it went."""
        box = CommandBox(self.doors.http, self.doors.facts.terminal_no)
        ledger = self.doors.stores.ledger
        return await SendOutbox(box, ledger, self.link, now=ui.doors.utc_now, jitter=lambda: 0.5).drain()


async def open_terminal(stack: AsyncExitStack, config: Config, site: Site) -> Terminal:
    """Open a terminal's doors and stores, enrolled first where it is not yet; the stack shuts them."""
    doors = await ui.doors.open_doors(stack, config)
    clerk, now = site.clerk(), ui.doors.utc_now()
    code = totp.code(SEED, totp.step_of(now))
    told = await Sessions(doors.http, now=ui.doors.utc_now).sign_in(clerk, PASSWORD, code)
    unlocked = await doors.vault.admit(told, PASSWORD, now=now)
    stack.push_async_callback(doors.stores.close)
    await doors.stores.open(unlocked.keys, seen=told.seen)
    return Terminal(doors, unlocked.keys, told.sign_in)


def config_in(folder: Path, site: Site, **more: object) -> Config:
    """Return the settings of a terminal with its files in a folder."""
    return Config(
        data_dir=folder,
        cloud_url=site.url,
        enrolment_token_file=str(site.token_file(folder)),
        **more,  # type: ignore[arg-type]  # settings by name
    )


def files_in(folder: Path) -> dict[str, str]:
    """Return every file below a folder with the hash of what is in it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }

"""A terminal without windows at a real cloud: its ledger on disk, its sender over real TLS, and faults by order."""

import asyncio
import json
import os
import sqlite3
import ssl
import subprocess
import sys
import urllib.request
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from client.api.commands import CommandBox
from client.api.enrolment import EnrolmentDesk
from client.api.http import Http
from client.domain.attachment import Attachment
from client.domain.certificate import SheetState
from client.domain.change import ChangeKind, NewChange, change_key
from client.domain.resident import AtenaNo
from client.domain.terminal import facts_of
from client.jobs.send_outbox import SendOutbox
from client.jobs.settle_change import SettleChange
from offline.store.identity import TerminalIdentity, signing_request
from offline.store.ledger import LedgerFile
from tests.fakes import MemoryLink
from tests.journeys.training_cloud import TrainingCloud
from tests.store_builders import an_issue

KEY = b"l" * 32
FAULTS = ("lost_answer", "answer_twice", "cut_midway", "busy")


class Town:
    """The real cloud, its faults, and a look into its book."""

    def __init__(self, folder: Path) -> None:
        self.cloud = TrainingCloud(folder, residents=300)
        asyncio.run(self.cloud.start())
        self._tokens = list(self.cloud.ready["enrolment_tokens"])

    def token(self) -> str:
        """Return a token nobody has used."""
        if not self._tokens:
            words = [sys.executable, "-P", "-m", "cloud", "token", "--data", str(self.cloud.data)]
            made = subprocess.run(words, capture_output=True, text=True, check=True).stdout
            self._tokens = [made.split()[-1]]
        return str(self._tokens.pop())

    def again(self) -> None:
        """Kill it and start it on the same data."""
        self.cloud.kill()
        asyncio.run(self.cloud.start())

    def plan(self, kind: str, times: int = 1, path: str = "/v1/commands", **more: object) -> None:
        """Let a fault befall the next batches, or calls of another kind; 0 times is until it is taken back."""
        told = {"kind": kind, "path": path, "times": times, "delay_ms": 50, **more}
        body = json.dumps(told).encode()
        self._control("POST", body)

    def calm(self) -> None:
        """Take back the faults that no batch has met."""
        self._control("DELETE", None)

    def _control(self, method: str, body: bytes | None) -> None:
        trust = ssl.create_default_context(cafile=self.cloud.ready["ca_file"])
        url = self.cloud.ready["url"] + "/training/v1/faults"
        call = urllib.request.Request(url, body, method=method)  # noqa: S310 our own
        call.add_header("Content-Type", "application/json")
        urllib.request.urlopen(call, timeout=10, context=trust).close()  # noqa: S310 our own https

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Return rows of its database."""
        with closing(sqlite3.connect(f"file:{self.cloud.database}?mode=ro", uri=True)) as base:
            base.row_factory = sqlite3.Row
            return [dict(row) for row in base.execute(query, values)]

    def households(self) -> list[list[tuple[str, int]]]:
        """Return households of the register: who lives there, each with the present version."""
        found: dict[str, list[tuple[str, int]]] = {}
        for row in self.rows("SELECT * FROM resident_index WHERE status = 'resident' ORDER BY household_no"):
            found.setdefault(row["household_no"], []).append((row["atena_no"], row["history_no"]))
        return list(found.values())


class Terminal:
    """One terminal: what it wrote down, and how it sends."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town = town
        self.folder = folder
        self.ahead = timedelta(0)
        self.off = 0  # seconds the PC's clock is wrong by
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.keys: list[str] = []
        self.moves: list[str] = []
        self.numbers: list[str] = []

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.off)

    async def open(self) -> "Terminal":
        """Enrol, and open the ledger."""
        ready = self.town.cloud.ready
        self.http = Http(ready["url"], None, now=self.now, ca_file=ready["ca_file"])
        desk = EnrolmentDesk(self.http)
        enrolled = await desk.enrol(self.town.token(), signing_request(self.key), "本庁1")
        identity = TerminalIdentity(enrolled.terminal_no, self.key)
        await desk.leave(b"sealed keys", identity)
        self.http.identity = identity
        self.facts = facts_of(enrolled, ready["url"])
        self.folder.mkdir(exist_ok=True)
        self.ledger = LedgerFile(self.folder, self.facts, self.now, identity.sign)
        await self.ledger.open(KEY, begun=False)
        self.box = CommandBox(self.http, self.facts.terminal_no)
        self.sender = self.new_sender()
        self.settle = SettleChange(
            self.box, self.ledger, now=self.now, random=os.urandom, clock_offset_ms=lambda: 0
        )
        return self

    def new_sender(self) -> SendOutbox:
        """Return a sender whose back-off passes without waiting."""
        return SendOutbox(
            self.box, self.ledger, MemoryLink(), now=lambda: self.now() + self.ahead, jitter=lambda: 0.5
        )

    async def restart(self) -> None:
        """Lose what only a running program knows."""
        await self.ledger.close()
        await self.ledger.open(KEY, begun=True)
        self.sender = self.new_sender()

    async def close(self) -> None:
        await self.ledger.close()
        await self.http.close()

    async def issue(self) -> None:
        """Write an issue and its hand-over down: three facts."""
        copy = await self.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
        await self.ledger.note_sheet(copy.serial, SheetState.PRINTED, actor="s001")
        await self.ledger.note_sheet(copy.serial, SheetState.HANDED_OVER, actor="s001")
        self.numbers.append(copy.serial.key)

    async def move(
        self,
        household: list[tuple[str, int]],
        *,
        base: int = 0,
        key: str = "",
        filer: str = "self",
        beside: tuple[Attachment, ...] = (),
    ) -> str:
        """Take in a 転居届; ``base`` makes it one on a version that is not the present one."""
        today = datetime.now(UTC) + timedelta(hours=9)
        banchi = f"{len(self.moves) + 1}番{self.facts.terminal_no[-3:]}号"
        change = NewChange(
            key=key or (beside[0].command_key if beside else change_key(self.now(), os.urandom(10))),
            kind=ChangeKind.TENKYO,
            residents=tuple(AtenaNo(who) for who, _ in household),
            base={AtenaNo(who): version + base for who, version in household},
            payload={
                "subject": household[0][0],
                "members": [who for who, _ in household],
                "ido_date": today.date().isoformat(),
                "todoke_date": today.date().isoformat(),
                "to": {"town": "みどり県あおぞら市本町二丁目", "banchi": banchi},
                "filer": filer,
                "whole_household": True,
            },
            made_at=self.now(),
            made_by="s001",
            todoke_date=today.date(),
            attachments=beside,
        )
        await self.ledger.queue(change)
        self.moves.append(banchi)
        return change.key

    async def drain(self, rounds: int = 1) -> None:
        """Send what can be sent, letting back-offs pass."""
        for _ in range(rounds):
            await self.sender.drain()
            self.ahead += timedelta(minutes=2)

    def arrived(self) -> Counter[str]:
        """Return how often each thing of this terminal stands in the cloud's book."""
        mine = self.facts.terminal_no
        book: Counter[str] = Counter()
        for table in ("issue_book", "fee_book", "sheet_event"):
            for row in self.town.rows(f"SELECT serial_key FROM {table} WHERE terminal = ?", mine):  # noqa: S608 names of our own
                book[f"{table} {row['serial_key']}"] += 1
        for row in self.town.rows("SELECT payload FROM intake_case WHERE terminal = ?", mine):
            book[f"intake {json.loads(row['payload'])['to']['banchi']}"] += 1
        for row in self.town.rows("SELECT reason FROM quarantine WHERE terminal = ?", mine):
            book[f"quarantine {row['reason']}"] += 1
        return book

    def wanted(self) -> Counter[str]:
        """Return what has to stand there: everything once."""
        tables = ("issue_book", "fee_book", "sheet_event")
        return Counter(
            [f"{table} {number}" for table in tables for number in self.numbers]
            + [f"intake {banchi}" for banchi in self.moves]
        )

"""``outbox.*``: what it costs to write a change down, and how fast ten thousand of them arrive, each once.

    python -P tests/bench/outbox.py [--changes 10000] [--commits 400] [--thin 300] [--quick] [--json]

A commit (sealed, signed, chained, mark beside it) is timed side by side with a bare 4 kB write and ``fdatasync`` into a file
of the same folder, turn by turn. The drain goes over TLS to the cloud on a PostgreSQL that waits for the disk; then a
thousand are sent once more as if their answers had been lost, and the books are counted. The thin line is the one of
tests/net/line.py, which needs root; cloud and terminal stand on two hosts there.
"""
# ruff: noqa: E402 -- found only through the path that is set here

import argparse
import asyncio
import os
import secrets
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from cryptography.hazmat.primitives.asymmetric import ec

from client.api.commands import CommandBox
from client.api.enrolment import EnrolmentDesk
from client.api.http import Http
from client.domain.certificate import SerialNo
from client.domain.change import ChangeKind, ChangeState, NewChange, change_key
from client.domain.terminal import TerminalFacts, facts_of
from client.jobs.carry_outbox import OpenLine
from client.jobs.send_outbox import SendOutbox
from offline.store import book, outbox, sheets
from offline.store.identity import TerminalIdentity, signing_request
from offline.store.ledger import LedgerFile
from tests.bench import cloud_load
from tests.bench._figures import Figure, tell
from tests.bench._town import Office, founded, now, served
from tests.cloud import postgres
from tests.net.line import FAR, MOBILE, NEAR, THIN, Line, why_not
from tests.store_builders import an_issue

CHANGES, QUICK_CHANGES = 10_000, 3_000
COMMITS, QUICK_COMMITS = 400, 100
OVER_THIN, QUICK_THIN = 300, 150
AGAIN = 1_000
RATIO, PER_S = 3.0, 1_000.0
PAGE = 4096
PATIENCE_S = 600
KEY = b"l" * 32


@dataclass
class Terminal:
    """A terminal with a ledger on disk and a line."""

    http: Http
    facts: TerminalFacts
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    ledger: LedgerFile
    made: int = 0

    @classmethod
    async def enrolled(cls, ready: Mapping[str, Any], token: str, folder: Path) -> "Terminal":
        """Enrol, and open a ledger."""
        http = Http(str(ready["url"]), None, now=now, ca_file=str(ready["ca_file"]))
        key = ec.generate_private_key(ec.SECP256R1())
        told = await EnrolmentDesk(http).enrol(token, signing_request(key), "bench")
        http.identity = identity = TerminalIdentity(told.terminal_no, key)
        facts = facts_of(told, str(ready["url"]))
        folder.mkdir()
        ledger = LedgerFile(folder, facts, now, identity.sign)
        await ledger.open(KEY, begun=False)
        return cls(http, facts, key, ledger)

    def fact(self) -> NewChange:
        """Return an issue that happened, with a number of its own."""
        self.made += 1
        draft = an_issue()
        serial = SerialNo(
            draft.day, self.facts.municipality_name, self.facts.terminal_no, draft.printer, self.made
        )
        at = now()
        return NewChange(
            key=change_key(at, secrets.token_bytes(10)),
            kind=ChangeKind.ISSUED,
            residents=draft.request.members,
            base={},
            payload={**sheets.issue_payload(draft, serial), "commit_no": self.made},
            made_at=at,
            made_by="s001",
        )

    async def fill(self, count: int) -> None:
        """Write many down in one commit: how they came there is measured elsewhere."""
        envelope = outbox.Envelope(
            self.facts.command_keys,
            self.facts.terminal_no,
            TerminalIdentity(self.facts.terminal_no, self.key).sign,
        )
        place = book.Place(self.facts, envelope)

        def write(connection: sqlite3.Connection) -> None:
            for _ in range(count):
                book.queue(connection, place, self.fact(), now())

        await self.ledger._commit(write)

    async def drain(self) -> float:
        """Send all that waits; returns the seconds it took."""
        box = CommandBox(self.http, self.facts.terminal_no)
        sender = SendOutbox(box, self.ledger, OpenLine(), now=now, jitter=lambda: 0.0)
        began = time.perf_counter()
        while (await sender.drain()).trouble is not None or (await self.ledger.outbox_counts()).waiting:
            if time.perf_counter() - began > PATIENCE_S:
                raise SystemExit("the outbox does not drain")
            await asyncio.sleep(0.2)
        return time.perf_counter() - began

    async def forget_answers(self, count: int) -> None:
        """Let some be unknown again, as if their answers had been lost."""
        await self.ledger._commit(
            lambda c: c.execute(
                "UPDATE outbox SET state = ?, attempts = 0 WHERE seq <= ?", (ChangeState.UNKNOWN.value, count)
            )
        )

    async def close(self) -> None:
        """Close ledger and line."""
        await self.ledger.close()
        await self.http.close()


async def commits(terminal: Terminal, folder: Path, count: int) -> list[Figure]:
    """Write changes down, each beside a bare write to the same disk."""
    bare, ours = list[float](), list[float]()
    handle = os.open(folder / "bare", os.O_RDWR | os.O_CREAT)
    os.pwrite(handle, bytes(PAGE), 0)
    os.fsync(handle)
    for number in range(count):
        began = time.perf_counter()
        os.pwrite(handle, number.to_bytes(8) * (PAGE // 8), 0)
        os.fdatasync(handle)
        bare.append(time.perf_counter() - began)
        change = terminal.fact()
        began = time.perf_counter()
        await terminal.ledger.queue(change)
        ours.append(time.perf_counter() - began)
    os.close(handle)
    scale, half = f"median of {count}, turn by turn", statistics.median
    return [
        Figure("outbox.fdatasync_ms", half(bare) * 1000, scale),
        Figure("outbox.commit_ms", half(ours) * 1000, scale),
        Figure("outbox.commit_ratio_fdatasync", half(ours) / half(bare), scale, RATIO),
    ]


async def arrived(terminal: Terminal, count: int, once: Callable[[], tuple[int, int]]) -> tuple[float, bool]:
    """Drain, send some again, and count; returns the seconds of the first drain and whether each stands there once."""
    seconds = await terminal.drain()
    await terminal.forget_answers(min(AGAIN, count))
    await terminal.drain()
    return seconds, once() == (count, count)


def to_postgresql(chosen: argparse.Namespace, folder: Path) -> list[Figure]:
    """Measure commits, and the drain to the cloud on PostgreSQL."""
    with postgres.running(durable=True) as server, server.database() as url:
        (folder / "cloud").mkdir()
        cloud_load.enrolled(folder / "cloud", url, chosen.residents, 0)
        with cloud_load.served(folder / "cloud", url) as (ready, _):

            def once() -> tuple[int, int]:
                distinct = cloud_load.counted(url, "SELECT count(DISTINCT serial_key) FROM issue_book")
                return cloud_load.counted(url, cloud_load.IN_BOOK), distinct

            async def play() -> list[Figure]:
                token = str(ready["enrolment_tokens"][0])  # type: ignore[index]  # of what the ready file says
                terminal = await Terminal.enrolled(ready, token, folder / "pc")
                found = await commits(terminal, folder / "pc", chosen.commits)
                await terminal.fill(chosen.changes - chosen.commits)
                seconds, whole = await arrived(terminal, chosen.changes, once)
                await terminal.close()
                scale = f"{chosen.changes:,} facts over TLS to PostgreSQL, durable, on loopback"
                per_s = chosen.changes / seconds
                return [
                    *found,
                    Figure("outbox.drain_per_s", per_s, scale, PER_S, better="higher"),
                    Figure(
                        "outbox.exactly_once", float(whole), f"{scale}, {AGAIN:,} twice", 1, better="higher"
                    ),
                ]

            return asyncio.run(play())


def over_a_line(chosen: argparse.Namespace, folder: Path) -> list[Figure]:
    """Measure the drain over a slow, far and lossy line."""
    profile, count = MOBILE if chosen.quick else THIN, chosen.thin
    with Line(profile) as line:
        founded(folder / "far", 200)
        office = Office(folder / "far")
        token, database = office.tokens(1)[0], str(office.tenant.engine.url.database)
        with served(folder / "far", line.prefix(FAR), line.addresses[FAR]) as ready, line.here(NEAR):

            def once() -> tuple[int, int]:
                with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as base:
                    row = base.execute(
                        "SELECT count(*), count(DISTINCT serial_key) FROM issue_book"
                    ).fetchone()
                return int(row[0]), int(row[1])

            async def play() -> list[Figure]:
                terminal = await Terminal.enrolled(ready, token, folder / "near")
                await terminal.fill(count)
                before = line.told().bytes
                seconds = await terminal.drain()
                sent = (line.told().bytes - before) / count
                await terminal.forget_answers(count // 10)
                await terminal.drain()
                await terminal.close()
                scale, name = f"{count:,} facts; {profile.name}", "mobile" if chosen.quick else "thin"
                whole = float(once() == (count, count))
                return [
                    Figure(f"outbox.{name}_per_s", count / seconds, scale, better="higher"),
                    Figure(f"outbox.{name}_bytes_each", sent, scale),
                    Figure(f"outbox.{name}_exactly_once", whole, scale, 1, better="higher"),
                ]

            found = asyncio.run(play())
        office.close()
    return found


def options() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--changes", type=int, default=CHANGES)
    parser.add_argument("--commits", type=int, default=COMMITS)
    parser.add_argument("--thin", type=int, default=OVER_THIN)
    parser.add_argument("--residents", type=int, default=500)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_CHANGES:,} changes, the mobile line")
    parser.add_argument("--json", action="store_true", help="one last line for machines")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.changes, chosen.commits, chosen.thin = QUICK_CHANGES, QUICK_COMMITS, QUICK_THIN
        chosen.residents = 200
    return chosen


def main() -> int:
    """Measure and tell; returns 1 where a target is missed."""
    chosen, found = options(), list[Figure]()
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="outbox-", dir=ROOT / "build") as place:  # a disk, not memory
        if postgres.PROGRAMS:
            found += to_postgresql(chosen, Path(place))
        else:
            print("left out: no PostgreSQL server is installed")
        if why := why_not():
            print(f"left out: {why}")
        else:
            found += over_a_line(chosen, Path(place))
    return tell("outbox", found, {}, as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())

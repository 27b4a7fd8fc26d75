"""``cloud.*``: many terminals at one reference cloud on PostgreSQL, polling and sending what they have issued.

    python -P tests/bench/cloud_load.py [--terminals 1000] [--seconds 120] [--quick] [--json]

Server (one process, TLS, a PostgreSQL that waits for the disk) and terminals (another process, a kept connection
each) share this machine. Every terminal asks for both feeds every 10 s, each call with a proof of its own; between
them they send a trickle of commands. A time is from the first byte sent to the last received, on the terminal's side.
"""

import argparse
import asyncio
import json
import os
import platform
import signal
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import LiteralString
from uuid import UUID, uuid4

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))


from tests.cloud import postgres  # noqa: E402 - found only through the line above

TARGETS = {"cloud.p99_ms": 200.0, "cloud.errors": 0.0}
POLL_S = 10.0
COMMANDS_PER_S = 5.0
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass
class Seen:
    """What the terminals saw, after the first round."""

    times: dict[str, list[float]] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    late: list[float] = field(default_factory=list)  # how much later than planned the generator itself was


class Terminal:
    """One terminal: its key, its connection, and where its replica stands."""

    def __init__(self, number: str, key: ec.EllipticCurvePrivateKey) -> None:
        self.number = number
        self.key = key
        self.serial = 0
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self, host: str, port: int, trust: ssl.SSLContext) -> None:
        self._reader, self._writer = await asyncio.open_connection(host, port, ssl=trust)

    async def call(self, method: str, path: str, body: bytes = b"") -> int:
        """Make one call and read its answer to the end; returns the status."""
        assert self._reader is not None
        assert self._writer is not None
        date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        signed = f"madoguchi-v1\n{method}\n{path}\n{date}\n{sha256(body).hexdigest()}".encode()
        proof = urlsafe_b64encode(self.key.sign(signed, ec.ECDSA(SHA256()))).decode()
        head = f"{method} {path} HTTP/1.1\r\nhost: cloud\r\ncontent-length: {len(body)}\r\n"
        head += (
            f"madoguchi-terminal: {self.number}\r\nmadoguchi-date: {date}\r\nmadoguchi-proof: {proof}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        size = next(
            int(line[15:]) for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length:")
        )
        await self._reader.readexactly(size)
        return int(answer[9:12])

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


class Load:
    """All terminals at work on one town."""

    def __init__(self, terminals: list[Terminal], town: str, command_key: tuple[str, bytes]) -> None:
        self.terminals = terminals
        self.seen = Seen()
        self.sent: list[str] = []
        self._town = town
        self._key_id, self._key = command_key[0], X25519PublicKey.from_public_bytes(command_key[1])
        self._counting = False

    async def run(self, host: str, port: int, ca_file: str, seconds: float, heads: dict[str, int]) -> None:
        trust = ssl.create_default_context(cafile=ca_file)
        trust.check_hostname = False
        for place, terminal in enumerate(self.terminals):
            await terminal.connect(host, port, trust)
            if place % 50 == 49:
                await asyncio.sleep(0.05)
        began = time.monotonic()
        end = began + POLL_S + seconds
        pace = POLL_S / len(self.terminals)
        rounds = [
            self._work(terminal, place, began + place * pace, end, heads)
            for place, terminal in enumerate(self.terminals)
        ]
        await asyncio.gather(*rounds)
        for terminal in self.terminals:
            terminal.close()

    async def _work(
        self, terminal: Terminal, place: int, first: float, end: float, heads: dict[str, int]
    ) -> None:
        """Ask for both feeds every round, and in some send what was issued."""
        due, turn = first, place
        every = max(1, round(len(self.terminals) / (POLL_S * COMMANDS_PER_S)))
        while due < end:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            counted = due >= first + POLL_S  # the first round warms up both sides
            if counted:
                self.seen.late.append((time.monotonic() - due) * 1000)
            for feed, head in heads.items():
                await self._timed("poll", counted, terminal, f"/{self._town}/v1/feeds/{feed}?after={head}")
            if counted and turn % every == 0:
                body = json.dumps({"commands": [self._issued(terminal)]}).encode()
                await self._timed("command", True, terminal, f"/{self._town}/v1/commands", body)
            due, turn = due + POLL_S, turn + 1

    async def _timed(
        self, kind: str, counted: bool, terminal: Terminal, path: str, body: bytes = b""
    ) -> None:
        began = time.monotonic()
        try:
            status = await terminal.call("POST" if body else "GET", path, body)
        except (OSError, asyncio.IncompleteReadError, StopIteration) as error:
            self.seen.failures[type(error).__name__] += 1
            return
        if status != 200:
            self.seen.failures[str(status)] += 1
        if counted:
            self.seen.times.setdefault(kind, []).append((time.monotonic() - began) * 1000)

    def _issued(self, terminal: Terminal) -> dict[str, object]:
        terminal.serial += 1
        key = str(UUID(int=uuid4().int & ~(0xF << 76) | 7 << 76))  # a UUID version 7, as the contract asks
        kind = "fact.issued"
        payload = {
            "serial": f"{terminal.number}-{terminal.serial:06d}",
            "kind": "juminhyo_copy",
            "day": datetime.now(UTC).date().isoformat(),
            "subject": "1000000014",
            "members": ["1000000014"],
            "pages": 1,
            "fee_yen": 300,
            "commit_no": terminal.serial,
        }
        info = "\0".join(("madoguchi command v1", key, kind, terminal.number, self._key_id)).encode()
        sealed = bytes.fromhex(self._key_id) + _SUITE.encrypt(
            msgspec.msgpack.encode(payload), self._key, info
        )
        made_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        words = [key, kind, [], [], made_at, 0, "s001", terminal.number, None, None, sha256(sealed).digest()]
        signed = b"madoguchi-command-v1\n" + msgspec.msgpack.encode(words)
        signature = terminal.key.sign(signed, ec.ECDSA(SHA256()))
        self.sent.append(key)
        return {
            "key": key,
            "kind": kind,
            "residents": [],
            "base": {},
            "made_at": made_at,
            "clock_offset_ms": 0,
            "made_by": "s001",
            "terminal": terminal.number,
            "sealed": b64encode(sealed).decode(),
            "signature": b64encode(signature).decode(),
        }


def enrolled(
    folder: Path, url: str, residents: int, count: int
) -> tuple[list[Terminal], str, tuple[str, bytes]]:
    """Found the town and enrol the terminals, before anything is served."""
    from cloud.clock import day_in_tokyo, utc_now
    from cloud.tenants import Tenants
    from cloud.town import generate
    from cloud.town.addresses import CODE
    from cloud.training import open_training_file

    training = open_training_file(folder, residents, 1)
    towns = Tenants(folder, url)
    staff = [person.new() for person in training.facts.staff]
    town = towns.open(CODE, town=lambda: generate(residents, 1, day_in_tokyo(utc_now())), staff=staff)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
    terminals = []
    for _ in range(count):
        key = ec.generate_private_key(ec.SECP256R1())
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())
        csr = request.public_bytes(Encoding.PEM).decode()
        number, _ = town.terminals.enrol(town.terminals.new_token(), csr, "bench")
        terminals.append(Terminal(number, key))
    command = town.keys.command[-1]
    towns.close()
    return terminals, CODE, (command.key_id, command.public)


@contextmanager
def served(folder: Path, url: str) -> Iterator[tuple[dict[str, object], int]]:
    """Serve the town as an operator would; yields what the ready file says, and the process."""
    ready = folder / "ready.json"
    words = ["serve", "--data", str(folder), "--url", url, "--ready", str(ready), "--port", "0"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cloud", *words],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            env=_environment(),
        )
    try:
        until = time.monotonic() + 120
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"the cloud did not start: {(folder / 'log').read_text('utf-8')[-2000:]}")
            time.sleep(0.05)
        yield json.loads(ready.read_text("utf-8")), process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


CONNECTIONS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
IN_BOOK = "SELECT count(*) FROM issue_book"
BYTES = "SELECT pg_database_size(current_database())"


def counted(url: str, query: LiteralString) -> int:
    """Return the one number a query of the database gives."""
    import psycopg

    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def cpu_seconds(pid: int) -> float:
    """Return how long a process has worked, its threads together (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(count: int, seconds: float, residents: int) -> dict[str, float]:
    """Run it all once and return the figures."""
    with (
        postgres.running(durable=True) as server,
        server.database() as url,
        tempfile.TemporaryDirectory() as place,
    ):
        folder = Path(place)
        terminals, town, command_key = enrolled(folder, url, residents, count)
        size = counted(url, BYTES)
        with served(folder, url) as (ready, pid):
            load = Load(terminals, town, command_key)
            port, ca_file = int(str(ready["port"])), str(ready["ca_file"])
            worked = cpu_seconds(pid)
            asyncio.run(load.run("127.0.0.1", port, ca_file, seconds, {"blocks": 1, "register": 1}))
            worked = cpu_seconds(pid) - worked
            held = counted(url, CONNECTIONS)
        kept = counted(url, IN_BOOK)
    polls, sent = sorted(load.seen.times["poll"]), sorted(load.seen.times["command"])
    every = sorted([*polls, *sent])
    if kept != len(load.sent):
        load.seen.failures["facts not in the book exactly once"] = abs(kept - len(load.sent))
    print("failures:", dict(load.seen.failures) or "none", file=sys.stderr)
    return {
        "cloud.p99_ms": quantile(every, 0.99),
        "cloud.p50_ms": quantile(every, 0.5),
        "cloud.max_ms": every[-1],
        "cloud.command_p99_ms": quantile(sent, 0.99),
        "cloud.calls_per_s": len(every) / seconds,
        "cloud.errors": float(sum(load.seen.failures.values())),
        "cloud.connections": float(held),
        "cloud.server_cpu_share": worked / (seconds + POLL_S),
        "cloud.database_bytes_per_resident": size / residents,
        "cloud.generator_late_ms": statistics.median(load.seen.late),
    }


def quantile(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def main() -> int:
    """Measure and tell; returns 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--terminals", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--residents", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="300 terminals, 20 s, 1,000 residents")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.terminals, chosen.seconds, chosen.residents = 300, 20, 1_000
    found = measure(chosen.terminals, chosen.seconds, chosen.residents)
    scale = f"{chosen.terminals} terminals"
    figures = []
    for name, value in found.items():
        target = TARGETS.get(name)
        ok = target is None or value <= target
        figures.append(
            {
                "name": name,
                "value": round(value, 2),
                "target": target,
                "better": "lower",
                "scale": scale,
                "ok": ok,
            }
        )
        print(
            f"{name:26} {value:10.2f}   {'target ' + str(target) if target is not None else ''} {'' if ok else 'MISSED'}"
        )
    machine = f"{platform.machine()} {platform.python_version()}"
    if chosen.json:
        print(json.dumps({"bench": "cloud_load", "figures": figures, "peers": {}, "machine": machine}))
    return 0 if all(figure["ok"] for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())

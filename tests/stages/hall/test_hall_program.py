"""P10 at the hall server: the real program serves, carries, is killed and comes back, and its disk tells of nobody."""

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from client.api.neighbours import NeighbourFeeds, NeighbourHttp
from client.api.parcels import ParcelDoor
from client.domain.enrolment import TownKey
from client.domain.errors import LinkDownError
from client.domain.feed import Feed
from client.domain.peer import PeerPapers, SignedLease
from client.rules.parcels import open_manifest, parcel_key
from client.rules.peers import OwnTown
from offline.hall.tls import calling
from offline.store.identity import TerminalIdentity
from offline.store.seal import sealed_batch
from tests.cloud.cloud_builders import Terminal
from tests.cloud.test_cloud_served import Program, WallClock, a_client, said
from tests.journeys.leaks import people_of
from tests.leak_search import LeakSearch

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]
PATIENCE_S = 40
SECRET = b"what only this machine can open 7f3a"


class HallProgram:
    """``madoguchi hall`` as systemd would start it."""

    def __init__(self, folder: Path, cloud: dict[str, Any]) -> None:
        self.folder = folder
        self.data = folder / "hall"
        self.ready = folder / "hall.ready"
        self.process: subprocess.Popen[bytes] | None = None
        self._cloud = cloud
        self._port = 0

    async def start(self) -> str:
        """Start it; returns its address."""
        credentials = self.folder / "credentials"
        credentials.mkdir(exist_ok=True)
        (credentials / "hall-secret").write_bytes(SECRET)
        own = {
            "DATA_DIR": str(self.data),
            "CLOUD_URL": self._cloud["url"],
            "CA_FILE": self._cloud["ca_file"],
            "SERVE_NEIGHBOURS": f"127.0.0.1:{self._port}",
            "TERMINAL_NAME": "hall",
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MADOGUCHI_")}
        environ = kept | {f"MADOGUCHI_{name}": value for name, value in own.items()}
        words = ["hall", "--ready", str(self.ready), "--token-file", str(self.folder / "token")]
        with (self.folder / "hall.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "ui", *words],
                env=environ | {"CREDENTIALS_DIRECTORY": str(credentials)},
                stdout=log,
                stderr=log,
            )
        for _ in range(PATIENCE_S * 20):
            if self.ready.exists():
                told = json.loads(self.ready.read_text("utf-8"))
                if told["pid"] == self.process.pid:
                    self._port = told["port"]
                    return f"127.0.0.1:{self._port}"
            assert self.process.poll() is None, (self.folder / "hall.log").read_text("utf-8")
            await asyncio.sleep(0.05)
        raise AssertionError("not ready in time")

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.end(signal.SIGKILL)


@pytest_asyncio.fixture
async def hall(tmp_path: Path, program: Program) -> AsyncIterator[HallProgram]:
    ready = await program.start()
    given = await said("token", "--hall", "--data", str(program.folder / "data"))
    (tmp_path / "token").write_text(given.stdout, "utf-8")
    made = HallProgram(tmp_path, ready)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.end(signal.SIGKILL)


class Counter:
    """A terminal of the town, as far as it deals with the hall server."""

    def __init__(self, terminal: Terminal, told: dict[str, Any], lease: dict[str, Any]) -> None:
        self.terminal = terminal
        self.digest_key = base64.b64decode(told["digest_key"])
        self.feed_keys = tuple(map(_town_key, told["feed_keys"]))
        self.command_key = _town_key(told["command_keys"][-1])
        self.code = told["municipality"]["code"]
        self._told = told
        signed = SignedLease(lease["words"], lease["key_id"], base64.b64decode(lease["signature"]))
        self._papers = PeerPapers(signed)

    def http(self, address: str) -> NeighbourHttp:
        identity = TerminalIdentity(self.terminal.number, self.terminal.key)
        town = OwnTown(self.code, self.feed_keys, self._told["ca"])
        trust = partial(calling, identity, self._told["certificate"], self._told["ca"])
        return NeighbourHttp(address, trust, lambda: town, lambda: self._papers, now=WallClock())

    def feeds(self, http: NeighbourHttp) -> NeighbourFeeds:
        return NeighbourFeeds([http], self.feed_keys, digest_key=lambda: self.digest_key)


def _town_key(told: dict[str, str]) -> TownKey:
    return TownKey(told["id"], base64.b64decode(told["key"]), datetime.fromisoformat(told["from"]))


async def a_counter(client: httpx.AsyncClient, token: str) -> Counter:
    terminal = Terminal(client, WallClock())  # type: ignore[arg-type]  # any clock will do
    told = (await terminal.enrol(token)).json()
    lease = (await terminal.call("GET", "/v1/terminals/self/peer")).json()
    return Counter(terminal, told, lease)


async def office(client: httpx.AsyncClient, ready: dict[str, Any], number: str) -> httpx.Response:
    """Take a machine out; the blocks feed says so."""
    token = {"authorization": f"Bearer {ready['office_token']}"}
    return await client.post(f"/office/v1/terminals/{number}/revocation", headers=token)


async def until(ask: Any) -> Any:
    """Ask until there is an answer."""
    for _ in range(PATIENCE_S * 10):
        with suppress(LinkDownError, httpx.TransportError):
            if (answer := await ask()) is not None:
                return answer
        await asyncio.sleep(0.1)
    raise AssertionError("no answer in time")


async def test_a_hall_server_leads_on_carries_survives_a_kill_and_tells_a_thief_nothing(
    hall: HallProgram, program: Program
) -> None:
    async with AsyncExitStack() as stack:
        ready = json.loads(program.ready_file.read_text("utf-8"))
        client = await stack.enter_async_context(a_client(ready))
        counter = await a_counter(client, ready["enrolment_tokens"][0])
        address = await hall.start()
        http = counter.http(address)
        stack.push_async_callback(http.close)

        # It has the snapshot whole, which only a terminal opens.
        door = ParcelDoor(http, counter.feed_keys)

        async def snapshot() -> Any:
            return await door.snapshot()

        kept = await until(snapshot)
        manifest = open_manifest(kept, parcel_key(counter.digest_key))
        chunk = manifest.chunks[0]
        content = (
            await http.call("GET", f"/v1/snapshot/chunks/{chunk.sha256}", expect_bytes=chunk.size)
        ).body
        assert sha256(content).hexdigest() == chunk.sha256
        part = await http.call("GET", f"/v1/snapshot/chunks/{chunk.sha256}", headers={"range": "bytes=3-9"})
        assert (part.status, part.body) == (206, content[3:10])

        # What is new in the cloud is new here, and stays when the cloud goes and this program is killed.
        lost = await a_counter(client, ready["enrolment_tokens"][1])
        assert (await office(client, ready, lost.terminal.number)).is_success
        begin = {Feed.BLOCKS: manifest.blocks_version, Feed.REGISTER: manifest.register_version}

        async def led_on() -> Any:
            batch = await counter.feeds(http).feed(Feed.BLOCKS, begin[Feed.BLOCKS], 1000)
            return batch if batch is not None and batch.to > batch.after else None

        batch = await until(led_on)
        assert batch.changes
        program.end(signal.SIGTERM)
        hall.end(signal.SIGKILL)
        await hall.start()
        assert (await until(led_on)).changes == batch.changes

        # What a counter hands over meanwhile is on disk before it is told so, and in the cloud once it is back.
        commands = [counter.terminal.issued(2), counter.terminal.issued(3)]
        sealed = sealed_batch(msgspec.json.encode({"commands": commands}), counter.command_key, counter.code)
        body = {"sealed": base64.b64encode(sealed).decode()}
        assert (await http.call("POST", "/v1/carried", json=body)).status == 202
        hall.end(signal.SIGKILL)
        told_to_a_thief(hall.data, sentinels(commands, counter))
        told_of_somebody(hall)
        await program.start()
        await hall.start()

        async def answered() -> Any:
            answer = await counter.terminal.call("GET", f"/v1/commands/{commands[1]['key']}")
            return answer.json() if answer.status_code == httpx.codes.OK else None

        assert (await until(answered))["outcome"] == "accepted"
        assert hall.end(signal.SIGTERM) == 0
        assert not hall.ready.exists()
        told_to_a_thief(hall.data, sentinels(commands, counter))
        told_of_somebody(hall)


def sentinels(commands: list[dict[str, Any]], counter: Counter) -> list[bytes]:
    """Return what would tell of somebody, or open what does; of the town's rows what any hand would look for."""
    words = ["佐藤", "鈴木", "高橋", "泉町", "full_name", "atena_no", "juminhyo", "residents", "resident"]
    words += [str(command["key"]) for command in commands]
    found = [word.encode() for word in words]
    return [*found, counter.digest_key, base64.b64encode(counter.digest_key), SECRET]


def told_to_a_thief(folder: Path, words: list[bytes]) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".parcel", ".snapshot"}
    assert any(path.name == "hall.key" and b"ENCRYPTED" in path.read_bytes() for path in files)
    assert not any(path.stat().st_mode & 0o077 for path in files)
    for path in files:
        content = path.read_bytes()
        assert [word for word in words if word in content] == [], path.name


def told_of_somebody(hall: HallProgram) -> None:
    """Search its disk and what it said for everybody of the town, in every way they may be written."""
    (town,) = hall.folder.rglob("cloud.db")
    search = LeakSearch(people_of(town))
    assert len(search) > 1_000
    assert list(search.in_folder(hall.data)) == []
    assert search.in_bytes((hall.folder / "hall.log").read_bytes()) == []


async def test_a_hall_server_that_was_taken_out_ends_and_serves_nobody(
    hall: HallProgram, program: Program
) -> None:
    ready = json.loads(program.ready_file.read_text("utf-8"))
    await hall.start()
    number = json.loads(hall.ready.read_text("utf-8"))["terminal_no"]
    async with a_client(ready) as client:
        assert (await office(client, ready, number)).is_success
    assert hall.process is not None
    assert await asyncio.to_thread(hall.process.wait, PATIENCE_S) == 13
    left = {path.name for path in hall.data.rglob("*") if path.is_file()}
    assert not left & {"hall.key", "terminal.json", "peer.json"}

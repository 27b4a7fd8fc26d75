"""The real program over TLS: ready when it answers, killed in the middle of commands, back with the same data."""

import asyncio
import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from cloud import database, storage
from tests.cloud.cloud_builders import Terminal
from tests.cloud.contract_reader import judge

pytestmark = pytest.mark.long

CLOUD = (sys.executable, "-P", "-m", "cloud")
RESIDENTS = 60
PATIENCE_S = 40


class WallClock:
    """The real time, as a terminal reads it."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


class Program:
    """madoguchi-training serve, started and stopped as an operator would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ready_file = folder / "ready.json"
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self) -> subprocess.Popen[bytes]:
        words = [
            "serve",
            "--training",
            "--residents",
            str(RESIDENTS),
            "--seed",
            "7",
            "--port",
            str(self.port),
        ]
        places = ["--data", str(self.folder / "data"), "--ready", str(self.ready_file)]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen([*CLOUD, *words, *places], stdout=log, stderr=log)

    async def start(self) -> dict[str, Any]:
        self.process = self.launch()
        for _ in range(PATIENCE_S * 20):
            if self.ready_file.exists():
                ready = dict(json.loads(self.ready_file.read_text("utf-8")))
                if ready["pid"] == self.process.pid:
                    self.port = int(ready["port"])
                    return ready
            assert self.process.poll() is None, (self.folder / "log").read_text("utf-8")
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


async def said(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a verb of the program to its end."""
    return await asyncio.to_thread(
        subprocess.run, [*CLOUD, *words], capture_output=True, text=True, timeout=60, check=False
    )


def a_client(ready: dict[str, Any]) -> httpx.AsyncClient:
    trust = ssl.create_default_context(cafile=ready["ca_file"])
    return httpx.AsyncClient(
        base_url=ready["url"], verify=trust, event_hooks={"response": [judge]}, timeout=20
    )


async def in_book(url: str) -> tuple[list[int], int, int]:
    engine = database.open_engine(url)
    with database.reading(engine) as connection:
        serials = list(connection.execute(sa.select(storage.issue_book.c.serial)).scalars())
        commands = connection.execute(sa.select(sa.func.count()).select_from(storage.command)).scalar_one()
        put_aside = connection.execute(
            sa.select(sa.func.count()).select_from(storage.quarantine)
        ).scalar_one()
    engine.dispose()
    return sorted(serials), commands, put_aside


@pytest.mark.asyncio
async def test_killed_in_the_middle_of_commands_it_comes_back_and_each_took_effect_once(
    program: Program,
) -> None:
    ready = await program.start()
    assert stat.S_IMODE(os.stat(program.ready_file).st_mode) == 0o600
    clock = WallClock()
    async with a_client(ready) as client:
        terminal = Terminal(client, clock)  # type: ignore[arg-type]  # any clock will do
        assert (await terminal.enrol(ready["enrolment_tokens"][0])).status_code == httpx.codes.CREATED
        batches = [[terminal.issued(10 * batch + one) for one in range(10)] for batch in range(12)]
        heard: list[int] = []
        third = asyncio.Event()

        async def send_all() -> None:
            for place, batch in enumerate(batches):
                await terminal.send(*batch)
                heard.append(place)
                if len(heard) == 3:
                    third.set()

        sending = asyncio.create_task(send_all())
        await third.wait()
        program.end(signal.SIGKILL)
        with pytest.raises(httpx.TransportError):
            await sending
    assert 3 <= len(heard) < len(batches)

    again = await program.start()
    assert (again["url"], again["staff"]) == (ready["url"], ready["staff"])
    assert ready["enrolment_tokens"][0] not in again["enrolment_tokens"]
    async with a_client(again) as client:
        terminal.client = client
        for place, batch in enumerate(batches):
            outcomes = {answer["outcome"] for answer in await terminal.send(*batch)}
            assert outcomes <= {"accepted", "already"}
            assert len(outcomes) == 1, "a batch is one transaction"
            if place in heard:
                assert outcomes == {"already"}
    assert program.end(signal.SIGTERM) == 0
    assert not program.ready_file.exists()
    assert await in_book(again["database"]) == (list(range(120)), 120, 0)


@pytest.mark.asyncio
async def test_a_training_clerk_signs_in_with_what_the_ready_file_and_the_code_verb_say(
    program: Program,
) -> None:
    ready = await program.start()
    person = ready["staff"][0]
    code = (await said("code", person["staff_id"], "--ready", str(program.ready_file))).stdout.strip()
    token = (await said("token", "--data", ready["data"])).stdout.strip()
    async with a_client(ready) as client:
        terminal = Terminal(client, WallClock())  # type: ignore[arg-type]  # any clock will do
        assert (await terminal.enrol(token)).status_code == httpx.codes.CREATED
        answer = await terminal.sign_in(person["staff_id"], person["password"], code)
        assert answer.json()["staff"]["name"] == "山﨑　美咲"
        hits = await terminal.call("POST", "/v1/residents/search", {"typed": "わた", "limit": 200})
        assert hits.status_code == httpx.codes.OK
        assert (await terminal.call("GET", "/v1/snapshot")).status_code == httpx.codes.OK
        chosen = {"state": "cut"}
        await client.post("/training/v1/line", json=chosen)
        with pytest.raises(httpx.TransportError):
            await client.get("/v1/clock")
        await client.post("/training/v1/line", json={"state": "ok"})
        await client.post("/training/v1/faults", json={"kind": "cut_midway", "path": "/v1/health"})
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/v1/health")
        assert (await client.get("/v1/health")).status_code == httpx.codes.OK
    assert program.end(signal.SIGTERM) == 0
    log = (program.folder / "log").read_text("utf-8")
    assert "Traceback" not in log
    for secret in (person["password"], ready["office_token"], token, "わた"):
        assert secret not in log


@pytest.mark.asyncio
async def test_a_taken_port_is_said_and_nothing_hangs(program: Program, tmp_path: Path) -> None:
    ready = await program.start()
    port = str(ready["port"])
    done = await said("serve", "--residents", "60", "--data", str(tmp_path / "second"), "--port", port)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_an_answer_waits_for_no_acknowledgement() -> None:
    """asyncio turns Nagle's algorithm off only on a socket that says it is TCP; 40 ms an answer otherwise."""
    from cloud.serve import Place

    with Place("127.0.0.1", 0, None, False, {}).bound() as listener:
        assert listener.proto == socket.IPPROTO_TCP

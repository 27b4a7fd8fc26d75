"""Faults of a real process on a real socket: bytes that stop, connections that are reset, a death in mid-batch."""

import asyncio
import signal
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cloud.fault_plan import ENDED_ON_PURPOSE
from tests.cloud.cloud_builders import Terminal
from tests.cloud.test_cloud_served import CLOUD, Program, WallClock, a_client, in_book

pytestmark = pytest.mark.long

HEAD_ENDS = b"\r\n\r\n"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.end(signal.SIGKILL)


async def heard(ready: dict[str, Any], path: str) -> tuple[bytes, bytes]:
    """Ask on a connection of its own and return head and all bytes after it, to the end of the connection."""
    trust = ssl.create_default_context(cafile=ready["ca_file"])
    host, port = "127.0.0.1", int(ready["port"])
    reader, writer = await asyncio.open_connection(host, port, ssl=trust)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
        head = await asyncio.wait_for(reader.readuntil(HEAD_ENDS), 20)
        return head, await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.transport.abort()


def length_in(head: bytes) -> int | None:
    found = [
        line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
    ]
    return int(found[0]) if found else None


@pytest.mark.asyncio
async def test_bytes_stop_where_the_fault_says(program: Program) -> None:
    ready = await program.start()
    async with a_client(ready) as client:

        async def plan(kind: str, **more: object) -> None:
            await client.post("/training/v1/faults", json={"kind": kind, "operation": "health"} | more)

        whole = (await client.get("/v1/health")).content
        await plan("cut_midway")
        head, body = await heard(ready, "/v1/health")
        assert length_in(head) == len(whole)
        assert body == whole[: len(whole) // 2]

        await plan("cut_in_chunk")
        head, body = await heard(ready, "/v1/health")
        assert length_in(head) is None
        assert b"chunked" in head.lower()
        first, size, begun = body.split(b"\r\n")[1:4]
        assert first + begun == whole[: len(first + begun)]
        assert 0 < len(begun) < int(size, 16), "the second chunk ends before its end"

        await plan("trickle", delay_ms=400)
        began = asyncio.get_running_loop().time()
        assert (await client.get("/v1/health")).content == whole
        assert asyncio.get_running_loop().time() - began >= 0.4

        await plan("wrong_length")
        answer = await client.get("/training/v1/faults")
        assert answer.is_success, "its control is not reached"
        trusted = ssl.create_default_context(cafile=ready["ca_file"])
        async with httpx.AsyncClient(base_url=ready["url"], verify=trusted) as unjudged:
            short = await unjudged.get("/v1/health")
        assert short.content == whole[: len(whole) // 2]
    assert program.end(signal.SIGTERM) == 0


@pytest.mark.asyncio
async def test_a_reset_is_a_reset_and_a_cut_an_end(program: Program) -> None:
    ready = await program.start()
    async with a_client(ready) as client:
        for kind, expected in (("reset", ConnectionResetError), ("lost_answer", asyncio.IncompleteReadError)):
            await client.post("/training/v1/faults", json={"kind": kind, "path": "/v1/clock"})
            with pytest.raises(expected):
                await heard(ready, "/v1/clock")
        assert (await client.get("/v1/clock")).is_success
        listed = (await client.get("/training/v1/faults")).json()["faults"]
    assert [(one["left"], one["befell"]) for one in listed] == [(0, 1), (0, 1)]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "point",
    ["mid_batch", *(pytest.param(one, marks=pytest.mark.slow) for one in ("before_commit", "after_commit"))],
)
async def test_it_dies_in_mid_batch_and_comes_back_and_each_command_took_effect_once(
    program: Program, point: str
) -> None:
    ready = await program.start()
    async with a_client(ready) as client:
        terminal = Terminal(client, WallClock())  # type: ignore[arg-type]  # any clock will do
        assert (await terminal.enrol(ready["enrolment_tokens"][0])).status_code == httpx.codes.CREATED
        before = [terminal.issued(one) for one in range(5)]
        batch = [terminal.issued(one) for one in range(5, 15)]
        assert {answer["outcome"] for answer in await terminal.send(*before)} == {"accepted"}
        fault = {"kind": "restart", "operation": "sendCommands", "point": point}
        assert (await client.post("/training/v1/faults", json=fault)).is_success
        with pytest.raises(httpx.TransportError):
            await terminal.send(*batch)
    assert program.process is not None
    assert program.process.wait(20) == ENDED_ON_PURPOSE

    again = await program.start()
    took_effect = point == "after_commit"
    assert await in_book(again["database"]) == (list(range(15 if took_effect else 5)), *counts(took_effect))
    async with a_client(again) as client:
        terminal.client = client
        outcomes = {answer["outcome"] for answer in await terminal.send(*batch)}
        assert outcomes == {"already" if took_effect else "accepted"}
        assert {answer["outcome"] for answer in await terminal.send(*before, *batch)} == {"already"}
    assert program.end(signal.SIGTERM) == 0
    assert await in_book(again["database"]) == (list(range(15)), 15, 0)


def counts(took_effect: bool) -> tuple[int, int]:
    """Return how many commands are remembered, and how many were set aside."""
    return (15, 0) if took_effect else (5, 0)


@pytest.mark.asyncio
async def test_served_without_training_it_has_no_faults_and_no_control(program: Program) -> None:
    words = ["serve", "--residents", "60", "--seed", "7", "--data", str(program.folder / "data")]
    program.launch = lambda: subprocess.Popen(  # type: ignore[method-assign]  # as an operator would without it
        [*CLOUD, *words, "--ready", str(program.ready_file)]
    )
    ready = await program.start()
    async with a_client(ready) as client:
        assert (await client.get("/v1/health")).is_success
        refused = await client.post("/training/v1/faults", json={"kind": "busy"})
        assert refused.status_code == httpx.codes.NOT_FOUND
        assert (await client.get("/v1/clock")).is_success
    assert program.end(signal.SIGTERM) == 0

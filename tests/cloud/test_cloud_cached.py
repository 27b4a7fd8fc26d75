"""Chunks behind a real HTTP cache (nginx): fetched from the cloud once, in parts too, also when the cloud is gone."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cloud.cloud_builders import Terminal, open_envelope, opened_chunk
from tests.cloud.contract_reader import judge
from tests.cloud.test_cloud_served import Program, WallClock, a_client

pytestmark = pytest.mark.service
PATIENCE_S = 20
CONFIG = """
daemon off; {user}
pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 64; }}
http {{
  access_log off; default_type application/octet-stream;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/temp; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  proxy_cache_path {folder}/cache keys_zone=cloud:1m inactive=1h;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass {cloud}; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_ssl_verify on; proxy_ssl_trusted_certificate {ca}; proxy_ssl_name localhost;
      proxy_cache cloud;  # no lifetimes of its own: what the cloud's headers allow, and no more
      add_header X-Cache $upstream_cache_status always;
    }}
  }}
}}
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.end(signal.SIGKILL)


@dataclass
class Cache:
    """nginx between terminals and cloud."""

    folder: Path
    port: int
    town: str
    process: subprocess.Popen[bytes]

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}/{self.town}",
            event_hooks={"response": [judge]},
            timeout=20,
        )

    def kept(self) -> list[bytes]:
        return [path.read_bytes() for path in (self.folder / "cache").rglob("*") if path.is_file()]


async def answering(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(PATIENCE_S * 20):
        assert process.poll() is None, log.read_text("utf-8")
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.05)
    raise AssertionError("nginx does not answer")


@pytest.fixture
def caches(tmp_path: Path) -> Iterator[list[Cache]]:
    """Caches begun in a test; they end with it."""
    begun: list[Cache] = []
    yield begun
    for cache in begun:
        cache.process.terminate()
        cache.process.wait(20)


async def a_cache(caches: list[Cache], ready: dict[str, Any], folder: Path) -> Cache:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        pytest.skip("no nginx is installed")
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    user = "user root;" if os.geteuid() == 0 else ""
    words = CONFIG.format(
        folder=folder, port=port, cloud=f"https://127.0.0.1:{ready['port']}", ca=ready["ca_file"], user=user
    )
    (folder / "nginx.conf").write_text(words, "utf-8")
    log = folder / "error.log"
    with log.open("ab") as errors:
        call = [nginx, "-p", str(folder), "-e", str(log), "-c", str(folder / "nginx.conf")]
        process = subprocess.Popen(call, stdout=errors, stderr=errors)
    caches.append(Cache(folder, port, ready["municipality"]["code"], process))
    await answering(port, process, log)
    return caches[-1]


async def a_terminal(client: httpx.AsyncClient, token: str) -> tuple[Terminal, dict[str, bytes]]:
    terminal = Terminal(client, WallClock())  # type: ignore[arg-type]  # any clock will do
    answer = await terminal.enrol(token)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    return terminal, {told["id"]: b64decode(told["key"]) for told in answer.json()["feed_keys"]}


@pytest.mark.asyncio
async def test_the_second_terminal_is_served_by_the_cache_and_the_manifest_never_is(
    program: Program, caches: list[Cache], tmp_path: Path
) -> None:
    ready = await program.start()
    cache = await a_cache(caches, ready, tmp_path / "nginx")
    async with cache.client() as client:
        manifests = []
        for number, expected in enumerate(("MISS", "HIT")):
            terminal, feed_keys = await a_terminal(client, ready["enrolment_tokens"][number])
            answer = await terminal.call("GET", "/v1/snapshot")
            assert answer.headers["x-cache"] == "MISS", "a manifest is never from a cache"
            manifests.append(open_envelope(answer.content, feed_keys))
            for chunk in manifests[-1]["chunks"]:
                answer = await client.get(f"/v1/snapshot/chunks/{chunk['sha256']}")
                assert (answer.status_code, answer.headers["x-cache"]) == (httpx.codes.OK, expected)
                assert sha256(answer.content).hexdigest() == chunk["sha256"]
                assert len(opened_chunk(answer.content, chunk["key"])[1]) == chunk["rows"]
        again = await terminal.call("GET", "/v1/snapshot?")
        assert again.headers["x-cache"] == "MISS"
    chunks = manifests[0]["chunks"]
    kept = cache.kept()
    assert len(kept) == len(chunks), "chunks and nothing else"
    for chunk in chunks:
        assert not any(chunk["key"] in content for content in kept)


@pytest.mark.asyncio
async def test_parts_come_from_the_cache_also_while_the_cloud_is_down(
    program: Program, caches: list[Cache], tmp_path: Path
) -> None:
    ready = await program.start()
    cache = await a_cache(caches, ready, tmp_path / "nginx")
    async with cache.client() as client:
        terminal, feed_keys = await a_terminal(client, ready["enrolment_tokens"][0])
        manifest = open_envelope((await terminal.call("GET", "/v1/snapshot")).content, feed_keys)
        path = f"/v1/snapshot/chunks/{max(manifest['chunks'], key=lambda one: one['size'])['sha256']}"
        whole = (await client.get(path)).content
        tag = (await client.get(path)).headers["etag"]
        program.end(signal.SIGKILL)
        part = await client.get(path, headers={"range": "bytes=100-299", "if-range": tag})
        assert (part.status_code, part.headers["x-cache"]) == (httpx.codes.PARTIAL_CONTENT, "HIT")
        assert (part.content, part.headers["content-range"]) == (
            whole[100:300],
            f"bytes 100-299/{len(whole)}",
        )
        same = await client.get(path, headers={"if-none-match": f'"x", {tag}'})
        assert (same.status_code, same.headers["x-cache"]) == (httpx.codes.NOT_MODIFIED, "HIT")


@pytest.mark.asyncio
async def test_a_download_is_resumed_after_the_cloud_was_killed_and_started_again(program: Program) -> None:
    ready = await program.start()
    async with a_client(ready) as client:
        terminal, feed_keys = await a_terminal(client, ready["enrolment_tokens"][0])
        manifest = open_envelope((await terminal.call("GET", "/v1/snapshot")).content, feed_keys)
        chunk = max(manifest["chunks"], key=lambda one: one["size"])
        path = f"/v1/snapshot/chunks/{chunk['sha256']}"
        begun = await client.get(path, headers={"range": "bytes=0-999"})
        assert begun.status_code == httpx.codes.PARTIAL_CONTENT
    program.end(signal.SIGKILL)
    again = await program.start()
    async with a_client(again) as client:
        rest = await client.get(path, headers={"range": "bytes=1000-", "if-range": begun.headers["etag"]})
        assert rest.status_code == httpx.codes.PARTIAL_CONTENT
        assert sha256(begun.content + rest.content).hexdigest() == chunk["sha256"]

"""A served cloud behind a real nginx that runs the very configuration of docs/nginx/."""

import json
import os
import shutil
import signal
import socket
import ssl
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from installer.dev.services import running, wait_until
from tests.cloud.cloud_builders import Terminal
from tests.cloud.contract_reader import judge

TEMPLATE = Path(__file__).resolve().parents[2] / "docs/nginx/madoguchi.conf"
SECRET = "0123456789abcdef0123456789abcdef"
_AROUND = """
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxied;
    fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u;
    scgi_temp_path {folder}/s;
    include {folder}/madoguchi.conf;
}}
"""


class WallClock:
    """The real time, as a terminal reads it."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Wall:
    """Where the proxy and the cloud behind it answer."""

    url: str
    ready: Mapping[str, Any]
    folder: Path
    nginx: int

    def client(self, *, to: str = "", presents: Path | None = None) -> httpx.AsyncClient:
        """Return a way in, through the proxy unless told otherwise, with a certificate or without."""
        trust = ssl.create_default_context(cafile=self.ready["ca_file"])
        if presents is not None:
            trust.load_cert_chain(presents)
        return httpx.AsyncClient(
            base_url=to or self.url, verify=trust, event_hooks={"response": [judge]}, timeout=20
        )

    async def enrolled(self, place: int) -> "Guest":
        """Enrol a terminal, through the proxy and without a certificate."""
        terminal = Terminal(self.client(), WallClock())  # type: ignore[arg-type]  # any clock will do
        answer = await terminal.enrol(self.ready["enrolment_tokens"][place])
        assert answer.status_code == httpx.codes.CREATED, answer.text
        await terminal.client.aclose()
        guest = Guest(self, terminal, self.folder / f"terminal-{place}.pem", answer.json()["certificate"])
        key = terminal.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        guest.file.write_bytes(guest.certificate.encode() + key)
        return guest

    async def office(self, path: str) -> None:
        """Call the back office, which is behind the proxy."""
        async with self.client(to=self.ready["url"]) as client:
            token = {"authorization": f"Bearer {self.ready['office_token']}"}
            assert (await client.post(f"/office/v1{path}", headers=token)).status_code == httpx.codes.OK

    def read_list_again(self) -> None:
        """Do what an operator does after the revocation list has changed."""
        os.kill(self.nginx, signal.SIGHUP)


@dataclass
class Guest:
    """A terminal with the files it shows itself by."""

    wall: Wall
    terminal: Terminal
    file: Path
    certificate: str

    async def call(
        self,
        method: str,
        path: str,
        body: object | None = None,
        *,
        presents: "Guest | None",
        to: str = "",
        **more: str,
    ) -> httpx.Response:
        """Make one signed call on a connection of its own, under somebody's certificate or none."""
        async with self.wall.client(to=to, presents=presents.file if presents else None) as client:
            self.terminal.client = client
            return await self.terminal.call(method, path, body, **more)


@contextmanager
def a_wall(folder: Path) -> Iterator[Wall]:
    """Serve a small town, and put nginx before it."""
    secret, ready = folder / "proxy-secret", folder / "ready.json"
    secret.write_text(SECRET, "ascii")
    words = [
        "serve",
        "--residents",
        "60",
        "--seed",
        "7",
        "--data",
        str(folder / "data"),
        "--ready",
        str(ready),
    ]
    cloud = [sys.executable, "-P", "-m", "cloud", *words, "--proxy-secret", str(secret)]
    with running(cloud, folder / "cloud.log"):
        wait_until(ready.exists, seconds=60, what="the cloud")
        told = json.loads(ready.read_text("utf-8"))
        port = _free_port()
        (folder / "madoguchi.conf").write_text(_filled(told, folder, port), "utf-8")
        (folder / "nginx.conf").write_text(_AROUND.format(folder=folder), "utf-8")
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin") or "nginx"
        nginx = [
            program,
            "-e",
            str(folder / "error.log"),
            "-p",
            str(folder),
            "-c",
            str(folder / "nginx.conf"),
        ]
        with running([*nginx, "-g", "daemon off;"], folder / "nginx.log") as pid:
            wait_until(lambda: _answers(port), seconds=20, what="nginx")
            yield Wall(f"https://127.0.0.1:{port}/{told['municipality']['code']}", told, folder, pid)


def _filled(ready: Mapping[str, Any], folder: Path, port: int) -> str:
    keys = Path(ready["ca_file"]).parent
    town = keys.parent / "towns" / ready["municipality"]["code"]
    words = {
        "CLOUD": f"127.0.0.1:{ready['port']}",
        "LISTEN": f"127.0.0.1:{port}",
        "NAME": "localhost",
        "LOG": f"{folder}/access.log",
        "CERTIFICATE": f"{keys}/server.pem",
        "KEY": f"{keys}/server.key",
        "CLOUD_CA": ready["ca_file"],
        "CA": f"{town}/keys/ca.pem",
        "CRL": f"{town}/crl.pem",
        "SECRET": SECRET,
    }
    text = TEMPLATE.read_text("utf-8")
    for name, value in words.items():
        assert f"@{name}@" in text
        text = text.replace(f"@{name}@", value)
    return text


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0

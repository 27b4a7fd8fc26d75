"""A house with a hall server: ``madoguchi hall`` as a process of its own, and terminals that ask it before the cloud."""

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from client.api.hall_first import HallFirst
from client.api.neighbours import NeighbourHttp
from client.api.peers import PeerDesk
from client.api.sync import HttpFeeds
from client.config import Config
from client.domain.enrolment import TownKey
from client.domain.errors import LinkDownError
from client.domain.terminal import facts_of
from client.jobs.feed_ports import CloudFeeds
from client.jobs.keep_lease import KeepLease
from offline.hall.chunks import ChunkShelf
from offline.store.identity import TerminalIdentity
from offline.store.peer_file import PeerFile
from tests.bench._terminal import Terminal, now
from tests.bench._town import ROOT, surroundings
from ui.doors import neighbour_http

Heads = Mapping[str, int]  # by the name of the feed
PATIENCE_S = 60
_HOST = "127.0.0.1"  # of the near host: what terminals and hall server say to each other crosses no line


@dataclass
class HallServer:
    """The hall server of a house: its folder, its token, and whom it follows."""

    folder: Path
    token: str
    ready: Mapping[str, Any]  # the cloud's

    @contextmanager
    def served(self, prefix: Sequence[str]) -> Iterator[str]:
        """Serve on the host a prefix says; yields the address for terminals there."""
        self.folder.mkdir(exist_ok=True)
        told, token = self.folder / "hall.ready", self.folder / "token"
        token.write_text(self.token, "utf-8")
        (self.folder / "hall-secret").write_bytes(b"what only this bench can open")
        words = ["hall", "--ready", str(told), "--token-file", str(token)]
        ends_with_us = ["setpriv", "--pdeathsig", "KILL", "--"]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*prefix, *ends_with_us, sys.executable, "-P", "-m", "ui", *words],
                cwd=ROOT,
                env=self._environ(),
                stdout=log,
                stderr=log,
            )
        try:
            yield f"{_HOST}:{self._port(process, told)}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)

    async def filled(self, keys: tuple[TownKey, ...]) -> None:
        """Wait until it has a snapshot, whole."""
        chunks = ChunkShelf(self._place / "chunks", lambda: keys)
        await until(chunks.snapshot)

    def empty(self) -> None:
        """Forget what the cloud brought, as if it had been set up a moment ago."""
        for name in ("shelf", "chunks"):
            shutil.rmtree(self._place / name)

    @property
    def _place(self) -> Path:
        return Config(data_dir=self.folder / "data").terminal_dir

    def _environ(self) -> dict[str, str]:
        own = {
            "DATA_DIR": str(self.folder / "data"),
            "CLOUD_URL": str(self.ready["url"]),
            "CA_FILE": str(self.ready["ca_file"]),
            "SERVE_NEIGHBOURS": f"{_HOST}:0",
            "TERMINAL_NAME": "hall",
        }
        kept = {name: value for name, value in surroundings().items() if not name.startswith("MADOGUCHI_")}
        prefixed = {f"MADOGUCHI_{name}": value for name, value in own.items()}
        return kept | prefixed | {"CREDENTIALS_DIRECTORY": str(self.folder)}

    def _port(self, process: subprocess.Popen[bytes], told: Path) -> int:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and process.poll() is None:
            with suppress(OSError, ValueError):
                said = json.loads(told.read_text("utf-8"))
                if said["pid"] == process.pid:
                    return int(said["port"])
            time.sleep(0.05)
        raise SystemExit(f"the hall server did not start: {(self.folder / 'log').read_text('utf-8')[-2000:]}")


class Housed(Terminal):
    """A terminal that may ask a hall server first, as the product's does where the settings name one."""

    by_hall: HallFirst | None = None
    _peer: PeerFile
    _hall: NeighbourHttp | None = None

    @property
    def feeds(self) -> CloudFeeds:
        """Return the feeds as its jobs ask them."""
        return self.by_hall or super().feeds

    async def lease(self, folder: Path) -> None:
        """Fetch what a neighbour wants to see, as is done once a day."""
        self._peer = PeerFile(folder)
        await KeepLease(PeerDesk(self.http), self._peer, self.told.feed_keys, self.told.ca, now=now).round()

    async def ask_first(self, address: str, url: str, heads: Heads) -> None:
        """Ask a hall server first from now on, once it leads on to what the cloud has."""
        identity = TerminalIdentity(self.told.terminal_no, self.key)
        facts = facts_of(self.told, url)
        self._hall = neighbour_http(address, identity, lambda: facts, self._peer)
        hall = HttpFeeds(self._hall, self.told.feed_keys, digest_key=self.replica.digest_key)
        cloud = HttpFeeds(self.http, self.told.feed_keys, digest_key=self.replica.digest_key)
        self.by_hall = HallFirst(hall, cloud, now=now)

        async def leads_on() -> bool:
            told = await hall.both(heads["blocks"], heads["register"], 1)
            return None not in told

        await until(leads_on)

    async def follow(self, heads: Heads, patience: float) -> None:
        """Hold rounds until the replica is proven equal to what the register is now."""
        end = time.monotonic() + patience
        while True:
            await self.equal_at_last(patience)
            at = await self.replica.position()
            versions = [feed.version if feed else 0 for feed in (at.blocks, at.register)]
            if versions[0] >= heads["blocks"] and versions[1] >= heads["register"]:
                return
            if time.monotonic() > end:
                raise SystemExit("the replica does not come to what the register is")
            await asyncio.sleep(0.2)

    async def close(self) -> None:
        """Close lines and replica."""
        if self._hall is not None:
            await self._hall.close()
        await super().close()


async def until(ask: Callable[[], Awaitable[object]]) -> None:
    """Ask until there is something."""
    end, why = time.monotonic() + PATIENCE_S, ""
    while time.monotonic() < end:
        try:
            if await ask():
                return
        except LinkDownError as error:
            why = f": {error.code} {error.facts}"
        await asyncio.sleep(0.1)
    raise SystemExit(f"the hall server did not come so far{why}")

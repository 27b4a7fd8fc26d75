"""The reference cloud as a real process, on a host of its own where root allows, so that it can be hurt."""

import asyncio
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any


def can_have_own_host() -> bool:
    """Tell whether a network namespace can be made here (root, iproute2 and nftables)."""
    if os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("nft"):
        return False
    name = f"mdgprobe{os.getpid() % 10000}"
    try:
        # Entered too: where / is no mount point a namespace is made, and nothing can be run inside.
        steps = f"netns add {name}", f"-n {name} link", f"netns exec {name} nft list tables"
        return all(
            subprocess.run(["ip", *words.split()], capture_output=True, check=False).returncode == 0
            for words in steps
        )
    finally:
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


class OwnHost:
    """A network namespace joined by a veth pair; packets to it can be dropped without a word."""

    def __init__(self) -> None:
        self.name = f"mdg{os.getpid() % 100000}"
        self.veth = (f"v{os.getpid() % 100000}a", f"v{os.getpid() % 100000}b")
        # Only between the two ends of one veth pair; a pair of its own for each process, so that two plays may run.
        network = 4 * (os.getpid() % 16_384)
        self._here, self.address = (f"10.78.{(network + end) >> 8}.{(network + end) & 255}" for end in (1, 2))

    def _ip(self, *words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    def __enter__(self) -> "OwnHost":
        try:
            self._set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _set_up(self) -> None:
        here, there = self.veth
        self._ip("netns", "add", self.name)
        self._ip("link", "add", here, "type", "veth", "peer", "name", there)
        self._ip("link", "set", there, "netns", self.name)
        self._ip("addr", "add", f"{self._here}/30", "dev", here)
        self._ip("link", "set", here, "up")
        self._ip("-n", self.name, "addr", "add", f"{self.address}/30", "dev", there)
        self._ip("-n", self.name, "link", "set", there, "up")
        self._ip("-n", self.name, "link", "set", "lo", "up")

    def __exit__(self, *_: object) -> None:
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", self.veth[0]], capture_output=True, check=False)

    def prefix(self) -> list[str]:
        """Return the words that start a program on this host."""
        return ["ip", "netns", "exec", self.name]

    def drop(self) -> None:
        """Drop every packet in and out; connections hang, nothing is refused."""
        chains = "; ".join(
            f"add chain inet cut {way} {{ type filter hook {way} priority 0; policy drop; }}"
            for way in ("input", "output")
        )
        subprocess.run(
            [*self.prefix(), "nft", f"add table inet cut; {chains}"], check=True, capture_output=True
        )

    def pass_again(self) -> None:
        """Let packets through again."""
        subprocess.run([*self.prefix(), "nft", "delete table inet cut"], check=True, capture_output=True)


class TrainingCloud:
    """`madoguchi-training serve`, started, killed, stopped and started again on the same data and port."""

    def __init__(self, data: Path, *, residents: int, host: OwnHost | None = None) -> None:
        self.data = data
        self.ready_file = data / "ready.json"
        self.host = host
        self.program: tuple[str, ...] = ("-m", "cloud")
        self._residents = residents
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.ready: dict[str, Any] = {}

    async def start(self, seconds: float = 180) -> None:
        """Start the program and wait until it says that it answers."""
        self._launch()
        for _ in range(int(seconds * 20)):
            if self.ready_file.exists():
                break
            if self._process is not None and self._process.poll() is not None:
                raise RuntimeError(
                    f"the cloud ended with {self._process.returncode}; see {self.data / 'cloud.log'}"
                )
            await asyncio.sleep(0.05)
        else:
            raise TimeoutError("the cloud did not become ready")
        self.ready = json.loads(self.ready_file.read_text("utf-8"))
        self._port = int(self.ready["port"])

    def _launch(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        self.ready_file.unlink(missing_ok=True)
        address = self.host.address if self.host else "127.0.0.1"
        words = [
            *(self.host.prefix() if self.host else []),
            *(sys.executable, "-P", *self.program, "serve", "--data", str(self.data), "--training"),
            *("--residents", str(self._residents), "--seed", "7", "--host", address),
            *("--port", str(self._port), "--ready", str(self.ready_file)),
        ]
        with (self.data / "cloud.log").open("ab") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    @property
    def running(self) -> bool:
        """Tell whether it is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Return the process id of the cloud itself."""
        return int(self.ready["pid"])

    def kill(self) -> None:
        """Kill it as a power cut would."""
        os.kill(self.pid, signal.SIGKILL)
        if self._process:
            self._process.wait(10)

    def freeze(self) -> None:
        """Stop it: the kernel goes on taking connections, nobody answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def drop(self) -> None:
        """Drop every packet to and from its host."""
        if self.host is None:
            raise RuntimeError("packets can be dropped only on a host of its own")
        self.host.drop()

    def pass_again(self) -> None:
        """Let packets through again."""
        if self.host is not None:
            self.host.pass_again()

    @property
    def database(self) -> Path:
        """Return the file of its database."""
        return Path(str(self.ready["database"]).removeprefix("sqlite:///"))

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """End it for good."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def _call(self, method: str, path: str, body: object | None, token: str | None) -> Any:
        trust = ssl.create_default_context(cafile=self.ready["ca_file"])
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.ready["url"] + path, data=data, method=method)  # noqa: S310 our own https
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=20, context=trust) as answer:  # noqa: S310 our own https
            text = answer.read()
        return json.loads(text) if text else None

    async def slow_down(self, delay_ms: int) -> None:
        """Let every answer wait, so that a request can be caught in its middle; 0 ends it."""
        state = {"state": "slow", "delay_ms": delay_ms} if delay_ms else {"state": "ok"}
        await asyncio.to_thread(self._call, "POST", "/training/v1/line", state, None)

    async def office(self, method: str, path: str, body: object | None = None) -> Any:
        """Do what the back office does."""
        return await asyncio.to_thread(
            self._call, method, f"/office/v1{path}", body, self.ready["office_token"]
        )

"""A line that is slow, far and lossy: two hosts on this machine, and between them a program that passes packets on.

    with Line(THIN) as line:
        cloud = subprocess.Popen([*line.prefix(FAR), "python", …])  # a program on the far host
        with line.here(NEAR):
            …                                                      # sockets made by this thread are on the near one
        print(line.told().up.bytes)

Real TCP runs over it, TLS and all; every packet is counted in the middle. It needs root, iproute2 and /dev/net/tun.
Nothing of it can be left behind (tests/net/relay.py).
"""

import ctypes
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.net.relay import ADDRESSES, DEVICE

RELAY = Path(__file__).with_name("relay.py")
NEAR, FAR = 0, 1  # the terminals' side, the cloud's side
_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True)
class Profile:
    """What a line is like, the same in both directions."""

    name: str
    delay_ms: float  # each way
    loss: float
    bits_per_s: float
    queue_bytes: int
    seed: int = 1


THIN = Profile("128 kbit/s, 300 ms each way, 5 % loss", 300, 0.05, 128_000, 32_000)
MOBILE = Profile("5 Mbit/s, 30 ms each way, 1 % loss", 30, 0.01, 5_000_000, 128_000)


@dataclass(frozen=True)
class Count:
    """What went one way: what was sent onto the line, what of it was lost, what found no room in the queue."""

    packets: int
    bytes: int
    lost: int
    overflowed: int
    unheard: int  # while the line was silent


@dataclass(frozen=True)
class Told:
    """What went over a line so far."""

    up: Count  # from the near host
    down: Count

    @property
    def bytes(self) -> int:
        """Return the bytes of both directions, IP heads and what was sent again included."""
        return self.up.bytes + self.down.bytes


def why_not() -> str:
    """Return why no line can be had on this machine; empty where it can."""
    if os.geteuid() != 0:
        return "a line needs root"
    if not shutil.which("ip") or not shutil.which("nsenter"):
        return "a line needs iproute2 and util-linux"
    if not Path("/dev/net/tun").exists():
        return "a line needs /dev/net/tun"
    try:
        with Line(MOBILE):
            return ""
    except OSError as error:
        return f"no line can be had here: {error}"


class Line:
    """Two hosts and the line between them, from ``with`` to its end."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.addresses = ADDRESSES
        self._relay: subprocess.Popen[str] | None = None
        self._namespaces: tuple[str, ...] = ()

    def __enter__(self) -> "Line":
        told = json.dumps({key: value for key, value in asdict(self.profile).items() if key != "name"})
        relay = subprocess.Popen(
            [sys.executable, "-P", str(RELAY), told],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl+C is for us: whoever is on the line ends first
        )
        self._relay = relay
        assert relay.stdout
        answer = relay.stdout.readline()
        if not answer:
            words = relay.communicate()[1].strip().splitlines()
            raise OSError(words[-1] if words else "the relay did not start")
        ready = json.loads(answer)
        self._namespaces = tuple(f"/proc/{ready['pid']}/fd/{number}" for number in ready["namespaces"])
        return self

    def __exit__(self, *_: object) -> None:
        assert self._relay
        self._relay.communicate()  # its words end, and so does it

    @property
    def pid(self) -> int:
        """Return the process in the middle."""
        assert self._relay
        return self._relay.pid

    def prefix(self, side: int) -> list[str]:
        """Return the words that start a program on one of the hosts."""
        return ["nsenter", f"--net={self._namespaces[side]}", "--"]

    @contextmanager
    def here(self, side: int) -> Iterator[None]:
        """Let this thread stand on one of the hosts: what sockets it makes are there."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(self._namespaces[side], os.O_RDONLY)
        try:
            _set_namespace(there)
            yield
        finally:
            _set_namespace(before)
            os.close(there)
            os.close(before)

    def told(self) -> Told:
        """Return what went over it so far."""
        return self._say("told")

    def silence(self) -> None:
        """Lose every packet without a word, those on their way too, as a radio link in a tunnel."""
        self._say("silent")

    def speak(self) -> None:
        """Carry packets again."""
        self._say("heard")

    def down(self) -> None:
        """Take the devices down at both ends, as a pulled cable."""
        self._set_devices("down")

    def up(self) -> None:
        """Bring the devices up again."""
        self._set_devices("up")

    def _set_devices(self, state: str) -> None:
        for side in (NEAR, FAR):
            words = [*self.prefix(side), "ip", "link", "set", DEVICE, state]
            subprocess.run(words, check=True, capture_output=True)

    def _say(self, word: str) -> Told:
        assert self._relay
        assert self._relay.stdin
        assert self._relay.stdout
        print(word, file=self._relay.stdin, flush=True)
        counts = json.loads(self._relay.stdout.readline())
        return Told(Count(**counts["up"]), Count(**counts["down"]))


def _set_namespace(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))

"""The middle of an emulated line: two network namespaces of its own, a TUN device in each, and what happens between.

    python -P tests/net/relay.py '{"delay_ms": 300, "loss": 0.05, "bits_per_s": 128000, "queue_bytes": 32000, "seed": 1}'

It is started by tests/net/line.py, answers words on its standard input with a line of JSON each, and ends with it. The
namespaces have no name and the devices do not persist: when this process and those in the namespaces have ended, by
whatever hand, the kernel has removed all of it.
"""

import ctypes
import fcntl
import heapq
import json
import os
import select
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from random import Random
from typing import IO

ADDRESSES = (
    "198.18.0.1",
    "198.18.0.2",
)  # kept for benchmarks (RFC 2544); each line has its own two, unseen by others
DEVICE = "line0"
MTU = 1400
_CLONE_NEWNET = 0x40000000
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_LARGEST = 65_536
_BURST = 64  # packets read from one side before the other has its turn
_IPV4 = 4


class Way:
    """One direction: how long it takes, what it loses, what has gone over it."""

    def __init__(self, told: Mapping[str, float], seed: int) -> None:
        self._delay = told["delay_ms"] / 1000
        self._loss = told["loss"]
        self._rate = told["bits_per_s"]
        self._room = told["queue_bytes"]
        self._dice = Random(seed)  # noqa: S311 -- it loses the same packets each time
        self._free_at = 0.0  # when all that waits has been sent
        self.silent = False
        self.counts = dict.fromkeys(("packets", "bytes", "lost", "overflowed", "unheard"), 0)

    def arrival(self, size: int, now: float) -> float | None:
        """Return when a packet that came now is out at the other end; None where it never will be.

        What goes onto the line counts, whether or not it arrives: that is what is paid for.
        """
        if self.silent:
            self.counts["unheard"] += 1
            return None
        if (self._free_at - now) * self._rate / 8 + size > self._room and self._free_at > now:
            self.counts["overflowed"] += 1
            return None
        self._free_at = max(now, self._free_at) + size * 8 / self._rate
        self.counts["packets"] += 1
        self.counts["bytes"] += size
        if self._dice.random() < self._loss:
            self.counts["lost"] += 1
            return None
        return self._free_at + self._delay


def tun(own: str, other: str) -> tuple[int, int]:
    """Move this process into a new namespace and make a device there; returns device and namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), _IFF_TUN | _IFF_NO_PI))
    for words in (
        "link set lo up",
        f"addr add {own} peer {other} dev {DEVICE}",
        f"link set {DEVICE} mtu {MTU} up",
    ):
        subprocess.run(["ip", *words.split()], check=True, capture_output=True)
    return device, os.open("/proc/self/ns/net", os.O_RDONLY)


class Relay:
    """Carries packets until its words end."""

    def __init__(self, told: Mapping[str, float], words: IO[str], answers: IO[str]) -> None:
        near, far = ADDRESSES
        (here, first), (there, second) = tun(near, far), tun(far, near)
        seed = int(told["seed"])
        self._ways = {here: Way(told, seed), there: Way(told, seed + 1)}
        self._other = {here: there, there: here}
        self._on_the_way: list[tuple[float, int, int, bytes]] = []
        self._number = 0
        self._words, self._answers = words, answers
        self._say({"namespaces": [first, second], "pid": os.getpid()})

    def run(self) -> None:
        """Carry packets, and do as told between them."""
        while True:
            wait = max(0.0, self._on_the_way[0][0] - time.monotonic()) if self._on_the_way else None
            heard: list[int | IO[str]] = [*self._ways, self._words]
            ready, _, _ = select.select(heard, [], [], wait)
            for one in ready:
                if isinstance(one, int):
                    self._take(one)
                elif not self._obey(self._words.readline()):
                    return
            self._deliver()

    def _take(self, device: int) -> None:
        way = self._ways[device]
        for _ in range(_BURST):
            try:
                packet = os.read(device, _LARGEST)
            except OSError:  # nothing more, or the device is down
                return
            if packet[0] >> 4 != _IPV4:  # what the kernel says to itself in the other protocol
                continue
            at = way.arrival(len(packet), time.monotonic())
            if at is not None:
                self._number += 1
                heapq.heappush(self._on_the_way, (at, self._number, self._other[device], packet))

    def _deliver(self) -> None:
        while self._on_the_way and self._on_the_way[0][0] <= time.monotonic():
            _, _, device, packet = heapq.heappop(self._on_the_way)
            try:
                os.write(device, packet)
            except OSError:  # the device is down
                continue

    def _obey(self, word: str) -> bool:
        match word.strip():
            case "":
                return False
            case "silent" | "heard" as state:
                for way in self._ways.values():
                    way.silent = state == "silent"
                self._on_the_way.clear()  # a line that is cut loses what is on it
        up, down = (way.counts for way in self._ways.values())
        self._say({"up": up, "down": down})
        return True

    def _say(self, told: object) -> None:
        print(json.dumps(told), file=self._answers, flush=True)


if __name__ == "__main__":
    Relay(json.loads(sys.argv[1]), sys.stdin, sys.stdout).run()

"""The emulated line does what it says, and nothing of it is left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.net.line import FAR, MOBILE, NEAR, Line, why_not

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.root
QUIET = replace(MOBILE, name="nothing but a line", delay_ms=0, loss=0.0, bits_per_s=1e9, queue_bytes=10**7)
HEADS = 28  # bytes of IP and UDP before what is sent


@pytest.fixture(scope="module", autouse=True)
def _can_have_a_line() -> None:
    if why := why_not():
        pytest.skip(why)


@contextmanager
def heard(line: Line) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A socket on each host; the near one is joined to the far one."""
    with line.here(FAR):
        far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with line.here(NEAR):
        near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with near, far:
        far.bind((line.addresses[FAR], 7000))
        far.settimeout(2)
        near.connect((line.addresses[FAR], 7000))
        yield near, far


def drained(far: socket.socket, seconds: float) -> int:
    """Return how many packets come until none does for a while."""
    far.settimeout(seconds)
    count = 0
    try:
        while far.recv(2000):
            count += 1
    except TimeoutError:
        return count
    raise AssertionError("an empty packet")


def test_a_packet_takes_as_long_as_the_line_says_and_is_counted_with_its_heads() -> None:
    with Line(replace(QUIET, delay_ms=80)) as line, heard(line) as (near, far):
        began = time.monotonic()
        near.send(b"x" * 100)
        assert len(far.recv(2000)) == 100
        assert time.monotonic() - began >= 0.08
        told = line.told()
        assert (told.up.packets, told.up.bytes, told.down.packets) == (1, 100 + HEADS, 0)


def test_what_is_sent_faster_than_the_line_waits_its_turn() -> None:
    with Line(replace(QUIET, bits_per_s=400_000)) as line, heard(line) as (near, far):
        began = time.monotonic()
        for _ in range(20):
            near.send(b"x" * (1000 - HEADS))
        assert drained(far, 1) == 20
        assert time.monotonic() - began >= 0.4 + 1  # 20,000 bytes at 50,000 a second


def test_what_finds_no_room_in_the_queue_is_lost_and_not_paid_for() -> None:
    with Line(replace(QUIET, bits_per_s=400_000, queue_bytes=5_000)) as line, heard(line) as (near, far):
        for _ in range(20):
            near.send(b"x" * (1000 - HEADS))
        arrived = drained(far, 0.5)
        told = line.told().up
        assert 5 <= arrived < 20
        assert (told.packets, told.overflowed) == (arrived, 20 - arrived)


def test_a_lossy_line_loses_its_share_and_the_same_packets_each_time() -> None:
    lost = []
    for _ in range(2):
        with Line(replace(QUIET, loss=0.05)) as line, heard(line) as (near, far):
            arrived = 0
            for _ in range(8):  # the receiving socket holds some hundred
                for _ in range(50):
                    near.send(b"x" * 100)
                arrived += drained(far, 0.1)
            told = line.told().up
            assert (told.packets, arrived) == (400, 400 - told.lost)
            lost.append(told.lost)
    assert lost[0] == lost[1]
    assert 8 <= lost[0] <= 36


@pytest.mark.parametrize("how", ["silent", "down"])
def test_a_line_that_is_cut_carries_nothing_until_it_is_mended(how: str) -> None:
    with Line(QUIET) as line, heard(line) as (near, far):
        cut, mend = (line.silence, line.speak) if how == "silent" else (line.down, line.up)
        cut()
        try:
            near.send(b"lost")
        except OSError:
            assert how == "down"  # a pulled cable may be told at once
        assert drained(far, 0.2) == 0
        mend()
        near.send(b"heard")
        far.settimeout(2)
        assert far.recv(100) == b"heard"
        assert line.told().up.unheard == (1 if how == "silent" else 0)


def test_a_program_on_the_far_host_is_reached_over_the_line() -> None:
    with Line(QUIET) as line:
        answer = (
            "line, _ = socket.create_server((sys.argv[1], 7001)).accept(); line.sendall(line.recv(9)[::-1])"
        )
        words = [*line.prefix(FAR), sys.executable, "-W", "ignore", "-c", f"import socket, sys; {answer}"]
        with subprocess.Popen([*words, line.addresses[FAR]]) as program, line.here(NEAR):
            assert asked(line.addresses[FAR], b"near") == b"raen"
            assert program.wait(10) == 0
        told = line.told()
        assert told.up.bytes > told.up.packets * 40
        assert told.down.packets >= 3


def asked(address: str, words: bytes) -> bytes:
    """Return the far program's answer, as soon as it answers at all."""
    end = time.monotonic() + 10
    while True:
        try:
            with socket.create_connection((address, 7001), timeout=5) as near:
                near.sendall(words)
                return near.recv(9)
        except ConnectionRefusedError:
            assert time.monotonic() < end
            time.sleep(0.02)


KILLED = """
import time
from tests.net.line import MOBILE, Line
with Line(MOBILE) as line:
    print(line.pid, flush=True)
    time.sleep(60)
"""


def test_nothing_of_a_line_is_left_when_its_program_is_killed() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-P", "-c", KILLED], stdout=subprocess.PIPE, text=True, env=environment
    ) as program:
        assert program.stdout
        relay = Path(f"/proc/{int(program.stdout.readline())}")
        assert relay.exists()
        program.send_signal(signal.SIGKILL)
    end = time.monotonic() + 10
    while relay.exists() and time.monotonic() < end:  # the kernel takes namespaces and devices away with it
        time.sleep(0.01)
    assert not relay.exists()

"""TPMs that are programs (swtpm), what other programs may do to them, and a wire on the bus in front of one."""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from client.domain.errors import StoreError
from installer.dev.services import running, wait_until
from offline.store.device_secret import DeviceKeeping
from offline.tpm import wire
from offline.tpm.line import Line, SilentError
from offline.tpm.seal import Sealed, Tpm, read

SECRET = bytes(range(100, 132))
LOCKOUT, PCR_FOR_TRIALS, GET_RANDOM = 0x4000000A, 16, 0x17B


@dataclass
class Chip:
    """One TPM, as it is soldered to one mainboard."""

    path: Path

    def door(self, *pcrs: int, wait: float = 20.0) -> Tpm:
        return Tpm(self.path, pcrs=pcrs, wait=wait)

    def keeping(self, *, sealing: bool = True) -> DeviceKeeping:
        return DeviceKeeping(self.door(), sealing=sealing)

    def say(self, code: int, handle: int, body: bytes = b"") -> None:
        """Have it do something as a program with all its empty passwords would."""
        with Line(self.path, 20) as line:
            answer = line.ask(wire.command(code, (handle,), body, wire.by_password()))
        assert wire.code_of(answer) == 0, hex(wire.code_of(answer))

    def forget(self) -> None:
        """Let go of what was left open; the kernel's resource manager does so when a line is closed."""
        with Line(self.path, 20) as line:
            for first in (0x80000000, 0x02000000, 0x03000000):  # keys, sessions of either kind
                for handle in range(first, first + 4):
                    line.ask(wire.command(wire.FLUSH, (), struct.pack(">I", handle)))

    def clear(self) -> None:
        self.say(0x126, LOCKOUT)

    def lock(self) -> None:
        """Let it be as after wrong passwords of other programs: none may be tried any more."""
        self.say(0x13A, LOCKOUT, struct.pack(">III", 0, 1000, 1000))

    def take_ownership(self) -> None:
        self.say(0x129, wire.OWNER, wire.sized(b"the owner's"))

    def start_otherwise(self) -> None:
        """Measure something else than before into the PCR for trials."""
        self.say(0x182, PCR_FOR_TRIALS, struct.pack(">IH", 1, wire.SHA256) + b"\7" * 32)

    def start_as_ever(self) -> None:
        self.say(0x13D, PCR_FOR_TRIALS)


def answers(at: Path) -> bool:
    """Tell whether a TPM takes questions there; its socket is there a moment before."""
    try:
        with Line(at, 20) as line:
            return wire.code_of(line.ask(wire.command(GET_RANDOM, (), b"\0\1"))) == 0
    except (OSError, SilentError, wire.BadAnswerError):
        return False


@contextmanager
def chip() -> Iterator[Chip]:
    """Run a TPM of its own, never used before. Its socket's path must be short: 107 letters."""
    with TemporaryDirectory(prefix="tpm-") as name:
        folder = Path(name)
        at = folder / "tpm"
        command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}"]
        command += ["--server", f"type=unixio,path={at}", "--flags", "not-need-init,startup-clear"]
        with running(command, folder / "log"):
            wait_until(lambda: answers(at), seconds=60, what="swtpm")
            yield Chip(at)


Change = Callable[[bytes, bytes], bytes]  # the command, the answer to it → the answer that arrives


@dataclass
class Tap:
    """A wire on the bus: it hears everything, and may change what arrives."""

    chip: Chip
    heard: list[bytes] = field(default_factory=list)
    change: Change = lambda _command, answer: answer

    @property
    def traffic(self) -> bytes:
        return b"".join(self.heard)

    def serve(self, listener: socket.socket) -> None:
        with suppress(OSError):  # it was shut
            while True:
                caller, _ = listener.accept()
                with caller, Line(self.chip.path, 20) as line:
                    while command := caller.recv(4096):
                        answer = line.ask(command)
                        self.heard += [command, answer]
                        caller.sendall(self.change(command, answer))


@contextmanager
def tapped(chip: Chip) -> Iterator[tuple[Tap, Tpm]]:
    """Put a wire before a TPM; yields it, and the door that leads over it."""
    tap = Tap(chip)
    with TemporaryDirectory(prefix="tap-") as name, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{name}/tpm")
        listener.listen()
        Thread(target=tap.serve, args=(listener,), daemon=True).start()
        try:
            yield tap, Tpm(Path(name) / "tpm", wait=20)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            chip.forget()


def sealed_by(door: Tpm, secret: bytes = SECRET) -> Sealed:
    found = read(door.sealed(secret))
    assert found is not None
    return found


def said(door: Tpm, sealed: Sealed) -> str:
    """Return what opening ends with: a code, or "open"."""
    try:
        assert door.opened(sealed) == SECRET
    except StoreError as error:
        return error.code
    return "open"

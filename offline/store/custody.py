"""What became of a bundle somebody keeps for another town: lines beside the file, each linked to the one before.

A line that was taken out, changed or put in shows. Lines cut off at the end show against the head, which whoever hands a
bundle over writes on the paper that goes with it.
"""

import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import msgspec

from client.domain.errors import RefusedError
from client.rules.chain import GENESIS, link
from offline.store.files import InstanceLock, open_own, read_whole, trouble, write_all
from offline.store.times import utc_text

EVENTS = ("received", "verified", "challenged", "handed_back", "destroyed")
_ENDING, _LOCK = ".custody.jsonl", ".custody.lock"
_BLOCK = 1024 * 1024


class CustodyLine(msgspec.Struct, frozen=True):
    """What was done with a bundle: when, by whom, from or to whom, and which bytes the file had (SHA-256; empty: gone)."""

    seq: int
    at: str
    event: str
    bundle: str
    by: str
    other: str
    sha256: str
    hash: str = ""

    def linked(self, prev: bytes) -> bytes:
        """Return the hash of this line after another."""
        return link(prev, {**msgspec.structs.asdict(self), "hash": ""})


@dataclass(frozen=True, slots=True)
class Deed:
    """What is to be written down."""

    event: str
    by: str
    other: str = ""


def path_of(bundle: Path) -> Path:
    """Return where the record of a bundle's custody lies: beside it."""
    return bundle.with_name(bundle.name + _ENDING)


def add(bundle: Path, bundle_id: str, deed: Deed, at: datetime) -> CustodyLine:
    """Write down what was done; the file is hashed for it, where it is still there.

    RefusedError ``bundle.custody``, or ``refused.input`` where it is no such deed, or "destroyed" and the file is there.
    StoreError ``store.in_use`` while somebody else writes.
    """
    with InstanceLock(bundle.with_name(bundle.name + _LOCK)):
        return _add(bundle, bundle_id, deed, at)


def _add(bundle: Path, bundle_id: str, deed: Deed, at: datetime) -> CustodyLine:
    lines = read(bundle)
    if deed.event not in EVENTS or (deed.event == "destroyed" and bundle.exists()):
        raise RefusedError("refused.input", field="event")
    digest = file_hash(bundle).hex() if bundle.exists() else ""
    prev = bytes.fromhex(lines[-1].hash) if lines else GENESIS
    line = CustodyLine(len(lines) + 1, utc_text(at), deed.event, bundle_id, deed.by, deed.other, digest)
    whole = msgspec.structs.replace(line, hash=line.linked(prev).hex())
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    try:
        handle = open_own(path_of(bundle), flags)
        try:
            os.ftruncate(handle, len(_said(bundle)))  # a line torn by a power cut was never said
            write_all(handle, msgspec.json.encode(whole) + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise trouble(error) from error
    return whole


def read(bundle: Path, head: str = "") -> tuple[CustodyLine, ...]:
    """Return the lines of a record. RefusedError ``bundle.custody`` names the first that does not follow.

    ``head`` is the hash the last line should bear, where it is known from elsewhere.
    """
    prev, lines = GENESIS, []
    for number, written in enumerate(_said(bundle).splitlines(), 1):
        try:
            line = msgspec.json.decode(written, type=CustodyLine)
        except (msgspec.DecodeError, ValueError):
            raise RefusedError("bundle.custody", entry=number) from None
        if line.seq != number or line.linked(prev).hex() != line.hash:
            raise RefusedError("bundle.custody", entry=number)
        prev = bytes.fromhex(line.hash)
        lines.append(line)
    if head and head not in {line.hash for line in lines}:
        raise RefusedError("bundle.custody", entry=len(lines) + 1)
    return tuple(lines)


def _said(bundle: Path) -> bytes:
    """Return the lines that were written whole."""
    content = read_whole(path_of(bundle)) or b""
    return content[: content.rfind(b"\n") + 1]


def is_kept(bundle: Path, lines: tuple[CustodyLine, ...]) -> bool:
    """Tell whether the file is there with the bytes it was received with."""
    first = next((line.sha256 for line in lines if line.sha256), "")
    return bundle.exists() and file_hash(bundle).hex() == first


def file_hash(path: Path) -> bytes:
    """Return the SHA-256 of a whole file."""
    hashed = sha256()
    for block in _blocks(path):
        hashed.update(block)
    return hashed.digest()


def answer(path: Path, nonce: bytes) -> bytes:
    """Return what only somebody with every byte of the file can answer to a number never asked before."""
    hashed = hmac.new(nonce, digestmod=sha256)
    for block in _blocks(path):
        hashed.update(block)
    return hashed.digest()


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
    except OSError as error:
        raise trouble(error) from error

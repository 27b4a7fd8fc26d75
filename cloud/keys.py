"""What the tenant holds secret: the keys that sign feeds and open payloads, by date; others without one.

A feed or command key is a file named for the moment it comes into force. The youngest in force is used; older ones are
kept, for what was signed with them or sealed to them.
"""

import os
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Generic, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

SIZE = 32
_ID_SIZE = 8
_MOMENT = "%Y%m%dT%H%M%SZ"  # in the name of a key's file
_PURPOSES = ("feed", "command")
K = TypeVar("K", Ed25519PrivateKey, X25519PrivateKey)


@dataclass(frozen=True, slots=True)
class DatedKey(Generic[K]):
    """A key pair in force from a moment on."""

    since: datetime
    private: K = field(repr=False)

    @property
    def public(self) -> bytes:
        """Return the part terminals are given."""
        return self.private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> str:
        """Return what envelopes call it."""
        return blake2b(self.public, digest_size=_ID_SIZE).hexdigest()


@dataclass(frozen=True, slots=True)
class TenantKeys:
    """One municipality's keys, oldest first; never in a log, never over the wire but for their public parts."""

    feed: tuple[DatedKey[Ed25519PrivateKey], ...]
    command: tuple[DatedKey[X25519PrivateKey], ...]
    digest: bytes = field(repr=False)
    chunk: bytes = field(repr=False)  # what the keys of snapshot chunks are derived with; no terminal has it
    office_token: str = field(repr=False)
    measures: bytes = field(
        default=b"", repr=False
    )  # seals whom measures protect from; for those with the right

    def feed_at(self, now: datetime) -> DatedKey[Ed25519PrivateKey]:
        """Return the key that signs feeds at a moment."""
        return next((key for key in reversed(self.feed) if key.since <= now), self.feed[0])

    def command_of(self, key_id: str) -> X25519PrivateKey | None:
        """Return the key an envelope was sealed to, however old, or None where it is none of ours."""
        return next((key.private for key in self.command if key.key_id == key_id), None)


def open_keys(folder: Path, now: datetime) -> TenantKeys:
    """Read the tenant's keys, making those that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for purpose in _PURPOSES:
        if not _files(folder, purpose):
            _make(folder, purpose, now)
    return TenantKeys(
        feed=tuple(
            DatedKey(since, Ed25519PrivateKey.from_private_bytes(content))
            for since, content in _dated(folder, "feed")
        ),
        command=tuple(
            DatedKey(since, X25519PrivateKey.from_private_bytes(content))
            for since, content in _dated(folder, "command")
        ),
        digest=secret(folder / "digest.key"),
        chunk=secret(folder / "chunk.key"),
        office_token=secret(folder / "office.key").hex(),
        measures=secret(folder / "measures.key"),
    )


def add_keys(folder: Path, since: datetime) -> None:
    """Make the next feed and command key, in force from a moment on; they are read when the tenant is next opened."""
    for purpose in _PURPOSES:
        _make(folder, purpose, since)


def _make(folder: Path, purpose: str, since: datetime) -> None:
    path = folder / f"{purpose}-{since.astimezone(UTC).strftime(_MOMENT)}.key"
    if path.exists():
        raise FileExistsError(path.name)
    write_private(path, secrets.token_bytes(SIZE))


def _files(folder: Path, purpose: str) -> list[Path]:
    return sorted(folder.glob(f"{purpose}-*.key"))  # the moment in the name puts them in order


def _dated(folder: Path, purpose: str) -> list[tuple[datetime, bytes]]:
    return [
        (
            datetime.strptime(path.stem.removeprefix(f"{purpose}-"), _MOMENT).replace(tzinfo=UTC),
            path.read_bytes(),
        )
        for path in _files(folder, purpose)
    ]


def secret(path: Path) -> bytes:
    """Return a secret of 32 bytes kept in a file, made where it is not there yet."""
    if not path.exists():
        write_private(path, secrets.token_bytes(SIZE))
    return path.read_bytes()


def write_private(path: Path, content: bytes) -> None:
    """Write a file only its owner may read, whole or not at all."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

"""What the tenant holds secret: the feed's signing key, the key of sealed payloads, of digests, of the office."""

import os
import secrets
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

SIZE = 32


@dataclass(frozen=True, slots=True)
class TenantKeys:
    """One municipality's keys; never in a log, never over the wire but for their public parts."""

    feed: Ed25519PrivateKey = field(repr=False)
    command: X25519PrivateKey = field(repr=False)
    digest: bytes = field(repr=False)
    office_token: str = field(repr=False)

    @property
    def feed_public(self) -> bytes:
        """Return the key a terminal checks feeds with."""
        return self.feed.public_key().public_bytes_raw()

    @property
    def command_public(self) -> bytes:
        """Return the key a terminal seals payloads to."""
        return self.command.public_key().public_bytes_raw()

    @property
    def feed_key_id(self) -> str:
        """Return the name of the feed key, as envelopes quote it."""
        return blake2b(self.feed_public, digest_size=8).hexdigest()


def open_keys(folder: Path) -> TenantKeys:
    """Read the tenant's keys, making those that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return TenantKeys(
        feed=Ed25519PrivateKey.from_private_bytes(_secret(folder / "feed.key")),
        command=X25519PrivateKey.from_private_bytes(_secret(folder / "command.key")),
        digest=_secret(folder / "digest.key"),
        office_token=_secret(folder / "office.key").hex(),
    )


def _secret(path: Path) -> bytes:
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

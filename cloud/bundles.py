"""Bundles the cloud makes: what a terminal needs, in one sealed and signed file that is carried by hand.

The format is told in docs/CONTRACT.md. Written in one go, segment by segment, with manifest and signature at
the end: the size of a town does not matter.
"""

import os
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cloud.clock import stamp
from cloud.contract import FEEDS
from cloud.escrow import key_id
from cloud.tenant import Tenant

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_MAGIC, _END = b"MADOGUCHI-BUNDLE-1\n", b"MDGEND1\n"
_SIGNED = b"madoguchi-bundle-v1\n"
_WRAPPED, _PART = "madoguchi bundle v1", "madoguchi bundle part v1"
_SEGMENT = 65_536
_ONE_VERSION = (
    1  # about so many rows a parcel, never a part of a version: a terminal at any version finds its beginning
)

Spans = Mapping[str, tuple[int | None, int]]
Manifest = dict[str, Any]


class CannotGoOnError(ValueError):
    """A feed does not go on from the version asked for: its log begins later, or it has not come so far."""


@dataclass
class _Writer:
    """A file of sealed parts."""

    file: BinaryIO
    bundle: str
    key: bytes = field(repr=False)
    parts: list[dict[str, object]] = field(default_factory=list)

    def part(self, name: str, records: Iterable[bytes]) -> None:
        """Seal records, one after the other, as a part."""
        info = "\0".join((_PART, self.bundle, name)).encode("utf-8")
        cipher = AESGCM(HKDF(SHA256(), 32, salt=None, info=info).derive(self.key))
        hashed, size = sha256(), 0
        for number, (plain, last) in enumerate(_segments(records)):
            sealed = cipher.encrypt(number.to_bytes(11, "big") + bytes([last]), plain, None)
            self.file.write(sealed)
            hashed.update(sealed)
            size += len(sealed)
        self.parts.append({"name": name, "size": size, "sha256": hashed.hexdigest()})


def _segments(records: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    kept = bytearray()
    for record in records:
        kept += len(record).to_bytes(4, "big") + record
        while len(kept) > _SEGMENT:
            yield bytes(kept[:_SEGMENT]), False
            del kept[:_SEGMENT]
    yield bytes(kept), True


@dataclass(frozen=True, slots=True)
class Bundler:
    """Makes bundles of one town, sealed to its escrow."""

    tenant: Tenant
    environment: str
    escrow: bytes

    def delta(self, path: Path, since: Mapping[str, int | None]) -> Manifest:
        """Write every version after those named (None: as far back as the log goes); returns what stands in the clear."""
        begins = {feed: self._begin(feed, since[feed]) for feed in FEEDS}

        def fill(writer: _Writer) -> Spans:
            ends = dict(begins)
            writer.part("parcels", self._parcels(ends))
            return {feed: (begins[feed], ends[feed]) for feed in FEEDS}

        return self._write(path, "delta", fill)

    def whole(self, path: Path) -> Manifest:
        """Write a snapshot and every version since; returns what stands in the clear."""
        snapshots = self.tenant.snapshots
        snapshots.try_to_refresh()
        wire = snapshots.manifest_parcel()
        *_, register, blocks, chunks = _clear(wire)

        def fill(writer: _Writer) -> Spans:
            ends = {"blocks": blocks, "register": register}
            writer.part("snapshot", [wire])
            writer.part("chunks", (self._chunk(digest.hex()) for digest, _ in chunks))
            writer.part("parcels", self._parcels(ends))
            return {feed: (None, ends[feed]) for feed in FEEDS}

        return self._write(path, "whole", fill)

    def _chunk(self, name: str) -> bytes:
        file = self.tenant.snapshots.open_chunk(name)
        if file is None:
            raise FileNotFoundError(name)
        with file:
            return file.read()

    def _parcels(self, at: dict[str, int]) -> Iterator[bytes]:
        """Yield a parcel for every version after those in ``at``, which goes along; the last says that it is the newest."""
        for feed in FEEDS:
            newest = False
            while not newest:
                told = self._asked(feed, at[feed])
                *_, to, head, _at, _root = _clear(told)
                at[feed], newest = to, to == head
                yield told

    def _begin(self, feed: str, since: int | None) -> int:
        if since is None:
            with self.tenant.register.reading() as connection:
                return self.tenant.register.head(connection, feed).log_from
        self._asked(feed, since)
        return since

    def _asked(self, feed: str, after: int) -> bytes:
        answer = self.tenant.feeds.parcels({feed: after}, _ONE_VERSION)
        (told,) = msgspec.msgpack.decode(answer, type=list[msgspec.Raw])
        trouble = msgspec.msgpack.decode(told)
        if isinstance(trouble, dict):
            raise CannotGoOnError(", ".join(f"{name} {value}" for name, value in trouble.items()))
        return bytes(told)

    def _write(self, path: Path, kind: str, fill: Callable[[_Writer], Spans]) -> Manifest:
        """Write a bundle beside its name, and give it that name when it is whole."""
        draft = path.with_name(path.name + ".part")
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(_MAGIC)
                writer = _Writer(file, secrets.token_hex(16), secrets.token_bytes(32))
                spans = fill(writer)
                manifest = self._manifest(kind, writer, spans)
                words = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
                signature = self.tenant.keys.feed_at(self.tenant.now()).private.sign(_SIGNED + words)
                file.write(words + signature)
                file.write(len(words).to_bytes(4, "big") + len(signature).to_bytes(2, "big") + _END)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        return manifest

    def _manifest(self, kind: str, writer: _Writer, spans: Spans) -> Manifest:
        tenant, escrow, now = self.tenant, key_id(self.escrow), self.tenant.now()
        bound = (_WRAPPED, writer.bundle, tenant.municipality, self.environment, kind, escrow)
        public = X25519PublicKey.from_public_bytes(self.escrow)
        wrapped = _SUITE.encrypt(writer.key, public, "\0".join(bound).encode("utf-8"))
        return {
            "format": 1,
            "bundle": writer.bundle,
            "municipality": tenant.municipality,
            "environment": self.environment,
            "kind": kind,
            "made_at": stamp(now),
            "made_by": "cloud",
            "versions": {feed: {"after": after, "to": to} for feed, (after, to) in spans.items()},
            "escrow": escrow,
            "wrapped": b64encode(wrapped).decode("ascii"),
            "signer": {"key": b64encode(tenant.keys.feed_at(now).public).decode("ascii")},
            "parts": writer.parts,
        }


def _clear(parcel: bytes) -> list[Any]:
    """Return what a parcel says in the clear."""
    clear: list[Any] = msgspec.msgpack.decode(msgspec.msgpack.decode(parcel)[0])
    return clear

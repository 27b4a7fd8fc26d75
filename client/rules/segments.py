"""A part of a bundle, sealed as a stream: order and end are bound in, and no more than a segment is in memory.

Segments of 64 KiB under AES-256-GCM, each under its number and whether it is the last (the STREAM construction: Hoang,
Reyhanitabar, Rogaway, Vizár 2015). A key seals one part and never another, so numbers may be nonces. Inside are records,
each after its length in four bytes.
"""

from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from client.domain.errors import RefusedError
from client.rules.unpack import LARGEST

SEGMENT = 65_536
_TAG = 16
SEALED = SEGMENT + _TAG
_INFO = "madoguchi bundle part v1"
_LENGTH = 4


def part_key(content_key: bytes, bundle_id: str, name: str) -> bytes:
    """Return the key of one part of one bundle."""
    info = "\0".join((_INFO, bundle_id, name)).encode()
    return HKDF(SHA256(), 32, salt=None, info=info).derive(content_key)


class Sealer:
    """Seals what it is given, segment by segment."""

    def __init__(self, key: bytes) -> None:
        self._seal = AESGCM(key)
        self._number = 0
        self._kept = bytearray()

    def put(self, record: bytes) -> bytes:
        """Take a record; returns the segments that are full by now."""
        self._kept += len(record).to_bytes(_LENGTH) + record
        sealed = bytearray()
        while len(self._kept) > SEGMENT:  # a full one is kept back: it may be the last
            sealed += self._next(last=False)
        return bytes(sealed)

    def end(self) -> bytes:
        """Return the last segment."""
        return self._next(last=True)

    def _next(self, *, last: bool) -> bytes:
        plain = bytes(self._kept[:SEGMENT])
        del self._kept[:SEGMENT]
        sealed = self._seal.encrypt(_nonce(self._number, last=last), plain, None)
        self._number += 1
        return sealed


def opened(key: bytes, sealed: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the plain segments of a part. RefusedError ``bundle.changed`` where one is not in its place, or not the last."""
    seal, number = AESGCM(key), 0
    waiting: bytes | None = None
    for segment in sealed:
        if waiting is not None:
            yield _open(seal, waiting, _nonce(number, last=False))
            number += 1
        waiting = segment
    if waiting is None:
        raise RefusedError("bundle.changed")
    yield _open(seal, waiting, _nonce(number, last=True))


def records(plain: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the records in plain segments. RefusedError ``bundle.changed`` where they do not come out even."""
    kept = bytearray()
    for segment in plain:
        kept += segment
        while len(kept) >= _LENGTH:
            ends = _LENGTH + int.from_bytes(kept[:_LENGTH])
            if ends > LARGEST:
                raise RefusedError("bundle.changed")
            if len(kept) < ends:
                break
            yield bytes(kept[_LENGTH:ends])
            del kept[:ends]
    if kept:
        raise RefusedError("bundle.changed")


def _open(seal: AESGCM, segment: bytes, nonce: bytes) -> bytes:
    try:
        return seal.decrypt(nonce, segment, None)
    except (InvalidTag, ValueError):  # changed, or shorter than a tag
        raise RefusedError("bundle.changed") from None


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])

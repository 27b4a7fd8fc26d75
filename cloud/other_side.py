"""相手方 of a measure: whom it protects from, sealed so that a replica tells it to nobody without the right [STD j160].

A byte 1, twelve of nonce, and AES-256-GCM over [name, reading, day of birth] in msgpack, filled with zeros to a multiple of
512 bytes behind its length in two: bound to the town and the measure, so that a row put elsewhere opens nowhere.
"""

import secrets
from dataclasses import dataclass, field

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORMAT, _NONCE, _ROOM = b"\x01", 12, 512
MOST_LETTERS = 100


@dataclass(frozen=True, slots=True)
class OtherSide:
    """Who somebody is protected from, as far as the office knows: ``birth`` is a day (ISO) or empty."""

    name: str = field(default="", repr=False)
    reading: str = field(default="", repr=False)
    birth: str = field(default="", repr=False)


def sealed(side: OtherSide, key: bytes, town: str, measure_id: str) -> bytes:
    """Return it sealed."""
    packed = msgspec.msgpack.encode([side.name, side.reading, side.birth])
    clear = len(packed).to_bytes(2) + packed
    clear += bytes(-len(clear) % _ROOM)
    nonce = secrets.token_bytes(_NONCE)
    return _FORMAT + nonce + AESGCM(key).encrypt(nonce, clear, _bound(town, measure_id))


def opened(box: bytes, key: bytes, town: str, measure_id: str) -> OtherSide | None:
    """Open it; None where it was not sealed here for this measure."""
    nonce = box[1 : 1 + _NONCE]
    try:
        clear = AESGCM(key).decrypt(nonce, box[1 + _NONCE :], _bound(town, measure_id))
        return OtherSide(*msgspec.msgpack.decode(clear[2 : 2 + int.from_bytes(clear[:2])], type=list[str]))
    except (InvalidTag, ValueError, TypeError, msgspec.DecodeError):
        return None


def _bound(town: str, measure_id: str) -> bytes:
    return "\0".join(("madoguchi other side v1", town, measure_id)).encode()

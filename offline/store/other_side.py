"""相手方 of a measure, opened with the key of somebody who may see it: the replica alone tells it to nobody."""

from datetime import date

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from client.domain.blocks import OtherSide, ShienSochi

_FORMAT, _NONCE = b"\x01", 12


def opened_other_side(measure: ShienSochi, key: bytes, town: str) -> OtherSide | None:
    """Return whom a measure protects from; None where the row does not say, or this key does not open it."""
    box = measure.other_side
    if not key or box[:1] != _FORMAT:
        return None
    bound = "\0".join(("madoguchi other side v1", town, measure.measure_id)).encode()
    try:
        clear = AESGCM(key).decrypt(box[1 : 1 + _NONCE], box[1 + _NONCE :], bound)
        told = msgspec.msgpack.decode(clear[2 : 2 + int.from_bytes(clear[:2])], type=tuple[str, str, str])
        name, reading, birth = told
        return OtherSide(name, reading, date.fromisoformat(birth) if birth else None)
    except (InvalidTag, ValueError, msgspec.DecodeError):
        return None

"""Canonical msgpack: one value, one form of bytes."""

from typing import Any

import msgspec

_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_DECODER = msgspec.msgpack.Decoder()


def packed(value: object) -> bytes:
    """Return a value as msgpack with the keys of every map in order."""
    return _ENCODER.encode(value)


def unpacked(content: bytes) -> Any:
    """Read what ``packed`` wrote."""
    return _DECODER.decode(content)

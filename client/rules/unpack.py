"""Reading what came from outside: within bounds, by the contract, and never quoting a row when it fails."""

from typing import TypeAlias, TypeVar

import msgspec
import zstandard

from client.domain.errors import LinkDownError

T = TypeVar("T")
_Plain: TypeAlias = list[str | bool | int | None]  # a column; None where a row has no value
_Blobs: TypeAlias = list[bytes | None]

LARGEST = 64 * 1024 * 1024  # bytes of one answer, unpacked
_WINDOW = 128 * 1024 * 1024  # bytes of memory zstd may ask for


def unpacked(packed: bytes, most: int = LARGEST) -> bytes:
    """Decompress within bounds: what a frame says of its own size is not trusted. LinkDownError ``link.fault``."""
    try:
        reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(packed)
        plain = reader.read(most + 1)
    except zstandard.ZstdError as error:
        raise LinkDownError("link.fault") from error
    insist(len(plain) <= most)
    return plain


def decoded(kind: type[T], plain: bytes | msgspec.Raw) -> T:
    """Read msgpack by the contract: unknown fields are allowed, wrong types are not. LinkDownError ``link.fault``."""
    try:
        return msgspec.msgpack.decode(plain, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # the reader's own words are dropped: they may quote a row
        raise LinkDownError("link.fault") from None


def column(packed: msgspec.Raw) -> list[object]:
    """Read a column as what it may be, so that nothing nests and no few bytes become many objects. LinkDownError."""
    try:
        return list(msgspec.msgpack.decode(packed, type=_Plain))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return list(decoded(_Blobs, packed))


def insist(holds: bool, code: str = "link.fault") -> None:
    """Treat an answer that contradicts itself or the question as no answer."""
    if not holds:
        raise LinkDownError(code) from None

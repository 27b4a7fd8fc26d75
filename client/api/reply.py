"""A good answer of the cloud, read whole and within bounds."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from client.domain.errors import LinkDownError

T = TypeVar("T")

JSON = "application/json"
MSGPACK = "application/msgpack"
BYTES = "application/octet-stream"
CRL = "application/pkix-crl"
PROBLEM = "application/problem+json"
_GZIP = 31  # zlib's number for gzip


@dataclass(frozen=True, slots=True)
class Reply:
    """A good answer (2xx)."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def content_type(self) -> str:
        """Return the media type, without parameters."""
        return media_type(self.headers)

    def decode(self, kind: type[T]) -> T:
        """Read the body by its contract; LinkDownError ``link.fault`` where it is not of it.

        Unknown fields are allowed, wrong types are not. The reader's own words are dropped: they may quote values.
        """
        try:
            if self.content_type == JSON:
                return msgspec.json.decode(self.body, type=kind)
            if self.content_type == MSGPACK:
                return msgspec.msgpack.decode(self.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # the last: nested without end
            raise LinkDownError("link.fault", status=self.status) from None
        raise LinkDownError("link.fault", status=self.status)


def media_type(headers: Mapping[str, str]) -> str:
    """Return the media type of an answer, without parameters."""
    return headers.get("content-type", "").split(";")[0].strip().lower()


def unpacked(raw: bytes, encoding: str, largest: int, status: int) -> bytes:
    """Return a body as it was before gzip; LinkDownError where it is cut off or swells beyond bounds."""
    if encoding == "identity":
        return raw
    if encoding != "gzip":
        raise LinkDownError("link.fault", status=status)
    opened = zlib.decompressobj(wbits=_GZIP)
    try:
        body = opened.decompress(raw, largest)
    except zlib.error as error:
        raise LinkDownError("link.fault", status=status) from error
    if opened.unconsumed_tail or not opened.eof:
        raise LinkDownError("link.fault", status=status)
    return body

"""A seal's PNG → an image mask in the PDF: black where the seal is black, clear elsewhere, never resampled."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from client.domain.errors import PaperError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _PALETTE = 0, 3


@dataclass(frozen=True, slots=True)
class Mask:
    """A one-bit picture as PNG stores it: rows with their filter bytes, deflated."""

    width: int
    height: int
    rows: bytes
    black_is_one: bool


def read_mask(png: bytes) -> Mask:
    """Read a one-bit PNG without decoding its rows; PDF understands them as they are. PaperError ``paper.bad_seal``."""
    try:
        return _read(png)
    except (ValueError, struct.error, zlib.error) as error:
        raise PaperError("paper.bad_seal") from error


def _read(png: bytes) -> Mask:
    if not png.startswith(_SIGNATURE):
        raise ValueError("a seal is a PNG")
    chunks = tuple(_chunks(png))
    header = next((data for kind, data in chunks if kind == b"IHDR"), b"")
    width, height, depth, colour, _, _, interlaced = struct.unpack(">LLBBBBB", header)
    if depth != 1 or colour not in {_GREY, _PALETTE} or interlaced:
        raise ValueError("a seal is a one-bit picture, not interlaced")
    palette = next((data for kind, data in chunks if kind == b"PLTE"), b"")
    rows = b"".join(data for kind, data in chunks if kind == b"IDAT")
    if len(zlib.decompress(rows)) != height * ((width + 7) // 8 + 1):
        raise ValueError("a seal's rows are not complete")
    return Mask(width, height, rows, colour == _PALETTE and sum(palette[0:3]) > sum(palette[3:6]))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at + 12 <= len(png):
        length, kind = struct.unpack(">L4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + length]
        if zlib.crc32(kind + data) != struct.unpack(">L", png[at + 8 + length : at + 12 + length])[0]:
            raise ValueError("a seal's picture is damaged")
        yield kind, data
        at += 12 + length

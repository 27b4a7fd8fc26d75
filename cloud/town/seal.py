"""A one-bit PNG of an invented official seal: nested squares with bars, no letters, nobody's real seal."""

import struct
import zlib
from functools import cache

DOTS_PER_MM = 600 / 25.4
MOST_MM = 25  # [STD j1050]


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG with its length and check sum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(rows: list[list[bool]]) -> bytes:
    """Return a black-and-white PNG at 600 dpi; True is black."""
    width, height = len(rows[0]), len(rows)
    raw = bytearray()
    for row in rows:
        raw.append(0)  # no filter
        padded = row + [False] * (-width % 8)
        for start in range(0, len(padded), 8):
            # One bit a dot, 1 is white.
            raw.append(
                sum((not black) << (7 - place) for place, black in enumerate(padded[start : start + 8]))
            )
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    dots_per_metre = round(600 / 0.0254)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"pHYs", struct.pack(">IIB", dots_per_metre, dots_per_metre, 1)),
            chunk(b"IDAT", zlib.compress(bytes(raw), 9)),
            chunk(b"IEND", b""),
        )
    )


@cache
def seal_image(side_mm: int, pattern: int) -> bytes:
    """Return a seal of a side in millimetres; each pattern has bars of its own (the bits of the number)."""
    if not 0 < side_mm <= MOST_MM:
        raise ValueError("an official seal has a side of at most 25 mm")
    side = round(side_mm * DOTS_PER_MM)
    unit = side / 24
    return png([[_black(x / unit, y / unit, pattern) for x in range(side)] for y in range(side)])


def _black(x: float, y: float, pattern: int) -> bool:
    """Tell whether a point of the 24 by 24 design is black: frame, thin frame, then four by four bars."""
    edge = min(x, y, 24 - x, 24 - y)
    if edge < 1.4:
        return True
    if edge < 2.2 or 2.7 <= edge < 3.6:
        return False
    if edge < 2.7:
        return True
    cell_x, cell_y = (x - 3.6) / 4.2, (y - 3.6) / 4.2
    column, line = min(3, int(cell_x)), min(3, int(cell_y))
    upright = pattern >> (4 * line + column) & 1
    inside = (cell_x - column) if upright else (cell_y - line)
    along = (cell_y - line) if upright else (cell_x - column)
    return 0.08 < along < 0.92 and (0.10 < inside < 0.28 or 0.42 < inside < 0.58 or 0.74 < inside < 0.90)

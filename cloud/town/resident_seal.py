"""A resident's seal (印影) as a small one-bit PNG: a ring with dots of its own, no letters, nobody's real seal.

Made by the ten thousand: the picture is one great integer, so that ring and rows of dots cost a few sums.
"""

import struct
import zlib

from cloud.town.seal import chunk

SIDE = 192  # dots; 12 mm at 16 dots a millimetre (406 dpi): a seal must be over 8 mm and under 25 mm
_DOTS_PER_METRE = 16_000
_CELLS = 6  # rows and columns of dots
_CELL = SIDE // _CELLS
_GAP = _CELL // 8
_ROW_BITS = SIDE + 8  # a filter byte stands before each row of a PNG
_BYTES = SIDE * _ROW_BITS // 8


def _at(row: int) -> int:
    """Return how far the bits of a row lie from the end of the picture."""
    return (SIDE - 1 - row) * _ROW_BITS


def _disc(low: float, high: float) -> int:
    """Return the dots whose distance from the middle lies between two bounds."""
    middle = (SIDE - 1) / 2
    return sum(
        1 << (_at(y) + SIDE - 1 - x)
        for y in range(SIDE)
        for x in range(SIDE)
        if low <= ((x - middle) ** 2 + (y - middle) ** 2) ** 0.5 < high
    )


def _spread(pattern: int) -> int:
    """Return a row in which each of six bits is a cell wide, less a gap."""
    wide = (1 << (_CELL - 2 * _GAP)) - 1
    return sum(wide << (_CELL * place + _GAP) for place in range(_CELLS) if pattern >> place & 1)


_RING, _INSIDE = _disc(0.45 * SIDE, 0.49 * SIDE), _disc(0, 0.42 * SIDE)
_WHITE = sum(((1 << SIDE) - 1) << _at(y) for y in range(SIDE))
_SPREAD = [_spread(pattern) for pattern in range(1 << _CELLS)]
_LINES = [sum(1 << _at(_CELL * cell + y) for y in range(_GAP, _CELL - _GAP)) for cell in range(_CELLS)]
_HEAD = b"\x89PNG\r\n\x1a\n" + b"".join(
    (
        chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 1, 0, 0, 0, 0)),
        chunk(b"pHYs", struct.pack(">IIB", _DOTS_PER_METRE, _DOTS_PER_METRE, 1)),
    )
)
_END = chunk(b"IEND", b"")


def resident_seal(pattern: int) -> bytes:
    """Return the seal whose dots are the 36 bits of a number."""
    dots = 0
    for cell, lines in enumerate(_LINES):
        dots += _SPREAD[pattern >> _CELLS * cell & 63] * lines
    picture = _WHITE ^ (_RING | _INSIDE & dots)  # 1 is white
    return _HEAD + chunk(b"IDAT", zlib.compress(picture.to_bytes(_BYTES), 4)) + _END

"""印鑑登録: the seal a resident has registered, and until when."""

import struct
from dataclasses import dataclass, field
from datetime import date

from client.domain.resident import AtenaNo


@dataclass(frozen=True, slots=True)
class SealRegistration:
    """印鑑登録 of one seal; the card (印鑑登録証) bears ``registration_no``."""

    atena_no: AtenaNo
    registration_no: str
    image: bytes | None = field(repr=False)
    registered: date | None
    registered_name: str | None
    abolished: date | None
    abolished_reason: str | None


LEAST_DPI = 400  # of a 印影 that papers show in its own size [GK]
_PNG = b"\x89PNG\r\n\x1a\n"
_MM_PER_INCH = 25.4


@dataclass(frozen=True, slots=True)
class SealSize:
    """How large a 印影 is on paper, in millimetres: its own size, at the fineness it was taken in."""

    width_mm: float
    height_mm: float
    dpi: float

    @property
    def is_fine_enough(self) -> bool:
        """Tell whether a paper may show it."""
        return self.dpi >= LEAST_DPI


def seal_size(image: bytes) -> SealSize | None:
    """Read the size of a PNG from its own words (IHDR, pHYs); None where it is no PNG or does not say it (1:1)."""
    if not image.startswith(_PNG):
        return None
    pixels: tuple[int, int] | None = None
    at = len(_PNG)
    while at + 8 <= len(image):
        (length,) = struct.unpack_from(">I", image, at)
        kind, body = image[at + 4 : at + 8], image[at + 8 : at + 8 + length]
        if kind == b"IHDR" and len(body) == 13:
            pixels = struct.unpack_from(">II", body)
        elif kind == b"pHYs" and len(body) == 9 and pixels:
            across, down, unit = struct.unpack(">IIB", body)
            return _size(pixels, across, down) if unit == 1 and across and down else None
        at += 12 + length
    return None


def _size(pixels: tuple[int, int], across: int, down: int) -> SealSize:
    """Return the size of so many pixels at so many to the metre."""
    width, height = 1000 * pixels[0] / across, 1000 * pixels[1] / down
    return SealSize(width, height, min(across, down) / 1000 * _MM_PER_INCH)

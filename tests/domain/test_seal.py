import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.seal import seal_size
from cloud.town.resident_seal import resident_seal


def png(width: int, height: int, *, metre: tuple[int, int] | None, unit: int = 1) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))]
    if metre:
        parts.append(chunk(b"pHYs", struct.pack(">IIB", *metre, unit)))
    return b"".join([*parts, chunk(b"IDAT", b""), chunk(b"IEND", b"")])


def test_a_seal_says_how_large_it_is() -> None:
    size = seal_size(png(200, 160, metre=(20_000, 16_000)))
    assert size is not None
    assert (size.width_mm, size.height_mm) == (10.0, 10.0)
    assert size.dpi == pytest.approx(406.4)
    assert size.is_fine_enough


def test_a_seal_taken_too_coarsely_is_known() -> None:
    size = seal_size(png(72, 72, metre=(6_000, 6_000)))
    assert size is not None
    assert not size.is_fine_enough


@pytest.mark.parametrize(
    "image",
    [b"", b"GIF89a", png(10, 10, metre=None), png(10, 10, metre=(0, 10)), png(10, 10, metre=(1, 1), unit=0)],
)
def test_what_does_not_say_its_size_has_none(image: bytes) -> None:
    assert seal_size(image) is None


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reading(noise: bytes) -> None:
    seal_size(png(10, 10, metre=None)[:33] + noise)
    seal_size(noise)


def test_the_seals_of_the_synthetic_town_can_be_shown_in_their_own_size() -> None:
    for pattern in (0, 7, (1 << 36) - 1):
        size = seal_size(resident_seal(pattern))
        assert size is not None
        assert size.is_fine_enough
        assert (size.width_mm, size.height_mm) == (12.0, 12.0)

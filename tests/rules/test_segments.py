"""A part of a bundle: what was sealed comes out, and no segment is taken out, moved, doubled or cut off unseen."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.errors import RefusedError
from client.rules.segments import SEALED, SEGMENT, Sealer, opened, part_key, records

KEY = part_key(bytes(32), "0" * 32, "rows")
LENGTHS = st.sampled_from([0, 1, 100, SEGMENT - 5, SEGMENT - 4, SEGMENT - 3, 2 * SEGMENT, 70_000])


def sealed(told: Sequence[bytes], key: bytes = KEY) -> list[bytes]:
    sealer = Sealer(key)
    whole = b"".join([*map(sealer.put, told), sealer.end()])
    return [whole[at : at + SEALED] for at in range(0, len(whole), SEALED)] or [b""]


def read(segments: Sequence[bytes], key: bytes = KEY) -> list[bytes]:
    return list(records(opened(key, segments)))


SOME = [bytes([number]) * 50_000 for number in range(6)]


@settings(max_examples=25)
@given(st.lists(LENGTHS, max_size=5))
def test_records_come_out_as_they_went_in(lengths: list[int]) -> None:
    told = [bytes([number]) * length for number, length in enumerate(lengths)]
    assert read(sealed(told)) == told


def test_a_segment_moved_doubled_left_out_or_cut_off_is_seen() -> None:
    whole = sealed(SOME)
    assert len(whole) == 5
    others = sealed(SOME, part_key(bytes(32), "1" * 32, "rows"))
    for wrong in (
        [whole[1], whole[0], *whole[2:]],
        [whole[0], *whole],
        whole[:1] + whole[2:],
        whole[:-1],
        [*whole, whole[-1]],
        [*whole[:-1], whole[-1][:-1]],
        [*whole[:-1], b"short"],
        [others[0], *whole[1:]],
        [],
    ):
        with pytest.raises(RefusedError, match=r"bundle\.changed"):
            read(wrong)


def test_a_part_opens_under_its_own_name_only() -> None:
    with pytest.raises(RefusedError, match=r"bundle\.changed"):
        read(sealed(SOME), part_key(bytes(32), "0" * 32, "parcels"))


def test_a_record_that_says_it_is_endless_is_refused_before_it_is_waited_for() -> None:
    with pytest.raises(RefusedError, match=r"bundle\.changed"):
        next(records([b"\xff\xff\xff\xff" + bytes(100)]))
    with pytest.raises(RefusedError, match=r"bundle\.changed"):
        list(records([b"\0\0\0\x05four"]))

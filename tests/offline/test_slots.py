from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.errors import StoreError
from offline.store.slots import PLACES, SLOT, Mark, Slots

KEY = b"\2" * 32


def mark(commit_no: int) -> Mark:
    return Mark(commit_no, commit_no, bytes([commit_no]) * 32, 0, bytes(32), commit_no)


def slots_in(folder: Path) -> Slots:
    slots = Slots(folder / "ledger.slots", KEY)
    assert slots.open() is None
    slots.create(Mark())
    return slots


def reopened(folder: Path, key: bytes = KEY) -> Mark | None:
    slots = Slots(folder / "ledger.slots", key)
    try:
        return slots.open()
    finally:
        slots.close()


def test_the_newest_mark_comes_back(tmp_path: Path) -> None:
    slots = slots_in(tmp_path)
    for number in range(1, 8):
        slots.write(mark(number))
        assert reopened(tmp_path) == mark(number)


def test_a_mark_torn_while_it_was_written_leaves_the_one_before(tmp_path: Path) -> None:
    slots = slots_in(tmp_path)
    slots.write(mark(1))
    slots.write(mark(2))
    slots.close()
    path = tmp_path / "ledger.slots"
    content = bytearray(path.read_bytes())
    content[PLACES[0] + 100] ^= 1
    path.write_bytes(content)
    assert reopened(tmp_path) == mark(1)


def test_where_no_slot_is_valid_the_ledger_is_not_trusted(tmp_path: Path) -> None:
    slots_in(tmp_path).close()
    path = tmp_path / "ledger.slots"
    path.write_bytes(bytes(len(path.read_bytes())))
    with pytest.raises(StoreError) as caught:
        reopened(tmp_path)
    assert caught.value.code == "store.ledger_behind"


def test_a_mark_of_another_ledger_is_not_believed(tmp_path: Path) -> None:
    slots_in(tmp_path).close()
    with pytest.raises(StoreError):
        reopened(tmp_path, b"\3" * 32)


def test_the_file_never_grows(tmp_path: Path) -> None:
    slots = slots_in(tmp_path)
    size = (tmp_path / "ledger.slots").stat().st_size
    for number in range(1, 20):
        slots.write(mark(number))
    assert (tmp_path / "ledger.slots").stat().st_size == size == PLACES[-1] + SLOT


@given(place=st.sampled_from(PLACES), at=st.integers(0, 127), flip=st.integers(1, 255))
def test_no_flipped_byte_makes_another_mark(
    tmp_path_factory: pytest.TempPathFactory, place: int, at: int, flip: int
) -> None:
    folder = tmp_path_factory.mktemp("slots")
    slots = slots_in(folder)
    slots.write(mark(1))
    slots.write(mark(2))
    slots.close()
    path = folder / "ledger.slots"
    content = bytearray(path.read_bytes())
    content[place + at] ^= flip
    path.write_bytes(content)
    assert reopened(folder) in {mark(1), mark(2)}


def test_marks_hold_all_they_say(tmp_path: Path) -> None:
    slots = slots_in(tmp_path)
    full = replace(mark(5), outbox_seq=77, outbox_head=b"\x0f" * 32, serial=200_001)
    slots.write(full)
    slots.close()
    assert reopened(tmp_path) == full

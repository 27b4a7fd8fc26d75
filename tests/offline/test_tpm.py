"""A TPM seals the device secret: what it takes to open it, and what a wire, a thief, a clearing or a flipped bit come to."""

import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from errno import EIO, ETIME
from pathlib import Path
from threading import Event

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.domain.errors import StoreError
from offline.tpm import wire
from offline.tpm.line import Line
from offline.tpm.seal import MARK, Tpm, _Talk, read
from offline.tpm.session import salt_for
from offline.tpm.wire import BadAnswerError
from tests.offline.tpm_builders import PCR_FOR_TRIALS, SECRET, Chip, chip, said, sealed_by, tapped

FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def here() -> Iterator[Chip]:
    """The TPM of this PC; nothing that stays is done to it."""
    with chip() as made:
        yield made


@pytest.fixture(scope="module")
def there() -> Iterator[Chip]:
    """The TPM of another PC."""
    with chip() as made:
        yield made


@given(secret=st.binary(min_size=32, max_size=32))
@FEW
def test_what_a_tpm_sealed_it_opens(here: Chip, secret: bytes) -> None:
    item = here.door().sealed(secret)
    assert secret not in item
    found = read(item)
    assert found is not None
    assert here.door().opened(found) == secret


def test_carried_to_another_pc_it_opens_nothing_whatever_is_written_beside_it(
    here: Chip, there: Chip
) -> None:
    ours, theirs = sealed_by(here.door()), sealed_by(there.door())
    assert said(there.door(), ours) == "tpm.other"
    forged = msgspec.structs.replace(ours, owner=theirs.owner, endorsement=theirs.endorsement)
    assert said(there.door(), forged) == "tpm.damaged"
    assert said(here.door(), ours) == "open"


def test_a_tpm_that_was_cleared_is_told_from_another_and_opens_nothing() -> None:
    with chip() as cleared:
        before = sealed_by(cleared.door())
        cleared.clear()
        assert said(cleared.door(), before) == "tpm.cleared"
        after = sealed_by(cleared.door())
        assert said(cleared.door(), msgspec.structs.replace(before, owner=after.owner)) == "tpm.damaged"
        assert said(cleared.door(), after) == "open"


def test_wrong_passwords_of_other_programs_shut_nobody_out() -> None:
    with chip() as locked:
        before = sealed_by(locked.door())
        locked.lock()
        assert said(locked.door(), before) == "open"
        assert said(locked.door(), sealed_by(locked.door())) == "open"


def test_an_owner_with_a_password_is_told() -> None:
    with chip() as owned:
        before = sealed_by(owned.door())
        owned.take_ownership()
        assert said(owned.door(), before) == "tpm.owned"


@pytest.mark.parametrize(
    ("code", "told"),
    [(0x921, "tpm.locked"), (0x101, "tpm.failed"), (0x99D, "tpm.changed"), (0x1C4, "tpm.failed")],
)
def test_each_no_of_a_tpm_has_its_name(here: Chip, code: int, told: str) -> None:
    sealed = sealed_by(here.door())
    with tapped(here) as (tap, door):
        no = struct.pack(">HII", 0x8001, 10, code)
        tap.change = lambda command, answer: no if command[6:10] == struct.pack(">I", wire.UNSEAL) else answer
        assert said(door, sealed) == told


def test_a_tpm_that_asks_for_patience_is_asked_once_more(here: Chip) -> None:
    sealed, left = sealed_by(here.door()), [0x922, 0x908, 0x90A]
    with tapped(here) as (tap, door):
        tap.change = lambda command, answer: (
            struct.pack(">HII", 0x8001, 10, left.pop())
            if left and command[6:10] == struct.pack(">I", wire.FLUSH)
            else answer
        )
        assert said(door, sealed) == "open"
    assert not left


def test_sealed_to_the_start_of_the_pc_it_opens_after_such_a_start_only() -> None:
    with chip() as pc:
        sealed = sealed_by(pc.door(PCR_FOR_TRIALS))
        free = sealed_by(pc.door())
        assert sealed.pcrs == (PCR_FOR_TRIALS,)
        assert said(pc.door(), sealed) == "open"
        pc.start_otherwise()
        assert said(pc.door(), sealed) == "tpm.changed"
        lied = msgspec.structs.replace(sealed, pcrs=())
        assert said(pc.door(), lied) == "tpm.changed"
        assert said(pc.door(PCR_FOR_TRIALS), free) == "open"
        pc.start_as_ever()
        assert said(pc.door(), sealed) == "open"


def test_no_password_opens_it_but_its_policy_alone(here: Chip) -> None:
    sealed = sealed_by(here.door(PCR_FOR_TRIALS))
    with Line(here.path, 20) as line, ExitStack() as stack:
        talk = _Talk(line, stack)
        handle, _ = talk.load(talk.primary(wire.OWNER), sealed.public, sealed.private)
        answer = line.ask(wire.command(wire.UNSEAL, (handle,), b"", wire.by_password()))
        assert wire.code_of(answer) == 0x12F  # TPM_RC_AUTH_UNAVAILABLE


def test_what_does_not_open_again_was_not_sealed(here: Chip) -> None:
    with tapped(here) as (tap, door):
        no = struct.pack(">HII", 0x8001, 10, 0x101)
        tap.change = lambda command, answer: no if command[6:10] == struct.pack(">I", wire.LOAD) else answer
        with pytest.raises(StoreError, match=r"tpm\.failed"):
            door.sealed(SECRET)


def test_a_wire_on_the_bus_hears_no_secret(here: Chip) -> None:
    with tapped(here) as (tap, door):
        sealed = sealed_by(door)
        assert said(door, sealed) == "open"
    assert len(tap.heard) > 20
    for part in (SECRET, SECRET[:8], SECRET[-8:]):
        assert part not in tap.traffic


@given(place=st.integers(0, 2**16), bit=st.integers(0, 7))
@FEW
def test_what_a_wire_changes_of_the_answer_is_noticed(here: Chip, place: int, bit: int) -> None:
    sealed = sealed_by(here.door())

    def flipped(command: bytes, answer: bytes) -> bytes:
        if command[6:10] != struct.pack(">I", wire.UNSEAL):
            return answer
        at = wire.HEADER + place % (len(answer) - wire.HEADER)
        return answer[:at] + bytes([answer[at] ^ 1 << bit]) + answer[at + 1 :]

    with tapped(here) as (tap, door):
        tap.change = flipped
        assert said(door, sealed) == "tpm.failed"


def test_another_tpm_put_between_is_not_believed(here: Chip, there: Chip) -> None:
    sealed = sealed_by(here.door())
    with tapped(there) as (_, door):
        assert said(door, sealed) == "tpm.other"


@given(data=st.data())
@FEW
def test_a_flipped_bit_in_the_keyring_never_makes_another_secret(here: Chip, data: st.DataObject) -> None:
    item = here.door().sealed(SECRET)
    at = data.draw(st.integers(len(MARK), len(item) - 1))
    item = item[:at] + bytes([item[at] ^ 1 << data.draw(st.integers(0, 7))]) + item[at + 1 :]
    try:
        found = read(item)
        assert found is not None
        told = said(here.door(), found)
    except StoreError as error:
        told = error.code
    assert told in {
        "tpm.damaged",
        "tpm.other",
        "tpm.cleared",
        "tpm.changed",
        "tpm.failed",
        "store.newer",
        "open",
    }


def test_where_there_is_no_tpm_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"tpm\.absent"):
        Tpm(tmp_path / "tpmrm0").sealed(SECRET)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match=r"tpm\.(failed|absent)"):
        Tpm(tmp_path / "file", wait=1).sealed(SECRET)


def test_a_tpm_that_is_not_ours_to_use_is_told_from_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "tpmrm0").touch()
    monkeypatch.setattr("offline.tpm.line.os.open", denied)  # root is denied nothing
    with pytest.raises(StoreError, match=r"tpm\.denied"):
        Tpm(tmp_path / "tpmrm0").sealed(SECRET)


def test_nobody_waits_for_ever_for_a_tpm_that_hangs(here: Chip, tmp_path: Path) -> None:
    sealed = sealed_by(here.door())
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / "s"))
        deaf.listen()
        begun = time.monotonic()
        assert said(Tpm(tmp_path / "s", wait=0.2), sealed) == "tpm.silent"
        assert time.monotonic() - begun < 10  # not a figure: it ends


def test_nobody_waits_for_a_kernel_that_does_not_come_back_and_nobody_is_sent_after(
    here: Chip, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed, over = sealed_by(here.door()), Event()
    asked: list[int] = []

    def held(_line: Line, wanted: int) -> None:
        asked.append(wanted)
        over.wait(60)
        raise OSError(ETIME, "the chip did not answer")

    door = here.door(wait=0.2)
    with monkeypatch.context() as patched:
        patched.setattr("offline.tpm.line.Line._ready", held)
        assert [said(door, sealed) for _ in range(3)] == ["tpm.silent"] * 3
        assert len(asked) == 1
        over.set()
        assert door._left_behind is not None
        door._left_behind.join(20)
    assert said(here.door(), sealed) == "open"


@pytest.mark.parametrize(("code", "told"), [(ETIME, "tpm.silent"), (EIO, "tpm.failed")])
def test_a_chip_the_kernel_gave_up_is_silent_and_not_absent(
    here: Chip, monkeypatch: pytest.MonkeyPatch, code: int, told: str
) -> None:
    sealed = sealed_by(here.door())

    def gave_up(_handle: int, _most: int) -> bytes:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr("offline.tpm.line.os.read", gave_up)
        assert said(here.door(), sealed) == told
    here.forget()


@pytest.mark.parametrize(
    "answer", [b"", b"\x80\x01\0\0\0\x09\0\0\0\0", b"\x80\x01\xff\xff\xff\xff\0\0\0\0", bytes(5000)]
)
def test_nonsense_is_no_answer(here: Chip, answer: bytes) -> None:
    sealed = sealed_by(here.door())
    with tapped(here) as (tap, door):
        door._wait = 0.5
        tap.change = lambda _command, _answer: answer
        assert said(door, sealed) in {"tpm.failed", "tpm.silent"}


def test_a_key_that_is_no_point_of_the_curve_makes_no_salt() -> None:
    public = wire.key_template()[:-4] + wire.sized(b"\1" * 32) + wire.sized(b"\2" * 32)
    with pytest.raises(BadAnswerError):
        salt_for(public)


def test_a_newer_way_of_sealing_is_left_alone(here: Chip) -> None:
    newer = msgspec.structs.replace(sealed_by(here.door()), format=2)
    with pytest.raises(StoreError, match=r"store\.newer"):
        read(MARK + msgspec.msgpack.encode(newer))
    assert read(SECRET) is None

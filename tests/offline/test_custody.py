"""相互保管: another town keeps a bundle it cannot read, can say what became of it, and prove that it still has it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from client.domain.errors import RefusedError, StoreError
from offline.store import custody
from tests.builders import NOW

ID = "0" * 32


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Give a bundle received, verified and challenged."""
    path = tmp_path / "whole.bundle"
    path.write_bytes(b"sealed bytes" * 1000)
    for hours, deed in enumerate(
        (
            custody.Deed("received", "海辺町 総務課 p001", "あおぞら市 情報政策課 s001"),
            custody.Deed("verified", "海辺町 総務課 p002"),
            custody.Deed("challenged", "海辺町 総務課 p001", "00" * 16),
        )
    ):
        custody.add(path, ID, deed, NOW + timedelta(hours=hours))
    return path


def lines(path: Path) -> list[bytes]:
    return custody.path_of(path).read_bytes().splitlines(keepends=True)


def test_the_record_says_who_had_it_when_and_that_the_bytes_are_the_same(kept: Path) -> None:
    found = custody.read(kept)
    assert [(line.seq, line.event) for line in found] == [(1, "received"), (2, "verified"), (3, "challenged")]
    assert found[0].at.startswith("2026-11-20T05:32:00")
    assert custody.is_kept(kept, found)
    kept.write_bytes(b"other bytes")
    assert not custody.is_kept(kept, found)


@pytest.mark.parametrize("gone", [0, 1])
def test_a_line_taken_out_is_seen(kept: Path, gone: int) -> None:
    left = lines(kept)
    del left[gone]
    custody.path_of(kept).write_bytes(b"".join(left))
    with pytest.raises(RefusedError, match=r"bundle\.custody") as refused:
        custody.read(kept)
    assert refused.value.facts == {"entry": gone + 1}


def test_the_last_lines_cut_off_are_seen_against_a_head_written_elsewhere(kept: Path) -> None:
    head = custody.read(kept)[-1].hash
    custody.path_of(kept).write_bytes(b"".join(lines(kept)[:2]))
    assert custody.read(kept)
    with pytest.raises(RefusedError, match=r"bundle\.custody"):
        custody.read(kept, head)


@pytest.mark.parametrize(
    ("old", "new"), [(b"p002", b"p003"), (b"verified", b"received"), (b"06:32", b"06:33"), (b"{", b"[")]
)
def test_a_line_changed_is_seen_and_nothing_is_written_after_it(kept: Path, old: bytes, new: bytes) -> None:
    written = lines(kept)
    written[1] = written[1].replace(old, new)
    custody.path_of(kept).write_bytes(b"".join(written))
    for act in (
        lambda: custody.read(kept),
        lambda: custody.add(kept, ID, custody.Deed("destroyed", "x"), NOW),
    ):
        with pytest.raises(RefusedError, match=r"bundle\.custody") as refused:
            act()
        assert refused.value.facts == {"entry": 2}


def test_a_destroyed_bundle_is_written_down_without_its_file(kept: Path) -> None:
    kept.unlink()
    line = custody.add(kept, ID, custody.Deed("destroyed", "海辺町 p001"), NOW)
    assert (line.sha256, line.seq) == ("", 4)
    assert not custody.is_kept(kept, custody.read(kept))


def test_only_who_still_has_every_byte_answers_a_new_number(kept: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_bytes(kept.read_bytes())
    assert custody.answer(kept, b"n" * 16) == custody.answer(own, b"n" * 16)
    assert custody.answer(kept, b"m" * 16) != custody.answer(own, b"n" * 16)
    own.write_bytes(kept.read_bytes()[:-1])
    assert custody.answer(kept, b"n" * 16) != custody.answer(own, b"n" * 16)
    assert custody.answer(kept, b"n" * 16) != custody.file_hash(kept)


def test_the_record_is_plain_json_a_town_can_read_without_this_program(kept: Path) -> None:
    (first, *_) = lines(kept)
    assert msgspec.json.decode(first)["other"] == "あおぞら市 情報政策課 s001"


def test_a_line_torn_by_a_power_cut_was_never_said_and_holds_no_other_up(kept: Path) -> None:
    whole = custody.path_of(kept).read_bytes()
    for left in (1, 40):
        custody.path_of(kept).write_bytes(whole + lines(kept)[-1][:left])
        assert len(custody.read(kept)) == 3
        custody.add(kept, ID, custody.Deed("verified", "海辺町 総務課 p002"), NOW + timedelta(days=1))
        assert [line.event for line in custody.read(kept)][3:] == ["verified"]
        custody.path_of(kept).write_bytes(whole)


def test_two_who_write_at_once_break_no_chain(kept: Path) -> None:
    def say(number: int) -> None:
        done = False
        while not done:
            with suppress(StoreError):  # another writes: once more
                done = custody.add(kept, ID, custody.Deed("verified", f"p{number:03d}"), NOW).seq > 3

    with ThreadPoolExecutor(8) as people:
        list(people.map(say, range(24)))
    assert len(custody.read(kept)) == 27


def test_a_bundle_that_is_still_there_was_not_destroyed(kept: Path) -> None:
    with pytest.raises(RefusedError, match=r"refused\.input"):
        custody.add(kept, ID, custody.Deed("destroyed", "海辺町 総務課 p001"), NOW)
    kept.unlink()
    assert custody.add(kept, ID, custody.Deed("destroyed", "海辺町 総務課 p001"), NOW).sha256 == ""

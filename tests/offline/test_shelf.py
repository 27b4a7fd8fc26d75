"""The shelf: what it hands out is what the town signed, and leads on from where one stands."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from client.domain.errors import StoreError
from client.domain.feed import Feed, FeedPosition, Position
from offline.store.files import write_all
from offline.store.shelf import Shelf
from tests.builders import NOW
from tests.parcel_builders import TOWN_KEY, a_parcel

T = TypeVar("T")
BLOCKS, REGISTER = Feed.BLOCKS, Feed.REGISTER


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf", lambda: [TOWN_KEY])


def again(tmp_path: Path) -> Shelf:
    """The program of the next morning."""
    return Shelf(tmp_path / "shelf", lambda: [TOWN_KEY])


def test_parcels_lead_on_one_after_the_other_and_the_longest_way_is_taken(shelf: Shelf) -> None:
    for after, to in ((3, 4), (3, 6), (6, 9)):
        run(shelf.put(a_parcel(after=after, to=to)))
    found = run(shelf.next(REGISTER, 3))
    assert found is not None
    assert (found.after, found.to) == (3, 6)
    assert run(shelf.reached(REGISTER, 3)) == 9
    assert run(shelf.next(REGISTER, 4)) is None
    assert run(shelf.next(BLOCKS, 3)) is None


def test_what_was_kept_at_night_is_there_in_the_morning(shelf: Shelf, tmp_path: Path) -> None:
    kept = a_parcel(BLOCKS, 1, 2)
    run(shelf.put(kept))
    assert run(again(tmp_path).next(BLOCKS, 1)) == kept


def test_the_word_that_nothing_is_new_is_handed_out_to_whoever_stands_there(
    shelf: Shelf, tmp_path: Path
) -> None:
    word = a_parcel(after=9, to=9, at=NOW)
    later = a_parcel(after=9, to=9, at=NOW + timedelta(seconds=10))
    for one in (word, later, word):  # an older word that comes late takes nothing back
        run(shelf.put(one))
    assert run(shelf.next(REGISTER, 9)) == later
    assert run(shelf.next(REGISTER, 8)) is None
    assert run(again(tmp_path).next(REGISTER, 9)) == word  # to disk no oftener than once a minute


def test_where_the_replica_stands_is_known_while_it_is_shut(shelf: Shelf, tmp_path: Path) -> None:
    assert run(shelf.position()) is None
    stand = Position(FeedPosition(3, NOW), FeedPosition(8, NOW))
    run(shelf.note(stand))
    run(shelf.note(Position(None, FeedPosition(9, NOW))))  # of a replica that is not filled nothing is said
    assert run(again(tmp_path).position()) == stand


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1])),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(a_parcel(after=7, to=9).wire),  # signed, and another one
    ],
    ids=["torn", "changed", "empty", "exchanged"],
)
def test_what_somebody_put_there_is_not_handed_out(
    shelf: Shelf, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    run(shelf.put(a_parcel(after=3, to=6)))
    run(shelf.put(a_parcel(after=3, to=4)))
    spoil(next((tmp_path / "shelf").glob("register-*006.parcel")))
    found = run(shelf.next(REGISTER, 3))
    assert found is not None
    assert found.to == 4
    (tmp_path / "shelf" / "register-nonsense-x.parcel").write_bytes(b"x")
    (tmp_path / "shelf" / "position.json").write_bytes(b'{"blocks"')
    assert run(shelf.next(REGISTER, 9)) is None
    assert run(shelf.position()) is None


def test_the_oldest_goes_where_it_grows_too_large(tmp_path: Path) -> None:
    size = len(a_parcel().wire)
    small = Shelf(tmp_path / "shelf", lambda: [TOWN_KEY], most_bytes=3 * size)
    for after in range(6):
        run(small.put(a_parcel(after=after, to=after + 1)))
    left = len(list((tmp_path / "shelf").glob("*.parcel")))
    assert left <= 3
    assert run(small.reached(REGISTER, 6 - left)) == 6


def test_a_shelf_that_is_cleared_has_nothing_left(shelf: Shelf, tmp_path: Path) -> None:
    run(shelf.put(a_parcel()))
    run(shelf.put(a_parcel(after=5, to=5)))
    run(shelf.note(Position(FeedPosition(3, NOW), FeedPosition(8, NOW))))
    run(shelf.clear())
    assert list((tmp_path / "shelf").iterdir()) == []
    assert run(shelf.next(REGISTER, 5)) is None


def test_a_version_counts_as_the_newest_only_by_a_parcel_that_says_so(shelf: Shelf) -> None:
    for parcel in (a_parcel(after=3, to=5, head=9), a_parcel(after=5, to=9)):
        run(shelf.put(parcel))
    assert run(shelf.said(REGISTER, 5)) is None  # it was known then already that there is more
    news = run(shelf.said(REGISTER, 9))
    assert news is not None
    run(shelf.put(a_parcel(after=9, to=9, at=NOW + timedelta(hours=1))))
    word = run(shelf.said(REGISTER, 9))
    assert word is not None
    assert word.at > news.at


def test_the_earliest_version_is_one_that_leads_to_the_newest(shelf: Shelf) -> None:
    assert run(shelf.earliest(REGISTER)) == 0
    for after, to in ((1, 2), (3, 4), (4, 6), (6, 9)):  # nothing leads from 2 to 3
        run(shelf.put(a_parcel(after=after, to=to)))
    assert run(shelf.earliest(REGISTER)) == 3
    run(shelf.put(a_parcel(BLOCKS, 7, 7)))
    assert run(shelf.earliest(BLOCKS)) == 7


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on the size of files is Unix's")
def test_a_disk_with_no_room_keeps_what_lay_there_and_no_half_of_what_came(
    shelf: Shelf, tmp_path: Path
) -> None:
    import resource

    run(shelf.put(a_parcel(after=3, to=4)))
    before = {path.name: path.read_bytes() for path in (tmp_path / "shelf").iterdir()}
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, usual[1]))
    try:
        with pytest.raises(StoreError):
            run(shelf.put(a_parcel(after=4, to=5)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert {path.name: path.read_bytes() for path in (tmp_path / "shelf").iterdir()} == before
    run(shelf.put(a_parcel(after=4, to=5)))
    assert run(shelf.reached(REGISTER, 3)) == 5


def test_a_parcel_that_a_cut_of_power_left_empty_leads_nowhere(shelf: Shelf, tmp_path: Path) -> None:
    for after, to in ((3, 4), (3, 6), (6, 9)):
        run(shelf.put(a_parcel(after=after, to=to)))
    next((tmp_path / "shelf").glob("register-*006.parcel")).write_bytes(b"")
    assert (
        run(again(tmp_path).reached(REGISTER, 3)) == 4
    )  # and what came after 4 is fetched, not only after 9
    (tmp_path / "shelf" / "register-000000000004-000000000003.parcel").write_bytes(a_parcel().wire)
    assert run(again(tmp_path).reached(REGISTER, 4)) == 4


def test_what_the_disk_does_not_give_back_is_as_if_it_were_not_there(shelf: Shelf, tmp_path: Path) -> None:
    for after, to in ((3, 6), (3, 4)):
        run(shelf.put(a_parcel(after=after, to=to)))
    broken = next((tmp_path / "shelf").glob("register-*006.parcel"))
    broken.unlink()
    broken.mkdir()  # to read it is an error of the system
    (tmp_path / "shelf" / "register.parcel").mkdir()
    found = run(again(tmp_path).next(REGISTER, 3))
    assert found is not None
    assert found.to == 4
    assert run(again(tmp_path).reached(REGISTER, 3)) == 4
    assert run(again(tmp_path).next(REGISTER, 4)) is None


@pytest.mark.parametrize("off", [timedelta(days=-9000), timedelta(days=9000)], ids=["back", "ahead"])
def test_a_wrong_clock_of_this_pc_takes_nothing_off_the_shelf(
    shelf: Shelf, tmp_path: Path, off: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(shelf.put(a_parcel(after=3, to=4)))
    then = (tmp_path / "shelf").stat().st_mtime + off.total_seconds()

    def written_then(handle: int, content: bytes) -> None:
        write_all(handle, content)
        os.utime(handle, (then, then))

    with monkeypatch.context() as wrong:
        wrong.setattr("offline.store.shelf.write_all", written_then)
        run(shelf.put(a_parcel(after=4, to=5)))
    run(shelf.put(a_parcel(after=5, to=6)))
    assert run(shelf.reached(REGISTER, 3)) == 6


def test_what_the_town_said_long_before_the_newest_goes(shelf: Shelf) -> None:
    for number, days in ((3, 0), (4, 13), (5, 15)):
        run(shelf.put(a_parcel(after=number, to=number + 1, at=NOW + timedelta(days=days))))
    assert run(shelf.reached(REGISTER, 3)) == 3
    assert run(shelf.reached(REGISTER, 4)) == 6
    for number, days in ((6, 4000), (6, 16), (7, 16)):  # the town's own clock ran ahead for once
        run(shelf.put(a_parcel(after=number, to=number + 1, at=NOW + timedelta(days=days))))
    assert run(shelf.reached(REGISTER, 6)) == 8


def test_what_a_killed_program_left_half_written_goes(shelf: Shelf, tmp_path: Path) -> None:
    run(shelf.put(a_parcel(after=3, to=4)))
    half = tmp_path / "shelf" / "register-000000000004-000000000005.parcel.new"
    half.write_bytes(b"x")
    run(shelf.put(a_parcel(after=4, to=6)))
    assert not half.exists()
    half.write_bytes(b"x")
    run(shelf.clear())
    assert not half.exists()

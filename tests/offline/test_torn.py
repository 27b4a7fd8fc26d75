"""Reading round what cannot be read: every row that a look-up of its own would find, few openings, and an end."""

import random
import sqlite3
from pathlib import Path

import pytest

from client.domain.errors import StoreError
from offline.store import door
from offline.store.torn import Torn

pytestmark = pytest.mark.long

KEY = b"\1" * 32
ROWS, PAGE = 4000, 4096
ALL = "SELECT a, b FROM t WHERE a >= ? ORDER BY a"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "a.db"
    connection = door.open_connection(path, KEY)
    with door.transaction(connection):
        connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b NOT NULL)")
        connection.execute("CREATE TABLE empty (a INTEGER PRIMARY KEY, b)")
        rows = (
            (number * number // 7 + number, bytes(200)) for number in range(1, ROWS + 1)
        )  # with gaps that grow
        connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
        connection.execute(
            "INSERT INTO t VALUES (?, ?)", (1 << 61, bytes(9000))
        )  # far away, and over several pages
    connection.close()
    return path.read_bytes()


def unwatched(_: sqlite3.Connection) -> None:
    return None


def torn(tmp_path: Path, whole: bytes, *pages: int) -> Torn:
    content = bytearray(whole)
    for page in pages:
        content[(page - 1) * PAGE + 50] ^= 1
    path = tmp_path / "torn.db"
    path.write_bytes(bytes(content))
    return Torn(path, KEY, unwatched)


def found(torn: Torn) -> set[int]:
    return {row[0] for row in torn.rows(ALL)}


def one_by_one(torn: Torn, numbers: set[int]) -> set[int]:
    """Look each row up by itself."""
    one = "SELECT a, b FROM t WHERE a = ? AND a >= ? ORDER BY a"
    return {number for number in numbers if list(torn.rows(one, number))}


def test_a_whole_file_is_read_to_its_end_at_one_opening(tmp_path: Path, whole: bytes) -> None:
    file = torn(tmp_path, whole)
    assert len(found(file)) == ROWS + 1
    assert found(file) == one_by_one(file, found(file))
    assert list(file.rows("SELECT a, b FROM empty WHERE a >= ? ORDER BY a")) == []
    assert (file.holes, file.bad_pages()) == (0, 0)
    file.close()


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(one, marks=pytest.mark.slow) for one in range(2, 12))])
def test_round_bad_leaves_nothing_readable_is_left_behind(tmp_path: Path, whole: bytes, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - where the damage is, no secret
    everything = found(torn(tmp_path, whole))
    pages = sorted(chance.sample(range(6, len(whole) // PAGE - 8), chance.randrange(1, 6)))
    file = torn(tmp_path, whole, *pages)
    got = found(file)
    assert file.bad_pages() == len(pages)
    file.close()
    assert 0 < len(everything - got) <= 40 * len(pages)
    missed = everything - got
    behind = one_by_one(Torn(tmp_path / "torn.db", KEY, unwatched), missed)
    assert len(behind) <= len(missed) // 4  # at most a leaf between two bad ones, passed over in one step


def test_a_bad_root_hides_all_and_comes_to_an_end(tmp_path: Path, whole: bytes) -> None:
    connection = door.open_connection(tmp_path / "b.db", KEY)
    connection.close()
    (tmp_path / "b.db").write_bytes(whole)
    connection = door.open_connection(tmp_path / "b.db", KEY)
    root = door.one(connection, "SELECT rootpage FROM sqlite_master WHERE name = 't'")
    connection.close()
    file = torn(tmp_path, whole, root)
    assert found(file) == set()
    assert file.holes > 0
    assert list(file.rows("SELECT a, b FROM empty WHERE a >= ? ORDER BY a")) == []
    file.close()


def test_a_row_whose_tail_is_gone_is_left_out_alone(tmp_path: Path, whole: bytes) -> None:
    last = len(whole) // PAGE
    kept = set()
    for page in range(last - 5, last + 1):
        file = torn(tmp_path, whole, page)
        kept |= {frozenset(found(file))}
        file.close()
    everything = max(kept, key=len)
    assert everything - {1 << 61} in kept


def test_a_file_cut_short_is_read_as_far_as_it_goes(tmp_path: Path, whole: bytes) -> None:
    file = torn(tmp_path, whole[: len(whole) // 2 // PAGE * PAGE])
    assert ROWS // 3 < len(found(file)) < ROWS
    file.close()


def test_a_bad_first_page_and_a_short_query_that_fails_say_so(tmp_path: Path, whole: bytes) -> None:
    file = torn(tmp_path, whole, 1)
    with pytest.raises(StoreError, match=r"store\.damaged_replica"):
        file.all("SELECT count(*) FROM t")
    assert file.bad_pages() == 0
    file.close()


def test_a_mistake_of_ours_is_no_damage(tmp_path: Path, whole: bytes) -> None:
    file = torn(tmp_path, whole)
    with pytest.raises(door.ForeignError, match="no such table"):
        file.all("SELECT * FROM absent")
    with pytest.raises(door.ForeignError, match="no such table"):
        list(file.rows("SELECT a FROM absent WHERE a >= ?"))
    file.close()


def test_a_file_with_too_many_holes_is_given_up(
    tmp_path: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("offline.store.torn._MOST_OPENINGS", 20)
    file = torn(tmp_path, whole, *range(6, len(whole) // PAGE, 2))
    with pytest.raises(StoreError, match=r"store\.damaged_replica"):
        found(file)
    file.close()

import asyncio
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from client.domain.errors import StoreError
from offline.store import door
from offline.store import worker as worker_module
from offline.store.replica import Replica
from offline.store.worker import Worker
from tests.builders import NOW

KEY = b"\1" * 32
LONG = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 100000000) SELECT count(*) FROM n"


def worker_on(path: Path) -> Worker:
    return Worker(
        "test",
        lambda reading: door.open_connection(path, KEY, reading=reading),
        lambda error: door.trouble(error, damaged="store.damaged_replica"),
    )


async def make(worker: Worker, rows: int = 3) -> None:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b)")
        with door.transaction(connection):
            connection.executemany("INSERT INTO t (b) VALUES (randomblob(?))", [(2000,)] * rows)

    await worker.write(work)


def count(connection: sqlite3.Connection) -> int:
    return int(door.one(connection, "SELECT count(*) FROM t"))


@pytest.mark.asyncio
async def test_reading_and_writing_are_two_threads_and_neither_is_this_one(tmp_path: Path) -> None:
    worker = worker_on(tmp_path / "a.db")
    await make(worker)
    names = {
        await worker.write(lambda _: threading.current_thread().name),
        await worker.read(lambda _: threading.current_thread().name),
    }
    assert len(names) == 2
    assert threading.current_thread().name not in names
    await worker.close()


@pytest.mark.asyncio
async def test_a_read_goes_on_while_something_is_written(tmp_path: Path) -> None:
    worker = worker_on(tmp_path / "a.db")
    await make(worker)
    begun, may_end = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        with door.transaction(connection):
            connection.execute("DELETE FROM t")
            begun.set()
            may_end.wait(10)

    writing = asyncio.create_task(worker.write(slow))
    await asyncio.to_thread(begun.wait, 10)
    assert await worker.read(count) == 3
    may_end.set()
    await writing
    assert await worker.read(count) == 0
    await worker.close()


@pytest.mark.asyncio
async def test_a_cancelled_read_stops_and_the_next_one_is_answered(tmp_path: Path) -> None:
    worker = worker_on(tmp_path / "a.db")
    await make(worker)
    began = time.monotonic()
    reading = asyncio.create_task(worker.read(lambda c: c.execute(LONG).fetchone()))
    await asyncio.sleep(0.1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await worker.read(count) == 3
    assert time.monotonic() - began < 3
    await worker.close()


@pytest.mark.asyncio
async def test_a_cancelled_write_still_happens_whole(tmp_path: Path) -> None:
    worker = worker_on(tmp_path / "a.db")
    await make(worker)
    begun = threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        with door.transaction(connection):
            connection.execute("INSERT INTO t (b) VALUES (1)")
            begun.set()
            time.sleep(0.2)
            connection.execute("INSERT INTO t (b) VALUES (2)")

    writing = asyncio.create_task(worker.write(slow))
    await asyncio.to_thread(begun.wait, 10)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await worker.write(count) == 5
    await worker.close()


@pytest.mark.asyncio
async def test_a_cancelled_read_stops_nothing_that_is_being_written(tmp_path: Path) -> None:
    worker = worker_on(tmp_path / "a.db")
    await make(worker)
    begun, may_end = threading.Event(), threading.Event()

    def apply(connection: sqlite3.Connection) -> None:
        with door.transaction(connection):
            connection.execute("INSERT INTO t (b) VALUES (1)")
            begun.set()
            may_end.wait(10)
            connection.execute(
                LONG.replace("100000000", "100000")
            ).fetchone()  # an interruption would meet it here
            connection.execute("INSERT INTO t (b) VALUES (2)")

    writing = asyncio.create_task(worker.write(apply))
    await asyncio.to_thread(begun.wait, 10)
    for _ in range(3):
        reading = asyncio.create_task(worker.read(lambda c: c.execute(LONG).fetchone()))
        await asyncio.sleep(0.05)
        reading.cancel()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await reading
    await writing
    assert await worker.read(count) == 5
    await worker.close()


@pytest.mark.asyncio
async def test_a_read_sees_one_state_from_its_first_to_its_last_row(tmp_path: Path) -> None:
    worker = worker_on(tmp_path / "a.db")
    await make(worker)
    between, written = threading.Event(), threading.Event()

    def twice(connection: sqlite3.Connection) -> tuple[int, int]:
        first = count(connection)
        between.set()
        written.wait(10)
        return first, count(connection)

    reading = asyncio.create_task(worker.read(twice))
    await asyncio.to_thread(between.wait, 10)
    await worker.write(lambda c: c.execute("DELETE FROM t").rowcount)
    written.set()
    assert await reading == (3, 3)
    await worker.close()


@pytest.mark.asyncio
async def test_the_reading_side_cannot_write(tmp_path: Path) -> None:
    worker = worker_on(tmp_path / "a.db")
    await make(worker)
    with pytest.raises(StoreError, match="unreadable"):
        await worker.read(lambda c: c.execute("DELETE FROM t").rowcount)
    assert await worker.read(count) == 3
    await worker.close()


@pytest.mark.asyncio
async def test_after_a_damaged_page_the_rest_of_the_file_still_answers(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    worker = worker_on(path)
    await make(worker, rows=200)
    await worker.write(lambda c: c.execute("CREATE TABLE small AS SELECT 1 AS one").rowcount)
    await worker.close()
    content = bytearray(path.read_bytes())
    content[4096 * 40 + 100] ^= 1
    path.write_bytes(content)
    worker = worker_on(path)
    with pytest.raises(StoreError, match="damaged_replica"):
        await worker.read(lambda c: door.one(c, "SELECT sum(length(b)) FROM t"))
    assert await worker.read(lambda c: door.one(c, "SELECT one FROM small")) == 1
    assert not door.is_whole(path, KEY)
    await worker.close()


@pytest.mark.asyncio
async def test_our_own_mistakes_are_not_dressed_up_as_trouble(tmp_path: Path) -> None:
    worker = worker_on(tmp_path / "a.db")
    await make(worker)
    with pytest.raises(door.ForeignError, match="no such table"):
        await worker.read(lambda c: c.execute("SELECT * FROM absent").fetchone())
    assert await worker.read(count) == 3
    await worker.close()


def test_a_page_the_disk_cannot_give_is_damage_and_a_read_only_folder_is_not(tmp_path: Path) -> None:
    for code, told in ((266, "store.damaged_replica"), (8, "store.unreadable")):
        error = door.ForeignError("what the library says")
        error.sqlite_errorcode = code  # type: ignore[attr-defined]  # as the library sets it
        replica = Replica(tmp_path / "replica.db", lambda: NOW)
        known = replica._trouble(error)
        assert (known.code if known else None, replica.damage_found) == (told, code == 266)


def test_another_key_and_a_damaged_header_look_the_same_to_the_library(tmp_path: Path) -> None:
    door.open_connection(tmp_path / "a.db", KEY).close()
    with pytest.raises(door.ForeignError, match="not a database"):
        door.open_connection(tmp_path / "a.db", b"\2" * 32)


def test_settings_that_promises_stand_on_are_set(tmp_path: Path) -> None:
    connection = door.open_connection(tmp_path / "a.db", KEY)
    found = {
        name: str(door.one(connection, f"PRAGMA {name}"))
        for name in (
            "journal_mode",
            "synchronous",
            "secure_delete",
            "temp_store",
            "foreign_keys",
            "cipher_page_size",
        )
    }
    assert found == {
        "journal_mode": "wal", "synchronous": "2", "secure_delete": "1", "temp_store": "2", "foreign_keys": "1",
        "cipher_page_size": "4096",
    }  # fmt: skip
    connection.close()


@pytest.mark.asyncio
async def test_a_batch_gives_way_to_what_is_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "_A_MOMENT", 60.0)
    worker = worker_on(tmp_path / "a.db")
    begun, release, order = threading.Event(), threading.Event(), list[str]()

    def read(_connection: sqlite3.Connection) -> None:
        begun.set()
        release.wait(60)
        order.append("read")

    def write(_connection: sqlite3.Connection) -> None:
        worker.give_way()
        order.append("written")

    reading = asyncio.create_task(worker.read(read))
    await asyncio.to_thread(begun.wait, 60)
    writing = asyncio.create_task(worker.write(write))
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(reading, writing)
    assert order == ["read", "written"]
    await worker.close()


@pytest.mark.asyncio
async def test_a_reading_without_end_holds_a_batch_up_for_a_moment_only(tmp_path: Path) -> None:
    worker = worker_on(tmp_path / "a.db")
    begun, release = threading.Event(), threading.Event()

    def read(_connection: sqlite3.Connection) -> None:
        begun.set()
        release.wait(60)

    reading = asyncio.create_task(worker.read(read))
    await asyncio.to_thread(begun.wait, 60)
    await worker.write(lambda _connection: worker.give_way())
    release.set()
    await reading
    await worker.close()

import sqlite3
from pathlib import Path

import pytest

from client.domain.errors import StoreError
from offline.store import door
from offline.store.migrations import backup_path, migrate
from tests.builders import NOW

KEY = b"\1" * 32


def first(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE t (a)")
    connection.execute("INSERT INTO t VALUES (1)")


def second(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE t ADD COLUMN b")


def stumbling(connection: sqlite3.Connection) -> None:
    connection.execute("DROP TABLE t")
    raise KeyError("no")


def look(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = door.open_connection(path, KEY)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_each_step_is_recorded_with_what_it_did(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    migrate(path, KEY, (first, second), NOW)
    assert look(path, "SELECT no, name, at FROM migration") == [
        (1, "first", "2026-11-20T05:32:00.000000Z"),
        (2, "second", "2026-11-20T05:32:00.000000Z"),
    ]
    assert not backup_path(path, 0).exists()


def test_an_existing_file_is_copied_first_and_the_copy_opens(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    migrate(path, KEY, (first,), NOW)
    migrate(path, KEY, (first, second), NOW)
    assert look(path, "SELECT a, b FROM t") == [(1, None)]
    assert look(backup_path(path, 1), "SELECT * FROM t") == [(1,)]


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    migrate(path, KEY, (first,), NOW)
    with pytest.raises(KeyError):
        migrate(path, KEY, (first, stumbling), NOW)
    assert look(path, "SELECT * FROM t") == [(1,)]
    migrate(path, KEY, (first, second), NOW)


def test_a_newer_file_is_refused_and_unharmed(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    migrate(path, KEY, (first, second), NOW)
    before = path.read_bytes()
    with pytest.raises(StoreError) as caught:
        migrate(path, KEY, (first,), NOW)
    assert (caught.value.code, caught.value.facts) == ("store.newer", {"found": 2, "known": 1})
    assert path.read_bytes() == before


def test_a_file_of_this_shape_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    migrate(path, KEY, (first,), NOW)
    before = path.read_bytes()
    migrate(path, KEY, (first,), NOW)
    assert path.read_bytes() == before


def test_without_a_copy_that_opens_nothing_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.db"
    migrate(path, KEY, (first,), NOW)
    monkeypatch.setattr("offline.store.migrations.is_whole", lambda path, key: False)
    with pytest.raises(StoreError, match="unreadable"):
        migrate(path, KEY, (first, second), NOW)
    assert look(path, "SELECT * FROM t") == [(1,)]
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.db"]

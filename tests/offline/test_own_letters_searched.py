"""A town's own letter that bears a number of 文字情報基盤 is found as that letter, by both sides ([STD j330])."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from client.domain.feed import Feed
from client.domain.query import Query
from client.rules.digest import bucket_of
from cloud.register import put
from offline.store import door, replica_file, search
from offline.store.search import Finder
from tests.offline.search_builders import KEYS, found, index_of
from tests.offline.test_search_beside_the_cloud import found_cloud, hits_of
from tests.offline.test_search_upkeep import all_found, write
from tests.store_builders import Row, SmallRegister, a_person, a_register

pytestmark = pytest.mark.long
OWN, NUMBER = "\ue001", "MJ060248"  # 邉 with U+E0110
PEOPLE: list[Row] = [
    a_person(0, full_name=f"渡{OWN}　太郎"),
    a_person(1, full_name="渡辺　花子"),
    a_person(2, address_katagaki=f"{OWN}荘"),
    a_person(3, full_name="渡部　一"),
]
GAIJI: Row = {"code": "E001", "mj_code": NUMBER}
ASKED = {"渡辺": [0, 1], "渡邊": [0, 1], f"渡{OWN}": [0, 1], "辺荘": [2], f"{OWN}荘": [2], "渡": [0, 1, 3]}


def whom(numbers: list[str]) -> list[int]:
    return [int(number) - 1_000_000_000 for number in numbers]


def test_the_replica_finds_it_and_follows_its_number() -> None:
    connection = index_of(PEOPLE)
    assert whom(found(connection, Query(typed="渡辺"))) == [1]
    write(connection, "gaiji", GAIJI)
    search.renew(connection, [], search.letters_in([("E001",)]))
    for typed, people in ASKED.items():
        assert whom(found(connection, Query(typed=typed))) == people, typed
    write(connection, "gaiji", {"code": "E001"})
    search.renew(connection, [], search.letters_in([("E001",)]))
    assert whom(found(connection, Query(typed="渡辺"))) == [1]
    assert whom(found(connection, Query(typed=f"渡{OWN}"))) == [0]


def a_terminal() -> tuple[SmallRegister, sqlite3.Connection]:
    """Return a register where the letter has its number, and a replica that follows it."""
    register = a_register(PEOPLE)
    register.key = KEYS.digest
    connection = door.open_connection(Path(":memory:"), KEYS.replica)
    for step in replica_file.STEPS:
        step(connection)
    manifest, chunks = register.snapshot()
    for sha256, chunk in chunks.items():
        replica_file.add_chunk(connection, KEYS.digest, sha256, chunk)
    replica_file.finish(connection, manifest)
    replica_file.apply(connection, KEYS.digest, register.put("gaiji", GAIJI))
    return register, connection


def by_a_batch(register: SmallRegister, connection: sqlite3.Connection) -> None:
    replica_file.apply(connection, KEYS.digest, register.drop("gaiji", ("E001",)))


def by_a_repair(register: SmallRegister, connection: sqlite3.Connection) -> None:
    version = register.drop("gaiji", ("E001",)).to
    bucket = bucket_of("gaiji", ("E001",))
    rows = register.rows_of(Feed.REGISTER, [bucket])
    replica_file.replace_buckets(
        connection, KEYS.digest, Feed.REGISTER, version=version, buckets=(bucket,), rows=rows
    )


@pytest.mark.parametrize("take_out", [by_a_batch, by_a_repair])
def test_where_the_register_has_it_no_more_it_is_itself_again(
    take_out: Callable[[SmallRegister, sqlite3.Connection], None],
) -> None:
    register, connection = a_terminal()
    finders = {"kept": Finder()}

    def asked(finder: Finder, typed: str) -> list[int]:
        return whom(finder.find(connection, Query(typed=typed), limit=50))

    assert {typed: asked(finders["kept"], typed) for typed in ASKED} == ASKED
    take_out(register, connection)
    assert connection.execute("SELECT count(*) FROM gaiji").fetchone() == (0,)
    finders["new"] = Finder()
    anew = index_of(PEOPLE)
    for name, finder in finders.items():
        for typed in ASKED:
            assert asked(finder, typed) == whom(found(anew, Query(typed=typed))), (name, typed)
    assert all_found(connection) == all_found(anew)


def test_the_cloud_finds_it_and_follows_its_number(tmp_path: Path) -> None:
    rows: list[tuple[str, Row]] = [("resident", row) for row in PEOPLE]
    with found_cloud(tmp_path, [("town", {"code": "982016", "name": "あおぞら市"}), *rows]) as tenant:

        def asked(typed: str) -> list[int]:
            return whom([hit.atena_no for hit in hits_of(tenant, Query(typed=typed))])

        assert asked("渡辺") == [1]
        for row, people in ((GAIJI, ASKED), ({"code": "E001"}, {"渡辺": [1], f"渡{OWN}": [0]})):
            with tenant.register.writing() as connection:
                tenant.register.commit(connection, "register", [put("gaiji", row)])
            for typed, whose in people.items():
                assert asked(typed) == whose, typed

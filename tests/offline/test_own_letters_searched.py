"""A town's own letter that bears a number of 文字情報基盤 is found as that letter, by both sides ([STD j330])."""

from pathlib import Path

import pytest

from client.domain.query import Query
from cloud.register import put
from offline.store import search
from tests.offline.search_builders import found, index_of
from tests.offline.test_search_beside_the_cloud import found_cloud, hits_of
from tests.offline.test_search_upkeep import write
from tests.store_builders import Row, a_person

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

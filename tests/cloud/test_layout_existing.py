"""A delivery for a town that is there: only what differs is written, in versions a replica can follow."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from cloud import storage
from cloud.register import Register, put, remove
from cloud.residents import search
from cloud.search_words import Asked
from tests.cloud.cloud_builders import CODE, HANAKO, TARO, a_resident, new_key, tiny_town
from tests.cloud.layout_builders import (
    Loaded,
    a_register,
    a_town,
    everything,
    export,
    load,
    person,
    roots,
    versions,
    write_file,
)

NEWCOMER = "1000000065"


@pytest.fixture
def town(tmp_path: Path) -> Register:
    return a_town(a_register(tmp_path, "town"), tiny_town())


def merged(
    register: Register, source: Path, *, replace: bool = False, lift: bool = False, accept_errors: int = 0
) -> Loaded:
    return load(register, source, new=False, replace=replace, lift=lift, accept_errors=accept_errors)


def protecting(register: Register) -> list[tuple[str, object]]:
    rows = everything(register)
    measures = [("shien_sochi", row["measure_id"]) for row in rows["shien_sochi"]]
    return measures + [("block", row["block_id"]) for row in rows["block"]]


def hits(register: Register, typed: str) -> list[object]:
    with register.reading() as connection:
        return [
            hit["atena_no"]
            for hit in search(connection, register.municipality, Asked(typed, removed=True), limit=9)
        ]


def commit(register: Register, *rows: dict[str, object]) -> None:
    with register.writing() as connection:
        register.commit(connection, "register", [put("resident", row) for row in rows])


def test_the_same_town_again_changes_nothing(tmp_path: Path, town: Register) -> None:
    out = export(town, tmp_path / "out")
    before = everything(town)
    for replace in (False, True):
        loaded = merged(town, out, replace=replace)
        assert loaded.told.loaded
        assert versions(town) == {"register": 1, "blocks": 1}
        assert everything(town) == before
        assert all(count.same == count.after == count.before for count in loaded.told.tables)


def test_only_rows_that_differ_are_written_as_one_version_a_feed(tmp_path: Path, town: Register) -> None:
    out = export(town, tmp_path / "out")
    other = a_town(a_register(tmp_path, "other"), tiny_town())
    changed = everything(town)["resident"][0] | {"remarks": "訂正"}
    commit(other, changed)
    loaded = merged(other, out)
    assert loaded.told.loaded
    assert versions(other) == {"register": 3, "blocks": 1}
    assert roots(other) == roots(town)
    log = storage.change_log
    with other.reading() as connection:
        lines = connection.execute(log.select().where(log.c.version == 3)).all()
    assert len(lines) == 1


def test_a_new_version_of_a_resident_becomes_the_present_one(tmp_path: Path, town: Register) -> None:
    source = tmp_path / "in"
    write_file(
        source,
        "resident",
        [person(TARO, 3, household_no="2000000010", full_name="佐藤　太郎", furigana="サトウ　タロウ")],
    )
    loaded = merged(town, source)
    assert loaded.told.loaded, loaded.causes
    assert hits(town, "サトウ") == [TARO]
    assert TARO not in hits(town, "ワタナベ")


def test_a_version_that_leaves_a_gap_is_refused(tmp_path: Path, town: Register) -> None:
    before = roots(town)
    write_file(tmp_path / "in", "resident", [person(TARO, 4, household_no="2000000010")])
    loaded = merged(town, tmp_path / "in")
    assert not loaded.told.loaded
    assert "履歴番号が 1 から続いていない" in loaded.causes
    assert roots(town) == before


def test_rows_not_in_the_files_stay(tmp_path: Path, town: Register) -> None:
    write_file(tmp_path / "in", "resident", [person(NEWCOMER)])
    before = len(everything(town)["resident"])
    assert merged(town, tmp_path / "in").told.loaded
    assert len(everything(town)["resident"]) == before + 1


def test_replacing_takes_away_what_is_not_in_the_files_and_nothing_else(
    tmp_path: Path, town: Register
) -> None:
    out = export(town, tmp_path / "out")
    wanted = roots(town)
    other = a_town(a_register(tmp_path, "other"), tiny_town())
    commit(other, a_resident(NEWCOMER, "2000000044", "新田　次郎", "ニッタ　ジロウ"))
    commit(other, everything(other)["resident"][0] | {"history_no": 3, "furigana": "ベツノ　ヨミ"})
    (out / "fee_rule.csv").unlink()
    (out / "manifest.csv").unlink()
    loaded = merged(other, out, replace=True)
    assert loaded.told.loaded, loaded.causes
    assert loaded.told.holds
    assert roots(other) == wanted
    assert hits(other, "ニッタ") == []
    assert hits(other, "ベツノ") == []
    assert TARO in hits(other, "ワタナベ")
    assert {count.table: count.removed for count in loaded.told.tables}["resident"] == 2


def test_replacing_tells_replicas_that_rows_went(tmp_path: Path, town: Register) -> None:
    write_file(tmp_path / "in", "shien_sochi", [])
    assert merged(town, tmp_path / "in", replace=True, lift=True).told.loaded
    log = storage.change_log
    with town.reading() as connection:
        bodies = connection.execute(log.select().where(log.c.feed == "blocks")).all()
    assert [line.table_name for line in bodies if line.body is None] == ["shien_sochi"] * len(bodies)
    assert bodies


def test_replacing_takes_no_protection_away_unless_that_is_said(tmp_path: Path, town: Register) -> None:
    """A file that came with its heading only must not open the homes of the sheltered."""
    before = protecting(town)
    assert before
    write_file(tmp_path / "in", "shien_sochi", [])
    write_file(tmp_path / "in", "block", [])
    loaded = merged(town, tmp_path / "in", replace=True)
    assert loaded.told.loaded, loaded.causes
    assert protecting(town) == before
    assert {count.removed for count in loaded.told.tables} == {0}
    assert merged(town, tmp_path / "in", replace=True, lift=True).told.loaded
    assert protecting(town) == []


def test_what_an_open_request_has_put_up_stays_until_it_is_decided(tmp_path: Path, town: Register) -> None:
    asked, decided = new_key(), new_key()
    held = [
        put("shien_sochi", {"measure_id": f"{key}-1", "atena_no": TARO, "provisional": True})
        for key in (asked, decided)
    ]
    with town.writing() as connection:
        town.commit(connection, "blocks", held)
        for key, state in ((asked, "reviewing"), (decided, "registered")):
            line = {"municipality": CODE, "command_key": key, "state": state}
            connection.execute(sa.insert(storage.intake_case), [line])
    write_file(tmp_path / "in", "shien_sochi", [])
    loaded = merged(town, tmp_path / "in", replace=True, lift=True)
    assert loaded.told.loaded, loaded.causes
    assert [row["measure_id"] for row in everything(town)["shien_sochi"]] == [f"{asked}-1"]


def test_an_error_changes_nothing_and_an_accepted_one_leaves_the_old_row(
    tmp_path: Path, town: Register
) -> None:
    before = everything(town)
    source = tmp_path / "in"
    write_file(source, "phone", [{"phone_id": "1", "number": "0990"}, {"phone_id": "2", "number": "1" * 99}])
    assert not merged(town, source).told.loaded
    assert everything(town) == before
    loaded = merged(town, source, accept_errors=1)
    assert loaded.told.loaded
    known = {row["phone_id"] for row in before["phone"]}
    assert {row["phone_id"] for row in everything(town)["phone"]} - known == {"1"}


def test_whom_the_register_knows_needs_no_file(tmp_path: Path, town: Register) -> None:
    source = tmp_path / "in"
    write_file(source, "phone", [{"phone_id": "1", "atena_no": HANAKO}, {"phone_id": "2", "atena_no": "9"}])
    loaded = merged(town, source)
    assert [place for place in loaded.places if place[0] == "phone.csv" and place[2] == "2"][-1][1] == "3"
    assert loaded.causes.count("住民・住登外者・法人にない宛名番号") == 1


def test_a_version_taken_away_brings_the_one_before_back(tmp_path: Path, town: Register) -> None:
    with town.writing() as connection:
        town.commit(connection, "register", [remove("resident", (TARO, 2))])
    with town.reading() as connection:
        index = storage.resident_index
        line = connection.execute(index.select().where(index.c.atena_no == TARO)).one()
    assert line.history_no == 1
    assert TARO in hits(town, "ワタナベ")

"""The index follows the register: people come, go, marry and move, homes become shelters, towns are renamed."""

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.query import Query
from offline.store import search
from offline.store.rows import contract
from tests.offline import plain_search
from tests.offline.search_builders import KEYS, found, index_of, people, queries, several
from tests.store_builders import Row, a_person

EVERYONE = Query(typed="ジュウミン", removed=True)


def write(connection: sqlite3.Connection, table: str, *rows: Row) -> None:
    """Write rows as the register has them now, in the place of those that are there."""
    kept = contract()[table]
    for row in rows:
        kept.delete(connection, tuple(row[column] for column in kept.key))  # type: ignore[misc]  # keys
    kept.insert(connection, KEYS.digest, rows)


def all_found(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """Return every line of the index and every number a word leads to, place by place."""
    connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.word USING fts5vocab (main, token, row)")
    words = connection.execute("SELECT term, doc FROM temp.word ORDER BY term").fetchall()
    lines = connection.execute(
        "SELECT atena_no, kana, readings, names, born_first, sex, card, rest, past_names, hidden_place,"
        " (SELECT key FROM search_town WHERE no = town) FROM person ORDER BY rk"
    ).fetchall()
    return [*lines, *(word for word in words if not word[0].lstrip("z").startswith(("s", "t")))]


@settings(max_examples=80, deadline=None)
@given(before=people(), after=people(), query=queries(), shelters=st.sets(st.integers(0, 11), max_size=3))
def test_it_stays_exact_as_people_come_go_and_change(
    before: list[Row], after: list[Row], query: Query, shelters: set[int]
) -> None:
    connection = index_of(before)
    rows = {(row["atena_no"], row["history_no"]): row for row in before}
    for place, row in enumerate(after):
        if place % 3 == 2:
            contract()["resident"].delete(connection, (str(row["atena_no"]), int(str(row["history_no"]))))
            rows.pop((row["atena_no"], row["history_no"]), None)
        else:
            write(connection, "resident", row)
            rows[row["atena_no"], row["history_no"]] = row
        search.renew(connection, [str(row["atena_no"])])
    protected = [f"{1000000000 + number}" for number in shelters]
    write(connection, "shien_sochi", *(dict[str, object](measure_id=one, atena_no=one) for one in protected))
    search.renew(connection, [])
    assert found(connection, query) == plain_search.found(rows.values(), query, protected)[:50]
    anew = index_of(list(rows.values()), tuple(protected))
    assert all_found(connection) == all_found(anew)
    connection.close()
    anew.close()


def test_who_changes_the_reading_changes_the_place_in_the_list() -> None:
    connection = index_of([a_person(number, furigana=kana) for number, kana in enumerate("アカサ")])
    query = Query(place="葛城町")
    assert found(connection, query) == ["1000000000", "1000000001", "1000000002"]
    write(connection, "resident", a_person(0, furigana="タ"))
    search.renew(connection, ["1000000000"])
    assert found(connection, query) == ["1000000001", "1000000002", "1000000000"]


def test_where_no_room_is_left_in_kana_order_only_neighbours_move() -> None:
    people = [a_person(number, furigana=kana) for number, kana in enumerate(["ア", *"イウエオ" * 60])]
    connection = index_of(people)
    before = dict(connection.execute("SELECT atena_no, rk FROM person"))
    for number in range(1000, 1080):  # each between the first two: halves the gap each time
        row = a_person(number, furigana="ア" + "ア" * (1081 - number))
        write(connection, "resident", row)
        search.renew(connection, [str(row["atena_no"])])
        people.append(row)
    query = Query(typed="ア")
    assert found(connection, query, 99) == plain_search.found(people, query)[:99]
    after = dict(connection.execute("SELECT atena_no, rk FROM person"))
    stayed = sum(after[one] == place for one, place in before.items())
    assert stayed > len(before) // 2
    kana = [one for (one,) in connection.execute("SELECT kana FROM person ORDER BY rk")]
    assert kana == sorted(kana)


def test_a_renamed_town_is_found_by_its_new_name_at_once() -> None:
    people = [a_person(number, household_no="h1") for number in range(5)]
    connection = index_of(people)
    finder = search.Finder()
    assert finder.find(connection, Query(place="新港町"), limit=9) == []
    moved = [row | {"history_no": 2, "address_town": "みどり県あおぞら市新港町"} for row in people]
    write(connection, "resident", *moved)
    search.renew(connection, [str(row["atena_no"]) for row in moved])
    assert len(finder.find(connection, Query(place="新港町"), limit=9)) == 5
    assert finder.find(connection, Query(place="葛城町"), limit=9) == []
    assert len(finder.find(connection, Query(place="葛城町", past=True), limit=9)) == 5


def test_an_index_made_by_other_rules_is_made_anew() -> None:
    connection = index_of(several())
    connection.execute("UPDATE search_state SET rules = 'of old'")
    connection.execute("UPDATE person SET kana = 'ン'")
    search.bring_up(connection, filled=True)
    assert found(connection, Query(typed="ワタナベ")) == ["1000000000", "1000000001"]


@pytest.mark.parametrize("place", ["葛城町", "0番", "あおぞら市", "葛城町一丁目0番3号"])
def test_a_home_that_becomes_a_shelter_is_found_by_no_address(place: str) -> None:
    people = [a_person(number) for number in range(6)]  # three a household
    connection = index_of(people)
    query = Query(place=place, past=True)
    before = found(connection, query)
    assert "1000000000" in before
    write(connection, "shien_sochi", {"measure_id": "m", "atena_no": "1000000001", "ends": "2001-01-01"})
    search.renew(connection, [])
    assert not {"1000000000", "1000000001", "1000000002"} & set(found(connection, query))
    # who moves in with them is hidden too; who moves out is found again
    write(connection, "resident", a_person(4, history_no=2, household_no="2000000000"))
    write(
        connection, "resident", a_person(2, history_no=2, household_no="2000000009", address_banchi="0番3号")
    )
    search.renew(connection, ["1000000004", "1000000002"])
    assert "1000000004" not in found(connection, Query(place="葛城町", past=True))
    assert "1000000002" in found(connection, query)
    contract()["shien_sochi"].delete(connection, ("m",))
    search.renew(connection, [])
    assert {"1000000000", "1000000001", "1000000004"} <= set(
        found(connection, Query(place="葛城町", past=True))
    )


def test_a_hidden_address_is_in_no_word_of_the_index() -> None:
    hidden = a_person(0, address_banchi="777番88号", address_katagaki="ヒミツ荘999", household_no="h1")
    connection = index_of(
        [hidden, a_person(1, household_no="h1", address_banchi="777番88号"), a_person(2)], ("1000000000",)
    )
    connection.execute("CREATE VIRTUAL TABLE temp.word USING fts5vocab (main, token, row)")
    words = [word for (word,) in connection.execute("SELECT term FROM temp.word")]
    assert not [word for word in words if "777" in word or "88" in word or "999" in word or "ヒミ" in word]
    for place in ("777", "ヒミツ荘", "葛城町"):
        assert "1000000000" not in found(connection, Query(place=place, past=True))
        assert "1000000000" in found(connection, Query(place=place, sheltered=True))
    assert found(connection, Query(typed="ジュウミン 777", removed=True, past=True)) == []


def test_whoever_has_left_a_shelter_does_not_lead_there() -> None:
    """No oracle: by the shelter's address nobody finds who lived there once and is found elsewhere now."""
    shelter = {"household_no": "h1", "address_banchi": "777番88号"}
    mate = [a_person(1, **shelter), a_person(1, history_no=2, household_no="h2", address_banchi="5番5号")]
    connection = index_of([a_person(0, **shelter), *mate, a_person(2)])
    asked = Query(place="777番88号", past=True)
    assert found(connection, asked) == ["1000000000", "1000000001"]
    write(connection, "shien_sochi", {"measure_id": "m", "atena_no": "1000000000"})
    search.renew(connection, [])
    assert found(connection, asked) == []
    assert found(connection, Query(place="5番5号")) == ["1000000001"]
    assert found(connection, Query(place="777番", past=True, sheltered=True)) == ["1000000000", "1000000001"]
    assert found(connection, Query(place="777番", sheltered=True)) == ["1000000000"]
    write(connection, "resident", a_person(0, history_no=2, household_no="h3", address_banchi="9番9号"))
    search.renew(connection, ["1000000000"])  # the shelter is another home now
    assert found(connection, asked) == ["1000000001"]
    contract()["shien_sochi"].delete(connection, ("m",))
    search.renew(connection, [])
    assert found(connection, asked) == ["1000000000", "1000000001"]


def test_a_town_that_is_renamed_is_not_searched_for_by_its_old_name_one_by_one() -> None:
    """Sixty-five 町 and more whose name nobody lives under any more cost no reading of everybody."""
    people = [a_person(number, address_town=f"旧川市{number % 80}丁目") for number in range(400)]
    connection = index_of(people)
    finder = search.Finder()
    assert len(finder.find(connection, Query(place="旧川市"), limit=999)) == 400
    renamed = [{**row, "address_town": str(row["address_town"]).replace("旧川", "新川")} for row in people]
    write(connection, "resident", *renamed)
    search.renew(connection, [str(row["atena_no"]) for row in people])
    steps: list[int] = []
    finder = search.Finder()
    finder.warm(connection)
    connection.set_progress_handler(lambda: steps.append(1), 10)
    assert finder.find(connection, Query(place="旧川市"), limit=99) == []
    assert len(steps) < 50
    connection.set_progress_handler(None, 0)
    write(connection, "resident", people[3])  # one of them is so again
    search.renew(connection, [str(people[3]["atena_no"])])
    assert finder.find(connection, Query(place="旧川市"), limit=99) == [people[3]["atena_no"]]
    assert len(finder.find(connection, Query(place="新川市"), limit=999)) == 399

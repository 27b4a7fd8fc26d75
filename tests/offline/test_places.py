"""Places offered from a replica: towns by a piece of their name or postcode, buildings, none of a hidden home (P08)."""

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.places import MOST_PLACES, KnownPlace, PlaceQuery, PlaceSought
from client.domain.resident import AtenaNo
from offline.store import search
from offline.store.places import Places
from offline.store.rows import contract
from tests.offline.search_builders import BANCHI, HOUSES, KEYS, PLACES, TOWNS, index_of, people
from tests.store_builders import Row, a_person

SHELTER = "みどり県あおぞら市隠れ里"
_SECRET = "サンクチュアリ隠"


def offered(
    connection: sqlite3.Connection,
    sought: PlaceSought,
    typed: str = "",
    *,
    at: tuple[str, str] = ("", ""),
    held: tuple[str, ...] = (),
    places: Places | None = None,
    named: tuple[str, ...] = (),
) -> tuple[KnownPlace, ...]:
    asked = PlaceQuery(sought, typed, *at, named=named)
    sheltered = tuple(map(AtenaNo, held))
    return (places or Places()).find(connection, search.Finder(), asked, sheltered=sheltered)


def texts(found: tuple[KnownPlace, ...]) -> list[str]:
    return [place.text for place in found]


def lives(number: int, town: str, banchi: str = "2番3号", **columns: object) -> Row:
    home: dict[str, object] = {"household_no": f"{2000000000 + number}", "address_katagaki": None}
    return a_person(number, address_town=town, address_banchi=banchi, **(home | columns))


def town_of(*residents: Row, protected: tuple[str, ...] = ()) -> sqlite3.Connection:
    connection = index_of(list(residents), protected)
    row: Row = {"code": "982016", "prefecture": "みどり県", "name": "あおぞら市"}
    contract()["town"].insert(connection, KEYS.digest, [row])
    return connection


def test_towns_are_offered_by_what_their_name_begins_with_then_by_what_it_holds() -> None:
    towns = ["一番町", "本町", "大字山﨑", "東本町", "霞ヶ丘十二丁目", "葛󠄂城町一丁目"]
    connection = town_of(
        *(
            lives(number, f"みどり県あおぞら市{name}", address_code=f"982010{number:02d}000")
            for number, name in enumerate(towns)
        )
    )
    assert texts(offered(connection, PlaceSought.TOWN, "本")) == [
        "みどり県あおぞら市本町",
        "みどり県あおぞら市東本町",
    ]
    assert texts(offered(connection, PlaceSought.TOWN, "葛城")) == ["みどり県あおぞら市葛󠄂城町一丁目"]
    assert texts(offered(connection, PlaceSought.TOWN, "霞が丘12")) == ["みどり県あおぞら市霞ヶ丘十二丁目"]
    assert texts(offered(connection, PlaceSought.TOWN, "あおぞら市山崎")) == ["みどり県あおぞら市大字山﨑"]
    assert offered(connection, PlaceSought.TOWN, "") == ()
    assert texts(offered(connection, PlaceSought.TOWN, "あおぞら市")) == [
        f"みどり県あおぞら市{name}" for name in towns
    ], "by their codes"


def test_no_more_towns_than_can_be_read_are_offered() -> None:
    connection = town_of(
        *(lives(number, f"みどり県あおぞら市町{chr(0x4E00 + number)}") for number in range(40))
    )
    assert len(offered(connection, PlaceSought.TOWN, "町")) == MOST_PLACES


def test_a_postcode_leads_to_its_towns_and_to_nothing_before_it_is_whole() -> None:
    connection = town_of(
        lives(1, TOWNS[0], postcode="0001000"),
        lives(2, TOWNS[1], postcode="0001000"),
        lives(3, TOWNS[2], postcode="0002000"),
    )
    for typed in ("0001000", "000-1000", "０００１０００", "０００－１０００"):
        assert texts(offered(connection, PlaceSought.POSTCODE, typed)) == list(TOWNS[:2])
    assert offered(connection, PlaceSought.POSTCODE, "000100") == ()
    assert offered(connection, PlaceSought.POSTCODE, "") == ()
    assert offered(connection, PlaceSought.TOWN, "本町") == (KnownPlace(TOWNS[2], "0002000"),)


def test_buildings_are_offered_where_they_stand_without_their_rooms() -> None:
    connection = town_of(
        lives(1, TOWNS[2], address_katagaki="コーポ青空201号"),
        lives(2, TOWNS[2], address_katagaki="コーポ青空202号"),
        lives(3, TOWNS[2], address_katagaki="山田様方"),
        lives(4, TOWNS[2], "2番31号", address_katagaki="第2ハイツ"),
        lives(5, TOWNS[4], address_katagaki="他町荘"),
        lives(6, TOWNS[2], address_katagaki="ひまわり団地12号棟3号"),
    )
    at = (TOWNS[2], "２－３")
    assert texts(offered(connection, PlaceSought.BUILDING, at=at)) == ["コーポ青空", "ひまわり団地12号棟"]
    assert texts(offered(connection, PlaceSought.BUILDING, "こーぽ", at=at)) == ["コーポ青空"]
    assert offered(connection, PlaceSought.BUILDING, "コーポ", at=(TOWNS[2], "")) == ()
    assert offered(connection, PlaceSought.BUILDING, "コーポ") == ()


@pytest.mark.parametrize("by_hold", [False, True])
def test_what_is_known_only_from_a_hidden_home_is_offered_by_no_road(by_hold: bool) -> None:
    hidden = lives(
        1, SHELTER, postcode="0009999", address_katagaki=f"{_SECRET}101号", household_no="2000000099"
    )
    with_them = lives(2, SHELTER, postcode="0009999", address_katagaki=_SECRET, household_no="2000000099")
    number = str(hidden["atena_no"])
    connection = town_of(hidden, with_them, lives(3, TOWNS[2]), protected=() if by_hold else (number,))
    held = (number,) if by_hold else ()

    def all_roads(held: tuple[str, ...]) -> list[str]:
        return [
            *texts(offered(connection, PlaceSought.TOWN, "隠れ里", held=held)),
            *texts(offered(connection, PlaceSought.POSTCODE, "0009999", held=held)),
            *texts(offered(connection, PlaceSought.BUILDING, at=(SHELTER, "2番3号"), held=held)),
        ]

    assert all_roads(held) == []
    if by_hold:
        assert all_roads(()) == [SHELTER, SHELTER, _SECRET], "before the request, all could be offered"


def test_a_town_that_becomes_hidden_is_not_offered_from_memory() -> None:
    connection, places = town_of(lives(1, SHELTER), lives(2, TOWNS[2])), Places()
    assert texts(offered(connection, PlaceSought.TOWN, "隠れ里", places=places)) == [SHELTER]
    number = str(lives(1, SHELTER)["atena_no"])
    assert offered(connection, PlaceSought.TOWN, "隠れ里", held=(number,), places=places) == ()
    assert texts(offered(connection, PlaceSought.TOWN, "隠れ里", places=places)) == [SHELTER]
    contract()["shien_sochi"].insert(connection, KEYS.digest, [{"measure_id": "m", "atena_no": number}])
    search.renew(connection, [number])
    assert offered(connection, PlaceSought.TOWN, "隠れ里", places=places) == ()


def test_nothing_is_offered_while_a_measure_may_be_missing() -> None:
    connection = town_of(lives(1, TOWNS[2]))
    assert offered(connection, PlaceSought.TOWN, "本町")
    connection.execute("CREATE TABLE doubt (feed TEXT NOT NULL, bucket INTEGER, household_no TEXT)")
    assert offered(connection, PlaceSought.TOWN, "本町") == ()
    assert offered(connection, PlaceSought.BUILDING, at=(TOWNS[2], "2番3号")) == ()


@settings(deadline=None, max_examples=60)
@given(
    town=people(),
    hidden=st.sets(st.integers(0, 4), max_size=3),
    by_hold=st.booleans(),
    typed=PLACES | st.sampled_from(["", "あおぞら", "0001000"]),
    asked=st.tuples(st.sampled_from(PlaceSought), st.sampled_from(TOWNS), st.sampled_from(BANCHI)),
)
def test_whatever_is_typed_what_is_offered_is_what_a_register_without_the_hidden_homes_offers(
    town: list[Row], hidden: set[int], by_hold: bool, typed: str, asked: tuple[PlaceSought, str, str]
) -> None:
    sought, *place = asked
    at = (place[0], place[1])
    homes = {f"{2000000000 + number}" for number in hidden}
    newest = {str(row["atena_no"]): row for row in town}
    protected = tuple(one for one, row in newest.items() if row["household_no"] in homes)
    openly = [row for row in town if str(row["atena_no"]) not in protected]
    whole = town_of(*town, protected=() if by_hold else protected)
    rest = town_of(*openly)
    found = offered(whole, sought, typed, at=at, held=protected if by_hold else ())
    assert set(found) == set(offered(rest, sought, typed, at=at))
    assert set(texts(found)) <= {*TOWNS, *(house[: len(house) - cut] for house in HOUSES for cut in range(6))}


def test_towns_that_are_read_as_was_typed_come_first_with_each_of_their_chome() -> None:
    towns = ["いずみ野", "本町", "泉町", "泉町二丁目", "泉町東", "葛󠄂城町一丁目", "東いず"]
    connection = town_of(
        *(
            lives(number, f"みどり県あおぞら市{name}", address_code=f"982010{number:02d}000")
            for number, name in enumerate(towns)
        )
    )
    found = texts(offered(connection, PlaceSought.TOWN, "いず", named=("泉町", "葛城町", "見知らぬ町")))
    assert [text.removeprefix("みどり県あおぞら市") for text in found] == [
        "いずみ野",
        "泉町",
        "泉町二丁目",
        "葛󠄂城町一丁目",
        "東いず",
    ]
    whole = texts(offered(connection, PlaceSought.TOWN, "ほん", named=("みどり県あおぞら市本町",)))
    assert whole == ["みどり県あおぞら市本町"], "with the municipality before it as without"


def test_no_reading_leads_to_the_town_of_a_hidden_home() -> None:
    connection = town_of(lives(1, SHELTER), lives(2, "みどり県あおぞら市本町"), protected=(f"{1000000001}",))
    assert offered(connection, PlaceSought.TOWN, "かく", named=("隠れ里",)) == ()
    seen = town_of(lives(1, SHELTER))
    assert texts(offered(seen, PlaceSought.TOWN, "かく", named=("隠れ里",))) == [SHELTER]

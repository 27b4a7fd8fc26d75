"""What the people of a synthetic town hold: seals, taxes owed and paid, services, contacts; and the other payers."""

import io
import json
from collections import Counter, defaultdict
from datetime import date

import pytest
from hypothesis import given
from PIL import Image

from cloud.town import STORY
from cloud.town.numbers import modulus_11
from tests.cloud.town_builders import TODAY, TOWNS, Row, Town, day, law, number, text

pytestmark = pytest.mark.long

HELD = (
    "seal_registration",
    "light_vehicle",
    "fixed_asset",
    "tax_account",
    "entitlement",
    "delivery_address",
    "bank_account",
    "phone",
)


def years_old(person: Row, today: date) -> int:
    born = day(person, "birth_sort")
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def payers(town: Town) -> set[str]:
    return {text(row, "atena_no") for row in town.tables["tax_account"]}


def test_shares_of_what_ten_thousand_hold_are_as_in_a_real_town(ten_thousand: Town) -> None:
    town = ten_thousand
    adults = {row["atena_no"] for row in town.living if "birth_sort" in row and years_old(row, TODAY) >= 18}
    households = {str(row["atena_no"]): text(row, "household_no") for row in town.living}

    def homes(table: str) -> float:
        found = {households.get(text(row, "atena_no")) for row in town.tables[table]} - {None}
        return len(found) / len(town.households)

    sealed = {row["atena_no"] for row in town.tables["seal_registration"] if "abolished" not in row}
    assert 0.50 <= len(sealed & adults) / len(adults) <= 0.60
    assert 0.40 <= homes("light_vehicle") <= 0.50
    assert 0.45 <= homes("fixed_asset") <= 0.55
    assert 0.55 <= homes("phone") <= 0.65
    assert 0.006 <= len(town.tables["delivery_address"]) / 10_000 <= 0.014
    residents = payers(town) & set(town.current)
    assert 0.35 <= len(town.tables["bank_account"]) / len(residents) <= 0.45
    assert len(town.tables["outsider"]) == 200
    assert len(town.tables["corporation"]) == 100


def test_a_town_of_ten_thousand_has_no_more_rows_than_a_hundred_thousand_may(ten_thousand: Town) -> None:
    assert sum(map(len, ten_thousand.tables.values())) <= 120_000


@pytest.mark.slow
@law
@given(TOWNS)
def test_everything_is_held_by_somebody_the_town_knows(town: Town) -> None:
    outside = {row["atena_no"] for table in ("outsider", "corporation") for row in town.tables[table]}
    assert not outside & set(town.current)
    for table in HELD:
        assert all(
            row["atena_no"] in outside or row["atena_no"] in town.current for row in town.tables[table]
        )
    assert {row["atena_no"] for row in town.tables["bank_account"]} <= payers(town)
    for found in outside:
        assert modulus_11(str(found)[:-1]) == str(found)[-1]


@pytest.mark.slow
@law
@given(TOWNS)
def test_a_seal_is_registered_by_a_resident_of_fifteen_and_abolished_with_the_record(town: Town) -> None:
    standing: Counter[object] = Counter()
    for row in town.tables["seal_registration"]:
        person = town.current[text(row, "atena_no")]
        registered = day(row, "registered")
        assert day(person, "resident_since_sort") <= registered <= town.today
        assert "birth_sort" not in person or years_old(person, registered) >= 15
        standing[row["atena_no"]] += "abolished" not in row
        assert ("abolished" in row) == ("abolished_reason" in row)
        if "abolished" in row:
            assert registered <= day(row, "abolished") <= town.today
        if person["status"] != "resident":
            assert "abolished" in row
        name = text(row, "registered_name")
        assert name in {person.get("full_name"), person.get("tsusho"), person.get("latin_name")}
    assert max(standing.values()) == 1


def test_seals_of_residents_are_small_one_bit_pictures_and_no_two_are_alike(ten_thousand: Town) -> None:
    images = [row["image"] for row in ten_thousand.tables["seal_registration"]]
    assert len(set(images)) == len(images)
    for content in images[:200]:
        assert isinstance(content, bytes)
        assert 400 <= len(content) <= 1000  # 406 dpi in its own size, of dots that nobody else has
        with Image.open(io.BytesIO(content)) as image:
            assert image.mode == "1"
            side_mm = image.width / image.info["dpi"][0] * 25.4
            assert 8 < side_mm < 25
            black = sum(image.getpixel((x, y)) == 0 for x in range(72) for y in range(72)) / 72**2
            assert 0.1 < black < 0.6


@pytest.mark.slow
@law
@given(TOWNS)
def test_instalments_add_up_to_what_is_owed_and_no_more_is_paid(town: Town) -> None:
    owed: dict[tuple[str, str, int], list[Row]] = defaultdict(list)
    for row in town.tables["tax_account"]:
        owed[text(row, "atena_no"), text(row, "tax"), number(row, "fiscal_year")].append(row)
        billed, paid = number(row, "billed"), number(row, "paid")
        assert 0 <= paid <= billed
        assert billed > 0
        assert day(row, "due").weekday() < 5
        assert ("paid_on" in row) == (paid > 0)
        if paid:
            assert day(row, "paid_on") <= day(row, "confirmed_on") <= town.today
    for rows in owed.values():
        assert [row["instalment"] for row in rows] == list(range(1, len(rows) + 1))
        assert [day(row, "due") for row in rows] == sorted(day(row, "due") for row in rows)
    levied = {
        (text(row, "atena_no"), "juminzei", number(row, "fiscal_year")): number(row, "annual_tax")
        for row in town.tables["juminzei"]
        if row.get("annual_tax")
    }
    latest = max(year for _, _, year in levied)
    billed_of = {key: sum(number(row, "billed") for row in rows) for key, rows in owed.items()}
    assert {key: sum_ for key, sum_ in billed_of.items() if key[1] == "juminzei"} == {
        key: amount for key, amount in levied.items() if key[2] == latest
    }
    for (_, tax, _), rows in owed.items():
        assert len(rows) <= {"juminzei": 4, "fixed_asset": 4, "nhi": 8, "light_vehicle": 1}[tax]


def test_most_pay_in_time_and_some_do_not(ten_thousand: Town) -> None:
    due = [row for row in ten_thousand.tables["tax_account"] if day(row, "due") < day(row, "confirmed_on")]
    behind = [row for row in due if number(row, "paid") < number(row, "billed")]
    assert 0.01 <= len(behind) / len(due) <= 0.06
    assert any(number(row, "paid") > 0 for row in behind)
    late = [row for row in due if "paid_on" in row and day(row, "paid_on") > day(row, "due")]
    assert 0.01 <= len(late) / len(due) <= 0.06
    assert {row["tax"] for row in due} == {"juminzei", "nhi", "light_vehicle", "fixed_asset"}


@pytest.mark.slow
@law
@given(TOWNS)
def test_vehicles_are_taxed_by_their_class_on_who_owned_them_on_the_first_of_april(town: Town) -> None:
    vehicles = {text(row, "vehicle_id"): row for row in town.tables["light_vehicle"]}
    billed = {text(row, "subject"): row for row in town.tables["tax_account"] if "subject" in row}
    assert set(billed) <= set(vehicles)
    for vehicle_id, row in vehicles.items():
        assert text(row, "plate").startswith("あおぞら")
        assert day(row, "acquired") <= day(row, "scrapped" if "scrapped" in row else "acquired") <= town.today
        april = date(town.today.year - (town.today.month < 5), 4, 1)
        owned = day(row, "acquired") <= april and ("scrapped" not in row or day(row, "scrapped") > april)
        assert (vehicle_id in billed) == owned
        if owned:
            assert billed[vehicle_id]["billed"] == row["annual_tax"]
            assert billed[vehicle_id]["atena_no"] == row["atena_no"]


@pytest.mark.slow
@law
@given(TOWNS)
def test_land_and_houses_are_taxed_on_no_more_than_their_value(town: Town) -> None:
    for row in town.tables["fixed_asset"]:
        assert 0 < number(row, "tax_base") <= number(row, "value")
        assert number(row, "area_dm2") > 0
        assert text(row, "place").startswith("みどり県あおぞら市")
        assert row["kind"] in {"土地", "家屋"}
    assert {row["kind"] for row in town.tables["fixed_asset"]} == {"土地", "家屋"}


@pytest.mark.slow
@law
@given(TOWNS)
def test_services_follow_from_age_household_and_insurance(town: Town) -> None:
    insured = {row["atena_no"] for row in town.tables["nhi_member"] if "lost" not in row}
    held: dict[str, set[str]] = defaultdict(set)
    for row in town.tables["entitlement"]:
        person, service = town.current[text(row, "atena_no")], text(row, "service")
        held[service].add(text(row, "atena_no"))
        assert day(row, "since") <= town.today
        assert ("until" in row) == (person["status"] != "resident")
        if "birth_sort" in person:
            age = years_old(person, day(row, "until") if "until" in row else town.today)
            assert service != "kaigo" or age >= 64
            assert service != "koki" or age >= 75
            assert service != "nenkin" or 19 <= age <= 59
        assert service != "nenkin" or row["atena_no"] in insured
        assert ("number" in row) == (service != "nenkin")  # a 基礎年金番号 is nowhere
    for row in town.living:
        if "birth_sort" in row:
            age = years_old(row, town.today)
            assert age < 65 or row["atena_no"] in held["kaigo"]
            assert age < 75 or row["atena_no"] in held["koki"]
    for atena_no in held["jido_teate"]:
        members = town.households[text(town.current[atena_no], "household_no")]
        assert any("birth_sort" in row and years_old(row, town.today) < 19 for row in members)


def test_bank_and_phone_numbers_are_nobodys(ten_thousand: Town) -> None:
    for row in ten_thousand.tables["bank_account"]:
        assert 770 <= int(text(row, "bank_code")) <= 999  # between the banks and the credit associations
        assert len(text(row, "number")) == 7
    for row in ten_thousand.tables["phone"]:
        area, local, _ = text(row, "number").split("-")
        assert (area, local[0]) in {("090", "0"), ("0999", "0")}  # no exchange begins with 0


def test_corporate_numbers_bear_their_check_digit_behind_an_office_there_is_not(ten_thousand: Town) -> None:
    numbers = [text(row, "corporate_no") for row in ten_thousand.tables["corporation"]]
    assert len(set(numbers)) == len(numbers)
    for found in numbers:
        assert len(found) == 13
        assert found[1:5] == "9999"
        total = sum(int(digit) * weight for digit, weight in zip(found[:0:-1], (1, 2) * 6, strict=True))
        assert int(found[0]) == 9 - total % 9


@pytest.mark.slow
@law
@given(TOWNS)
def test_the_householder_of_the_story_holds_some_of_everything(town: Town) -> None:
    family = {STORY.householder, STORY.wife, STORY.mother}
    for table in HELD:
        assert any(row["atena_no"] in family for row in town.tables[table]), table


@pytest.mark.slow
@law
@given(TOWNS)
def test_one_guide_of_each_occasion_is_in_force_and_one_changes_on_a_first_of_april(town: Town) -> None:
    trees = town.tables["guide_tree"]
    standing = [
        row
        for row in trees
        if day(row, "in_force_from") <= town.today
        and ("in_force_until" not in row or town.today <= day(row, "in_force_until"))
    ]
    occasions = {text(row, "occasion") for row in trees}
    assert occasions == {"tennyu", "tenshutsu", "tenkyo", "birth", "death", "disaster"}
    assert sorted(text(row, "occasion") for row in standing) == sorted(occasions)
    (coming,) = (day(row, "in_force_from") for row in trees if day(row, "in_force_from") > town.today)
    assert (coming.month, coming.day) == (4, 1)


def test_every_answer_of_a_guide_leads_somewhere_and_every_way_ends_with_something_to_do() -> None:
    for row in Town(50, 1).tables["guide_tree"]:
        body = json.loads(text(row, "body"))
        ways, seen = [body["start"]], set()
        while ways:
            name = ways.pop()
            seen.add(name)
            node = body["nodes"][name]
            assert ("ask" in node) != ("do" in node)
            if "do" in node:
                assert all(
                    all(one[word] for word in ("procedure", "section", "papers")) for one in node["do"]
                )
            ways += [answer["go"] for answer in node.get("answers", [])]
        assert seen == set(body["nodes"])

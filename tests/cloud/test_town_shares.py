"""The shares, the insurance and the taxes of a synthetic town."""

from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest
from hypothesis import given

from cloud.town import STORY
from cloud.town.days import YEAR
from tests.cloud.town_builders import AMOUNTS, TODAY, TOWNS, Town, day, law, text

pytestmark = [pytest.mark.long, pytest.mark.slow]


def test_shares_of_ten_thousand_are_as_in_a_real_town(ten_thousand: Town) -> None:
    town = ten_thousand
    insured = [row for row in town.tables["nhi_member"] if "lost" not in row]
    assert 0.20 <= len(insured) / 10_000 <= 0.24
    assert 0.02 <= sum(row["kind"] == "foreign" for row in town.living) / 10_000 <= 0.04
    assert 2.0 <= 10_000 / len(town.households) <= 2.5
    removed = len(town.current) - len(town.living)
    assert 0.03 <= removed / 10_000 <= 0.12
    protected = {town.current[text(row, "atena_no")]["household_no"] for row in town.tables["shien_sochi"]}
    assert 3 <= len(protected) <= 15
    old = [
        row for row in town.living if "birth_sort" in row and day(row, "birth_sort").year <= TODAY.year - 65
    ]
    assert 0.22 <= len(old) / 10_000 <= 0.34
    assert any(len(rows) >= 3 for rows in town.versions.values())
    assert any("former_surname" in row for row in town.living)
    assert Counter(text(row, "status") for row in town.current.values()).keys() >= {
        "resident",
        "death",
        "tenshutsu",
    }


@law
@given(TOWNS)
def test_nhi_members_are_under_seventy_five_and_have_a_household_number(town: Town) -> None:
    numbers: dict[str, set[str]] = defaultdict(set)
    for row in town.tables["nhi_member"]:
        person = town.current[text(row, "atena_no")]
        numbers[text(row, "number")].add(text(person, "household_no"))
        assert row["householder_atena_no"] in town.current
        assert day(row, "acquired") >= day(person, "resident_since_sort")
        if "lost" in row:
            assert day(row, "acquired") < day(row, "lost") <= town.today
        else:
            assert person["status"] == "resident"
            assert row["burden"] in (2, 3)
            assert town.today <= day(row, "valid_until") <= town.today + timedelta(days=366)
            if "birth_sort" in person:
                assert (town.today - day(person, "birth_sort")).days < 75.1 * YEAR
    assert all(len(households) == 1 for households in numbers.values())


def test_foreigners_have_latin_names_and_no_koseki_and_some_have_kanji_and_tsusho(ten_thousand: Town) -> None:
    foreigners = [row for row in ten_thousand.living if row["kind"] == "foreign"]
    for row in foreigners:
        assert text(row, "latin_name").replace(" ", "").isascii()
        assert not {"honseki", "hittosha"} & set(row)
        assert text(row, "birth_text")[:4] == text(row, "birth_sort")[:4]
        assert day(row, "resident_since_sort") >= date(2012, 7, 9)
        if row["article_30_45"] == "特別永住者":
            assert not {"residence_status", "residence_until"} & set(row)
    assert any("full_name" in row for row in foreigners)
    assert any("full_name" not in row for row in foreigners)
    assert any("tsusho" in row for row in foreigners)
    story = ten_thousand.current[STORY.foreigner]
    assert (story["latin_name"], story["full_name"], story["tsusho"]) == (
        "CHEN XIAOYU",
        "陳　暁雨",
        "林　暁子",
    )


@law
@given(TOWNS)
def test_tax_amounts_follow_from_one_another(town: Town) -> None:
    years = set()
    for row in town.tables["juminzei"]:
        years.add(row["fiscal_year"])
        if row["levy"] == "未申告":
            assert not {"income_total", "annual_tax", *AMOUNTS} & set(row)
            continue
        parts = [int(str(row[column])) for column in AMOUNTS]
        assert int(str(row["annual_tax"])) == sum(parts)
        assert all(part >= 0 for part in parts)
        income_levy, flat = parts[0] + parts[2], parts[1] + parts[3] + parts[4]
        assert row["levy"] == ("課税" if income_levy else "均等割のみ" if flat else "非課税")
        taxable = int(str(row["taxable"]))
        assert taxable <= max(0, int(str(row["income_total"])) - int(str(row["deductions"])))
        assert income_levy <= taxable // 10
        person = town.current[text(row, "atena_no")]
        first = date(int(str(row["fiscal_year"])), 1, 1)
        assert day(person, "resident_since_sort") < first
        assert "removed_date" not in person or day(person, "removed_date") >= first
    assert len(years) == 2


def test_some_taxpayers_of_each_class_and_declaration_exist(ten_thousand: Town) -> None:
    rows = ten_thousand.tables["juminzei"]
    assert {row["levy"] for row in rows} == {"課税", "均等割のみ", "非課税", "未申告"}
    assert {row["declared"] for row in rows} == {"確定申告", "住民税申告", "給報", "年報", "被扶養", "未申告"}
    assert any(int(str(row["dependants"])) >= 3 for row in rows)

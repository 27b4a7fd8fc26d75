"""Forms: what is asked, what the law says to the answers, and that what is sent is of the contract."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from client.domain.calendar import RegisterDate, wareki
from client.domain.errors import RefusedError
from client.domain.intake import Ask, Entry, Field
from client.domain.resident import Address, AtenaNo, Resident
from client.rules.intakes import ALL, FORMS
from client.rules.intakes.form import LATE, gaps, read
from client.rules.intakes.moves import AZUKARI, HOUSEHOLDER_LEAVES, LEFT_LONG_AGO, TENKYO
from resources import read_text
from tests.builders import ELSEWHERE, HANAKO, HOME, TARO, TODAY, a_household, a_tenkyo
from tests.form_builders import CHILD, NEW, PERSON, filled


def without(entry: Entry, field: Field) -> Entry:
    return replace(entry, values={name: said for name, said in entry.values.items() if name != field.name})


def born(day: date) -> Resident:
    return replace(a_household().members[0], birth=RegisterDate(wareki(day), day))


def schema(kind: str) -> Draft202012Validator:
    """Return the contract's schema of a kind's payload."""
    shared = json.loads(read_text("contract", "commands", "common.json"))
    registry: Registry[Any] = Registry().with_resource("common.json", Resource.from_contents(shared))
    return Draft202012Validator(
        json.loads(read_text("contract", "commands", f"{kind}.json")), registry=registry
    )


@pytest.mark.parametrize("name", FORMS)
def test_what_a_form_sends_is_of_the_contract(name: str) -> None:
    form = FORMS[name]
    taken = read(form, filled(name), TODAY)
    wire = {
        **taken.payload,
        "members": [{**one} if isinstance(one, dict) else one for one in taken.payload.get("members", ())],  # type: ignore[attr-defined] # a list where it is there
    }
    told = wire if "members" in taken.payload else dict(taken.payload)
    errors = [error.message for error in schema(form.kind.value).iter_errors(told)]
    assert errors == []
    assert taken.subject == taken.persons[0]
    assert taken.todoke_date == TODAY


@pytest.mark.parametrize("name", FORMS)
def test_what_is_needed_and_not_given_is_named(name: str) -> None:
    form, entry = FORMS[name], filled(name)
    assert gaps(form, entry) == ()
    for field in form.fields(entry):
        if field.needed and field.ask is not Ask.CHECK:
            missing = gaps(form, without(entry, field))
            assert field.name in missing, field.name
            with pytest.raises(RefusedError):
                read(form, without(entry, field), TODAY)


@pytest.mark.parametrize("name", FORMS)
def test_no_words_of_a_form_carry_an_individual_number(name: str) -> None:
    form, entry = FORMS[name], filled(name)
    for field in form.fields(entry):
        if field.ask in {Ask.TEXT, Ask.LONG, Ask.SEALED}:
            typed = replace(entry, values={**entry.values, field.name: "番号 1234 5678 9018"})
            with pytest.raises(RefusedError) as refused:
                read(form, typed, TODAY)
            assert (refused.value.code, refused.value.facts["field"]) == (
                "refused.forbidden_number",
                field.name,
            )


@pytest.mark.parametrize("name", FORMS)
def test_nothing_is_filed_ahead_of_today(name: str) -> None:
    with pytest.raises(RefusedError, match=r"refused\.date"):
        read(FORMS[name], replace(filled(name), todoke="R8.11.21"), TODAY)


def test_names_of_forms_are_their_own() -> None:
    assert len(FORMS) == len(ALL)


@pytest.mark.parametrize(("days", "late"), [(0, False), (14, False), (15, True), (400, True)])
def test_after_fourteen_days_the_clerk_is_told(days: int, late: bool) -> None:
    entry = a_tenkyo(ido_date=TODAY - timedelta(days=days))
    assert read(TENKYO, entry, TODAY).warnings == ((LATE,) if late else ())


@given(ido=st.integers(-60, 60), todoke=st.integers(-60, 60))
def test_a_date_is_taken_only_in_the_order_the_law_knows(ido: int, todoke: int) -> None:
    entry = a_tenkyo(ido_date=TODAY + timedelta(days=ido), todoke_date=TODAY + timedelta(days=todoke))
    if ido <= todoke <= 0:
        assert set(read(TENKYO, entry, TODAY).warnings) <= {LATE}
    else:
        with pytest.raises(RefusedError, match=r"refused\.date"):
            read(TENKYO, entry, TODAY)


def test_only_living_members_of_the_household_move() -> None:
    for members in ((TARO, AtenaNo("999")), (AtenaNo("999"),)):
        with pytest.raises(RefusedError, match=r"refused\.not_resident"):
            read(TENKYO, a_tenkyo(*members), TODAY)


def test_who_heads_a_new_household_is_one_of_those_who_move() -> None:
    assert read(TENKYO, a_tenkyo(HANAKO), TODAY).subject == HANAKO


@pytest.mark.parametrize(
    ("to", "field"),
    [
        (replace(ELSEWHERE, town=" "), "to.town"),
        (replace(ELSEWHERE, banchi="1\n2"), "to.banchi"),
        (replace(ELSEWHERE, katagaki="あ" * 121), "to.katagaki"),
        # more than the contract's 200 code points
        (replace(ELSEWHERE, katagaki="葛\U000e0102" * 101), "to.katagaki"),
        (replace(ELSEWHERE, katagaki="山\ud800"), "to.katagaki"),
        (HOME, "to.town"),
        (replace(HOME, banchi="２番３号"), "to.town"),  # the same place in other letters
    ],
)
def test_an_address_that_cannot_be_is_refused_and_not_quoted(to: Address, field: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read(TENKYO, a_tenkyo(to=to), TODAY)
    assert refused.value.facts == {"field": field}


def test_a_sequence_counts_as_one_letter_of_an_address() -> None:
    to = replace(ELSEWHERE, katagaki="葛\U000e0102" * 80 + "あ" * 40)
    assert read(TENKYO, a_tenkyo(to=to), TODAY)


def test_part_of_a_household_is_not_the_whole() -> None:
    assert read(TENKYO, a_tenkyo(), TODAY).payload["whole_household"] is True
    part = read(TENKYO, a_tenkyo(TARO), TODAY)
    assert part.payload["whole_household"] is False
    assert part.base == {TARO: 3}


def test_what_was_typed_shows_no_place_in_a_log() -> None:
    for one in (a_tenkyo(), read(TENKYO, a_tenkyo(), TODAY)):
        assert "本町" not in repr(one)
        assert a_household().members[0].address.town not in repr(one)


def test_where_the_householder_leaves_and_others_stay_the_clerk_is_told() -> None:
    head = next(one.atena_no for one in a_household().living if one.relationship == "世帯主")
    assert HOUSEHOLDER_LEAVES in read(TENKYO, a_tenkyo(head), TODAY).warnings
    assert HOUSEHOLDER_LEAVES not in read(TENKYO, a_tenkyo(), TODAY).warnings


@pytest.mark.parametrize(("day", "warned"), [("R8.12.24", False), ("R8.11.6", False), ("R8.11.5", True)])
def test_a_move_out_may_be_told_ahead_and_after_fourteen_days_is_the_offices_own(
    day: str, warned: bool
) -> None:
    taken = read(FORMS["tenshutsu"], filled("tenshutsu", planned=day), TODAY)
    assert (LEFT_LONG_AGO in taken.warnings) is warned


def test_a_card_holder_without_the_paper_is_a_deposit() -> None:
    by_card = read(FORMS["tennyu"], filled("tennyu", certificate="card"), TODAY)
    assert by_card.payload["azukari"] is True
    assert AZUKARI in by_card.warnings
    assert read(FORMS["tennyu"], filled("tennyu"), TODAY).payload["azukari"] is False


@pytest.mark.parametrize(
    ("first", "second", "good"), [("世帯主", "子", True), ("世帯主", "世帯主", False), ("妻", "子", False)]
)
def test_who_come_together_have_one_householder(first: str, second: str, good: bool) -> None:
    entry = filled("tennyu")
    child = {f"{CHILD}.{piece}": said for piece, said in PERSON.items()}
    relations = {f"{NEW}.relationship": first, f"{CHILD}.relationship": second}
    entry = replace(entry, newcomers=(NEW, CHILD), values={**entry.values, **child, **relations})
    if good:
        assert read(FORMS["tennyu"], entry, TODAY).persons == (NEW, CHILD)
        return
    with pytest.raises(RefusedError, match=r"refused\.householder"):
        read(FORMS["tennyu"], entry, TODAY)


def test_who_joins_a_household_is_not_its_householder() -> None:
    entry = filled("tennyu", joins="1")
    with pytest.raises(RefusedError, match=r"refused\.householder"):
        read(FORMS["tennyu"], entry, TODAY)
    joins = replace(entry, values={**entry.values, f"{NEW}.relationship": "妻の子"})
    assert read(FORMS["tennyu"], joins, TODAY).payload["joins"] == a_household().household_no


def test_a_sealed_number_goes_with_its_person_and_is_read_nowhere() -> None:
    entry = replace(
        filled("tennyu"), sealed={f"{NEW}.mynumber": b"sealed", f"{NEW}.juminhyo_code": b"sealed too"}
    )
    person = cast("list[dict[str, object]]", read(FORMS["tennyu"], entry, TODAY).payload["members"])[0]
    assert person["mynumber_sealed"] == b"sealed"
    assert person["juminhyo_code_sealed"] == b"sealed too"
    assert not {"mynumber", "juminhyo_code"} & set(person)


def test_a_foreigner_is_asked_what_the_law_adds() -> None:
    entry = filled("tennyu")
    asked = {
        "kind": "foreign", "full_name": "", "latin_name": "ONO KEN", "nationality": "ブラジル",
        "foreigner_category": "中長期在留者", "residence_status": "定住者", "residence_period": "3年",
        "residence_until": "R10.1.31", "residence_card_no": "AB12345678CD",
    }  # fmt: skip
    entry = replace(entry, values={**entry.values, **{f"{NEW}.{name}": said for name, said in asked.items()}})
    taken = read(FORMS["tennyu"], entry, TODAY)
    assert [error.message for error in schema("todoke.tennyu").iter_errors(dict(taken.payload))] == []
    person = cast("list[dict[str, object]]", taken.payload["members"])[0]
    assert person["residence_until"] == "2028-01-31"


def test_nobody_of_seventy_five_joins_the_national_health_insurance() -> None:
    old = born(TODAY.replace(year=1950))
    household = replace(a_household(), members=(old, *a_household().members[1:]))
    with pytest.raises(RefusedError, match=r"refused\.over_75"):
        read(FORMS["nhi_acquire"], replace(filled("nhi_acquire"), household=household), TODAY)


def test_nobody_under_fifteen_registers_a_seal() -> None:
    child = born(TODAY.replace(year=2012))
    household = replace(a_household(), members=(child, *a_household().members[1:]))
    with pytest.raises(RefusedError, match=r"refused\.under_15"):
        read(FORMS["seal_register"], replace(filled("seal_register"), household=household), TODAY)


@pytest.mark.parametrize("text", ["祖父", "孫", "長男"])
def test_a_word_the_register_does_not_take_is_no_relationship(text: str) -> None:
    entry = filled("nushi")
    entry = replace(entry, values={**entry.values, f"relationships.{TARO}": text})
    with pytest.raises(RefusedError, match=r"refused\.relationship"):
        read(FORMS["nushi"], entry, TODAY)

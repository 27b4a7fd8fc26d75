"""A returned notification laid back into its form: what is taken in again says what was taken in before."""

import uuid
from dataclasses import replace

import pytest

from client.domain.change import ChangeKind
from client.domain.intake import Ask, Entry, Filer, newcomer_id
from client.domain.resident import AtenaNo
from client.rules.intakes import ALL, FORMS, reopen
from client.rules.intakes.form import read
from tests.builders import HANAKO, TARO, TODAY, a_household
from tests.form_builders import CHILD, NEW, filled

OTHER = newcomer_id("019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d99")
READABLE = [form.name for form in ALL if form.kind is not ChangeKind.SHIEN_SOCHI]


def again(name: str, entry: Entry) -> tuple[dict[str, object], dict[str, object], reopen.Reopened]:
    before = dict(read(FORMS[name], entry, TODAY).payload)
    ids = iter((OTHER, *(newcomer_id(str(uuid.UUID(int=n))) for n in range(9))))
    told = reopen.reopen(FORMS[name].kind, before, entry.household, lambda: next(ids))
    filled_in = replace(
        entry,
        members=told.members,
        values=told.values,
        todoke=told.todoke,
        filer=told.filer,
        newcomers=told.newcomers,
        sealed={},
    )
    return before, dict(read(told.form, filled_in, TODAY).payload), told


@pytest.mark.parametrize("name", READABLE)
def test_every_form_says_the_same_again(name: str) -> None:
    before, after, told = again(name, replace(filled(name), filer=Filer.PROXY))
    assert told.form is FORMS[name]
    assert str(after).replace(OTHER, NEW) == str(before)


def test_newcomers_get_ids_of_their_own_and_what_was_sealed_is_asked_anew() -> None:
    entry = filled("tennyu")
    person = {name.removeprefix(NEW): said for name, said in entry.values.items() if name.startswith(NEW)}
    second = {f"{CHILD}{name}": said for name, said in person.items()} | {f"{CHILD}.relationship": "子"}
    entry = replace(
        entry,
        newcomers=(NEW, CHILD),
        values={**entry.values, **second},
        sealed={f"{NEW}.mynumber": b"sealed"},
    )
    _before, after, told = again("tennyu", entry)
    assert told.newcomers[0] == OTHER
    assert not {NEW, CHILD} & set(told.newcomers)
    assert told.asked_anew == (f"{OTHER}.mynumber",)
    assert "mynumber_sealed" not in str(after)
    assert not any(name.endswith("mynumber") for name in told.values)


def test_a_foreigner_and_who_joins_a_household_come_back_as_they_were() -> None:
    values = {
        f"{NEW}.kind": "foreign",
        f"{NEW}.latin_name": "NGUYEN THI ANH",
        f"{NEW}.nationality": "ベトナム",
        f"{NEW}.residence_until": "R10.1.31",
        f"{NEW}.relationship": "同居人",
        "joins": "1",
        "whole_household": "",
        "certificate": "card",
    }
    entry = filled("tennyu")
    entry = replace(entry, values={**entry.values, **values})
    before, after, told = again("tennyu", entry)
    assert str(after).replace(OTHER, NEW) == str(before)
    assert told.values["joins"] == "1"
    assert told.values["whole_household"] == ""
    assert reopen.joined_home(ChangeKind.TENNYU, before) == a_household().household_no


def test_who_is_on_it_and_who_came_by_which_form_is_kept() -> None:
    entry = replace(filled("nhi_lose"), members=(HANAKO,))
    assert again("nhi_lose", entry)[2].members == (HANAKO,)
    assert again("nushi", filled("nushi"))[2].form is FORMS["nushi"]
    assert again("setai", filled("setai"))[2].form is FORMS["setai"]


def test_nothing_is_filled_in_that_is_sealed_or_that_no_form_asks() -> None:
    payload = {
        **read(FORMS["koseki"], filled("koseki"), TODAY).payload,
        "opponent_sealed": b"x",
        "strange": "y",
    }
    told = reopen.reopen(ChangeKind.KOSEKI_MEMO, payload, None, lambda: OTHER)
    asked = {one.name: one.ask for one in told.form.fields(filled("koseki"))}
    assert set(told.values) <= set(asked)
    assert not {Ask.NUMBER, Ask.SEALED} & {asked[name] for name in told.values}


def test_new_ids_stand_wherever_the_old_ones_stood() -> None:
    payload = {"subject": NEW, "members": [{"id": NEW, "full_name": "甲"}]}
    renamed, ids = reopen.with_new_ids(payload, lambda: OTHER)
    assert renamed == {"subject": OTHER, "members": [{"id": OTHER, "full_name": "甲"}]}
    assert ids == {NEW: OTHER}
    of_residents = {"subject": TARO, "members": [TARO, HANAKO]}
    assert reopen.with_new_ids(of_residents, lambda: AtenaNo("never")) == (of_residents, {})

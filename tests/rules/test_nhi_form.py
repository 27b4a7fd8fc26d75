"""国保 forms held against what the register knows: they warn, and never stop the counter."""

from dataclasses import replace
from datetime import timedelta

import pytest

from client.domain.nhi import Insured
from client.rules.intakes import FORMS, nhi
from client.rules.intakes.form import LATE, read
from tests.builders import HANAKO, NOW, TARO, TODAY
from tests.form_builders import filled

DAY = timedelta(days=1)
SINCE = TODAY - timedelta(days=400)
FORMS_OF_NHI = ("nhi_acquire", "nhi_lose", "nhi_change")


def warned(form: str, insured: Insured | None) -> tuple[str, ...]:
    return read(FORMS[form], replace(filled(form), insured=insured), TODAY).warnings


def test_who_is_a_member_already_is_told_of_at_an_acquisition_and_nobody_else() -> None:
    assert warned("nhi_acquire", Insured({TARO: ((SINCE, None),)}, NOW)) == (nhi.MEMBER,)
    assert warned("nhi_acquire", Insured({}, NOW)) == ()


@pytest.mark.parametrize("form", ["nhi_lose", "nhi_change"])
def test_who_is_no_member_is_told_of_at_a_loss_and_at_a_change(form: str) -> None:
    both = {TARO: ((SINCE, None),), HANAKO: ((SINCE, None),)}
    assert warned(form, Insured(both, NOW)) == ()
    assert warned(form, Insured({TARO: ((SINCE, None),)}, NOW)) == (nhi.NO_MEMBER,)


def test_the_day_of_the_event_counts_and_the_day_of_loss_is_no_day_of_membership() -> None:
    for lost, said in ((TODAY, ()), (TODAY + DAY, (nhi.MEMBER,))):
        assert warned("nhi_acquire", Insured({TARO: ((SINCE, lost),)}, NOW)) == said
    for acquired, said in ((TODAY, (nhi.MEMBER,)), (TODAY + DAY, ())):
        assert warned("nhi_acquire", Insured({TARO: ((acquired, None),)}, NOW)) == said


def test_of_several_spells_any_that_runs_makes_a_member() -> None:
    before = (SINCE, SINCE + DAY)
    assert warned("nhi_acquire", Insured({TARO: (before, (TODAY, None))}, NOW)) == (nhi.MEMBER,)
    assert warned("nhi_acquire", Insured({TARO: (before,)}, NOW)) == ()


@pytest.mark.parametrize("form", FORMS_OF_NHI)
def test_a_register_that_cannot_be_asked_is_told_and_one_not_asked_yet_says_nothing(form: str) -> None:
    assert warned(form, Insured()) == (nhi.UNKNOWN,)
    assert warned(form, None) == ()


def test_only_who_is_on_the_notification_is_told_of() -> None:
    entry = replace(filled("nhi_acquire"), insured=Insured({TARO: ((SINCE, None),)}, NOW), members=(HANAKO,))
    assert read(FORMS["nhi_acquire"], entry, TODAY).warnings == ()
    assert nhi.told_otherwise(replace(entry, members=(TARO, HANAKO)), TODAY, member=True) == (TARO,)


def test_a_late_one_is_told_as_late_too() -> None:
    entry = filled("nhi_lose", lost="R8.10.1")
    assert read(FORMS["nhi_lose"], replace(entry, insured=Insured({}, NOW)), TODAY).warnings == (
        LATE,
        nhi.NO_MEMBER,
    )


@pytest.mark.parametrize("form", FORMS_OF_NHI)
def test_what_was_warned_of_is_sent_as_it_was_told(form: str) -> None:
    told = read(FORMS[form], replace(filled(form), insured=Insured({}, NOW)), TODAY)
    assert told.payload == read(FORMS[form], filled(form), TODAY).payload

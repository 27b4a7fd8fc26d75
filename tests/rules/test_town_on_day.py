"""What the town has put in force: both days included, the later beginning first, nobody beyond their time."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.clerk import Right
from client.domain.contact import BankAccount, DeliveryAddress, Phone
from client.domain.in_force import (
    AttestationText,
    CertifierTerm,
    FeeRule,
    FormText,
    GaijiTerm,
    GuideTree,
    RightGrant,
    SealTerm,
    StaffMember,
)
from client.domain.payer import Corporation, Outsider
from client.domain.row import value_from_row
from client.rules import town_on_day as town
from tests.builders import TARO, TODAY
from tests.day_builders import DAY, days, every_day, turns

MAYOR = CertifierTerm("c1", "市長", "青空 晴子", None, TODAY)
ACTING = CertifierTerm("c2", "市長職務代理者 副市長", "雨宮 曇", TODAY + DAY, None)


def test_at_midnight_another_certifies_and_another_seal_is_used() -> None:
    seals = [SealTerm("s1", "c1", None, 24, None, None), SealTerm("s2", "c2", None, 24, None, None)]
    for day, certifier, seal_id in ((TODAY, MAYOR, "s1"), (TODAY + DAY, ACTING, "s2")):
        assert town.certifier_on([MAYOR, ACTING], day) is certifier
        seal = town.seal_on(seals, certifier, day)
        assert seal is not None
        assert seal.seal_id == seal_id
    assert town.seal_on([], MAYOR, TODAY) is None


def test_fee_words_form_and_guide_are_those_of_the_day_and_of_their_kind() -> None:
    fees = [
        FeeRule("f1", "juminhyo_copy", "通", 300, None, TODAY),
        FeeRule("f2", "juminhyo_copy", "通", 350, TODAY + DAY, None),
        FeeRule("f3", "seal_certificate", "通", 200, None, None),
    ]
    assert [fee.yen for day in (TODAY, TODAY + DAY) if (fee := town.fee_on(fees, "juminhyo_copy", day))] == [
        300,
        350,
    ]
    words = [
        AttestationText("a1", "juminhyo_copy", "household", "世帯全員の…", None, None),
        AttestationText("a2", "juminhyo_copy", "members", "世帯の一部の…", None, None),
    ]
    assert town.attestation_on(words, "juminhyo_copy", "members", TODAY) is words[1]
    form = FormText("f", "juminhyo_copy", "", TODAY, TODAY)
    guide = GuideTree("g", "tennyu", None, "{}", TODAY, TODAY)
    for day, there in ((TODAY - DAY, False), (TODAY, True), (TODAY + DAY, False)):
        assert (town.form_on([form], "juminhyo_copy", day) is form) is there
        assert (town.guide_on([guide], "tennyu", day) is guide) is there
    assert town.guide_on([guide], "death", TODAY) is None


def test_a_letter_of_the_town_is_there_while_it_is_in_force() -> None:
    letter = GaijiTerm("E000", None, None, b"M0 0", TODAY, TODAY)
    assert turns(lambda day: town.gaiji_on([letter], day)) == [TODAY, TODAY + DAY]
    assert town.gaiji_on([letter], TODAY) == {"E000": letter}


@settings(max_examples=15, deadline=None)
@given(days, st.none() | days, days, st.none() | days)
def test_a_right_holds_as_long_as_both_the_person_and_the_grant(
    begins: date, leaves: date | None, given_on: date, ends: date | None
) -> None:
    member = StaffMember("s1", "山﨑", "市民課", None, begins, leaves)
    grants = [RightGrant("g1", None, "市民課", "issue", given_on, ends)]
    at_work = has = False
    for day in every_day():
        at_work = (at_work or day == begins) and not (leaves and day == leaves + DAY)
        has = (has or day == given_on) and not (ends and day == ends + DAY)
        if (leaves is None or begins <= leaves) and (ends is None or given_on <= ends):
            assert town.rights_on(member, grants, day) == ({Right.ISSUE} if at_work and has else set())


def test_grants_are_ones_own_or_ones_sections_and_an_unknown_right_gives_nothing() -> None:
    member = StaffMember("s1", "山﨑", "市民課", None, None, None)
    grants = [
        RightGrant("g1", "s1", None, "view", None, None),
        RightGrant("g2", "s2", None, "officer", None, None),
        RightGrant("g3", None, "市民課", "issue", None, None),
        RightGrant("g4", None, "税務課", "cash", None, None),
        RightGrant("g5", None, None, "cash", None, None),
        RightGrant("g6", "s1", None, "a_right_of_tomorrow", None, None),
    ]
    assert town.rights_on(member, grants, TODAY) == {Right.VIEW, Right.ISSUE}


def test_letters_and_money_go_where_the_business_says_and_else_where_all_go() -> None:
    own = value_from_row(
        DeliveryAddress,
        {"delivery_id": "d1", "atena_no": TARO, "business": "nhi", "ends": TODAY.isoformat()},
    )
    every = value_from_row(DeliveryAddress, {"delivery_id": "d2", "atena_no": TARO, "business": "all"})
    assert town.for_business([own, every], "nhi", TODAY) is own
    assert town.for_business([own, every], "nhi", TODAY + DAY) is every
    assert town.for_business([own], "juminzei", TODAY) is None
    account = {"account_id": "b1", "atena_no": TARO, "business": "nhi", "starts": TODAY.isoformat()}
    mine = value_from_row(BankAccount, account | {"number": "1234567"})
    assert town.for_business([mine], "nhi", TODAY - DAY) is None
    assert town.for_business([mine], "nhi", TODAY) is mine
    assert "1234567" not in repr(mine)


def test_a_corporation_is_closed_from_its_day_on() -> None:
    row = {"atena_no": "9", "closed": TODAY.isoformat()}
    assert turns(lambda day: town.is_open(value_from_row(Corporation, row), day)) == [TODAY]
    assert town.is_open(value_from_row(Corporation, {"atena_no": "9"}), TODAY)


def test_outsiders_and_telephones_have_no_days_and_tell_nothing_in_a_repr() -> None:
    outsider = value_from_row(Outsider, {"atena_no": "8", "full_name": "外山 渡", "birth_sort": "1960-01-01"})
    phone = value_from_row(Phone, {"phone_id": "p1", "atena_no": TARO, "number": "09012345678"})
    assert outsider.birth_sort == date(1960, 1, 1)
    assert "外山" not in repr(outsider)
    assert "09012345678" not in repr(phone)

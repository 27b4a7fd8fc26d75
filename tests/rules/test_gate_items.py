"""Which items of a record a clerk sees: 本籍 of a Japanese, 在留資格等 of a foreigner; the gate names what it leaves out."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.as_of import Source
from client.domain.blocks import Restrictions
from client.domain.certificate import CertificateKind, JuminhyoOptions
from client.domain.change import ChangeKind, ChangeState, NewChange, QueuedChange, change_key
from client.domain.clerk import Right, SignIn
from client.domain.intake import Entry, newcomer_id
from client.domain.resident import AtenaNo, ForeignStatus, Household, Resident, ResidentKind
from client.rules import gate
from client.rules.intakes import FORMS
from tests.builders import (
    HANAKO,
    HOUSEHOLD_NO,
    NOW,
    TARO,
    TODAY,
    a_household,
    a_request,
    a_resident,
    a_sign_in,
    as_of,
)
from tests.hold_builders import queued

STATUS = ForeignStatus("米国", "中長期在留者", "留学", "1年", TODAY, "AB12345678CD")


def with_rights(*rights: Right) -> SignIn:
    """Return somebody in a town that gives items one by one."""
    sign_in = a_sign_in(*rights)
    return replace(sign_in, clerk=replace(sign_in.clerk, rights=frozenset(rights), by_item=True))


def a_guest() -> Resident:
    guest = replace(a_resident(), atena_no=HANAKO, kind=ResidentKind.FOREIGN, foreign=STATUS)
    return replace(guest, honseki=None, hittosha=None)


def mixed() -> Household:
    return Household(HOUSEHOLD_NO, (a_household().members[0], a_guest()))


def a_notification(made_by: str) -> QueuedChange:
    made = NewChange(change_key(NOW, b"0" * 10), ChangeKind.TENNYU, (), {}, {}, NOW, made_by)
    return queued(made, ChangeState.CONFLICT)


def refused(sign_in: SignIn, *members: AtenaNo, **options: bool) -> list[object]:
    """Return which rights are missing for a paper about some of a household of a Japanese and a foreigner."""
    request = replace(a_request(), members=members, options=JuminhyoOptions(**options))
    verdict = gate.verdict(
        request=replace(request, subject=members[0]),
        household=mixed(),
        restrictions=Restrictions(),
        sign_in=sign_in,
        as_of=as_of(Source.CLOUD),
        now=NOW,
        offline=False,
        declared=False,
    )
    return [refusal.facts["right"] for refusal in verdict.refusals]


@given(st.frozensets(st.sampled_from(Right)))
def test_what_is_left_out_is_named_and_what_is_not_named_is_whole(rights: frozenset[Right]) -> None:
    sign_in = with_rights(*rights)
    for member in mixed().members:
        seen, unseen = gate.resident_without_items(member, sign_in), gate.withheld(member, sign_in)
        assert (seen == member) is (unseen == ())
        assert (seen.foreign is None) is (member.kind is ResidentKind.JAPANESE or Right.ZAIRYU not in rights)
        assert (seen.honseki is None) is (member.kind is ResidentKind.FOREIGN or Right.HONSEKI not in rights)
        assert seen.hittosha is None or Right.HONSEKI in rights


def test_a_household_of_which_nothing_is_left_out_is_the_same() -> None:
    household = mixed()
    assert gate.without_items(household, with_rights(Right.HONSEKI, Right.ZAIRYU)) is household


def test_a_paper_about_a_foreigner_needs_the_right_for_what_is_asked_for() -> None:
    clerk = with_rights(Right.ISSUE, Right.HONSEKI)
    assert refused(clerk, HANAKO, foreign_items=True) == ["zairyu"]
    assert refused(clerk, TARO, HANAKO, foreign_items=True) == ["zairyu"]
    assert refused(clerk, HANAKO, honseki=True) == ["zairyu"]  # 国籍・地域
    assert refused(clerk, HANAKO, relationship=True) == []
    assert (
        refused(clerk, TARO, foreign_items=True, honseki=True) == []
    )  # of a Japanese nothing of it is printed
    assert refused(with_rights(Right.ISSUE, Right.ZAIRYU), HANAKO, foreign_items=True) == []


def test_whether_a_stay_is_over_is_told_only_to_who_may_know_until_when() -> None:
    over = replace(a_guest(), foreign=replace(STATUS, until=TODAY.replace(year=2020)))
    household = Household(HOUSEHOLD_NO, (a_household().members[0], over))

    def warned(sign_in: SignIn) -> tuple[str, ...]:
        return gate.verdict(
            request=replace(a_request(HANAKO), subject=HANAKO, options=JuminhyoOptions()),
            household=household,
            restrictions=Restrictions(),
            sign_in=sign_in,
            as_of=as_of(Source.CLOUD),
            now=NOW,
            offline=False,
            declared=False,
        ).warnings

    assert warned(with_rights(Right.ISSUE, Right.ZAIRYU)) == (gate.WARN_STAY_EXPIRED,)
    assert warned(with_rights(Right.ISSUE)) == (gate.WARN_STAY_UNSEEN,)


def test_of_a_colleagues_notification_the_pieces_one_has_no_right_to_are_not_read() -> None:
    change = a_notification("s002")
    none = with_rights(Right.ACCEPT)
    assert {"residence_card_no", "nationality", "honseki"} <= gate.unseen_pieces(change, none)
    assert gate.unseen_pieces(change, with_rights(Right.ZAIRYU)) == {"honseki", "hittosha"}
    assert gate.unseen_pieces(change, with_rights(Right.ZAIRYU, Right.HONSEKI)) == frozenset()
    assert gate.unseen_pieces(replace(change, made_by="s001"), none) == frozenset()  # has written them


def test_every_piece_a_form_asks_about_a_foreigner_alone_needs_the_right() -> None:
    guest, other = (
        newcomer_id("019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d21"),
        newcomer_id("019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d99"),
    )
    asked: dict[AtenaNo, set[str]] = {}
    for one, kind in ((guest, "foreign"), (other, "japanese")):
        entry = Entry(None, None, values={f"{one}.kind": kind}, newcomers=(one,))
        asked[one] = {field.name.rpartition(".")[2] for field in FORMS["tennyu"].fields(entry)}
    of_foreigner = (
        asked[guest] - asked[other] - {"latin_name", "common_name", "common_name_furigana"}
    )  # names
    assert of_foreigner
    assert of_foreigner <= gate.unseen_pieces(a_notification("s002"), with_rights(Right.ACCEPT))


@pytest.mark.parametrize("kind", CertificateKind)
def test_every_kind_of_paper_says_which_items_it_always_shows(kind: CertificateKind) -> None:
    assert kind in gate._ITEMS_OF, "a paper that is not there cannot be judged"

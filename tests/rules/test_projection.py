"""What the clerk sees is the record with what is under way; the record itself stays as it is."""

from dataclasses import replace

import pytest

from client.domain.change import ChangeKind, ChangeState, NewChange, QueuedChange
from client.domain.resident import Address, AtenaNo
from client.rules.projection import PENDING, project
from tests.builders import ELSEWHERE, HANAKO, HOME, NOW, TARO, a_household

TO = {"town": ELSEWHERE.town, "banchi": ELSEWHERE.banchi, "katagaki": "", "postcode": "999-0002"}


@pytest.mark.parametrize("state", [state for state in ChangeState if state in PENDING])
def test_a_pending_tenkyo_shows_the_new_address(state: ChangeState) -> None:
    household = a_household()
    shown = project(household, [a_tenkyo(state=state)])
    assert {member.address for member in shown.household.members} == {replace(ELSEWHERE, postcode="999-0002")}
    assert {member.before_move for member in shown.household.members} == {HOME.text}
    assert len(shown.pending) == 1
    assert household.members[0].address == HOME


@pytest.mark.parametrize("state", [ChangeState.LANDED, ChangeState.WITHDRAWN, ChangeState.SUPERSEDED])
def test_a_settled_change_shows_nothing(state: ChangeState) -> None:
    shown = project(a_household(), [a_tenkyo(state=state)])
    assert (shown.household, shown.pending, shown.unsettled) == (a_household(), (), ())


@pytest.mark.parametrize("state", [ChangeState.CONFLICT, ChangeState.REFUSED])
def test_a_change_answered_with_no_is_told_apart_and_not_shown_as_done(state: ChangeState) -> None:
    shown = project(a_household(), [a_tenkyo(state=state)])
    assert shown.household == a_household()
    assert [change.key for change in shown.unsettled] == ["k1"]


def test_who_stays_stays_and_the_order_stays() -> None:
    shown = project(a_household(), [a_tenkyo(HANAKO)])
    taro, hanako = shown.household.members
    assert (taro.address, hanako.address.town) == (HOME, ELSEWHERE.town)


def test_changes_are_laid_on_in_the_order_they_were_made() -> None:
    first = a_tenkyo(seq=1)
    second = replace(a_tenkyo(seq=2), payload={"to": {**TO, "banchi": "9番9号"}})
    shown = project(a_household(), [second, first])
    assert shown.household.members[0].address.banchi == "9番9号"
    assert shown.household.members[0].before_move == ELSEWHERE.text


def test_other_peoples_changes_and_facts_are_not_laid_on() -> None:
    others = [a_tenkyo(AtenaNo("9")), replace(a_tenkyo(), kind=ChangeKind.ISSUED)]
    assert project(a_household(), others).household == a_household()
    assert project(a_household(), others).pending == ()


def test_a_payload_without_an_address_moves_nobody() -> None:
    assert project(a_household(), [replace(a_tenkyo(), payload={})]).household == a_household()


def test_an_address_may_be_without_postcode() -> None:
    shown = project(a_household(), [replace(a_tenkyo(), payload={"to": {"town": "本町", "banchi": "1番"}})])
    assert shown.household.members[0].address == Address("本町", "1番")


def a_tenkyo(*who: AtenaNo, state: ChangeState = ChangeState.QUEUED, seq: int = 1) -> QueuedChange:
    residents = who or (TARO, HANAKO)
    change = NewChange(f"k{seq}", ChangeKind.TENKYO, residents, {}, {"to": TO}, NOW, "s001")
    return QueuedChange(
        seq=seq,
        key=change.key,
        kind=change.kind,
        state=state,
        residents=residents,
        base=change.base,
        payload=change.payload,
        sealed=b"",
        signature=b"",
        made_at=NOW,
        made_by="s001",
        clock_offset_ms=0,
        todoke_date=None,
        supersedes=None,
        attempts=0,
        next_try_at=None,
        last_words="",
        receipt=None,
    )

"""A 国保 form on the screen: whom the register has otherwise is told before it is taken in, with as of when."""

from collections.abc import Callable
from datetime import date

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from client.domain.as_of import Source
from client.domain.errors import StoreError
from client.domain.resident import AtenaNo
from client.rules.intakes import FORMS
from tests.ui import states
from tests.ui.drive import Counter
from tests.ui.test_models import Desk
from tests.ui.world import PROTECTED, WATANABE
from ui.screens.change.insured import InsuredModel
from ui.screens.change.model import ChangeModel

Drive = Callable[..., None]
SINCE = (date(2025, 4, 1), None)
CHILD = AtenaNo("1000000003")


async def form_of(name: str, desk: Desk, whose: AtenaNo = WATANABE) -> ChangeModel:
    model = await desk.open(whose)
    change = desk.form()
    insured = InsuredModel(change, lambda who: desk.world.jobs.insured(desk.sign_in, who), desk.later)
    assert model.view is not None
    change.begin(FORMS[name], model.view, whose)
    insured.begin()
    await desk.later.all()
    return change


@pytest.mark.asyncio
async def test_who_is_a_member_already_is_told_by_place_and_relationship_never_by_name() -> None:
    desk = Desk()
    desk.world.replica.spells = {WATANABE: (SINCE,), CHILD: (SINCE,)}
    change = await form_of("nhi_acquire", desk)
    change.set("acquired", "R8.11.19")
    change.set("reason", "社保離脱")
    assert "対象者の1番目（世帯主）、対象者の3番目（子）は、すでに国保の加入者です" in change.hint
    assert "複製 14:05:00 現在" in change.hint
    assert "渡邉" not in change.hint
    change.check(WATANABE, on=False)
    change.check(CHILD, on=False)
    assert "国保" not in change.hint


@pytest.mark.asyncio
async def test_who_is_no_member_is_told_and_the_notification_is_taken_all_the_same() -> None:
    desk = Desk()
    change = await form_of("nhi_lose", desk)
    change.set("lost", "R8.11.19")
    change.set("reason", "社保加入")
    assert "国保の加入者ではありません" in change.hint
    change.accept()
    await desk.later.all()
    assert change.accepted is not None


@pytest.mark.asyncio
async def test_a_replica_that_cannot_be_read_is_told_too() -> None:
    desk = Desk()
    desk.world.replica.down = StoreError("store.not_filled")
    change = await form_of("nhi_change", desk)
    change.set("changed", "R8.11.19")
    change.set("what", "氏名")
    assert "確かめられません" in change.hint


@pytest.mark.asyncio
async def test_other_forms_ask_nothing_and_a_form_left_meanwhile_is_told_nothing() -> None:
    desk = Desk()
    await form_of("tenkyo", desk)
    assert all(line.facts.get("what") != "nhi" for line in desk.world.ledger.journal)
    desk = Desk()
    change = desk.form()

    async def left(_who: tuple[AtenaNo, ...]) -> object:
        change.back()
        return await desk.world.jobs.insured(desk.sign_in, ())

    insured = InsuredModel(change, left, desk.later)  # type: ignore[arg-type]  # an answer of the same job
    model = await desk.open()
    change.begin(FORMS["nhi_lose"], model.view, WATANABE)
    insured.begin()
    await desk.later.all()
    assert change.insured is None


@pytest.mark.asyncio
async def test_of_a_protected_person_nothing_more_is_told_than_who_is_on_the_form() -> None:
    desk = Desk()
    desk.world.replica.spells = {PROTECTED: (SINCE,)}
    change = await form_of("nhi_acquire", desk, PROTECTED)
    assert change.household is not None
    change.set("acquired", "R8.11.19")
    change.set("reason", "社保離脱")
    assert "対象者の1番目" in change.hint
    resident = next(h for h in desk.world.replica.households if h.member(PROTECTED)).member(PROTECTED)
    assert resident is not None
    for secret in (resident.shown_name, resident.address.town, resident.address.banchi, PROTECTED):
        assert secret not in change.hint
    assert change.insured is not None


def test_the_warning_stands_on_the_screen_before_f12(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        hands = counter.hands
        counter.world.replica.spells = {WATANABE: (SINCE,)}
        await states.resident(counter)
        await hands.begin_form(Qt.Key.Key_6)
        form = counter.face.taking_in.change
        assert form.form is FORMS["nhi_acquire"]
        await hands.type("nhi_acquireAcquired", "R8.11.19")
        form.set("reason", "社保離脱")
        await counter.quiet()
        hint = hands.find(QLabel, "changeHint")
        assert hint.isVisible()
        assert "すでに国保の加入者です" in hint.text()
        assert Source.REPLICA.value in [line.facts.get("source") for line in counter.world.ledger.journal]

    drive(play)

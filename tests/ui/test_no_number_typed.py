"""A 個人番号 typed into a field: the field is named, the words say where it goes, the rest of the form stays."""

import pytest

from client.domain.errors import LinkDownError, StoreError
from client.rules.intakes.moves import TENKYO
from tests.ui.test_models import Desk
from tests.ui.world import WATANABE
from ui.rounds import wait_after

NUMBER = "3794 7448 4458"


@pytest.mark.asyncio
async def test_a_form_with_one_is_not_taken_in_and_nothing_else_of_it_is_lost() -> None:
    desk = Desk()
    counter = await desk.open()
    assert counter.view is not None
    tenkyo = desk.form()
    tenkyo.begin(TENKYO, counter.view, WATANABE)
    typed = {
        "to.town": "みどり県あおぞら市本町",
        "to.banchi": "1番",
        "to.katagaki": NUMBER,
        "ido_date": "R8.11.1",
    }
    for name, value in typed.items():
        tenkyo.set(name, value)
    tenkyo.accept()
    assert not desk.later.waiting  # nobody was asked
    assert tenkyo.wrong == {"to.katagaki"}
    assert tenkyo.note is not None
    assert tenkyo.note.code == "refused.forbidden_number"
    assert "方書" in tenkyo.note.what
    assert "封をして" in tenkyo.note.more
    assert NUMBER not in tenkyo.note.what + tenkyo.note.more
    assert {name: tenkyo.values[name] for name in typed} == typed
    tenkyo.set("to.katagaki", "寮3号")
    tenkyo.accept()
    await desk.later.all()
    assert tenkyo.accepted is not None


@pytest.mark.asyncio
async def test_a_search_for_one_says_so_and_is_remembered_nowhere() -> None:
    desk = Desk()
    desk.model.find.type(NUMBER)
    await desk.later.all()
    find = desk.model.find
    assert find.note is not None
    assert find.note.code == "refused.number_search"
    assert (find.lines, find.recent, find.count_text) == ((), (), "")
    assert NUMBER not in find.note.what + find.note.more
    assert desk.world.ledger.journal == []


def test_what_only_it_staff_can_mend_is_not_asked_for_again_and_again() -> None:
    assert wait_after(StoreError("store.forbidden_number", table="resident", column="remarks")) >= 300
    assert (
        wait_after(StoreError("store.full"))
        == wait_after(LinkDownError("link.busy"))
        == wait_after(None)
        <= 30
    )

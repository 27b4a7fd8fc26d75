"""What a clerk has no right to, as screens say it: named, not shown, and never just left empty."""

from dataclasses import replace

import pytest

from client.domain.certificate import IdentityCheck
from client.domain.clerk import Right
from client.domain.query import Query
from client.rules.intakes import FORMS
from tests.ui.test_models import WORDS, Desk
from tests.ui.world import WATANABE
from ui.screens.change.insured import InsuredModel
from ui.screens.counter.basket import Basket

pytestmark = pytest.mark.asyncio
GUEST = "1000000031"
FOREIGN = ("nationality", "residence_status", "residence_until")


def without(*unheld: Right) -> Desk:
    """Return the desk of somebody with every right but some, in a town that gives items one by one."""
    desk = Desk(*(right for right in Right if right not in unheld))
    desk.sign_in = replace(desk.sign_in, clerk=replace(desk.sign_in.clerk, by_item=True))
    desk.model.sign_in = desk.sign_in
    return desk


async def test_residence_status_is_named_as_withheld_and_asked_for_in_vain() -> None:
    model = await without(Right.ZAIRYU).open(GUEST)
    shown = dict(model.details())
    assert shown[WORDS("resident.withheld")] == "在留資格等（権限がありません）"
    assert not {WORDS(f"resident.{word}") for word in FOREIGN} & shown.keys()
    model.add_juminhyo()
    model.set_basket(
        Basket(juminhyo=True, identity=IdentityCheck.PHOTO).with_option("foreign_items", on=True)
    )
    assert "在留資格等の表示" in model.reason


async def test_honseki_is_named_as_withheld_too() -> None:
    shown = dict((await without(Right.HONSEKI).open()).details())
    assert shown[WORDS("resident.withheld")] == "本籍・筆頭者（権限がありません）"
    assert not {WORDS("resident.honseki"), WORDS("resident.hittosha")} & shown.keys()


@pytest.mark.parametrize("who", [GUEST, WATANABE])
async def test_to_who_may_see_everything_nothing_is_named_as_withheld(who: str) -> None:
    assert WORDS("resident.withheld") not in dict((await without().open(who)).details())


async def test_the_search_tells_the_registers_that_no_card_is_to_be_found() -> None:
    for desk, cardless in ((without(Right.ZAIRYU), True), (without(), False)):
        await desk.world.jobs.find.find_here(desk.sign_in, Query(typed="わたなべ", cardless=not cardless))
        assert desk.world.replica.queries[-1].cardless is cardless


async def test_a_form_of_insurance_says_that_its_clerk_may_not_see_who_is_a_member() -> None:
    desk = without(Right.NHI)
    model, change = await desk.open(WATANABE), desk.form()
    insured = InsuredModel(change, lambda who: desk.world.jobs.insured(desk.sign_in, who), desk.later)
    assert model.view is not None
    change.begin(FORMS["nhi_acquire"], model.view, WATANABE)
    insured.begin()
    await desk.later.all()
    change.set("acquired", "R8.11.19")
    change.set("reason", "社保離脱")
    assert "国保の加入を見る権限がありません" in change.hint
    change.accept()
    await desk.later.all()
    assert change.accepted is not None

"""What a clerk has no right to, as screens say it: named, not shown, and never just left empty."""

from dataclasses import replace
from typing import NoReturn

import pytest

from client.domain.certificate import IdentityCheck
from client.domain.change import ChangeKind, NewChange, change_key
from client.domain.clerk import Right
from client.domain.query import Query
from client.rules.intakes import FORMS
from tests.builders import NOW
from tests.settle_fakes import row_of
from tests.ui.test_models import WORDS, Desk
from tests.ui.world import ALL_RIGHTS, WATANABE
from ui.screens.change.insured import InsuredModel
from ui.screens.counter.basket import Basket
from ui.screens.settle.model import SettleJobs, SettleModel

pytestmark = pytest.mark.asyncio
GUEST = "1000000031"
FOREIGN = ("nationality", "residence_status", "residence_until")


def without(*unheld: Right) -> Desk:
    """Return the desk of somebody of the staff with every right but some, in a town that gives items one by one."""
    desk = Desk(*(right for right in ALL_RIGHTS if right not in unheld))
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


async def test_a_right_taken_while_the_record_is_on_the_screen_takes_it_from_there() -> None:
    desk = without()
    model = await desk.open(GUEST)
    assert WORDS("resident.nationality") in dict(model.details())
    rights = desk.sign_in.clerk.rights - {Right.ZAIRYU}
    model.sign_in = replace(desk.sign_in, clerk=replace(desk.sign_in.clerk, rights=rights))
    shown = dict(model.details())  # before anything was read anew
    assert not {WORDS(f"resident.{word}") for word in FOREIGN} & shown.keys()
    assert "在留資格等" in shown[WORDS("resident.withheld")]


async def test_a_colleagues_notification_beside_the_record_shows_neither_theirs_nor_the_registers_items() -> (
    None
):
    """The screen of conflicts: what the clerk saw, what was written, what the register says."""
    desk, key = without(Right.ZAIRYU, Right.HONSEKI), change_key(NOW, b"7" * 10)
    guest = desk.world.replica.households[-1].members[0]
    taro = desk.world.replica.households[0].members[0]
    for one in (guest, taro):
        desk.world.versions.versions[one.atena_no] = [row_of(one)]
    newcomer = {"id": "p:1", "kind": "foreign", "residence_card_no": "ZZ98765432YX", "nationality": "米国"}
    payload = {"members": [newcomer], "honseki": "みどり県みなと市浜町"}
    base = {guest.atena_no: guest.history_no, taro.atena_no: taro.history_no}
    made = NewChange(key, ChangeKind.TENNYU, (guest.atena_no, taro.atena_no), base, payload, NOW, "s002")
    await desk.world.ledger.queue(made)

    def asked(*_: object) -> NoReturn:
        raise AssertionError("nothing is decided here")

    jobs = SettleJobs(desk.world.jobs.compare, asked, asked, asked, asked, asked, asked)
    model = SettleModel(WORDS, jobs, desk.later, desk.world.clock, lambda: desk.sign_in)
    model.seen = await desk.world.jobs.compare(desk.sign_in, key)
    lines = repr([line.cells for line in model.lines])
    assert lines.count("（権限がありません）") == 3
    of_guest = guest.foreign
    assert of_guest is not None
    whole = lines + "".join(
        repr((one.was, one.now, one.told)) for one in model.seen.people
    )  # what the screen is given, too
    for secret in (
        "ZZ98765432YX",
        "米国",
        "みなと市浜町",
        of_guest.card_no,
        of_guest.nationality,
        taro.honseki,
    ):
        assert str(secret) not in whole, secret
    desk.sign_in = replace(desk.sign_in, clerk=replace(desk.sign_in.clerk, by_item=False))
    assert "ZZ98765432YX" in repr([line.cells for line in model.lines])

"""Where the town has set it, old data or a shelter leaves papers to 本人 with photo identity; the counter says why."""

from datetime import timedelta

import pytest

from client.config import Config
from client.domain.certificate import IdentityCheck, Requester
from client.rules import freshness
from tests.ui.test_models import Desk
from ui.policy import limits_of
from ui.screens.counter.basket import Basket

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    ("limits", "hours"), [(limits_of(Config(shelter=True)), 0), (limits_of(Config(self_only_hours=2)), 3)]
)
async def test_the_counter_says_who_gets_a_paper_here_and_lets_them_have_it(
    limits: freshness.Table, hours: int
) -> None:
    desk = Desk()
    desk.world.cut()
    model = await desk.open()
    model.limits = limits
    desk.world.clock.forward(timedelta(hours=hours))
    model.add_juminhyo()
    for requester, identity, may in (
        (Requester.SELF, IdentityCheck.PHOTO, True),
        (Requester.SELF, IdentityCheck.TWO_DOCUMENTS, False),
        (Requester.HOUSEHOLD, IdentityCheck.PHOTO, False),
        (Requester.PROXY, IdentityCheck.PHOTO, False),
    ):
        model.set_basket(Basket(juminhyo=True, requester=requester, identity=identity))
        assert ("本人だけ" in model.reason) is not may
        assert (model.reason == "") is may

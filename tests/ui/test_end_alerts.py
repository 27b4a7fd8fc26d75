"""End dates of blocks and measures as the counter shows them, and to whom."""

from dataclasses import replace
from datetime import timedelta

import pytest

from client.domain.blocks import Restrictions
from client.domain.clerk import Right
from client.domain.resident import AtenaNo
from tests.builders import TODAY
from tests.ui.test_models import Desk
from tests.ui.world import PROTECTED, RESTRICTIONS
from ui.screens.counter.shown import BannerLine

pytestmark = pytest.mark.asyncio
BLOCKED = AtenaNo("1000000011")
HEADS = {"期限が近い", "期限切れ・継続確認"}


async def told(left: int, *rights: Right, who: str = PROTECTED) -> list[BannerLine]:
    """Return what a clerk with these rights reads about ends that are so many days ahead."""
    desk = Desk(Right.VIEW, *rights)
    ends = TODAY + timedelta(days=left)
    desk.world.live.restrictions = Restrictions(
        tuple(replace(one, ends=ends) for one in RESTRICTIONS.blocks),
        tuple(replace(one, ends=ends) for one in RESTRICTIONS.shien_sochi),
    )
    return [line for line in (await desk.open(who)).banners() if line.head in HEADS]


async def test_the_officer_for_measures_is_told_in_the_last_month() -> None:
    (line,) = await told(10, Right.SHIEN_SOCHI)
    assert (line.tone, line.head) == ("warn", "期限が近い")
    assert line.text.startswith("支援措置：2026年11月30日まで（あと10日）。")


async def test_a_date_that_has_passed_says_so_and_that_the_measure_holds() -> None:
    (line,) = await told(-1, Right.SHIEN_SOCHI)
    assert (line.tone, line.head) == ("bad", "期限切れ・継続確認")
    assert "2026年11月19日で期限が過ぎました。解除されておらず、今までどおり有効です。" in line.text


@pytest.mark.parametrize("left", [10, 0, -1])
async def test_no_other_clerk_learns_of_a_measures_date(left: int) -> None:
    others = set(Right) - {Right.SHIEN_SOCHI}
    assert await told(left, *others) == []


async def test_the_end_of_a_block_is_for_the_officer() -> None:
    (line,) = await told(10, Right.OFFICER, who=BLOCKED)
    assert line.text.startswith("発行抑止：2026年11月30日まで")
    assert await told(10, *set(Right) - {Right.OFFICER}, who=BLOCKED) == []


async def test_outside_the_days_set_nothing_is_shown() -> None:
    assert await told(32, *Right) == []
    assert await told(31, *Right)


async def test_whoever_is_signed_out_is_told_nothing() -> None:
    desk = Desk()
    model = await desk.open(PROTECTED)
    model.alert_days = 366
    assert any(line.head in HEADS for line in model.banners())
    model.sign_in = None
    assert not any(line.head in HEADS for line in model.banners())

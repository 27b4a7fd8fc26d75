"""P12: a right to an item begins and ends off line on its day, by the rows of this PC, whatever its wrap still says."""

from pathlib import Path

import msgspec
import pytest

from client.domain.clerk import ITEMS, Right
from client.rules.sign_in import may
from client.rules.staff_terms import end_of
from offline.store.wrap_keeper import clerk_of
from offline.store.wraps import ClerkNote
from tests.builders import TODAY
from tests.promises.two_persons import CLERK, OFFICER, Desk, a_desk, grant, member

pytestmark = pytest.mark.asyncio
WHO = "s021"
BY_ITEM = ("town", {"code": "992011", "name": "あおぞら市", "prefecture": "みどり県", "rights_by_item": True})
BY_NAME = [right for right in Right if right in ITEMS]


async def a_town(folder: Path, *grants: dict[str, object], by_item: bool = True) -> Desk:
    rows = [("staff_member", member(WHO)), *(("right_grant", one) for one in grants)]
    return await a_desk(folder, *rows, *([BY_ITEM] if by_item else []))


@pytest.mark.parametrize("item", BY_NAME)
async def test_off_line_a_right_to_an_item_is_over_on_the_day_after_its_last(
    tmp_path: Path, item: Right
) -> None:
    desk = await a_town(tmp_path, grant(WHO, Right.VIEW), grant(WHO, item, until_day=TODAY.isoformat()))
    await desk.admit(WHO, Right.VIEW, item, by_item=True)
    sign_in = await desk.sign_in(WHO)
    assert [one for one in BY_NAME if may(sign_in.clerk, one)] == [item]
    assert sign_in.lease.until == end_of(TODAY)  # who is signed in over midnight signs in again
    await desk.log_in.sign_out()
    desk.now = end_of(TODAY)
    sign_in = await desk.sign_in(WHO)
    assert not any(may(sign_in.clerk, one) for one in BY_NAME)
    assert may(sign_in.clerk, Right.VIEW)


async def test_a_wrap_from_before_items_gets_back_none_that_the_rows_do_not_give(tmp_path: Path) -> None:
    desk = await a_town(tmp_path, grant(WHO, Right.VIEW), grant(WHO, Right.NHI))
    await desk.admit(WHO, Right.VIEW)
    sign_in = await desk.sign_in(WHO)
    assert [one for one in BY_NAME if may(sign_in.clerk, one)] == [Right.NHI]


async def test_a_replica_from_before_items_gives_back_none_that_the_cloud_did_not_give(
    tmp_path: Path,
) -> None:
    desk = await a_town(tmp_path, grant(WHO, Right.VIEW), by_item=False)
    await desk.admit(WHO, Right.VIEW, Right.TAX, by_item=True)
    sign_in = await desk.sign_in(WHO)
    assert [one for one in BY_NAME if may(sign_in.clerk, one)] == [Right.TAX]


async def test_where_neither_the_wrap_nor_the_rows_know_items_all_stays_as_it_was(tmp_path: Path) -> None:
    desk = await a_town(tmp_path, grant(WHO, Right.VIEW), by_item=False)
    await desk.admit(WHO, Right.VIEW)
    clerk = (await desk.sign_in(WHO)).clerk
    assert all(may(clerk, one) for one in BY_NAME)


async def test_whom_two_let_in_off_line_has_the_items_of_the_rows_alone(tmp_path: Path) -> None:
    desk = await a_town(tmp_path, grant(WHO, Right.VIEW), grant(WHO, Right.SEAL))
    words = await desk.word(OFFICER), await desk.word(CLERK)
    shown = desk.newcomer(WHO)
    made = await desk.let_in(*words, shown)
    assert [one for one in BY_NAME if may(made.clerk, one)] == [Right.SEAL]
    desk.seeds[WHO] = shown.seed
    sign_in = await desk.sign_in(WHO, shown.password)
    assert [one for one in BY_NAME if may(sign_in.clerk, one)] == [Right.SEAL]


async def test_a_note_in_a_wrap_of_before_is_read_as_it_was_meant() -> None:
    older = msgspec.msgpack.encode({"staff_id": "s", "name": "n", "section": "x", "rights": ["view"]})
    assert clerk_of(msgspec.msgpack.decode(older, type=ClerkNote)).held == {Right.VIEW, *ITEMS}

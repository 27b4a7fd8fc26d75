"""P12: to set, lift and release are rights that begin and end off line on their days, by the rows of this PC."""

from pathlib import Path

import msgspec
import pytest

from client.domain.clerk import BLOCK_ACTS, Right
from client.rules.staff_terms import end_of
from offline.store.wrap_keeper import clerk_of, note_of
from offline.store.wraps import ClerkNote
from tests.builders import TODAY
from tests.promises.two_persons import Desk, a_desk, grant, member

pytestmark = pytest.mark.asyncio
WHO = "s021"
PARTED = ("town", {"code": "992011", "name": "あおぞら市", "prefecture": "みどり県", "rights_by_block": True})


async def a_town(folder: Path, *grants: dict[str, object], parted: bool = True) -> Desk:
    rows = [("staff_member", member(WHO)), *(("right_grant", one) for one in grants)]
    return await a_desk(folder, *rows, *([PARTED] if parted else []))


async def acts_of(desk: Desk) -> set[Right]:
    return set((await desk.sign_in(WHO)).clerk.held & BLOCK_ACTS)


async def test_off_line_the_right_to_release_is_over_on_the_day_after_its_last(tmp_path: Path) -> None:
    until = grant(WHO, Right.BLOCK_RELEASE, until_day=TODAY.isoformat())
    desk = await a_town(tmp_path, grant(WHO, Right.OFFICER), until)
    await desk.admit(WHO, Right.OFFICER, Right.BLOCK_RELEASE, by_block=True)
    assert await acts_of(desk) == {Right.BLOCK_RELEASE}
    await desk.log_in.sign_out()
    desk.now = end_of(TODAY)
    assert await acts_of(desk) == set()


async def test_a_wrap_from_before_they_were_parted_releases_nothing_the_rows_do_not_give(
    tmp_path: Path,
) -> None:
    desk = await a_town(tmp_path, grant(WHO, Right.OFFICER), grant(WHO, Right.BLOCK_SET))
    await desk.admit(WHO, Right.OFFICER)
    assert await acts_of(desk) == {Right.BLOCK_SET}


async def test_a_replica_from_before_gives_back_none_that_the_cloud_did_not_give(tmp_path: Path) -> None:
    desk = await a_town(tmp_path, grant(WHO, Right.OFFICER), parted=False)
    await desk.admit(WHO, Right.OFFICER, by_block=True)
    assert await acts_of(desk) == set()


async def test_where_neither_knows_of_it_who_is_in_charge_releases_as_before(tmp_path: Path) -> None:
    desk = await a_town(tmp_path, grant(WHO, Right.OFFICER), parted=False)
    await desk.admit(WHO, Right.OFFICER)
    assert await acts_of(desk) == BLOCK_ACTS


async def test_a_note_in_a_wrap_of_before_is_read_as_it_was_meant() -> None:
    older = msgspec.msgpack.encode({"staff_id": "s", "name": "n", "section": "x", "rights": ["officer"]})
    clerk = clerk_of(msgspec.msgpack.decode(older, type=ClerkNote))
    assert clerk.held == {Right.OFFICER, *BLOCK_ACTS}
    assert clerk_of(note_of(clerk)) == clerk

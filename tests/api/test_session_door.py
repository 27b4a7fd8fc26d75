"""The door of sessions against the reference cloud: renewal, lost answers, the town's word that it is over."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from client.api.auth import Sessions
from client.api.residents import CloudRegister
from client.domain.clerk import BLOCK_ACTS, Right
from client.domain.errors import LinkDownError, SignInNeededError
from client.domain.query import Query
from cloud.clock import day_in_tokyo
from cloud.faults import Fault, FaultKind
from tests.api.small_cloud import SmallCloud, small_cloud

pytestmark = pytest.mark.asyncio


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[SmallCloud]:
    with small_cloud(tmp_path) as made:
        yield made


async def test_a_session_is_renewed_with_a_token_that_works_although_an_answer_was_lost(
    cloud: SmallCloud,
) -> None:
    await cloud.enrol()
    sessions, sign_in = Sessions(cloud.http, now=cloud.clock), await cloud.sign_in()
    assert sign_in.access_term
    assert sign_in.access_term.until - sign_in.access_term.since == timedelta(minutes=15)
    cloud.faults.plan(Fault(FaultKind.LOST_ANSWER, "/v1/sessions/current/renewal"))
    with pytest.raises(LinkDownError):
        await sessions.renew(sign_in)
    renewed = await sessions.renew(sign_in)
    assert renewed.access_token != sign_in.access_token
    cloud.token = renewed.access_token
    assert (await CloudRegister(cloud.http, lambda: cloud.token).find(Query(typed="わたなべ"), limit=5)).value
    with pytest.raises(SignInNeededError) as told:
        await sessions.renew(sign_in)
    assert (told.value.code, told.value.facts["reason"]) == ("sign_in.expired", "renewed")
    assert str(renewed.access_token) not in repr(renewed)


async def test_a_session_the_town_ended_says_so(cloud: SmallCloud) -> None:
    await cloud.enrol()
    sessions, sign_in = Sessions(cloud.http, now=cloud.clock), await cloud.sign_in()
    cloud.tenant.personnel.suspend("s001", done_by="o001")
    with pytest.raises(SignInNeededError) as told:
        await sessions.renew(sign_in)
    assert told.value.facts["reason"] == "ended"


async def test_acts_on_blocks_that_the_town_takes_away_are_gone_with_the_next_renewal(
    cloud: SmallCloud,
) -> None:
    personnel, today = cloud.tenant.personnel, day_in_tokyo(cloud.clock())
    personnel.grant("officer", today, staff_id="s001", done_by="o001")
    await cloud.enrol()
    sessions, sign_in = Sessions(cloud.http, now=cloud.clock), await cloud.sign_in()
    assert sign_in.clerk.held >= BLOCK_ACTS
    personnel.split_block_acts(done_by="o001")
    with cloud.tenant.register.reading() as connection:
        grants = cloud.tenant.register.rows(connection, "right_grant")
    for one in grants:
        if one["right"] == "block_release":
            personnel.revoke(str(one["grant_id"]), done_by="o001")
    renewed = await sessions.renew(sign_in)
    assert renewed.clerk.held & BLOCK_ACTS == {Right.BLOCK_SET, Right.BLOCK_LIFT}

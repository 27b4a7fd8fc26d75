"""What a clerk types: a 個人番号 or 住民票コード is refused where it was typed, and nobody is asked with it."""

from dataclasses import replace

import pytest

from client.domain.certificate import CertificateRequest
from client.domain.change import ChangeState
from client.domain.errors import RefusedError
from client.domain.query import Query
from tests.builders import a_request, a_sign_in
from tests.jobs.test_find_resident import Counter as Finding
from tests.jobs.test_issue_certificate import Counter as Issuing
from tests.jobs.test_settle_change import Counter as Settling

pytestmark = pytest.mark.asyncio
NUMBERS = ("379474484458", "3794-7448-4458", "２４７２７０５９６０８")


@pytest.mark.parametrize("typed", [*NUMBERS, " 3794 7448 4458 ", "わたなべ 379474484458"])
async def test_it_is_not_searched_for_and_in_no_book(typed: str) -> None:
    counter = Finding()
    with pytest.raises(RefusedError) as refused:
        await counter.find_resident.find(a_sign_in(), Query(typed=typed))
    assert (refused.value.code, refused.value.facts) == ("refused.number_search", {})
    assert (counter.live.asked, counter.replica.asked) == (0, 0)
    assert counter.ledger.journal == []


async def test_an_atena_no_is_searched_for() -> None:
    counter = Finding()
    await counter.find_resident.find(a_sign_in(), Query(typed="1000000001"))
    assert counter.live.asked == 1


@pytest.mark.parametrize("number", NUMBERS)
async def test_it_is_no_reason_to_take_a_change_back(number: str) -> None:
    counter = Settling()
    key = await counter.change(ChangeState.QUEUED)
    with pytest.raises(RefusedError) as refused:
        await counter.job.withdraw(a_sign_in(), key, reason=f"番号 {number}")
    assert (refused.value.code, refused.value.facts) == ("refused.forbidden_number", {"field": "reason"})
    assert counter.state(key) is ChangeState.QUEUED
    assert counter.ledger.journal == []


@pytest.mark.parametrize("number", NUMBERS)
async def test_it_is_no_purpose_of_a_paper_and_no_reason_it_was_spoiled(number: str) -> None:
    counter = Issuing()
    wanted: CertificateRequest = replace(a_request(), purpose=f"年金 {number}")
    with pytest.raises(RefusedError) as refused:
        await counter.job.prepare(a_sign_in(), wanted)
    assert (refused.value.code, refused.value.facts) == ("refused.forbidden_number", {"field": "purpose"})
    prepared = await counter.job.prepare(a_sign_in(), a_request())
    (issued,) = await counter.job.issue(a_sign_in(), prepared)
    with pytest.raises(RefusedError, match=r"refused\.forbidden_number"):
        await counter.job.confirm(a_sign_in(), issued.copy.serial, handed_over=False, reason=number)
    assert len(await counter.job.open_sheets()) == 1

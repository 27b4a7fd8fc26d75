"""Issuing when clock, lease or rows cannot be believed: nothing is numbered, nothing printed."""

from datetime import timedelta

import pytest

from client.domain.certificate import CertificateRequest, Eligibility
from client.domain.clerk import SignIn
from client.domain.errors import RefusedError, SignInNeededError, StoreError
from client.jobs.ports import JournalEntry
from tests.builders import a_request, a_sign_in
from tests.jobs.test_issue_certificate import Counter, MemoryDesk

pytestmark = pytest.mark.asyncio


@pytest.fixture
def counter() -> Counter:
    return Counter()


async def test_a_clock_set_back_makes_no_old_data_fresh(counter: Counter) -> None:
    counter.cut_line()
    counter.clock.forward(timedelta(hours=73))
    with pytest.raises(RefusedError, match=r"refused\.too_old"):
        await counter.job.prepare(a_sign_in(), a_request())
    counter.clock.forward(-timedelta(hours=60))
    with pytest.raises(SignInNeededError, match=r"sign_in\.clock_off"):
        await counter.job.prepare(a_sign_in(), a_request())
    counter.clock.forward(timedelta(hours=60) - timedelta(seconds=299))  # a clock that is a little off
    with pytest.raises(RefusedError, match=r"refused\.too_old"):
        await counter.job.prepare(a_sign_in(), a_request())


async def test_what_the_cloud_says_is_believed_whatever_the_book_says_of_the_time(counter: Counter) -> None:
    await counter.ledger.record(JournalEntry("look_up", "s001"))
    counter.clock.forward(-timedelta(hours=2))
    assert not (await counter.job.prepare(a_sign_in(), a_request())).offline


async def test_a_clock_the_cloud_contradicts_while_it_answers_is_not_believed(counter: Counter) -> None:
    class Late(MemoryDesk):
        async def eligibility(
            self, request: CertificateRequest, decider: SignIn | None = None
        ) -> Eligibility:
            counter.offset_ms = 400_000
            return await super().eligibility(request)

    counter.cloud.__class__ = Late
    with pytest.raises(SignInNeededError, match=r"sign_in\.clock_off"):
        await counter.job.prepare(a_sign_in(), a_request())


async def test_nothing_is_issued_after_the_lease(counter: Counter) -> None:
    prepared = await counter.job.prepare(a_sign_in(), a_request())
    counter.clock.forward(timedelta(days=20))
    for act in (counter.job.prepare(a_sign_in(), a_request()), counter.job.issue(a_sign_in(), prepared)):
        with pytest.raises(SignInNeededError, match=r"sign_in\.lease_over"):
            await act
    assert not counter.ledger.copies


async def test_a_paper_off_line_rests_on_proven_rows(counter: Counter) -> None:
    counter.cut_line()
    prepared = await counter.job.prepare(a_sign_in(), a_request())
    counter.replica.damaged = True
    for act in (counter.job.prepare(a_sign_in(), a_request()), counter.job.issue(a_sign_in(), prepared)):
        with pytest.raises(StoreError, match=r"store\.damaged_replica"):
            await act
    assert counter.repairs == 2
    assert not counter.ledger.copies

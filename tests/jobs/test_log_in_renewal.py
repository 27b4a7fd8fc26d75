"""A session at the cloud goes on by itself while somebody is here, and a clerk is never surprised by its end."""

import asyncio
from datetime import timedelta

import pytest

from client.domain.clerk import SignIn
from client.domain.errors import LinkDownError, SignInNeededError
from client.jobs.log_in import LogIn
from client.jobs.reach import Reach
from client.rules.services import RESIDENTS
from tests.jobs.test_log_in import Counter, MemorySessions, a_term

pytestmark = pytest.mark.asyncio


@pytest.fixture
def counter() -> Counter:
    made = Counter()
    made.sessions.term = a_term(made.clock())
    return made


async def sign_in(counter: Counter) -> SignIn:
    return await counter.log_in("s001", "right", "111111")


async def test_a_token_is_renewed_when_half_of_its_life_is_over_and_once(counter: Counter) -> None:
    await sign_in(counter)
    await counter.log_in.keep_session()
    assert (counter.log_in.token(), counter.sessions.renewed) == ("token", 0)
    counter.clock.forward(timedelta(minutes=7, seconds=30))
    for _ in range(3):
        await counter.log_in.keep_session()
    assert (counter.log_in.token(), counter.sessions.renewed) == ("token 1", 1)


async def test_nobody_here_no_renewal(counter: Counter) -> None:
    await counter.log_in.keep_session()
    await sign_in(counter)
    counter.clock.forward(timedelta(minutes=10))
    await counter.log_in.sign_out()
    await counter.log_in.keep_session()
    assert counter.sessions.renewed == 0


async def test_off_line_nothing_is_asked_and_the_replica_answers_once_the_token_is_over(
    counter: Counter,
) -> None:
    present = await sign_in(counter)
    reach = Reach(counter.link, token=counter.log_in.token)
    assert reach.worth_trying(present, RESIDENTS)
    counter.link.usable = False
    counter.clock.forward(timedelta(minutes=20))
    await counter.log_in.keep_session()
    assert counter.sessions.renewed == 0
    counter.link.usable = True
    assert counter.log_in.token() is None
    assert not reach.worth_trying(present, RESIDENTS)  # no call that the cloud would refuse
    assert counter.log_in.has_session  # until the cloud has said no


async def test_a_session_that_ran_out_leaves_the_clerk_working_from_the_replica(counter: Counter) -> None:
    present = await sign_in(counter)
    counter.clock.forward(timedelta(minutes=20))
    counter.sessions.down = SignInNeededError("sign_in.expired", reason="idle")
    for _ in range(3):
        await counter.log_in.keep_session()
    assert counter.sessions.renewed == 1
    assert counter.log_in.present is not None
    assert counter.log_in.present.clerk == present.clerk
    assert not counter.log_in.has_session
    assert counter.stores.keys is not None


async def test_a_session_the_town_ended_stops_the_clerk_until_a_new_sign_in(counter: Counter) -> None:
    await sign_in(counter)
    counter.clock.forward(timedelta(minutes=10))
    counter.sessions.down = SignInNeededError("sign_in.expired", reason="ended")
    for _ in range(2):
        with pytest.raises(SignInNeededError, match=r"sign_in\.expired"):
            await counter.log_in.keep_session()
    assert (counter.sessions.renewed, counter.log_in.has_session) == (1, False)
    await counter.log_in.sign_out()
    counter.sessions.down, counter.sessions.term = None, a_term(counter.clock())
    await counter.log_in("s001", "right", "222222")
    await counter.log_in.keep_session()
    assert counter.log_in.has_session


@pytest.mark.parametrize(
    "error", [LinkDownError("link.timeout"), SignInNeededError("sign_in.clock_off", seconds=400)]
)
async def test_a_lost_answer_is_asked_for_again(
    counter: Counter, error: LinkDownError | SignInNeededError
) -> None:
    await sign_in(counter)
    counter.clock.forward(timedelta(minutes=8))
    counter.sessions.down = error
    await counter.log_in.keep_session()
    assert counter.log_in.token() == "token"
    counter.sessions.down = None
    await counter.log_in.keep_session()
    assert counter.log_in.token() == "token 2"


async def test_at_the_end_of_the_session_a_new_sign_in_is_offered_and_no_renewal_asked(
    counter: Counter,
) -> None:
    term = a_term(counter.clock())
    counter.sessions.term = type(term)(term.since, term.until, term.until)
    await sign_in(counter)
    counter.clock.forward(timedelta(minutes=14))
    await counter.log_in.keep_session()
    assert counter.log_in.has_session
    counter.clock.forward(timedelta(minutes=1))
    await counter.log_in.keep_session()
    assert (counter.log_in.has_session, counter.sessions.renewed) == (False, 0)


async def test_a_clock_set_back_renews_rather_than_waits(counter: Counter) -> None:
    await sign_in(counter)
    counter.clock.forward(-timedelta(hours=2))
    await counter.log_in.keep_session()
    assert counter.sessions.renewed == 1


@pytest.mark.parametrize("down", [False, True])
async def test_who_leaves_while_the_renewal_is_asked_stays_gone(counter: Counter, down: bool) -> None:
    class Slow(MemorySessions):
        async def renew(self, sign_in: SignIn) -> SignIn:
            await asyncio.sleep(0.02)
            return await super().renew(sign_in)

    sessions = Slow(term=a_term(counter.clock()))
    log_in = LogIn(sessions, counter.keys, counter.stores, counter.ledger, counter.link, now=counter.clock)
    await log_in("s001", "right", "111111")
    counter.clock.forward(timedelta(minutes=8))
    asking = asyncio.create_task(log_in.keep_session())
    await asyncio.sleep(0)
    await log_in.sign_out()
    sessions.down = SignInNeededError("sign_in.expired", reason="ended") if down else None
    await asking
    assert log_in.present is None
    assert log_in.token() is None


async def test_a_renewal_that_is_cancelled_leaves_the_token_as_it_was(counter: Counter) -> None:
    class Silent(MemorySessions):
        async def renew(self, sign_in: SignIn) -> SignIn:
            await asyncio.sleep(60)
            raise AssertionError

    log_in = LogIn(
        Silent(term=a_term(counter.clock())),
        counter.keys,
        counter.stores,
        counter.ledger,
        counter.link,
        now=counter.clock,
    )
    await log_in("s001", "right", "111111")
    counter.clock.forward(timedelta(minutes=8))
    asking = asyncio.create_task(log_in.keep_session())
    await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert log_in.token() == "token"

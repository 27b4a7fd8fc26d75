import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NoReturn

import pytest

from client.domain.clerk import AccessTerm, CloudSignIn, HowSignedIn, SignIn
from client.domain.errors import CounterError, LinkDownError, SignInNeededError, StoreError
from client.domain.terminal import NOTHING_SEEN, TerminalSeen
from client.jobs.log_in import LogIn
from client.jobs.ports import JournalEntry
from tests.builders import a_sign_in
from tests.fakes import FakeClock, MemoryKeys, MemoryLedger, MemoryLink, MemoryStores

pytestmark = pytest.mark.asyncio


@dataclass
class MemorySessions:
    """ports.CloudSessions for one clerk."""

    deposit: bytes = b"deposit"
    seen: TerminalSeen = NOTHING_SEEN
    down: CounterError | None = None
    asked: int = 0
    ended: list[str] = field(default_factory=list)
    term: AccessTerm | None = None
    renewed: int = 0

    async def sign_in(self, staff_id: str, password: str, code: str) -> CloudSignIn:
        self.asked += 1
        if self.down:
            raise self.down
        if (staff_id, password) != ("s001", "right"):
            raise SignInNeededError("sign_in.wrong_secret")
        sign_in = replace(a_sign_in(), access_term=self.term)
        return CloudSignIn(sign_in, b"seed", 1, self.deposit, self.seen)

    async def renew(self, sign_in: SignIn) -> SignIn:
        self.renewed += 1
        if self.down:
            raise self.down
        assert sign_in.access_term
        term = shifted(sign_in.access_term, timedelta(minutes=10))
        return replace(sign_in, access_token=f"token {self.renewed}", access_term=term)

    async def sign_out(self, sign_in: SignIn) -> None:
        if self.down:
            raise self.down
        self.ended.append(sign_in.clerk.staff_id)


def shifted(term: AccessTerm, by: timedelta) -> AccessTerm:
    return AccessTerm(term.since + by, term.until + by, term.renewable_until)


def a_term(since: datetime) -> AccessTerm:
    return AccessTerm(since, since + timedelta(minutes=15), since + timedelta(hours=8))


class Counter:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.sessions = MemorySessions()
        self.keys = MemoryKeys(self.clock)
        self.stores = MemoryStores()
        self.ledger = MemoryLedger(self.clock)
        self.link = MemoryLink()
        self.log_in = LogIn(self.sessions, self.keys, self.stores, self.ledger, self.link, now=self.clock)


@pytest.fixture
def counter() -> Counter:
    return Counter()


async def test_a_clerk_signs_in_at_the_cloud_and_the_stores_open(counter: Counter) -> None:
    sign_in = await counter.log_in("s001", "right", "123456")
    assert sign_in.how is HowSignedIn.ONLINE
    assert counter.log_in.token() == "token"
    assert counter.stores.keys is counter.keys.keys
    assert [(line.kind, line.facts) for line in counter.ledger.journal] == [("sign_in", {"how": "online"})]


async def test_at_a_terminal_the_town_has_shut_nobody_signs_in_and_nothing_is_opened(
    counter: Counter,
) -> None:
    shut = True
    log_in = LogIn(
        counter.sessions,
        counter.keys,
        counter.stores,
        counter.ledger,
        counter.link,
        now=counter.clock,
        shut=lambda: shut,
    )
    with pytest.raises(SignInNeededError, match=r"sign_in\.shut"):
        await log_in("s001", "right", "123456")
    assert (counter.sessions.asked, counter.stores.keys) == (0, None)
    shut = False
    await log_in("s001", "right", "123456")


async def test_what_the_cloud_has_seen_of_this_terminal_is_brought_to_the_stores(counter: Counter) -> None:
    counter.sessions.seen = TerminalSeen(7, 12)
    await counter.log_in("s001", "right", "123456")
    assert counter.stores.seen == TerminalSeen(7, 12)


@pytest.mark.parametrize("known_down", [True, False])
async def test_without_the_cloud_the_keys_on_this_pc_decide(counter: Counter, known_down: bool) -> None:
    await counter.log_in("s001", "right", "111111")
    await counter.log_in.sign_out()
    counter.sessions.down = LinkDownError("link.unreachable")
    counter.link.usable = not known_down
    asked = counter.sessions.asked
    sign_in = await counter.log_in("s001", "right", "222222")
    assert (sign_in.how, sign_in.access_token) == (HowSignedIn.OFFLINE, None)
    assert counter.log_in.token() is None
    assert counter.sessions.asked == asked + (not known_down)


async def test_a_cloud_that_hangs_does_not_keep_the_clerk_out(counter: Counter) -> None:
    await counter.log_in("s001", "right", "111111")

    class Silent(MemorySessions):
        async def sign_in(self, staff_id: str, password: str, code: str) -> CloudSignIn:
            await asyncio.sleep(60)
            raise AssertionError

    log_in = LogIn(
        Silent(), counter.keys, counter.stores, counter.ledger, counter.link, now=counter.clock, wait=0.05
    )
    assert (await log_in("s001", "right", "222222")).how is HowSignedIn.OFFLINE
    assert counter.link.failures == ["link.timeout"]


async def test_a_wrong_password_is_not_tried_a_second_way(counter: Counter) -> None:
    await counter.log_in("s001", "right", "111111")
    counter.keys.people["s001"] = ("wrong", counter.keys.people["s001"][1])
    with pytest.raises(SignInNeededError, match=r"sign_in\.wrong_secret"):
        await counter.log_in("s001", "wrong", "222222")


async def test_somebody_unknown_here_tries_the_line_although_it_seems_down(counter: Counter) -> None:
    counter.link.usable = False
    assert (await counter.log_in("s001", "right", "111111")).how is HowSignedIn.ONLINE


async def test_somebody_unknown_here_without_a_line_is_told_so(counter: Counter) -> None:
    counter.link.usable = False
    counter.sessions.down = LinkDownError("link.timeout")
    with pytest.raises(SignInNeededError, match=r"sign_in\.unknown_here"):
        await counter.log_in("s001", "right", "111111")


async def test_the_lease_ends_off_line(counter: Counter) -> None:
    await counter.log_in("s001", "right", "111111")
    counter.link.usable = False
    counter.clock.forward(timedelta(days=8))
    with pytest.raises(SignInNeededError, match=r"sign_in\.lease_over"):
        await counter.log_in("s001", "right", "222222")


async def test_a_terminal_whose_keys_the_cloud_does_not_keep_says_so(counter: Counter) -> None:
    counter.sessions.deposit = b""
    with pytest.raises(StoreError, match=r"store\.no_keys"):
        await counter.log_in("s001", "right", "111111")
    assert counter.log_in.present is None


async def test_a_code_this_pc_took_without_a_line_lets_nobody_in_and_the_clouds_session_ends(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def used(*_: object, **__: object) -> NoReturn:
        raise SignInNeededError("sign_in.code_used")

    monkeypatch.setattr(counter.keys, "admit", used)
    with pytest.raises(SignInNeededError, match=r"sign_in\.code_used"):
        await counter.log_in("s001", "right", "111111")
    assert counter.sessions.ended == ["s001"]
    assert counter.log_in.present is None


async def test_signing_out_closes_the_stores_and_the_session(counter: Counter) -> None:
    await counter.log_in("s001", "right", "111111")
    await counter.log_in.sign_out()
    assert counter.stores.keys is None
    assert counter.sessions.ended == ["s001"]
    assert counter.log_in.present is None
    assert counter.ledger.journal[-1].facts == {"how": "out"}


async def test_signing_out_needs_no_line(counter: Counter) -> None:
    await counter.log_in("s001", "right", "111111")
    counter.sessions.down = LinkDownError("link.broken")
    await counter.log_in.sign_out()
    assert counter.stores.keys is None


async def test_an_offline_sign_in_has_no_session_to_end(counter: Counter) -> None:
    await counter.log_in("s001", "right", "111111")
    counter.link.usable = False
    await counter.log_in("s001", "right", "222222")
    counter.link.usable = True
    await counter.log_in.sign_out()
    await counter.log_in.sign_out()  # nobody is there any more
    assert counter.sessions.ended == []


async def test_a_full_disk_keeps_nobody_signed_in(counter: Counter) -> None:
    await counter.log_in("s001", "right", "111111")
    counter.ledger.full = True
    with pytest.raises(StoreError):
        await counter.log_in.sign_out()
    assert counter.stores.keys is None
    assert counter.log_in.present is None


class SlowStores(MemoryStores):
    """Stores that take their time to close."""

    async def close(self) -> None:
        await asyncio.sleep(0.05)
        await super().close()


async def test_whoever_signs_in_while_the_last_one_leaves_finds_the_stores_open(counter: Counter) -> None:
    stores = SlowStores()
    log_in = LogIn(counter.sessions, counter.keys, stores, counter.ledger, counter.link, now=counter.clock)
    await log_in("s001", "right", "111111")
    leaving = asyncio.create_task(log_in.sign_out())
    await asyncio.sleep(0)
    sign_in = await log_in("s001", "right", "222222")
    await leaving
    assert stores.keys is not None
    assert log_in.present is sign_in


async def test_a_sign_in_that_cannot_be_written_down_leaves_the_stores_shut(counter: Counter) -> None:
    counter.ledger.full = True
    with pytest.raises(StoreError):
        await counter.log_in("s001", "right", "111111")
    assert counter.stores.keys is None
    assert counter.log_in.present is None


async def test_a_clock_set_back_is_found_by_the_book_although_the_wraps_know_nothing(
    counter: Counter,
) -> None:
    await counter.log_in("s001", "right", "111111")
    counter.clock.forward(timedelta(hours=73))
    await counter.ledger.record(JournalEntry("look_up", "s001"))
    counter.link.usable = False  # the program is killed: nothing is written into the wraps
    counter.stores.keys = None
    log_in = LogIn(
        counter.sessions, counter.keys, counter.stores, counter.ledger, counter.link, now=counter.clock
    )
    counter.clock.forward(-timedelta(hours=60))
    with pytest.raises(SignInNeededError, match=r"sign_in\.clock_off"):
        await log_in("s001", "right", "222222")
    assert counter.stores.keys is None
    assert counter.keys.seen == counter.clock() + timedelta(hours=60)
    counter.link.usable = True  # the cloud vouches for the clock: what the book says counts no more
    await log_in("s001", "right", "333333")
    counter.link.usable = False
    await log_in("s001", "right", "444444")


async def test_the_lease_does_not_grow_by_a_clock_set_back_after_a_kill(counter: Counter) -> None:
    await counter.log_in("s001", "right", "111111")
    counter.clock.forward(timedelta(days=7, seconds=30))
    await counter.ledger.record(JournalEntry("look_up", "s001"))
    counter.clock.forward(-timedelta(seconds=60))  # within the tolerance
    counter.link.usable = False
    with pytest.raises(SignInNeededError, match=r"sign_in\.lease_over"):
        await counter.log_in("s001", "right", "222222")


async def test_leaving_writes_down_how_late_it_was(counter: Counter) -> None:
    await counter.log_in("s001", "right", "111111")
    counter.clock.forward(timedelta(hours=5))
    await counter.log_in.sign_out()
    assert counter.keys.seen == counter.clock()


async def test_wrong_secrets_since_the_last_sign_in_are_in_the_book_before_the_desk_is_shown(
    counter: Counter,
) -> None:
    await counter.keys.note_failure("s001", now=counter.clock())
    await counter.log_in("s001", "right", "123456")
    assert [line.facts["how"] for line in counter.ledger.journal] == ["failed", "online"]


async def test_that_the_file_of_keys_had_been_changed_is_in_the_book_with_the_sign_in(
    counter: Counter,
) -> None:
    counter.keys.wraps_anew = True
    await counter.log_in("s001", "right", "123456")
    assert dict(counter.ledger.journal[-1].facts) == {"how": "online", "wraps": "anew"}


async def test_that_a_damaged_file_of_keys_was_mended_is_in_the_book_with_the_sign_in(
    counter: Counter,
) -> None:
    counter.keys.wraps_mended = True
    await counter.log_in("s001", "right", "123456")
    assert dict(counter.ledger.journal[-1].facts) == {"how": "online", "wraps": "mended"}


async def test_a_wrong_pin_shown_to_a_card_is_counted_here_though_the_cloud_was_never_asked(
    counter: Counter,
) -> None:
    counter.sessions.down = SignInNeededError("card.wrong_pin")
    with pytest.raises(SignInNeededError, match=r"card\.wrong_pin"):
        await counter.log_in("s001", "right", "0000")
    assert counter.keys.failed == {"s001": 1}

"""What a neighbour holds ends by the feed, by the cloud's word for the request, or by an officer, and by nothing else."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from client.domain.blocks import Restrictions
from client.domain.change import CloudAnswer, QueuedChange, Receipt
from client.domain.clerk import Right
from client.domain.errors import LinkDownError, RefusedError
from client.domain.feed import FeedPosition, Position
from client.domain.hold import Hold
from client.jobs.hold_ports import Ending, Heard
from client.jobs.settle_holds import SettleHolds
from client.rules.holds import stops
from tests.builders import NOW, TARO, a_sign_in
from tests.fakes import FakeClock, MemoryLink
from tests.hold_builders import DEATH, SHIEN_SOCHI, a_hold

pytestmark = pytest.mark.asyncio


@dataclass
class Heards:
    """The ledger, as far as neighbours' holds go."""

    standing: list[Hold] = field(default_factory=list)
    ended: list[tuple[Ending, str, str]] = field(default_factory=list)

    async def own_holds(self) -> tuple[Hold, ...]:
        return ()

    async def heard_holds(self) -> tuple[Hold, ...]:
        return tuple(self.standing)

    async def held_wires(self) -> tuple[bytes, ...]:
        return ()

    async def wires(self, names: object) -> tuple[bytes, ...]:
        return ()

    async def hear_hold(self, hold: Hold, wire: bytes, *, giver: str) -> Heard:
        self.standing.append(hold)
        return Heard.TAKEN

    async def end_hold(self, hold: Hold, ending: Ending, *, actor: str, reason: str = "") -> bool:
        if hold not in self.standing:
            return False
        self.standing.remove(hold)
        self.ended.append((ending, actor, reason))
        return True


@dataclass
class Answering:
    """The cloud, asked for keys."""

    answers: dict[str, CloudAnswer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def send(self, changes: tuple[QueuedChange, ...]) -> tuple[CloudAnswer, ...]:
        raise AssertionError("nothing is sent here")

    async def ask(self, key: str) -> CloudAnswer | None:
        self.asked.append(key)
        return self.answers.get(key)


@dataclass
class Rows:
    """The replica, as far as it follows."""

    version: int = 40
    at: datetime = NOW
    told: Restrictions = field(default_factory=Restrictions)

    async def position(self) -> Position:
        return Position(FeedPosition(7, self.at), FeedPosition(self.version, self.at))

    async def told_of(self, keys: object) -> Restrictions:
        return self.told


class Desk:
    def __init__(self, *holds: Hold) -> None:
        self.clock = FakeClock()
        self.book, self.cloud, self.rows, self.link = Heards(list(holds)), Answering(), Rows(), MemoryLink()
        self.job = SettleHolds(self.cloud, self.book, self.rows, self.link, now=self.clock)

    async def minutes(self, count: int) -> int:
        """Let time pass, a round and a feed each minute."""
        ended = 0
        for _ in range(count):
            self.clock.forward(timedelta(minutes=1))
            self.rows.at = self.clock()
            ended += await self.job.round()
        return ended


async def test_where_the_feed_tells_of_the_request_the_feed_rules_with_no_line_too() -> None:
    desk = Desk(a_hold())
    desk.link.usable = False
    assert await desk.minutes(3) == 0
    assert desk.cloud.asked == []
    desk.rows.told = stops(desk.book.standing[0])
    assert await desk.minutes(1) == 1
    assert desk.book.ended == [(Ending.FEED, "cloud", "")]


async def test_what_the_cloud_took_in_is_over_once_the_replica_is_younger_than_that() -> None:
    desk = Desk(a_hold())
    key = desk.book.standing[0].key
    desk.cloud.answers[key] = CloudAnswer(
        key, "accepted", Receipt(41, NOW + timedelta(minutes=2)), "", author="T0002"
    )
    assert await desk.minutes(5) == 0, "the register has not reached the receipt"
    desk.rows.version = 41
    assert await desk.minutes(1) == 1
    assert desk.book.ended == [(Ending.DECIDED, "cloud", "")]


async def test_blocks_that_may_have_been_read_before_the_receipt_rule_nothing() -> None:
    desk = Desk(a_hold())
    key = desk.book.standing[0].key
    desk.cloud.answers[key] = CloudAnswer(key, "accepted", Receipt(40, NOW), "", author="T0002")
    await desk.job.round()
    assert await desk.job.round() == 0
    desk.rows.at = NOW + timedelta(seconds=61)
    assert await desk.job.round() == 1


async def test_a_refused_request_holds_until_the_feed_had_time_to_tell_of_another_like_it() -> None:
    desk = Desk(a_hold())
    key = desk.book.standing[0].key
    desk.cloud.answers[key] = CloudAnswer(key, "refused", None, "", author="T0002")
    await desk.job.round()
    assert await desk.job.round() == 0
    assert await desk.minutes(2) == 1
    assert desk.book.ended == [(Ending.REFUSED, "cloud", "")]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        CloudAnswer("k", "conflict", None, "", author="T0002"),
        CloudAnswer("k", "accepted", Receipt(1, NOW), "", quarantined=True, author="T0002"),
        CloudAnswer("k", "accepted", None, "", author="T0002"),
        CloudAnswer("k", "accepted", Receipt(1, NOW), "", author="T0666"),  # another's command under the key
        CloudAnswer("k", "refused", None, "", author="T0666"),
        CloudAnswer("k", "accepted", Receipt(1, NOW), ""),  # of a cloud that names no author
    ],
)
async def test_what_decides_nothing_ends_nothing(answer: CloudAnswer | None) -> None:
    desk = Desk(a_hold())
    if answer is not None:
        desk.cloud.answers[desk.book.standing[0].key] = answer
    assert await desk.minutes(60) == 0
    assert len(desk.book.standing) == 1
    assert len(desk.cloud.asked) <= 7, "asked now and then"


async def test_of_many_none_is_left_unasked() -> None:
    desk = Desk(*(a_hold() for _ in range(50)))
    await desk.minutes(3)
    assert set(desk.cloud.asked) == {hold.key for hold in desk.book.standing}


async def test_a_line_that_breaks_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(a_hold())

    async def broken(key: str) -> CloudAnswer | None:
        raise LinkDownError("link.broken")

    monkeypatch.setattr(desk.cloud, "ask", broken)
    with pytest.raises(LinkDownError):
        await desk.job.round()
    assert len(desk.book.standing) == 1


async def test_an_officer_releases_it_with_a_reason_and_of_a_protection_only_who_answers_for_it() -> None:
    death, shelter = a_hold(DEATH), a_hold(SHIEN_SOCHI, TARO)
    desk = Desk(death, shelter)
    officer, guardian = a_sign_in(Right.OFFICER), a_sign_in(Right.SHIEN_SOCHI, staff_id="s009")
    parted = replace(officer.clerk, rights=officer.clerk.rights | {Right.BLOCK_RELEASE}, by_block=True)
    no_lifting = replace(officer, clerk=parted)  # releases for one issue, and ends nothing
    for who, hold in (
        *((a_sign_in(Right.ACCEPT), death), (officer, shelter), (guardian, death)),
        (no_lifting, death),
    ):
        with pytest.raises(RefusedError, match=r"refused\.right_missing"):
            await desk.job.release(who, hold, reason="誤り")
    for reason in ("", "  "):
        with pytest.raises(RefusedError, match=r"refused\.input"):
            await desk.job.release(officer, death, reason=reason)
    with pytest.raises(RefusedError, match=r"refused\.forbidden_number"):
        await desk.job.release(officer, death, reason="123456789018")
    assert desk.book.standing == [death, shelter]
    await desk.job.release(officer, death, reason=" 別人の届 ")
    await desk.job.release(guardian, shelter, reason="本人の取下げ")
    assert desk.book.ended == [
        (Ending.RELEASED, "s001", "別人の届"),
        (Ending.RELEASED, "s009", "本人の取下げ"),
    ]
    with pytest.raises(RefusedError, match=r"refused\.not_found"):
        await desk.job.release(officer, death, reason="誤り")

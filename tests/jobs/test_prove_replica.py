"""複製の照合 on demand: what is wrong is found, fetched again and told; off line it says what it could not ask."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from client.domain.clerk import Right
from client.domain.errors import LinkDownError, RefusedError, StoreError
from client.domain.feed import Feed, Mended
from client.jobs.prove_replica import Looking, Part, ProveReplica
from client.jobs.scrub_replica import A_STEP, ScrubReplica
from client.jobs.sync_replica import SyncReplica
from client.rules.digest import BUCKETS
from tests.builders import a_sign_in
from tests.jobs.test_sync_replica import CutFeeds
from tests.replica_fakes import LandingBook, MemoryReplica, a_row_change, sums_of

pytestmark = pytest.mark.asyncio
OFFICER = a_sign_in(*Right)
REGISTER = Feed.REGISTER


@dataclass
class KeptSums(MemoryReplica):
    """A replica that keeps the sums of its rows beside them, and can lose a page."""

    kept: dict[Feed, dict[int, int]] = field(default_factory=dict)
    damaged: bool = False
    looked: int = 0

    def keep(self) -> None:
        self.kept = {feed: sums_of(self.rows(feed)) for feed in Feed}

    async def check(self) -> None:
        if self.damaged:
            raise StoreError("store.damaged_replica")

    async def wrong_buckets(self, feed: Feed, buckets: tuple[int, ...]) -> tuple[int, ...]:
        self.looked += len(buckets)
        now, kept = sums_of(self.rows(feed)), self.kept[feed]
        return tuple(bucket for bucket in buckets if now.get(bucket, 0) != kept.get(bucket, 0))

    async def distrust(self, feed: Feed, buckets: tuple[int, ...]) -> None:
        now = sums_of(self.rows(feed))
        self.kept[feed] |= {bucket: now.get(bucket, 0) for bucket in buckets}

    async def mend(self, tell: object) -> Mended | None:
        was, self.damaged = self.damaged, False
        return Mended(1, 5, 2) if was else None


class Desk:
    """A terminal with a register at the other end of its line."""

    def __init__(self) -> None:
        self.register, self.replica, self.book = CutFeeds(), KeptSums(), LandingBook()
        for number in range(20):
            self.register.commit(REGISTER, a_row_change(REGISTER, number, full_name="渡邉󠄐"))
        self.sync = SyncReplica(self.register, self.replica, self.book)
        self.usable = True
        self.seconds = 0.0
        scrub = ScrubReplica(self.replica, wake=self.sync.wake)
        self.prove = ProveReplica(scrub, self.sync, self.book, usable=lambda: self.usable, clock=self.clock)
        self.told: list[Looking] = []

    def clock(self) -> float:
        self.seconds += 0.01
        return self.seconds

    async def fill(self) -> None:
        await self.sync.round()
        self.replica.keep()
        self.book.entries.clear()

    def turn_a_bit(self, number: int) -> None:
        change = a_row_change(REGISTER, number, full_name="渡邊󠄐")
        assert change.row
        self.replica.rows(REGISTER)[change.table, change.key] = change.row


async def test_what_is_whole_is_proven_equal_as_of_the_registers_word() -> None:
    desk = Desk()
    await desk.fill()
    proof = await desk.prove.by(OFFICER, desk.told.append)
    assert (proof.whole, proof.equal, proof.as_of) == (True, True, desk.register.at)
    (entry,) = desk.book.entries
    assert (entry.kind, entry.actor) == ("verify", OFFICER.clerk.staff_id)
    assert entry.facts == {
        "whole": 1,
        "wrong_buckets": 0,
        "equal": 1,
        "repaired_buckets": 0,
        "repaired_rows": 0,
    }


async def test_a_turned_bit_and_a_lost_row_are_fetched_and_nothing_else() -> None:
    desk = Desk()
    await desk.fill()
    desk.turn_a_bit(3)
    desk.replica.rows(REGISTER).pop(("resident", ("0000000011", 1)))
    desk.register.asked.clear()
    proof = await desk.prove.by(OFFICER, desk.told.append)
    assert (proof.wrong, proof.repaired, proof.rows, proof.equal) == (2, 2, 2, True)
    assert "rows register 2" in desk.register.asked
    assert "manifest" not in desk.register.asked
    assert desk.replica.rows(REGISTER) == desk.register.rows_now(REGISTER)


async def test_an_old_row_put_back_with_its_sums_is_found_by_asking() -> None:
    desk = Desk()
    await desk.fill()
    desk.turn_a_bit(3)
    desk.replica.keep()  # a page of before, whole in itself
    proof = await desk.prove.by(OFFICER, desk.told.append)
    assert (proof.wrong, proof.repaired, proof.rows, proof.equal) == (0, 1, 1, True)


@pytest.mark.parametrize("line", ["known to be down", "cut meanwhile"])
async def test_off_line_own_rows_are_held_against_own_sums_and_that_is_said(line: str) -> None:
    desk = Desk()
    await desk.fill()
    desk.turn_a_bit(3)
    desk.usable = line == "cut meanwhile"
    desk.register.down = LinkDownError("link.timeout")
    proof = await desk.prove.by(OFFICER, desk.told.append)
    assert (proof.wrong, proof.equal) == (1, False)
    assert proof.trouble == ("link.timeout" if desk.usable else "link.unreachable")
    assert desk.book.entries[-1].facts["trouble"] == proof.trouble
    desk.register.down = None
    assert (await desk.sync.round()).repaired == 1, "the next round with a line fetches it"


@pytest.mark.parametrize("usable", [True, False])
async def test_a_page_that_cannot_be_read_is_mended_with_a_line_or_without(usable: bool) -> None:
    desk = Desk()
    await desk.fill()
    desk.replica.damaged, desk.usable = True, usable
    proof = await desk.prove.by(OFFICER, desk.told.append)
    assert (proof.damaged, proof.whole, proof.equal) == (True, False, usable)
    assert not desk.replica.damaged


async def test_progress_is_told_with_an_estimate() -> None:
    desk = Desk()
    await desk.fill()
    await desk.prove.by(OFFICER, desk.told.append)
    assert [desk.told[0].part, desk.told[-1].part] == [Part.PAGES, Part.REGISTER]
    rows = [one for one in desk.told if one.part is Part.ROWS]
    assert [one.done for one in rows] == list(range(0, 2 * BUCKETS + 1, A_STEP))
    half = rows[len(rows) // 2]
    assert half.left is not None
    assert timedelta(seconds=4) < half.left < timedelta(seconds=7)


async def test_it_can_be_cancelled_and_what_was_found_is_not_lost() -> None:
    desk = Desk()
    await desk.fill()
    desk.turn_a_bit(3)

    def stop(looking: Looking) -> None:
        if looking.done > BUCKETS + A_STEP:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await desk.prove.by(OFFICER, stop)
    assert desk.replica.looked < 2 * BUCKETS
    assert desk.book.entries == []
    assert (await desk.sync.round()).proven


async def test_only_the_officer_starts_it() -> None:
    desk = Desk()
    await desk.fill()
    with pytest.raises(RefusedError, match=r"refused\.right_missing"):
        await desk.prove.by(a_sign_in(Right.VIEW, Right.ISSUE), desk.told.append)
    assert desk.told == []


async def test_a_restored_register_is_followed_by_the_officers_word_and_that_is_written_down() -> None:
    desk = Desk()
    desk.register.back_up()
    desk.register.commit(REGISTER, a_row_change(REGISTER, 30))
    await desk.fill()
    desk.register.restore()
    desk.register.at += timedelta(seconds=5)
    assert (await desk.prove.by(OFFICER, desk.told.append)).trouble == "link.backwards"
    proof = await desk.prove.by(OFFICER, desk.told.append, follow_back=True)
    assert proof.equal
    assert desk.book.entries[-1].facts["followed_back"] == 1

"""What goes on by itself: damage of the replica is told once, and mended with no line."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from client.domain.deputy import Deputy
from client.domain.errors import CounterError, LinkDownError, StoreError
from client.domain.feed import Feed, FeedPosition, Mended, Position
from client.jobs.count_bytes import CountBytes
from client.jobs.cross_line import CrossLine
from client.jobs.declare_deputy import EndDeputy
from client.jobs.send_attachments import Brought
from client.jobs.sync_replica import SyncReplica
from client.jobs.take_chunks import Progress
from client.jobs.watch_link import LinkWatch
from client.rules.sync import FeedRound, RoundReport
from client.rules.traffic import Cost, Kind
from client.rules.usage import Usage
from tests.builders import NOW, TODAY
from tests.fakes import FakeClock, MemoryDeputies, MemoryLedger
from tests.replica_fakes import LandingBook, MemoryReplica, ModelRegister, Stand
from ui import status
from ui.notices import Note, note_of_repair
from ui.rounds import Rounds, Upkeep
from ui.text import Words
from ui.upkeep_file import UpkeepFile, read_upkeep

pytestmark = pytest.mark.asyncio


class Disk(MemoryReplica):
    """A damaged replica on a disk that has room again after a while."""

    def __init__(self, mended: Mended | None = None) -> None:
        super().__init__(mended=mended)
        self.tries = 0
        self.saved = asyncio.Event()

    async def mend(self, tell: Any) -> Mended | None:
        self.tries += 1
        if self.tries <= 2:
            raise StoreError("store.full")
        if self.mended is None:
            self.saved.set()
        return await super().mend(tell)


async def nothing(*_: object) -> None:
    return None


def rounds_on(replica: MemoryReplica, book: LandingBook, told: list[str], *, damaged: bool = True) -> Rounds:
    absent = cast(Any, None)  # jobs that have no part in this
    upkeep = Upkeep(
        watch=LinkWatch(nothing, lambda: NOW, nothing),
        send=absent,
        sync=SyncReplica(ModelRegister(), replica, book),
        scrub=absent,
        ledger=absent,
        replica=replica,
        now=lambda: NOW,
        sync_every=timedelta(seconds=9),
        tell=absent,
        crossing=CrossLine(lambda: Cost.FREE, lambda: 0, now=lambda: NOW),
        count=CountBytes(dict, nothing, now=lambda: NOW, kept=Usage()),
        damage_found=lambda: damaged,
    )

    def trouble(error: CounterError) -> None:
        told.append(error.code)

    return Rounds(upkeep, printer="", show=lambda facts, now: None, trouble=trouble)


async def end(loop: "asyncio.Task[None]") -> None:
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop


async def test_damage_is_mended_until_it_succeeds_and_trouble_with_it_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ui.rounds._MEND_EVERY", 0)
    replica, book, told = Disk(mended=Mended(1, 2, 3)), LandingBook(), list[str]()
    rounds = rounds_on(replica, book, told)
    loop = asyncio.create_task(rounds.mend())
    await asyncio.wait_for(replica.saved.wait(), 5)
    await end(loop)
    assert told == ["store.full"]
    assert (book.entries[0].kind, replica.tries >= 3) == ("verify", True)


async def test_a_whole_replica_is_left_alone() -> None:
    replica = Disk()
    loop = asyncio.create_task(rounds_on(replica, LandingBook(), [], damaged=False).mend())
    for _ in range(5):
        await asyncio.sleep(0)
    await end(loop)
    assert replica.tries == 0


async def test_what_is_not_to_be_believed_is_said_once_with_its_reason_and_the_line_stays_good() -> None:
    told: list[str] = []
    rounds, words = rounds_on(MemoryReplica(), LandingBook(), told, damaged=False), Words("ja")
    here = FeedPosition(4, NOW)
    rounds.facts = replace(rounds.facts, position=Position(here, here))
    for code in ("link.unsigned", "link.unsigned", "link.backwards", "link.stale"):
        rounds._on_failure(LinkDownError(code))
        cell = status.replica_cell(rounds.facts, words, NOW)
        assert cell.tone == "bad"
        assert words(f"not_taken.{code}") in cell.detail
    assert told == ["link.unsigned", "link.backwards", "link.stale"]
    assert (
        rounds._upkeep.watch.state.failures
        == rounds_on(MemoryReplica(), LandingBook(), [])._upkeep.watch.state.failures
    )
    rounds._on_failure(LinkDownError("link.fault"))
    assert words("not_taken.link.fault") in status.replica_cell(rounds.facts, words, NOW).detail
    rounds._on_report(RoundReport())
    assert status.replica_cell(rounds.facts, words, NOW).tone == "quiet"


async def test_a_repair_is_told_to_the_clerk_and_to_madoguchi_status(tmp_path: Path) -> None:
    notes: list[Note] = []
    rounds = rounds_on(MemoryReplica(), LandingBook(), [], damaged=False)
    rounds._repaired = lambda report: notes.append(note_of_repair(report, Words("ja")))
    rounds._upkeep = replace(rounds._upkeep, write_down=UpkeepFile(tmp_path, lambda: NOW).tell)
    here = FeedPosition(4, NOW)
    rounds._on_failure(LinkDownError("link.unsigned"))
    assert read_upkeep(tmp_path) == {
        "not_taken": {"at": "2026-11-20T05:32:00+00:00", "code": "link.unsigned"}
    }
    rounds._on_report(RoundReport((FeedRound(Feed.REGISTER, here, repaired=3, rows=210, proven=True),)))
    (note,) = notes
    assert "3か所" in note.what
    assert "210行" in note.what
    assert "無事です" in note.more
    assert read_upkeep(tmp_path) == {
        "not_taken": {"at": "2026-11-20T05:32:00+00:00", "code": ""},
        "repair": {"at": "2026-11-20T05:32:00+00:00", "buckets": 3, "rows": 210},
    }
    rounds._on_report(RoundReport((FeedRound(Feed.REGISTER, here, proven=True),)))
    assert len(notes) == 1, "an ordinary round is not worth a word"


async def test_what_cannot_be_written_down_or_read_harms_nothing(tmp_path: Path) -> None:
    UpkeepFile(tmp_path / "gone", lambda: NOW).tell("repair", {"buckets": 1})
    (tmp_path / "upkeep.json").write_text("[]")
    assert read_upkeep(tmp_path) == read_upkeep(tmp_path / "gone") == {}


async def test_the_status_bar_tells_mending_from_fetching() -> None:
    rounds = rounds_on(MemoryReplica(), LandingBook(), [])
    words = Words("ja")
    for progress, said in ((Progress(2, 9, mending=True), "復旧中 2／9"), (Progress(2, 9), "取得中 2／9")):
        rounds.filling(progress)
        assert said in status.replica_cell(rounds.facts, words, NOW).detail


class Asked:
    """A register that is asked of offline papers, and out of reach at first."""

    def __init__(self) -> None:
        self.times = 0
        self.answered = asyncio.Event()

    async def __call__(self) -> int:
        self.times += 1
        if self.times == 1:
            raise LinkDownError("link.fault")
        self.answered.set()
        return 0


async def test_after_each_round_the_register_is_asked_of_offline_papers_and_the_line_is_not_judged_by_it() -> (
    None
):
    told, asked = list[str](), Asked()
    rounds = rounds_on(MemoryReplica(), LandingBook(), told, damaged=False)
    rounds._upkeep = replace(rounds._upkeep, check=asked)
    before = rounds._upkeep.watch.state.failures
    loop = asyncio.create_task(rounds.check_papers())
    await asyncio.sleep(0.01)
    assert asked.times == 0, "no round, no question"
    for _ in range(2):
        rounds._on_report(RoundReport())
        await asyncio.sleep(0.01)
    assert asked.answered.is_set()
    await end(loop)
    assert (asked.times, told, rounds._upkeep.watch.state.failures) == (2, [], before)


class Pile:
    """Attachments that all go at once."""

    def __init__(self) -> None:
        self.rounds = 0

    async def drain(self) -> Brought:
        self.rounds += 1
        return Brought(parts=self.rounds % 2)


async def test_attachments_go_again_as_soon_as_commands_went_and_a_round_with_none_is_no_crossing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rounds, pile = rounds_on(MemoryReplica(), LandingBook(), []), Pile()
    went: list[Kind] = []
    monkeypatch.setattr(rounds._upkeep.crossing, "went", went.append)
    monkeypatch.setattr(rounds, "_upkeep", replace(rounds._upkeep, attachments=cast(Any, pile)))
    loop = asyncio.create_task(rounds.send_attachments())
    for wanted in (1, 2, 3):
        async with asyncio.timeout(2):
            while pile.rounds < wanted:  # noqa: ASYNC110 - it is counted, not told
                await asyncio.sleep(0)
        rounds._sent.set()
    await end(loop)
    assert went == [Kind.ATTACHMENTS, Kind.ATTACHMENTS]


async def test_a_deputy_stands_in_the_line_until_the_replica_knows_anything_newer() -> None:
    replica, ledger, kept = MemoryReplica(), MemoryLedger(FakeClock()), MemoryDeputies()
    rounds = rounds_on(replica, LandingBook(), [], damaged=False)
    rounds._upkeep = replace(rounds._upkeep, ledger=ledger, deputy=EndDeputy(kept, ledger, now=lambda: NOW))
    last = TODAY + timedelta(days=2)
    kept.present = Deputy("s009", "s001", "市長職務代理者", "海野　渚", TODAY, last, NOW, NOW)
    for newer, until in ((timedelta(0), last), (timedelta(seconds=1), None)):
        replica.stands = {feed: Stand(4, NOW + newer) for feed in Feed}
        await rounds._look()
        assert rounds.facts.deputy_until == until
    assert await kept.known() is None
    assert [line.facts["how"] for line in ledger.journal] == ["register"]

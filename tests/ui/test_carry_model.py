"""A bundle at the counter, without a window: what is said of it, two shares typed and checked, how it goes and ends."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from client.domain.bundle import BundleKind
from client.domain.clerk import Right
from client.domain.errors import RefusedError, StoreError
from client.domain.feed import Position
from tests.builders import NOW, a_sign_in
from tests.ui.carry_world import PASSPHRASES, Carrier, a_bundle, carried, lines_of, papers
from ui.notices import Note
from ui.screens.replica.carried import Carried, facts_of, needs_of
from ui.screens.replica.carry import CarryModel, Stage
from ui.screens.replica.share_entry import ShareEntry
from ui.tasks import Tasks
from ui.text import Words

WORDS = Words("ja")
TOWN = ("999997", "あおぞら市")


class Desk:
    """A model with real tasks, and what it said at the end."""

    def __init__(self, carrier: Carrier | None = None) -> None:
        self.carrier = carrier or Carrier()
        self.bugs: list[BaseException] = []
        self.tasks = Tasks(asyncio.get_running_loop(), lambda _name, error: self.bugs.append(error))
        self.clock = 0.0
        self.model = CarryModel(WORDS, self.carrier.jobs, self.tasks, lambda: NOW, lambda: self.clock)
        self.ended: list[Note] = []
        self.model.ended = self.ended.append

    async def quiet(self) -> None:
        for _ in range(2000):
            if self.model.running or not self.tasks.any_running:
                break
            await asyncio.sleep(0.001)
        assert not self.bugs

    async def shown(self) -> None:
        self.model.choose(a_sign_in(Right.OFFICER), Path("town.bundle"))
        await self.quiet()

    async def share(self, officer: int, passphrase: str = "") -> None:
        for line in lines_of(officer):
            self.model.type(line)
        self.model.say(passphrase or PASSPHRASES[officer - 1])
        await self.quiet()

    async def opening(self) -> None:
        await self.shown()
        self.model.begin()
        await self.share(1)
        await self.share(3)
        await asyncio.sleep(0.01)

    @property
    def note(self) -> str:
        return self.model.note.code if self.model.note else ""


def said(found: Carried) -> str:
    return "\n".join(f"{name} {value}" for name, value in facts_of(found, TOWN, WORDS, NOW))


def test_a_bundle_says_whose_it_is_how_old_and_what_it_needs_before_any_share() -> None:
    whole = said(carried())
    for part in ("あおぞら市（999997）", "令和8年11月20日（金）14:27", "クラウド", "全体", "51.0 MB"):
        assert part in whole
    assert "台帳 第4720版、抑止 第90版まで" in whole
    assert "台帳 第4711版、抑止 第88版（11月18日 14:32 時点）" in whole
    assert carried().spoken in whole
    delta = said(carried(a_bundle(BundleKind.DELTA, made_by="T0002")))
    assert "端末 T0002 が作成" in delta
    assert "台帳 第4715版の次から第4720版" in delta
    assert "ほかの市区町村（131016）" in said(carried(a_bundle(town="131016")))


def test_a_delta_that_leaves_a_gap_says_which_would_do() -> None:
    gap = carried(a_bundle(BundleKind.DELTA), RefusedError("bundle.gap"))
    assert "台帳 第4711版・抑止 第88版" in needs_of(gap, WORDS)
    nowhere = Carried(gap.path, gap.bundle, "", Position(None, None), gap.refused)
    assert needs_of(nowhere, WORDS).strip() == "必要なもの：全体の束。"
    assert needs_of(carried(refused=RefusedError("bundle.older")), WORDS) == ""


@pytest.mark.asyncio
async def test_one_that_cannot_be_used_here_says_why_and_asks_nobody() -> None:
    desk = Desk(Carrier(found=carried(refused=RefusedError("bundle.older"))))
    await desk.shown()
    verdict = desk.model.verdict
    assert verdict
    assert "新しい内容がありません" in verdict.what
    assert "もっと新しい束" in verdict.more
    desk.model.begin()
    assert (desk.model.stage, desk.model.entry) == (Stage.SHOWN, None)


@pytest.mark.asyncio
async def test_what_is_no_bundle_is_told_and_put_away() -> None:
    desk = Desk(Carrier(found=RefusedError("bundle.torn")))
    await desk.shown()
    assert [note.code for note in desk.ended] == ["bundle.torn"]
    assert desk.model.stage is Stage.AWAY


@pytest.mark.asyncio
async def test_two_officers_one_after_the_other_and_the_replica_stands_further() -> None:
    desk = Desk()
    await desk.opening()
    model = desk.model
    assert desk.carrier.taken == [("s001", (1, 3))]
    assert desk.carrier.told
    for desk.clock in (10.0, 12.0, 14.0):
        desk.carrier.told.bytes(9_000_000)
    assert model.progress == (27_000_000, 51_000_000)
    assert model.doing == "束を取り込んでいます　27.0 MB／51.0 MB　毎秒4.5 MB　残り約6秒"
    desk.carrier.told.proving()
    model.stop()
    assert model.stage is Stage.PROVING, "what is being swapped in cannot be undone"
    desk.carrier.may_end.set()
    await asyncio.sleep(0.01)
    (note,) = desk.ended
    assert (note.tone, model.stage) == ("ok", Stage.AWAY)
    assert "14:27:00" in note.what
    assert "第4720版" in note.more


def kept(model: CarryModel) -> str:
    """Return all a model holds, and what that holds."""
    return repr(
        {name: vars(value) if isinstance(value, ShareEntry) else value for name, value in vars(model).items()}
    )


@pytest.mark.asyncio
@pytest.mark.parametrize("end", [CarryModel.leave, CarryModel.back, CarryModel.stop])
async def test_shares_are_kept_no_longer_than_they_are_needed(end: Callable[[CarryModel], object]) -> None:
    desk = Desk()
    if end is CarryModel.stop:
        await desk.opening()
    else:
        await desk.shown()
        desk.model.begin()
        await desk.share(1)
        desk.model.type(lines_of(2)[0])
        assert "ShareLetter(" in kept(desk.model)
    end(desk.model)
    await asyncio.sleep(0.01)
    model = desk.model
    assert model.entry is None
    assert "Share" not in kept(model).replace("ShareEntry", "")


@pytest.mark.asyncio
async def test_a_line_is_checked_as_it_is_typed_and_its_wrong_group_is_named() -> None:
    desk = Desk()
    await desk.shown()
    model = desk.model
    model.begin()
    assert model.entry
    first = lines_of(2)[0]
    model.type(first[:7])
    assert (model.entry.state, model.entry.wrong) == ("6／20字", False)
    model.type(first[:7] + "!")
    assert "1行目の2組目" in model.entry.state
    model.type(first[:-1] + ("7" if first[-1] != "7" else "8"))
    assert "1行目の5組目" in model.entry.state
    assert model.entry.line == 1
    model.type(first)
    assert (model.entry.line, model.entry.wrong) == (2, False)
    assert model.entry.state.startswith("○ 1行目まで")


@pytest.mark.asyncio
async def test_the_same_share_twice_is_named_at_its_first_line() -> None:
    desk = Desk()
    await desk.shown()
    desk.model.begin()
    await desk.share(1)
    desk.model.type(lines_of(1)[0])
    await desk.quiet()
    assert (desk.note, desk.carrier.written) == ("bundle.same_share", ["bundle.same_share"])
    await desk.share(2)
    await asyncio.sleep(0.01)
    assert desk.carrier.taken == [("s001", (1, 2))]


@pytest.mark.asyncio
async def test_a_share_comes_from_its_file_too_and_one_of_another_key_is_named() -> None:
    carrier = Carrier(texts={"mine.txt": papers()[1][1], "torn.txt": "1  AAAA"})
    desk = Desk(carrier)
    await desk.shown()
    model = desk.model
    model.begin()
    model.take_file(Path("torn.txt"))
    await desk.quiet()
    assert (desk.note, carrier.written) == ("bundle.share", [])
    model.take_file(Path("mine.txt"))
    await desk.quiet()
    assert model.entry
    assert model.entry.letter
    assert (model.entry.letter.number, model.entry.officer) == (2, 1)
    model.back()
    other = Carrier(found=carried(replace(a_bundle(), escrow_id="0" * 16)), texts=carrier.texts)
    desk = Desk(other)
    await desk.shown()
    desk.model.begin()
    desk.model.take_file(Path("mine.txt"))
    await desk.quiet()
    assert (desk.note, other.written) == ("bundle.other_share", ["bundle.other_share"])


@pytest.mark.asyncio
async def test_three_wrong_passphrases_forget_both_shares_and_are_written_down() -> None:
    desk = Desk()
    await desk.shown()
    desk.model.begin()
    await desk.share(1)
    await desk.share(2, "machigai")
    assert desk.note == "bundle.passphrase"
    for _ in range(2):
        desk.model.say("machigai")
        await desk.quiet()
    assert (desk.model.stage, desk.carrier.written) == (Stage.SHOWN, ["bundle.passphrase"])
    assert desk.model.note
    assert "3回" in desk.model.note.what
    assert "元のまま" in desk.model.note.more


@pytest.mark.asyncio
async def test_cancelled_or_refused_it_says_what_is_safe() -> None:
    desk = Desk()
    await desk.opening()
    desk.model.stop()
    await asyncio.sleep(0.01)
    (stopped,) = desk.ended
    assert (stopped.tone, "最後に確かめた版" in stopped.more) == ("info", True)
    assert not desk.tasks.any_running
    for trouble in (RefusedError("bundle.unproven"), StoreError("store.full")):
        desk = Desk(Carrier(trouble=trouble))
        desk.carrier.may_end.set()
        await desk.opening()
        (failed,) = desk.ended
        assert failed.code == trouble.code
        assert failed.more


@pytest.mark.asyncio
async def test_what_comes_back_after_the_clerk_has_locked_is_not_heard() -> None:
    desk = Desk()
    await desk.opening()
    told = desk.carrier.told
    assert told
    desk.model.leave()
    told.bytes(1_000_000)
    told.proving()
    await asyncio.sleep(0.01)
    assert (desk.model.stage, desk.model.progress, desk.ended) == (Stage.AWAY, (0, 0), [])

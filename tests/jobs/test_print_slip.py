"""仮受付票: printed from what the ledger holds, after it holds it; nothing a printer does undoes an intake."""

from dataclasses import replace
from pathlib import Path

import pypdf
import pytest

from client.domain.as_of import Source
from client.domain.blocks import Restrictions, ShienSochi
from client.domain.change import ChangeKind, ChangeState, QueuedChange
from client.domain.clerk import Right
from client.domain.errors import LinkDownError, PaperError, RefusedError
from client.domain.intake import Filer
from client.jobs.ports import SlipPress
from client.jobs.print_slip import PrintSlip, SlipPlace
from client.jobs.queue_change import QueueChange
from client.jobs.reach import Reach
from client.rules.intakes.moves import TENKYO
from printing.desk.press import FilePress
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from tests.builders import ELSEWHERE, HANAKO, TODAY, a_household, a_sign_in, a_tenkyo
from tests.fakes import FakeClock, MemoryLedger, MemoryLink, MemoryPress, MemoryRegister, counted_random

pytestmark = pytest.mark.asyncio
MEASURE = ShienSochi("m1", HANAKO, provisional=True, starts=None, ends=None)


class Counter:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.live = MemoryRegister(Source.CLOUD, [a_household()])
        self.replica = MemoryRegister(Source.REPLICA, [a_household()])
        self.ledger = MemoryLedger(self.clock)
        self.press = MemoryPress()
        self.reach = Reach(MemoryLink(), wait=0.05)
        self.job = self.printing_on(self.press)

    def printing_on(self, press: SlipPress, *, drill: bool = False) -> PrintSlip:
        place = SlipPlace("みどり県あおぞら市", "本庁1", drill)
        return PrintSlip(self.live, self.replica, self.reach, self.ledger, press, place=place)

    async def taken(self, filer: Filer = Filer.SELF) -> QueuedChange:
        job = QueueChange(
            self.live,
            self.replica,
            self.reach,
            self.ledger,
            now=self.clock,
            random=counted_random(),
            clock_offset_ms=lambda: 0,
        )
        return await job.take(a_sign_in(), TENKYO, replace(a_tenkyo(), filer=filer))


@pytest.fixture
def counter() -> Counter:
    return Counter()


async def test_a_slip_says_what_the_ledger_holds(counter: Counter) -> None:
    change = await counter.taken()
    await counter.job(a_sign_in(), change)
    (slip,) = counter.press.slips
    assert (slip.number, slip.received_at, slip.todoke_date) == (change.key, change.made_at, TODAY)
    assert slip.members == ("渡邉󠄐 太郎", "渡邉󠄐 花子")
    assert slip.address == ELSEWHERE.text
    assert (slip.town, slip.terminal, slip.clerk) == ("みどり県あおぞら市", "本庁1", "山﨑 美咲")
    assert not slip.offline
    assert not slip.drill
    assert counter.ledger.journal[-1].facts == {"what": "slip", "change": change.key}


@pytest.mark.parametrize("down", [False, True])
async def test_the_new_address_of_a_protected_household_is_on_no_slip(counter: Counter, down: bool) -> None:
    counter.live.restrictions = counter.replica.restrictions = Restrictions(shien_sochi=(MEASURE,))
    change = await counter.taken()
    counter.live.down = LinkDownError("link.timeout") if down else None
    await counter.job(a_sign_in(), change)
    (slip,) = counter.press.slips
    assert slip.address is None
    assert slip.offline is down


async def test_a_measure_that_came_after_the_intake_counts_too(counter: Counter) -> None:
    change = await counter.taken()
    counter.live.restrictions = Restrictions(shien_sochi=(MEASURE,))
    await counter.job(a_sign_in(), change)
    assert counter.press.slips[0].address is None


@pytest.mark.parametrize(("filer", "whom"), [(Filer.PROXY, "渡邉󠄐 太郎"), (Filer.HOUSEHOLDER, "渡邉󠄐 太郎")])
async def test_it_is_made_out_to_whoever_files(counter: Counter, filer: Filer, whom: str) -> None:
    await counter.job(a_sign_in(), await counter.taken(filer))
    (slip,) = counter.press.slips
    assert (slip.filer, slip.filed_by) == (whom, filer)


async def test_a_printer_that_fails_undoes_nothing_and_the_slip_is_printed_again(counter: Counter) -> None:
    change = await counter.taken()
    counter.press.trouble = PaperError("paper.printer_unreachable")
    with pytest.raises(PaperError):
        await counter.job(a_sign_in(), change)
    assert [one.state for one in counter.ledger.changes.values()] == [ChangeState.QUEUED]
    counter.press.trouble = None
    await counter.job(a_sign_in(), change)
    assert len(counter.press.slips) == 1


async def test_only_who_takes_in_notifications_prints_their_slips_and_facts_have_none(
    counter: Counter,
) -> None:
    change = await counter.taken()
    with pytest.raises(RefusedError, match=r"refused\.right_missing"):
        await counter.job(a_sign_in(Right.VIEW), change)
    with pytest.raises(RefusedError, match=r"refused\.not_found"):
        await counter.job(a_sign_in(), replace(change, kind=ChangeKind.FEE))
    assert counter.press.slips == []


async def test_printed_twice_it_is_two_files_with_the_same_number(counter: Counter, tmp_path: Path) -> None:
    change = await counter.taken(Filer.PROXY)
    press = FilePress(FontChain(find_fonts()), tmp_path, "プリンタ001")
    job = counter.printing_on(press, drill=True)
    told = [(await job(a_sign_in(), change)).words for _ in range(2)]
    press.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == [f"仮受付票_{change.key}-2.pdf", f"仮受付票_{change.key}.pdf"]
    assert told[1].endswith("-2.pdf）")
    for path in tmp_path.iterdir():
        text = "".join(pypdf.PdfReader(path).pages[0].extract_text().split())
        assert change.key in text
        assert "渡邉󠄐太郎代理人様" in text
        assert "転居届" in text
        assert "訓練" in text
        assert "受理" not in text

"""P10: a paper becomes a file only by the town's setting and an officer's hand, and is in the book before it is there."""

from dataclasses import dataclass, replace

import pytest

from client.domain.certificate import Decided, SerialNo, SheetState
from client.domain.clerk import Right, SignIn
from client.domain.doubtful import DoubtfulList
from client.domain.errors import CounterError, PaperError, RefusedError, SignInNeededError
from client.jobs.guard_paper import GuardPaper
from client.jobs.ports import Printed
from client.jobs.print_slip import PrintSlip, SlipPlace
from client.jobs.settle_doubtful import ListPlace
from tests.builders import NOW, TODAY, a_sign_in
from tests.fakes import FakeClock, MemoryLedger, MemoryPress
from tests.jobs.test_print_slip import Counter as SlipCounter
from tests.store_builders import an_issue

pytestmark = pytest.mark.asyncio
CLERK, OFFICER = a_sign_in(Right.VIEW, Right.ISSUE), a_sign_in(Right.VIEW, Right.OFFICER, staff_id="s009")


@dataclass
class Queue(MemoryPress):
    """A press that prints into files, or does not, and may be changed meanwhile."""

    files: bool = True
    lists: int = 0

    async def saves_files(self) -> bool:
        return self.files

    async def print_doubtful(self, listed: DoubtfulList) -> Printed:
        self.lists += 1
        return Printed("ef" * 32, SheetState.PRINTED, "")


class Desk:
    def __init__(self, *, allowed: bool, who: SignIn | None, files: bool = True) -> None:
        self.queue = Queue(files=files)
        self.ledger = MemoryLedger(FakeClock())
        self.present = who
        self.paper = GuardPaper(self.queue, self.ledger, present=lambda: self.present, allowed=allowed)

    @property
    def lines(self) -> list[tuple[str, str, object]]:
        return [
            (line.kind, line.actor, line.facts.get("code", line.facts.get("what")))
            for line in self.ledger.journal
        ]


def decided() -> Decided:
    return an_issue().decided


def _serial() -> SerialNo:
    return SerialNo(TODAY, "あおぞら市", "0007", "プリンタ001", 12)


def a_list() -> DoubtfulList:
    place = ListPlace("あおぞら市", "本庁1")
    return DoubtfulList(place.town, place.terminal, "責任者", NOW, ())


@pytest.mark.parametrize(
    ("allowed", "who", "code"),
    [
        (False, CLERK, "paper.to_file"),
        (False, OFFICER, "paper.to_file"),
        (True, CLERK, "refused.right_missing"),
        (True, None, "sign_in.expired"),
    ],
)
async def test_without_setting_and_right_nothing_is_saved_and_no_number_is_taken(
    allowed: bool, who: SignIn | None, code: str
) -> None:
    desk = Desk(allowed=allowed, who=who)
    for act in (
        lambda: desk.paper.count_pages(decided()),  # what every issue does before its number
        lambda: desk.paper.print_doubtful(a_list()),
    ):
        with pytest.raises(CounterError) as caught:
            await act()
        assert caught.value.code == code
    assert (desk.queue.printed, desk.queue.lists) == ([], 0)
    actor = who.clerk.staff_id if who else ""
    assert desk.lines == ([("refusal", actor, code)] * 2 if who else [])


async def test_an_officer_may_where_the_town_allows_it_and_the_book_says_what_was_saved() -> None:
    desk = Desk(allowed=True, who=OFFICER)
    seen: list[int] = []
    desk.queue.before_print = lambda _paper: seen.append(len(desk.ledger.journal))
    await desk.paper.count_pages(decided())
    numbered = replace(decided(), serial=_serial())
    await desk.paper.print(numbered, job_name=_serial().key)
    await desk.paper.print_doubtful(a_list())
    assert seen == [1]  # the line stood before the file did
    first, second = desk.ledger.journal
    assert (first.kind, first.actor, first.facts) == (
        "saved", "s009", {"what": numbered.kind.value, "serial": _serial().key},
    )  # fmt: skip
    assert set(first.subjects) == {member.atena_no for member in numbered.members}
    assert second.facts == {"what": "doubtful", "papers": 0}


async def test_on_a_printer_nobody_is_asked_and_no_line_is_added() -> None:
    desk = Desk(allowed=False, who=CLERK, files=False)
    assert await desk.paper.count_pages(decided())
    await desk.paper.print(replace(decided(), serial=_serial()), job_name="x")
    assert desk.queue.printed
    assert desk.lines == []


async def test_a_queue_that_was_turned_into_one_for_files_after_the_preview_saves_nothing() -> None:
    desk = Desk(allowed=True, who=CLERK, files=False)
    await desk.paper.count_pages(decided())
    desk.queue.files = True
    with pytest.raises(
        PaperError
    ) as caught:  # as a printer's trouble: the number is taken, the sheet is asked about
        await desk.paper.print(replace(decided(), serial=_serial()), job_name="x")
    assert caught.value.code == "paper.to_file"
    assert desk.queue.printed == []


async def test_a_slip_is_no_way_round() -> None:
    counter = SlipCounter()
    paper = GuardPaper(Queue(), counter.ledger, present=lambda: CLERK, allowed=True)
    change = await counter.taken()
    job = PrintSlip(
        counter.live,
        counter.replica,
        counter.reach,
        counter.ledger,
        paper,
        place=SlipPlace("あおぞら市", "本庁1"),
    )
    with pytest.raises(RefusedError) as caught:
        await job(a_sign_in(Right.ACCEPT), change)
    assert caught.value.code == "refused.right_missing"
    assert counter.press.slips == []


async def test_who_signed_out_meanwhile_saves_nothing() -> None:
    desk = Desk(allowed=True, who=OFFICER)
    await desk.paper.count_pages(decided())
    desk.present = None
    with pytest.raises(SignInNeededError):
        await desk.paper.print(replace(decided(), serial=_serial()), job_name="x")
    assert desk.queue.printed == []

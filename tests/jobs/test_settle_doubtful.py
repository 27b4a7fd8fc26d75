"""停止中発行 要確認一覧 as it is dealt with: who may, what is in the book, what is on paper and in the file."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from client.domain.clerk import Lease, Right, SignIn
from client.domain.doubtful import Done, DoubtfulPaper, Why
from client.domain.errors import CounterError, RefusedError, SignInNeededError
from client.domain.resident import AtenaNo
from client.jobs.settle_doubtful import MOST_LETTERS, ListPlace, SettleDoubtful, file_name
from tests.builders import NOW, TARO, a_sign_in
from tests.doubt_fakes import MemoryDoubts, a_doubtful
from tests.fakes import FakeClock

pytestmark = pytest.mark.asyncio
FILE = Path("list.csv")
OFFICER = a_sign_in(Right.VIEW, Right.OFFICER)
CLERK = a_sign_in(Right.VIEW, Right.ISSUE)


class Desk:
    """The job over a list of two, one of a protected person."""

    def __init__(self) -> None:
        clock = FakeClock()
        papers = [
            a_doubtful(11, Why.TENSHUTSU),
            a_doubtful(14, Why.SHIEN_SOCHI, subject=AtenaNo("1000000021")),
        ]
        self.book = MemoryDoubts(clock, papers)
        self.job = SettleDoubtful(
            self.book, self.book, self.book, now=clock, place=ListPlace("みどり県あおぞら市", "窓口1")
        )

    async def export(self, who: SignIn = OFFICER) -> list[list[str]]:
        await self.job.export(who, FILE, line, ("番号", "なぜ", "備考"))
        text = self.book.files[FILE].decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline="")))


def line(paper: DoubtfulPaper) -> tuple[str, ...]:
    signed = paper.signed_off
    return (
        paper.serial.brief,
        ",".join(one.why.value for one in paper.doubts),
        signed.remark if signed else "",
    )


async def refused(work: object) -> str:
    with pytest.raises(CounterError) as caught:
        await work  # type: ignore[misc]  # any of the job's calls
    return caught.value.code


async def test_the_officer_says_of_each_paper_what_was_done_and_why() -> None:
    desk = Desk()
    await desk.job.sign_off(OFFICER, 11, Done.REPLACED, "　窓口で差替え ")
    signed = desk.book.papers[0].signed_off
    assert signed is not None
    assert (signed.by, signed.at, signed.done, signed.remark) == ("s001", NOW, Done.REPLACED, "窓口で差替え")
    assert (await desk.job.counts()).open == 1


async def test_who_is_no_officer_may_look_and_do_nothing() -> None:
    desk = Desk()
    assert len(await desk.job.listing(CLERK)) == 2
    assert await refused(desk.job.sign_off(CLERK, 11, Done.NOTHING, "確認済み")) == "refused.right_missing"
    assert await refused(desk.job.print_list(CLERK)) == "refused.right_missing"
    assert await refused(desk.job.export(CLERK, FILE, line, ())) == "refused.right_missing"
    assert (desk.book.files, desk.book.printed, desk.book.papers[0].signed_off) == ({}, [], None)


async def test_nobody_deals_with_it_after_the_lease() -> None:
    over = replace(OFFICER, lease=Lease(NOW))
    with pytest.raises(SignInNeededError):
        await Desk().job.listing(over)


@pytest.mark.parametrize("remark", ["", "  ", "字" * (MOST_LETTERS + 1), "個人番号は 1234 5678 9018"])
async def test_a_decision_needs_a_reason_that_can_be_printed_and_holds_no_number(remark: str) -> None:
    desk = Desk()
    with pytest.raises(RefusedError) as caught:
        await desk.job.sign_off(OFFICER, 11, Done.NOTHING, remark)
    assert caught.value.facts["field"] == "reason"
    assert desk.book.papers[0].signed_off is None


async def test_a_measure_is_told_to_who_has_the_right_alone_on_screen_paper_and_in_the_file() -> None:
    desk = Desk()
    for who, told in (
        (OFFICER, ()),
        (a_sign_in(Right.VIEW, Right.OFFICER, Right.SHIEN_SOCHI), (Why.SHIEN_SOCHI,)),
    ):
        _, protected = await desk.job.listing(who)
        await desk.job.print_list(who)
        assert tuple(one.why for one in protected.doubts) == told
        assert protected.withheld is not bool(told)
        assert desk.book.printed[-1].papers[1] == protected
        assert (await desk.export(who))[2][1] == ",".join(why.value for why in told)


async def test_a_look_a_print_and_an_export_are_in_the_book_before_they_are_made() -> None:
    desk = Desk()
    await desk.job.listing(OFFICER)
    await desk.job.print_list(OFFICER)
    await desk.export()
    assert [(one.kind, one.actor, one.facts["what"], one.facts["papers"]) for one in desk.book.entries] == [
        ("doubtful", "s001", "listed", 2),
        ("doubtful", "s001", "printed", 2),
        ("doubtful", "s001", "exported", 2),
    ]
    assert desk.book.entries[0].subjects == (TARO, AtenaNo("1000000021"))


async def test_an_empty_list_is_no_look_at_anybody() -> None:
    desk = Desk()
    desk.book.papers.clear()
    assert await desk.job.listing(OFFICER) == ()
    assert desk.book.entries == []


async def test_the_file_is_utf8_with_bom_and_no_formula() -> None:
    desk = Desk()
    await desk.job.sign_off(OFFICER, 11, Done.CONTACTED, "=HYPERLINK(1)")
    rows = await desk.export()
    assert desk.book.files[FILE].startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in desk.book.files[FILE]
    assert rows[0] == ["番号", "なぜ", "備考"]
    assert ["20261120 本庁1 000011", "tenshutsu", "'=HYPERLINK(1)"] in rows


async def test_the_paper_says_where_when_and_by_whom(tmp_path: Path) -> None:
    desk = Desk()
    await desk.job.print_list(OFFICER)
    (listed,) = desk.book.printed
    assert (listed.town, listed.terminal, listed.officer, listed.made_at) == (
        "みどり県あおぞら市",
        "窓口1",
        OFFICER.clerk.name,
        NOW,
    )
    assert file_name(lambda: NOW) == "youkakunin-20261120-1432.csv"

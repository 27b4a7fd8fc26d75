"""The book analysed and written out: the officer alone, each a line before, numbers and no names, where files may go."""

import asyncio
from pathlib import Path

import pytest

from client.domain.clerk import Right
from client.domain.errors import RefusedError
from client.domain.journal import BookLine, JournalStanding, Slab, Wanted
from client.jobs import analyse_book
from client.jobs.analyse_book import AnalyseBook
from client.jobs.ports import JournalEntry
from client.rules.book_analyses import Analysis, Thresholds
from tests.builders import NOW, a_sign_in
from tests.ui.book_world import MemoryLines, book_jobs
from tests.ui.world import WATANABE, World

pytestmark = pytest.mark.asyncio
OFFICER = a_sign_in(Right.VIEW, Right.OFFICER, staff_id="s009")
CLERK = a_sign_in(Right.VIEW, Right.ISSUE, Right.SHIEN_SOCHI)
FOLDER = Path("extracts")


def a_job(*entries: JournalEntry, folder: Path | None = FOLDER) -> tuple[World, AnalyseBook]:
    world = World()
    world.ledger.journal += entries
    return world, book_jobs(world, folder).analyse


def words(line: BookLine) -> tuple[str, ...]:
    return str(line.seq), line.kind, line.actor


async def test_who_is_no_officer_has_nothing_analysed_and_nothing_written() -> None:
    world, job = a_job(JournalEntry("view", "s001"))
    for act in (
        job.analyse(CLERK, Wanted()),
        job.export_lines(CLERK, Wanted(), words, ["a"]),
        job.export_findings(CLERK, Wanted(), [], ["a"]),
    ):
        with pytest.raises(RefusedError) as refused:
            await act
        assert refused.value.code == "refused.right_missing"
    assert (world.doubts.files, len(world.ledger.journal)) == ({}, 1)


async def test_an_analysis_reads_all_of_the_book_and_is_a_line_of_it() -> None:
    lines = [JournalEntry("sign_in", "s001", facts={"how": "failed", "tries": 4})]
    lines += [JournalEntry("view", "s002", (WATANABE,)) for _ in range(2 * analyse_book.SPAN)]
    world, job = a_job(*lines)
    heard: list[tuple[int, int]] = []
    found = await job.analyse(OFFICER, Wanted(), tell=lambda done, of: heard.append((done, of)))
    assert [(one.staff, one.count) for one in found if one.analysis is Analysis.FAILED] == [("s001", 4)]
    assert heard[-1] == (len(lines) + 1, len(lines) + 1)
    assert len(heard) >= 2
    line = world.ledger.journal[-1]
    assert (line.kind, line.actor, line.facts["what"], line.facts["lines"]) == (
        "book",
        "s009",
        "analysed",
        len(lines),
    )


async def test_of_one_member_of_staff_also_what_was_tried_under_the_id_beside_another_is_found() -> None:
    facts = {"how": "failed", "who": "s009", "code": "sign_in.wrong_secret"}
    _, job = a_job(
        JournalEntry("sign_in", "s001", facts=facts), JournalEntry("sign_in", "s001", facts={"how": "failed"})
    )
    found = await job.analyse(OFFICER, Wanted(staff="s009"))
    assert [(one.analysis, one.staff) for one in found] == [(Analysis.FAILED, "s009")]


async def test_where_the_town_has_set_no_folder_nothing_is_written() -> None:
    world, job = a_job(JournalEntry("view", "s001"), folder=None)
    with pytest.raises(RefusedError) as refused:
        await job.export_lines(OFFICER, Wanted(), words, ["a"])
    assert refused.value.code == "refused.no_export_folder"
    assert (world.doubts.files, len(world.ledger.journal)) == ({}, 1)


async def test_an_extract_has_all_lines_that_fit_and_is_in_the_book_before_it_is_on_the_disk() -> None:
    world, job = a_job(*(JournalEntry("view", f"s00{n % 2}", (WATANABE,)) for n in range(6)))
    path = await job.export_lines(OFFICER, Wanted(staff="s001"), words, ["行", "種類", "職員"])
    assert path.parent == FOLDER
    text = world.doubts.files[path].decode("utf-8-sig").splitlines()
    assert text == ["行,種類,職員", "6,view,s001", "4,view,s001", "2,view,s001"]
    assert world.ledger.journal[-1].facts == {"what": "exported", "by": "staff", "lines": 3, "who": "s001"}
    world.ledger.full = True
    with pytest.raises(Exception, match=r"store\.full"):
        await job.export_lines(OFFICER, Wanted(), words, ["a"])
    assert list(world.doubts.files) == [path]


async def test_a_file_that_would_be_too_long_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyse_book, "MOST_EXPORTED", 3)
    world, job = a_job(*(JournalEntry("view", "s001") for _ in range(4)))
    with pytest.raises(RefusedError) as refused:
        await job.export_lines(OFFICER, Wanted(), words, ["a"])
    assert (refused.value.code, world.doubts.files) == ("refused.too_many_lines", {})


async def test_an_analysis_that_is_left_ends_and_leaves_no_line() -> None:
    world = World()

    class Endless(MemoryLines):
        async def standing(self) -> JournalStanding:
            return JournalStanding(10**9)

        async def search(self, wanted: Wanted, *, below: int, span: int, most: int) -> Slab:
            await asyncio.sleep(0)
            return Slab((BookLine(1, NOW, "view", "s001"),), below - span)

    job = AnalyseBook(
        Endless(world), world.ledger, world.doubts, now=world.clock, thresholds=Thresholds(), folder=None
    )
    task = asyncio.ensure_future(job.analyse(OFFICER, Wanted()))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.ledger.journal == []

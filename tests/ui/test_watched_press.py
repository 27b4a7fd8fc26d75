"""What the printer wants is on the status bar, in its own words, until it wants nothing more."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from client.domain.certificate import SheetState
from client.domain.errors import PaperError
from client.jobs.ports import Printed
from printing.desk.press import FilePress
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from tests.printing.paper_builders import decided
from ui import watched_press
from ui.text import Words
from ui.watched_press import WatchedPress

pytestmark = pytest.mark.asyncio
WORDS = Words("ja")
CHAIN = FontChain(find_fonts())
JOB = "住民票の写し 本庁1-000011"


class MoodyPress(FilePress):
    """A press whose printer is as the test says."""

    def __init__(self, folder: Path, heard: Callable[[str], None]) -> None:
        super().__init__(CHAIN, folder, "プリンタ1")
        self.heard = heard
        self.trouble: PaperError | None = None
        self.state = SheetState.PRINTED
        self.wants: str | None = ""

    async def _deliver(self, pdf: bytes, *, job_name: str, key: str, once: bool = True) -> Printed:
        if self.trouble:
            raise self.trouble
        return Printed("", self.state, "用紙がありません。補給してください")

    async def look(self) -> str | None:
        return self.wants


def moody(folder: Path) -> tuple[WatchedPress, MoodyPress, list[str]]:
    made: list[MoodyPress] = []

    def make(heard: Callable[[str], None]) -> MoodyPress:
        made.append(MoodyPress(folder, heard))
        return made[0]

    press, told = WatchedPress(make, WORDS), list[str]()
    press.tell = told.append
    return press, made[0], told


async def test_trouble_is_told_in_the_printers_words_and_a_good_sheet_ends_it(tmp_path: Path) -> None:
    press, inner, told = moody(tmp_path)
    inner.trouble = PaperError("paper.printer_refused", printer="プリンタ1", words="PDFを印刷できません")
    with pytest.raises(PaperError):
        await press.print(decided(), job_name=JOB)
    inner.trouble = PaperError("paper.printer_unreachable", printer="プリンタ1")
    with pytest.raises(PaperError):
        await press.print(decided(), job_name=JOB)
    inner.trouble = None
    await press.print(decided(), job_name=JOB)
    press.close()
    assert told == ["PDFを印刷できません", "プリンタにつながりません。", ""]


async def test_a_sheet_whose_end_is_not_known_and_what_is_heard_meanwhile_are_told(tmp_path: Path) -> None:
    press, inner, told = moody(tmp_path)
    inner.heard("トナーがありません")
    inner.state = SheetState.SENT
    await press.print(decided(), job_name=JOB)
    press.close()
    assert told == ["トナーがありません", "用紙がありません。補給してください"]


async def test_trouble_with_a_letter_is_not_the_printers(tmp_path: Path) -> None:
    press, inner, told = moody(tmp_path)
    inner.trouble = PaperError("paper.glyph_missing", letters="U+E000")
    with pytest.raises(PaperError):
        await press.print(decided(), job_name=JOB)
    press.close()
    assert told == []


async def test_a_printer_that_was_mended_is_seen_without_printing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched_press, "LOOK_EVERY_S", 0.01)
    press, inner, told = moody(tmp_path)
    press.say("用紙がありません")
    inner.wants = None  # it does not answer: what was said stands
    watching = asyncio.create_task(press.watch())
    await asyncio.sleep(0.05)
    assert told == ["用紙がありません"]
    inner.wants = ""
    await asyncio.sleep(0.1)
    watching.cancel()
    press.close()
    assert told == ["用紙がありません", ""]

"""One font of the town's own letters for screen and paper; a fault keeps nobody out and is in the log."""

import asyncio
from pathlib import Path

import pypdf
import pytest
from PySide6.QtWidgets import QApplication
from structlog.testing import capture_logs

from client.domain.gaiji import Gaiji
from printing.desk.press import FilePress
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from printing.layout.page import Page, Text
from tests.ui.states import GAIJI
from ui.own_letters import DrawLetters
from ui.text import Words
from ui.watched_press import WatchedPress
from ui.widgets.letters import Letters

pytestmark = pytest.mark.long


def test_screen_and_paper_have_the_letters_and_lose_them_together(qapp: QApplication, tmp_path: Path) -> None:
    letters = Letters(FontChain(find_fonts(), strict=False))
    chain = FontChain(find_fonts())
    press = WatchedPress(lambda _tell: FilePress(chain, tmp_path, "プリンタ001"), Words("ja"))
    painted: list[bool] = []
    draw = DrawLetters(letters, press, lambda: painted.append(True))

    async def play() -> None:
        with capture_logs() as logged:
            await draw((*GAIJI, Gaiji("外字", outline=b"")))
        assert [(line["event"], line["code"]) for line in logged] == [
            ("gaiji left out", "E00A"),
            ("gaiji left out", ""),
        ]
        assert letters.missing("\ue001\ue003\ue00a") == chain.missing("\ue001\ue003\ue00a") == ("\ue00a",)
        page = Page(210, 297, (Text("山\ue001", 20, 20, 24, 20),))
        await press._press.print_pages((page,), job_name="paper")
        await draw(())
        assert letters.missing("\ue001") == chain.missing("\ue001") == ("\ue001",)

    asyncio.run(play())
    press.close()
    assert painted == [True, True]
    assert "山\ue001" in pypdf.PdfReader(tmp_path / "paper.pdf").pages[0].extract_text()

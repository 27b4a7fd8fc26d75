"""A real printer without paper, as the status bar hears of it."""

import asyncio

import pytest

from client.domain.certificate import SheetState
from printing.desk.press import IppPress
from printing.layout.glyphs import FontChain
from tests.printing.conftest import ScriptedPrinter
from tests.printing.paper_builders import decided
from ui import watched_press
from ui.text import Words
from ui.watched_press import WatchedPress

JOB = "住民票の写し 本庁1-000011"


@pytest.mark.service
@pytest.mark.asyncio
async def test_a_real_printer_without_paper_says_so_and_then_that_all_is_well(
    chain: FontChain, printer: ScriptedPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched_press, "LOOK_EVERY_S", 0.2)
    press = WatchedPress(
        lambda heard: IppPress(chain, printer.uri, "プリンタ1", patience_s=2.0, notice=heard), Words("ja")
    )
    told: list[str] = []
    press.tell = told.append
    printer.fault("PAPER_OUT")
    printed = await press.print(decided(), job_name=JOB)
    assert printed.state is SheetState.SENT
    assert "用紙がありません" in told[-1]
    watching = asyncio.create_task(press.watch())
    printer.mend("PAPER_OUT")
    for _ in range(50):
        if told[-1] == "":
            break
        await asyncio.sleep(0.1)
    watching.cancel()
    press.close()
    assert told[-1] == ""

"""The press: written before printed, one file a number, and every word of a real printer understood."""

import asyncio
import hashlib
import os
import socket
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from client.domain.certificate import OfficialSeal, SheetState
from client.domain.drill import DrillCount, DrillEvent, DrillReport
from client.domain.errors import PaperError
from client.domain.slip import IntakeSlip
from client.jobs.ports import Press
from printing.desk.ipp import JobState, Reply
from printing.desk.press import FilePress, IppPress
from printing.desk.verdict import judge
from printing.layout.glyphs import FontChain
from tests.printing.conftest import ScriptedPrinter, a_printer
from tests.printing.paper_builders import decided, family

JOB = "住民票の写し 本庁1-000011"


def files(folder: Path) -> tuple[Path, ...]:
    return tuple(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.asyncio
async def test_a_copy_becomes_a_file_named_by_its_serial(chain: FontChain, tmp_path: Path) -> None:
    press: Press = FilePress(chain, tmp_path / "out", "プリンタ001")
    printed = await press.print(decided(), job_name=JOB)
    (made,) = files(tmp_path / "out")
    assert made.name == "本庁1-000011.pdf"
    assert printed.state is SheetState.PRINTED
    assert printed.pdf_hash == hashlib.sha256(made.read_bytes()).hexdigest()


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
@pytest.mark.asyncio
async def test_a_written_copy_is_readable_by_its_own_account_only(chain: FontChain, tmp_path: Path) -> None:
    await FilePress(chain, tmp_path, "").print(decided(), job_name=JOB)
    (made,) = files(tmp_path)
    assert made.stat().st_mode & 0o077 == 0


@pytest.mark.asyncio
async def test_a_seal_that_cannot_be_printed_is_told_before_a_number_is_taken(
    chain: FontChain, tmp_path: Path
) -> None:
    press = FilePress(chain, tmp_path / "out", "")
    with pytest.raises(PaperError, match="bad_seal"):
        await press.count_pages(decided(serial=None, seal=OfficialSeal(b"GIF89a", 24)))


@pytest.mark.asyncio
async def test_nothing_is_printed_before_it_bears_its_number(chain: FontChain, tmp_path: Path) -> None:
    press = FilePress(chain, tmp_path / "out", "")
    with pytest.raises(ValueError, match="number"):
        await press.print(decided(serial=None), job_name=JOB)
    assert not (tmp_path / "out").exists()


@pytest.mark.asyncio
async def test_a_number_is_never_written_twice(chain: FontChain, tmp_path: Path) -> None:
    press = FilePress(chain, tmp_path, "")
    await press.print(decided(), job_name=JOB)
    before = {path.name: path.read_bytes() for path in files(tmp_path)}
    with pytest.raises(PaperError) as refused:
        await press.print(decided(family(4)), job_name=JOB)
    assert refused.value.code == "paper.printer_refused"
    assert {path.name: path.read_bytes() for path in files(tmp_path)} == before


@pytest.mark.asyncio
async def test_a_terminal_name_cannot_lead_out_of_the_folder(chain: FontChain, tmp_path: Path) -> None:
    asked = decided()
    assert asked.serial is not None
    serial = type(asked.serial)(asked.serial.day, "あおぞら市", "../../x", "", 1)
    await FilePress(chain, tmp_path / "out", "").print(decided(serial=serial), job_name=JOB)
    assert [path.parent for path in files(tmp_path)] == [tmp_path / "out"]


@pytest.mark.asyncio
async def test_a_letter_no_font_has_stops_the_copy_before_a_file_exists(
    chain: FontChain, tmp_path: Path
) -> None:
    with pytest.raises(PaperError) as refused:
        await FilePress(chain, tmp_path, "").print(decided(attestation="證\U0003fffd"), job_name=JOB)
    assert refused.value.facts == {"letters": "U+3FFFD"}
    assert not files(tmp_path)


@pytest.mark.asyncio
async def test_pages_are_counted_and_shown_without_a_number(chain: FontChain, tmp_path: Path) -> None:
    press = FilePress(chain, tmp_path, "")
    asked = decided(family(6), serial=None)
    shown = await press.preview(asked, dpi=50)
    assert await press.count_pages(asked) == len(shown) == 2
    assert all(len(picture.pixels) == picture.stride * picture.height for picture in shown)
    assert not files(tmp_path)


@pytest.mark.asyncio
async def test_the_loop_runs_on_while_the_press_draws(chain: FontChain, tmp_path: Path) -> None:
    press, ticks = FilePress(chain, tmp_path, ""), 0
    drawing = asyncio.create_task(press.preview(decided(), dpi=600))
    while not drawing.done():
        await asyncio.sleep(0.005)
        ticks += 1
    assert ticks > 2  # drawn on the loop, the whole page would pass between two ticks


@pytest.mark.asyncio
async def test_slips_and_drill_reports_are_papers_too(chain: FontChain, tmp_path: Path) -> None:
    press, at = FilePress(chain, tmp_path, ""), datetime(2026, 11, 20, 5, tzinfo=UTC)
    day = date(2026, 11, 20)
    slip = IntakeSlip(
        "0193", "転居届", "あおぞら市", "本庁1", "山﨑", at, day, day, "渡辺", ("渡辺",), None, drill=True
    )
    report = DrillReport(
        "回線断", "あおぞら市", "本庁1", "主回線", "辻", at, at, timedelta(seconds=2), timedelta(seconds=3),
        (DrillEvent(at, "始め"),), (DrillCount("交付", 1, 1),),
    )  # fmt: skip
    await press.warm()
    assert (await press.print_slip(slip)).state is SheetState.PRINTED
    assert (await press.print_drill_report(report)).state is SheetState.PRINTED
    assert {path.name for path in files(tmp_path)} == {
        "仮受付票_0193.pdf",
        "訓練記録_20261120T050000Z.pdf",
    }
    press.close()


@pytest.mark.service
@pytest.mark.asyncio
async def test_a_printer_that_prints_says_so(chain: FontChain, printer: ScriptedPrinter) -> None:
    press: Press = IppPress(chain, printer.uri, "プリンタ001")
    printed = await press.print(decided(), job_name=JOB)
    assert printed.state is SheetState.PRINTED
    assert printed.words == "印刷が終わりました"
    assert printer.printed is not None
    assert hashlib.sha256(printer.printed).hexdigest() == printed.pdf_hash


@pytest.mark.service
@pytest.mark.asyncio
async def test_a_queue_that_saves_files_says_so_and_a_printer_does_not(
    chain: FontChain, pdf_queue: ScriptedPrinter, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert await IppPress(chain, pdf_queue.uri, "プリンタ001").saves_files()
    with a_printer(tmp_path_factory.mktemp("other")) as printer:
        assert not await IppPress(chain, printer.uri, "プリンタ001").saves_files()
    assert not await IppPress(
        chain, printer.uri, "プリンタ001"
    ).saves_files()  # off: it prints nothing either


@pytest.mark.asyncio
async def test_a_folder_saves_files(chain: FontChain, tmp_path: Path) -> None:
    assert await FilePress(chain, tmp_path, "プリンタ001").saves_files()


@pytest.mark.service
@pytest.mark.asyncio
async def test_paper_put_in_while_waiting_is_waited_for(chain: FontChain, printer: ScriptedPrinter) -> None:
    heard: list[str] = []
    printer.fault("PAPER_OUT")

    def notice(words: str) -> None:
        heard.append(words)
        if "用紙がありません" in words:
            printer.mend("PAPER_OUT")

    press = IppPress(chain, printer.uri, "", notice=notice)
    assert (await press.print(decided(), job_name=JOB)).state is SheetState.PRINTED
    assert any("用紙がありません" in words for words in heard)


@pytest.mark.service
@pytest.mark.asyncio
async def test_paper_not_put_in_in_time_leaves_the_copy_sent(
    chain: FontChain, printer: ScriptedPrinter
) -> None:
    printer.fault("PAPER_OUT")
    press = IppPress(chain, printer.uri, "", patience_s=2.5)
    printed = await press.print(decided(), job_name=JOB)
    assert printed.state is SheetState.SENT
    assert "用紙がありません。補給してください" in printed.words


@pytest.mark.service
@pytest.mark.asyncio
async def test_a_job_the_printer_gives_up_is_unknown(chain: FontChain, printer: ScriptedPrinter) -> None:
    printer.fault("ABORT")
    printed = await IppPress(chain, printer.uri, "").print(decided(), job_name=JOB)
    assert printed.state is SheetState.UNKNOWN
    assert "中止" in printed.words
    assert "確かめてください" in printed.words


@pytest.mark.service
@pytest.mark.asyncio
async def test_a_printer_that_dies_while_printing_is_unknown(
    chain: FontChain, printer: ScriptedPrinter
) -> None:
    printer.fault("SLOW")
    press = IppPress(chain, printer.uri, "", patience_s=1.5, notice=lambda _: printer.process.kill())
    printed = await press.print(decided(), job_name=JOB)
    assert printed.state is SheetState.UNKNOWN
    assert "応答が途絶えました" in printed.words


@pytest.mark.service
@pytest.mark.asyncio
async def test_a_queue_that_does_not_exist_refuses(chain: FontChain, printer: ScriptedPrinter) -> None:
    press = IppPress(chain, printer.uri + "/nowhere", "プリンタ001")
    with pytest.raises(PaperError) as refused:
        await press.print(decided(), job_name=JOB)
    assert refused.value.code == "paper.printer_refused"
    assert refused.value.facts["printer"] == "プリンタ001"


@pytest.mark.asyncio
async def test_a_printer_that_is_off_is_unreachable(chain: FontChain) -> None:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    press = IppPress(chain, f"ipp://localhost:{port}/ipp/print", "プリンタ001")
    with pytest.raises(PaperError) as refused:
        await press.print(decided(), job_name=JOB)
    assert refused.value.code == "paper.printer_unreachable"
    press.close()


@pytest.mark.asyncio
async def test_a_line_cut_after_the_first_byte_leaves_the_copy_unknown(chain: FontChain) -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.close()

    server = await asyncio.start_server(swallow, "localhost", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        printed = await IppPress(chain, f"ipp://localhost:{port}/", "").print(decided(), job_name=JOB)
    assert printed.state is SheetState.UNKNOWN
    assert printed.pdf_hash


@pytest.mark.parametrize(
    ("status", "code"), [(404, "paper.printer_refused"), (403, "paper.printer_refused"), (500, None)]
)
@pytest.mark.asyncio
async def test_what_a_web_server_says_is_a_refusal_or_a_doubt(
    chain: FontChain, status: int, code: str | None
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        await reader.readexactly(int(length.split(b":")[1]))
        writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)
        writer.close()

    server = await asyncio.start_server(answer, "localhost", 0)
    port = server.sockets[0].getsockname()[1]
    press = IppPress(chain, f"ipp://localhost:{port}/", "")
    async with server:
        if code is None:
            assert (await press.print(decided(), job_name=JOB)).state is SheetState.UNKNOWN
            return
        with pytest.raises(PaperError) as refused:
            await press.print(decided(), job_name=JOB)
    assert refused.value.code == code


def test_an_address_that_is_no_printers_is_refused_at_once(chain: FontChain) -> None:
    with pytest.raises(ValueError, match="ipp"):
        IppPress(chain, "http://localhost/", "")


def _job(state: JobState | int, *reasons: str) -> Reply:
    return Reply(0, {"job-state": (int(state),), "job-state-reasons": reasons})


_CASES: list[tuple[Reply, SheetState, bool]] = [
    (_job(JobState.PENDING, "none"), SheetState.SENT, False),
    (_job(JobState.PENDING_HELD, "job-hold-until-specified"), SheetState.SENT, True),
    (_job(JobState.PROCESSING, "job-printing"), SheetState.SENT, False),
    (_job(JobState.PROCESSING_STOPPED, "printer-stopped"), SheetState.SENT, False),
    (_job(JobState.CANCELED, "job-canceled-by-user"), SheetState.UNKNOWN, True),
    (_job(JobState.ABORTED, "aborted-by-system"), SheetState.UNKNOWN, True),
    (_job(JobState.COMPLETED, "job-completed-successfully"), SheetState.PRINTED, True),
    (_job(99), SheetState.UNKNOWN, False),
    (Reply(0x0406), SheetState.UNKNOWN, True),
]


@pytest.mark.parametrize(("job", "state", "final"), _CASES)
def test_every_state_of_a_job_means_one_thing_for_the_sheet(
    job: Reply, state: SheetState, final: bool
) -> None:
    verdict = judge(job, Reply(0, {"printer-state-reasons": ("none",)}))
    assert (verdict.state, verdict.final) == (state, final)
    assert verdict.words


@pytest.mark.parametrize("severity", ["", "-error", "-warning", "-report"])
def test_a_printers_reason_is_said_in_plain_words_whatever_its_severity(severity: str) -> None:
    verdict = judge(
        _job(JobState.PROCESSING, "job-printing"),
        Reply(0, {"printer-state-reasons": (f"media-jam{severity}",)}),
    )
    assert verdict.words.startswith("用紙が詰まっています")


def test_a_reason_nobody_knows_is_quoted() -> None:
    verdict = judge(_job(JobState.PROCESSING), Reply(0, {"printer-state-reasons": ("acme-flux-low",)}))
    assert "acme-flux-low" in verdict.words


@pytest.mark.asyncio
async def test_no_pages_are_no_paper(chain: FontChain, tmp_path: Path) -> None:
    with pytest.raises(PaperError, match="no_page"):
        await FilePress(chain, tmp_path, "").print_pages((), job_name="x")


@pytest.mark.asyncio
async def test_a_folder_that_cannot_be_written_is_the_printers_refusal(
    chain: FontChain, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PaperError) as refused:
        await FilePress(chain, tmp_path / "file" / "out", "").print(decided(), job_name=JOB)
    assert refused.value.code == "paper.printer_refused"

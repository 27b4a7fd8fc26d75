"""The press: a decided certificate → pages → PDF → file or printer, all off the UI's loop.

One thread draws, so reportlab, the fonts and PDFium are never shared. Nothing is drawn for print before the
certificate bears its serial (P06); nothing is written to disk but what the file press is there to write.
"""

import asyncio
import os
import re
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from client.domain.certificate import Decided, SheetState
from client.domain.doubtful import DoubtfulList
from client.domain.drill import DrillReport
from client.domain.errors import PaperError
from client.domain.slip import IntakeSlip
from client.jobs.ports import Picture, Printed
from client.rules.destinations import leads_into_files
from printing.desk import words
from printing.desk.ipp import BrokenError, JobState, Queue, Reply, UnreachableError
from printing.desk.verdict import Verdict, judge, silent
from printing.layout.form import read_form
from printing.layout.glyphs import FontChain
from printing.layout.own_font import OwnFont
from printing.layout.page import Page
from printing.papers import PAPERS, doubtful_list, drill_report, intake_slip

if TYPE_CHECKING:
    from printing.desk.draw import Drawer

T = TypeVar("T")
_FIRST_PAUSE_S = 0.15
_LONGEST_PAUSE_S = 1.0
_MOST_AGAIN = 100
_NOT_IN_FILE_NAMES = re.compile(r"[^\w.-]+")


class DrawingPress(ABC):
    """What every press does alike: lay out, draw, show; how a PDF reaches paper is its own."""

    def __init__(self, chain: FontChain, *, printer: str) -> None:
        self._chain = chain
        self._printer = printer
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="press")

    @property
    def printer(self) -> str:
        """Return the printer's part of the issue number."""
        return self._printer

    async def count_pages(self, decided: Decided) -> int:
        """Lay a certificate out and count its sheets. PaperError names missing letters, long texts, a bad seal."""
        return len(await self._on_thread(partial(self._checked_pages, decided)))

    async def preview(self, decided: Decided, *, dpi: int = 150) -> tuple[Picture, ...]:
        """Return the very pages as images, from memory."""
        return await self._on_thread(partial(self._preview, decided, dpi))

    async def print(self, decided: Decided, *, job_name: str) -> Printed:
        """Draw and deliver one copy; ``job_name`` is the paper's kind and serial, never a person's name."""
        if decided.serial is None:
            raise ValueError("nothing is printed before it bears its number")
        title = PAPERS[decided.kind].title
        pdf = await self._on_thread(lambda: self._draw(self._pages(decided), title))
        return await self._deliver(pdf, job_name=job_name, key=decided.serial.key)

    async def print_pages(self, pages: Sequence[Page], *, job_name: str) -> Printed:
        """Draw and deliver a paper without a number: a slip, a drill's report; kind and key make its name."""
        pdf = await self._on_thread(partial(self._draw, tuple(pages), job_name))
        return await self._deliver(pdf, job_name=job_name, key=job_name, once=False)

    async def print_slip(self, slip: IntakeSlip) -> Printed:
        """Print a 仮受付票."""
        pages = await self._on_thread(partial(intake_slip.pages, slip, self._chain))
        return await self.print_pages(
            pages, job_name=f"{read_form(intake_slip.FORM).words['kind']} {slip.number}"
        )

    async def print_drill_report(self, report: DrillReport) -> Printed:
        """Print a drill's report."""
        pages = await self._on_thread(partial(drill_report.pages, report, self._chain))
        begun = f"{report.started_at:%Y%m%dT%H%M%SZ}"
        return await self.print_pages(pages, job_name=f"{read_form(drill_report.FORM).words['kind']} {begun}")

    async def print_doubtful(self, listed: DoubtfulList) -> Printed:
        """Print 停止中発行 要確認一覧."""
        pages = await self._on_thread(partial(doubtful_list.pages, listed, self._chain))
        made = f"{listed.made_at:%Y%m%dT%H%M%SZ}"
        return await self.print_pages(pages, job_name=f"{read_form(doubtful_list.FORM).words['kind']} {made}")

    async def take_own(self, own: OwnFont) -> None:
        """Draw the town's own letters (外字) by this font from now on, between two papers."""
        await self._on_thread(partial(self._chain.take_own, own))

    async def warm(self) -> None:
        """Load fonts and libraries now, so that the first paper is as quick as the next."""
        await self._on_thread(self._warm)

    def close(self) -> None:
        """Let the thread end once what it draws is drawn."""
        self._thread.shutdown(wait=False)

    async def look(self) -> str | None:
        """Return what the printer wants, "" where nothing, None where it does not say."""
        return ""

    async def saves_files(self) -> bool:
        """Tell whether what is printed now would be a file, as far as the printer says what it is."""
        return False

    @abstractmethod
    async def _deliver(self, pdf: bytes, *, job_name: str, key: str, once: bool = True) -> Printed: ...

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    @cached_property
    def _drawer(self) -> "Drawer":
        from printing.desk.draw import Drawer  # reportlab takes 60 ms and more to load

        return Drawer(self._chain)

    def _pages(self, decided: Decided) -> tuple[Page, ...]:
        return PAPERS[decided.kind].pages(decided, self._chain)

    def _checked_pages(self, decided: Decided) -> tuple[Page, ...]:
        from printing.desk.seal import read_mask

        if decided.seal is not None:
            read_mask(decided.seal.image)  # before a number is taken, not as the sheet is drawn
        return self._pages(decided)

    def _draw(self, pages: Sequence[Page], title: str) -> bytes:
        if not pages:
            raise PaperError("paper.no_page")
        return self._drawer.pdf(pages, title=title)

    def _preview(self, decided: Decided, dpi: int) -> tuple[Picture, ...]:
        from printing.desk.picture import pictures  # PDFium, needed only to look

        return pictures(self._draw(self._pages(decided), PAPERS[decided.kind].title), dpi=dpi)

    def _warm(self) -> None:
        for paper in PAPERS.values():
            read_form(paper.form)
        self._draw((Page(210, 297),), "")


class NoPress(DrawingPress):
    """What a counter has while no printer is set: it refuses before a number is taken."""

    def __init__(self, chain: FontChain, printer: str) -> None:
        super().__init__(chain, printer=printer)

    async def count_pages(self, decided: Decided) -> int:
        """Refuse: PaperError ``paper.no_printer``."""
        raise PaperError("paper.no_printer")

    async def _deliver(self, pdf: bytes, *, job_name: str, key: str, once: bool = False) -> Printed:
        raise PaperError("paper.no_printer")


class FilePress(DrawingPress):
    """Writes each copy into a folder, named by its serial; for training, tests and towns without a queue."""

    def __init__(self, chain: FontChain, out_dir: Path, printer: str) -> None:
        super().__init__(chain, printer=printer)
        self._out_dir = out_dir

    async def saves_files(self) -> bool:
        """Tell that it does."""
        return True

    async def _deliver(self, pdf: bytes, *, job_name: str, key: str, once: bool = True) -> Printed:
        path = self._out_dir / (_NOT_IN_FILE_NAMES.sub("_", key) + ".pdf")
        name = await self._on_thread(partial(_write_once if once else _write_beside, path, pdf))
        return Printed(sha256(pdf).hexdigest(), SheetState.PRINTED, f"{words.own('file')}（{name}）")


class IppPress(DrawingPress):
    """Sends each copy straight to a printer or queue and asks until it says what became of it.

    ``notice`` hears what the printer wants while a job is on its way (用紙がありません…), and nothing ("") once it
    wants nothing more; on the loop.
    """

    def __init__(
        self,
        chain: FontChain,
        uri: str,
        printer: str,
        *,
        patience_s: float = 30.0,
        notice: Callable[[str], None] = lambda _: None,
        user: str = "madoguchi",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(chain, printer=printer)
        self._queue = Queue(uri, tls=tls)
        self._line = ThreadPoolExecutor(1, thread_name_prefix="printer")
        self._patience_s = patience_s
        self._notice = notice
        self._user = user

    def close(self) -> None:
        """Let both threads end."""
        super().close()
        self._line.shutdown(wait=False)

    async def _deliver(self, pdf: bytes, *, job_name: str, key: str, once: bool = True) -> Printed:
        digest = sha256(pdf).hexdigest()
        try:
            reply = await self._ask(partial(self._queue.print_job, pdf, job_name=job_name, user=self._user))
        except UnreachableError as error:
            raise PaperError("paper.printer_unreachable", printer=self.printer) from error
        except BrokenError:
            return Printed(digest, SheetState.UNKNOWN, words.own("broken"))
        if not reply.ok:
            raise PaperError("paper.printer_refused", printer=self.printer, words=words.of_refusal(reply))
        verdict = await self._follow(reply.number("job-id"))
        return Printed(digest, verdict.state, verdict.words)

    async def look(self) -> str | None:
        """Ask the printer how it is."""
        try:
            reply = await self._ask(partial(self._queue.printer, user=self._user))
        except (UnreachableError, BrokenError):
            return None
        if not reply.ok:
            return None
        return words.sentence(*words.of_printer(reply.words("printer-state-reasons")))

    async def saves_files(self) -> bool:
        """Ask the queue what it is, each time: it can be set up anew meanwhile. One that does not answer prints nothing."""
        try:
            reply = await self._ask(partial(self._queue.printer, user=self._user))
        except (UnreachableError, BrokenError):
            return False
        said = (reply.words(f"printer-{name}") for name in ("name", "info", "make-and-model"))
        return leads_into_files(
            names=(*(word for words_ in said for word in words_), *self._queue.uri.rsplit("/", 1)[-1:]),
            addresses=reply.words("device-uri"),
        )

    async def _follow(self, job_id: int | None) -> Verdict:
        clock = asyncio.get_running_loop().time
        end, pause, heard = clock() + self._patience_s, _FIRST_PAUSE_S, ""
        while True:
            verdict = await self._look(job_id) if job_id is not None else silent()
            if verdict.final or clock() >= end or job_id is None:
                return verdict
            if verdict.words != heard:
                heard = verdict.words
                self._notice(heard if verdict.troubled else "")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE_S)

    async def _look(self, job_id: int) -> Verdict:
        try:
            job = await self._ask(partial(self._queue.job, job_id, user=self._user))
            if job.number("job-state") == JobState.COMPLETED:
                return judge(job, None)
            return judge(job, await self._ask(partial(self._queue.printer, user=self._user)))
        except (UnreachableError, BrokenError):
            return silent()

    async def _ask(self, question: Callable[[], Reply]) -> Reply:
        return await asyncio.get_running_loop().run_in_executor(self._line, question)


def _write_beside(path: Path, data: bytes) -> str:
    """Write a paper that may be printed again under the first free name."""
    free = (path, *(path.with_name(f"{path.stem}-{n}{path.suffix}") for n in range(2, _MOST_AGAIN)))
    return _write_once(next((one for one in free if not one.exists()), path), data)


def _write_once(path: Path, data: bytes) -> str:
    """Write a whole file or none, readable by this account only; a name is never written twice. Returns it."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            raise FileExistsError(path.name)
        part.rename(path)
        _settle_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise PaperError("paper.printer_refused", printer="", words=error.strerror or "") from error
    return path.name


def _settle_folder(folder: Path) -> None:
    if os.name != "posix":  # pragma: no cover - Windows has no handle of a folder to flush
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

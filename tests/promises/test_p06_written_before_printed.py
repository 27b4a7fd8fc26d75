"""P06: written before printed. Whatever press and disks do, no byte of a paper exists before its line in the book.

The moment is watched where it happens: each opening of a file in the papers' folder and each connection to the
printer is stopped (an audit hook of the interpreter), and the ledger is read from the disk on a connection of its own.
"""

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from client.domain.certificate import Decided, SheetState
from client.domain.errors import StoreError
from client.jobs.ports import Printed
from printing.desk.press import DrawingPress, FilePress, IppPress
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from tests.builders import TODAY, a_request
from tests.promises.issuing_desk import IssuingDesk

pytestmark = pytest.mark.asyncio
PRINTER = "プリンタ001"


class Watcher:
    """Looks into the book at each first byte; what it saw is judged afterwards."""

    def __init__(self) -> None:
        self.desk: IssuingDesk | None = None
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.trouble: list[BaseException] = []
        self._looking = threading.local()

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        if self.desk is None or getattr(self._looking, "now", False):
            return
        is_paper = event == "open" and isinstance(args[0], str | Path) and "/papers/" in str(args[0])
        if not (is_paper or event == "socket.connect"):
            return
        self._looking.now = True
        try:
            self.seen.append((str(args[0] if is_paper else args[1]), self.desk.written()))
        except BaseException as error:
            self.trouble.append(error)
        finally:
            self._looking.now = False


WATCHER = Watcher()
sys.addaudithook(WATCHER.hear)  # for good: it does nothing while it watches no desk


@pytest.fixture(scope="module")
def chain() -> FontChain:
    return FontChain(find_fonts())


@contextlib.contextmanager
def watched(desk: IssuingDesk) -> Iterator[Watcher]:
    WATCHER.seen, WATCHER.trouble, WATCHER.desk = [], [], desk
    try:
        yield WATCHER
    finally:
        WATCHER.desk = None
    assert WATCHER.trouble == []


def papers(folder: Path) -> list[str]:
    """Return the names of everything that lies in the papers' folder, half-written things too."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


class SlowDisk(FilePress):
    """A folder that takes its time."""

    def _draw(self, pages: Any, title: str) -> bytes:
        time.sleep(0.1)
        return super()._draw(pages, title)


class MutePrinter:
    """Takes connections and hangs up on each, as a printer does whose plug is pulled."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.calls = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.calls += 1
            connection.recv(1)
            connection.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


class BrokenPress(FilePress):
    """A press with a mistake in it: no trouble anybody knows."""

    async def print(self, decided: Decided, *, job_name: str) -> Printed:
        await super().print(decided, job_name=job_name)
        raise RuntimeError("a mistake of ours")


class FullAfterwards(FilePress):
    """While the paper comes out, the disk of the ledger fills up."""

    desk: IssuingDesk

    async def print(self, decided: Decided, *, job_name: str) -> Printed:
        printed = await super().print(decided, job_name=job_name)
        await self.desk.fill_disk()
        return printed


@contextlib.asynccontextmanager
async def desk_with(folder: Path, press: DrawingPress) -> Any:
    desk = await IssuingDesk(folder / "data", press).open()
    try:
        yield desk
    finally:
        press.close()
        await desk.stores.close()


@pytest.mark.parametrize("kind", [FilePress, SlowDisk])
async def test_at_the_first_byte_of_a_file_its_number_is_in_the_book_and_under_the_mark(
    tmp_path: Path, chain: FontChain, kind: type[FilePress]
) -> None:
    out = tmp_path / "papers"
    async with desk_with(tmp_path, kind(chain, out, PRINTER)) as desk:
        with watched(desk) as watcher:
            assert await desk.issue(copies=3) == [SheetState.PRINTED] * 3
        firsts = [(path, book) for path, book in watcher.seen if path.endswith(".part")]
        assert len(firsts) == 3
        for path, book in firsts:
            number = Path(path).name.removeprefix(".").removesuffix(".pdf.part")
            assert book[number] == "committed"
        assert papers(out) == [f"本庁1-0007-{one:06d}.pdf" for one in (1, 2, 3)]


async def test_at_the_first_connection_to_a_printer_the_number_is_in_the_book(
    tmp_path: Path, chain: FontChain
) -> None:
    printer = MutePrinter()
    press = IppPress(chain, f"ipp://127.0.0.1:{printer.port}/ipp/print", PRINTER, patience_s=0.5)
    async with desk_with(tmp_path, press) as desk:
        with watched(desk) as watcher:
            assert await desk.issue() == [SheetState.UNKNOWN]
        assert watcher.seen
        assert list(watcher.seen[0][1].values()) == ["committed"]
        (sheet,) = await desk.job.open_sheets()
        await desk.job.confirm(desk.clerk, sheet.serial, handed_over=False, reason="not_out")
        assert await desk.issue() == [SheetState.UNKNOWN]
        assert [one.serial.serial for one in await desk.ledger.copies(TODAY)] == [1, 2]  # a spoil, no gap
    printer.close()


async def test_with_the_ledgers_disk_full_nothing_is_printed_at_all(tmp_path: Path, chain: FontChain) -> None:
    out = tmp_path / "papers"
    printer = MutePrinter()
    ipp = IppPress(chain, f"ipp://127.0.0.1:{printer.port}/ipp/print", PRINTER, patience_s=0.5)
    for place, press in (("file", FilePress(chain, out, PRINTER)), ("ipp", ipp)):
        async with desk_with(tmp_path / place, press) as desk:
            await desk.fill_disk()
            with watched(desk) as watcher, pytest.raises(StoreError, match="full"):
                await desk.issue()
            assert watcher.seen == []
            await desk.free_disk()
            assert await desk.job.open_sheets() == ()
            await desk.issue()
            assert [one.serial.serial for one in await desk.ledger.copies(TODAY)] == [1]
    assert papers(out) == ["本庁1-0007-000001.pdf"]
    assert printer.calls == 1
    printer.close()


async def test_with_a_mark_that_cannot_be_written_nothing_is_printed(
    tmp_path: Path, chain: FontChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_disk(_handle: int) -> None:
        raise OSError(5, "I/O error")

    out = tmp_path / "papers"
    async with desk_with(tmp_path, FilePress(chain, out, PRINTER)) as desk:
        prepared = await desk.job.prepare(desk.clerk, a_request())
        with monkeypatch.context() as patched:
            patched.setattr("offline.store.slots._SYNC", no_disk)
            with pytest.raises(StoreError):
                await desk.job.issue(desk.clerk, prepared)
        assert papers(out) == []


async def test_a_folder_that_cannot_be_written_leaves_an_open_number_and_no_half_paper(
    tmp_path: Path, chain: FontChain
) -> None:
    out = tmp_path / "papers"
    out.write_bytes(b"a file where the folder should be")
    async with desk_with(tmp_path, FilePress(chain, out, PRINTER)) as desk:
        assert await desk.issue() == [SheetState.UNKNOWN]
        (sheet,) = await desk.job.open_sheets()
        await desk.job.confirm(desk.clerk, sheet.serial, handed_over=False, reason="not_out")
        out.unlink()
        assert await desk.issue() == [SheetState.PRINTED]
        assert [(one.serial.serial, one.state) for one in await desk.ledger.copies(TODAY)] == [
            (1, SheetState.SPOILED),
            (2, SheetState.PRINTED),
        ]
    assert papers(out) == ["本庁1-0007-000002.pdf"]


async def test_a_ledger_that_fills_up_while_the_paper_comes_out_leaves_it_to_be_asked_about(
    tmp_path: Path, chain: FontChain
) -> None:
    out = tmp_path / "papers"
    press = FullAfterwards(chain, out, PRINTER)
    async with desk_with(tmp_path, press) as desk:
        press.desk = desk
        prepared = await desk.job.prepare(desk.clerk, a_request(copies=3))
        (issued,) = await desk.job.issue(desk.clerk, prepared)  # and the two others are not begun
        assert isinstance(issued.trouble, StoreError)
        assert issued.copy.state is SheetState.UNKNOWN
        await desk.fill_disk()
        with pytest.raises(StoreError, match="full"):  # nothing is called handed over that is not written
            await desk.job.confirm(desk.clerk, issued.copy.serial, handed_over=True)
        await desk.free_disk()
        await desk.job.confirm(desk.clerk, issued.copy.serial, handed_over=True)
        (copy,) = await desk.ledger.copies(TODAY)
        assert copy.state is SheetState.HANDED_OVER
    assert papers(out) == ["本庁1-0007-000001.pdf"]


async def test_a_ledger_that_fills_up_between_two_copies_forgets_none_that_came_out(
    tmp_path: Path, chain: FontChain
) -> None:
    out = tmp_path / "papers"

    class FullLater(FilePress):
        async def print(self, decided: Decided, *, job_name: str) -> Printed:
            if decided.serial and decided.serial.serial == 1:
                await desk.fill_disk(6)
            return await super().print(decided, job_name=job_name)

    async with desk_with(tmp_path, FullLater(chain, out, PRINTER)) as desk:
        prepared = await desk.job.prepare(desk.clerk, a_request(copies=20))
        issued = await desk.job.issue(desk.clerk, prepared)
        assert 1 <= len(issued) < 20
        assert isinstance(issued[-1].trouble, StoreError)
        told = {one.copy.serial.key for one in issued}
        assert told == {Path(name).stem for name in papers(out)}
        await desk.free_disk()
        assert told == {copy.serial.key for copy in await desk.job.open_sheets()}


async def test_a_mistake_of_ours_after_the_paper_leaves_it_to_be_asked_about(
    tmp_path: Path, chain: FontChain
) -> None:
    out = tmp_path / "papers"
    async with desk_with(tmp_path, BrokenPress(chain, out, PRINTER)) as desk:
        with pytest.raises(RuntimeError):
            await desk.issue()
        (sheet,) = await desk.job.open_sheets()
        assert sheet.state is SheetState.COMMITTED
        await desk.job.confirm(desk.clerk, sheet.serial, handed_over=True)  # it is in the visitor's hand
        assert await desk.job.open_sheets() == ()


async def test_what_lies_in_the_way_of_a_paper_is_never_overwritten(tmp_path: Path, chain: FontChain) -> None:
    out = tmp_path / "papers"
    out.mkdir()
    (out / "本庁1-0007-000001.pdf").write_bytes(b"another paper")
    async with desk_with(tmp_path, FilePress(chain, out, PRINTER)) as desk:
        assert await desk.issue() == [SheetState.UNKNOWN]
        assert (out / "本庁1-0007-000001.pdf").read_bytes() == b"another paper"
        assert papers(out) == ["本庁1-0007-000001.pdf"]

"""The press as the counter holds it: what it says of the printer is told, and asked again until all is well."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from client.domain.certificate import Decided, SheetState
from client.domain.doubtful import DoubtfulList
from client.domain.drill import DrillReport
from client.domain.errors import PaperError
from client.domain.slip import IntakeSlip
from client.jobs.ports import Picture, Printed
from printing.desk.press import DrawingPress
from printing.layout.own_font import OwnFont
from ui.text import Words

T = TypeVar("T")
LOOK_EVERY_S = 5.0
_OF_THE_PRINTER = frozenset(
    {"paper.printer_unreachable", "paper.printer_refused", "paper.unknown", "paper.no_printer"}
)


class WatchedPress:
    """Prints by another press. ``tell`` hears what the printer wants; "" when it wants nothing."""

    def __init__(self, make: Callable[[Callable[[str], None]], DrawingPress], words: Words) -> None:
        self._words = words
        self._said = ""
        self.tell: Callable[[str], None] = lambda _wants: None
        self._press = make(self.say)

    @property
    def printer(self) -> str:
        """Return the printer's part of the issue number."""
        return self._press.printer

    async def count_pages(self, decided: Decided) -> int:
        """Lay a certificate out; PaperError."""
        return await self._watched(self._press.count_pages(decided))

    async def preview(self, decided: Decided, *, dpi: int = 150) -> tuple[Picture, ...]:
        """Return the very pages as images."""
        return await self._press.preview(decided, dpi=dpi)

    async def print(self, decided: Decided, *, job_name: str) -> Printed:
        """Draw and print one copy."""
        return self._heard(await self._watched(self._press.print(decided, job_name=job_name)))

    async def print_slip(self, slip: IntakeSlip) -> Printed:
        """Print a 仮受付票."""
        return self._heard(await self._watched(self._press.print_slip(slip)))

    async def print_drill_report(self, report: DrillReport) -> Printed:
        """Print a drill's report."""
        return self._heard(await self._watched(self._press.print_drill_report(report)))

    async def print_doubtful(self, listed: DoubtfulList) -> Printed:
        """Print 停止中発行 要確認一覧."""
        return self._heard(await self._watched(self._press.print_doubtful(listed)))

    async def saves_files(self) -> bool:
        """Tell whether what is printed now would be a file."""
        return await self._press.saves_files()

    async def take_own(self, own: OwnFont) -> None:
        """Draw the town's own letters by this font from now on."""
        await self._press.take_own(own)

    async def warm(self) -> None:
        """Load fonts and libraries now."""
        await self._press.warm()

    def close(self) -> None:
        """Let the press end."""
        self._press.close()

    def say(self, wants: str) -> None:
        """Hear what the printer wants, from whoever asked it."""
        if wants != self._said:
            self._said = wants
            self.tell(wants)

    async def watch(self) -> None:
        """Ask a printer that wanted something until it wants nothing more, for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self._said:
                wants = await self._press.look()
                self.say(self._said if wants is None else wants)

    async def _watched(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except PaperError as error:
            if error.code in _OF_THE_PRINTER:
                said = self._words.error(error.code, error.facts)
                self.say(str(error.facts.get("words") or said.what))
            raise

    def _heard(self, printed: Printed) -> Printed:
        self.say("" if printed.state is SheetState.PRINTED else printed.words)
        return printed

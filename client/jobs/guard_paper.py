"""The one way to paper: what would be saved as a file instead needs the town's setting and the right, and is in the book.

Every job prints through it; there is no other way from a record to a printer.
"""

from collections.abc import Callable
from typing import Protocol

from client.domain.certificate import Decided, Printed
from client.domain.clerk import Right, SignIn
from client.domain.doubtful import DoubtfulList
from client.domain.errors import PaperError, RefusedError, SignInNeededError
from client.domain.resident import AtenaNo
from client.domain.slip import IntakeSlip
from client.jobs.doubt_ports import ListPress
from client.jobs.ports import JournalEntry, Ledger, Picture, Press, SlipPress
from client.rules.sign_in import right_error


class Paper(Press, SlipPress, ListPress, Protocol):
    """A press that prints all there is."""


class AnyPress(Paper, Protocol):
    """One that says whether it prints into files."""

    async def saves_files(self) -> bool:
        """Tell whether what is printed now would be a file."""
        ...


class GuardPaper:
    """Prints by another press. ``allowed`` is the town's setting, and Right.OFFICER the person's (P10)."""

    def __init__(
        self, press: AnyPress, ledger: Ledger, *, present: Callable[[], SignIn | None], allowed: bool
    ) -> None:
        self._press = press
        self._ledger = ledger
        self._present = present
        self._allowed = allowed

    @property
    def printer(self) -> str:
        """Return the printer's part of the issue number."""
        return self._press.printer

    async def count_pages(self, decided: Decided) -> int:
        """Lay a certificate out, before it has a number. RefusedError, PaperError ``paper.to_file``."""
        await self._check(_who(decided), decided.kind.value)
        return await self._press.count_pages(decided)

    async def preview(self, decided: Decided, *, dpi: int = 150) -> tuple[Picture, ...]:
        """Return the very pages as images, from memory."""
        return await self._press.preview(decided, dpi=dpi)

    async def print(self, decided: Decided, *, job_name: str) -> Printed:
        """Print one copy; a file is in the book before it is on the disk. PaperError."""
        try:
            await self._enter(_who(decided), {"what": decided.kind.value, "serial": job_name})
        except RefusedError as error:  # it was none when the pages were counted; its number is taken
            raise PaperError("paper.to_file") from error
        return await self._press.print(decided, job_name=job_name)

    async def print_slip(self, slip: IntakeSlip) -> Printed:
        """Print a 仮受付票. RefusedError, PaperError."""
        await self._enter((), {"what": "slip", "change": slip.number})
        return await self._press.print_slip(slip)

    async def print_doubtful(self, listed: DoubtfulList) -> Printed:
        """Print 停止中発行 要確認一覧. RefusedError, PaperError."""
        who = tuple(dict.fromkeys(paper.subject for paper in listed.papers))
        await self._enter(who, {"what": "doubtful", "papers": len(listed.papers)})
        return await self._press.print_doubtful(listed)

    async def _enter(self, who: tuple[AtenaNo, ...], facts: dict[str, str | int]) -> None:
        """Write the line of a file that will be saved; a sheet of paper has its own."""
        clerk = await self._check(who, str(facts["what"]))
        if clerk is not None:
            await self._ledger.record(JournalEntry("saved", clerk, who, facts))

    async def _check(self, who: tuple[AtenaNo, ...], what: str) -> str | None:
        """Return who would save a file, and may; None where it goes to paper."""
        if not await self._press.saves_files():
            return None
        present = self._present()
        if present is None:
            raise SignInNeededError("sign_in.expired")
        error: RefusedError | PaperError | None = PaperError("paper.to_file")
        if self._allowed:
            error = right_error(present, Right.OFFICER)
        if error is not None:
            facts: dict[str, str | int] = {"what": what, "code": error.code}
            await self._ledger.record(JournalEntry("refusal", present.clerk.staff_id, who, facts))
            raise error
        return present.clerk.staff_id


def _who(decided: Decided) -> tuple[AtenaNo, ...]:
    return tuple(member.atena_no for member in decided.members)

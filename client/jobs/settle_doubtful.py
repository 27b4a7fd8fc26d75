"""停止中発行 要確認一覧 as the officer deals with it: read, decided line by line, printed, exported; all in the book."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from client.domain.calendar import TOKYO
from client.domain.certificate import Printed
from client.domain.clerk import Right, SignIn
from client.domain.doubtful import Done, DoubtCounts, DoubtfulList, DoubtfulPaper
from client.domain.errors import RefusedError
from client.domain.intake import refuse_forbidden_number
from client.domain.letters import length
from client.domain.resident import AtenaNo
from client.jobs.doubt_ports import DoubtBook, ListFile, ListPress
from client.jobs.ports import JournalEntry, Now
from client.rules.csv_file import csv_file
from client.rules.doubtful import as_told
from client.rules.sign_in import right_error, session_error

MOST_LETTERS = 60  # of a remark, as the paper has room for


@dataclass(frozen=True, slots=True)
class ListPlace:
    """Where the list is made, as it says itself."""

    town: str
    terminal: str
    drill: bool = False


class SettleDoubtful:
    """What can be done with the list; everybody may see that there is one, the officer alone deals with it."""

    def __init__(
        self, book: DoubtBook, press: ListPress, write: ListFile, *, now: Now, place: ListPlace
    ) -> None:
        self._book = book
        self._press = press
        self._write = write
        self._now = now
        self._place = place

    async def listing(self, sign_in: SignIn) -> tuple[DoubtfulPaper, ...]:
        """Return the list as this clerk may see it; the look is in the book before. SignInNeededError, RefusedError."""
        self._check(sign_in, Right.VIEW)
        papers = await self._seen(sign_in)
        if papers:
            await self._record(sign_in, "listed", papers)
        return papers

    async def counts(self) -> DoubtCounts:
        """Return how many papers wait for the officer, and for the register's word."""
        return await self._book.doubt_counts()

    async def sign_off(self, sign_in: SignIn, serial: int, done: Done, remark: str) -> None:
        """Write what was done about a paper and why. RefusedError."""
        self._check(sign_in, Right.OFFICER)
        if not remark.strip():
            raise RefusedError("refused.input", field="reason")
        refuse_forbidden_number("reason", remark)
        if length(remark.strip()) > MOST_LETTERS:
            raise RefusedError("refused.input", field="reason")
        await self._book.sign_off_paper(serial, done, remark=remark.strip(), actor=sign_in.clerk.staff_id)

    async def print_list(self, sign_in: SignIn) -> Printed:
        """Print the list, to be signed. RefusedError, PaperError."""
        self._check(sign_in, Right.OFFICER)
        papers = await self._seen(sign_in)
        await self._record(sign_in, "printed", papers)
        place = self._place
        return await self._press.print_doubtful(
            DoubtfulList(
                place.town, place.terminal, sign_in.clerk.name, self._now(), papers, drill=place.drill
            )
        )

    async def export(
        self, sign_in: SignIn, path: Path, line: Callable[[DoubtfulPaper], Sequence[str]], head: Sequence[str]
    ) -> None:
        """Write the list as CSV where the officer chose; ``line`` has the words of a line. RefusedError, StoreError."""
        self._check(sign_in, Right.OFFICER)
        papers = await self._seen(sign_in)
        await self._record(sign_in, "exported", papers)
        await self._write(path, csv_file([head, *map(line, papers)]))

    async def _seen(self, sign_in: SignIn) -> tuple[DoubtfulPaper, ...]:
        held = sign_in.clerk.held
        return tuple(as_told(one, held) for one in await self._book.doubtful_papers())

    async def _record(self, sign_in: SignIn, what: str, papers: Sequence[DoubtfulPaper]) -> None:
        who: tuple[AtenaNo, ...] = tuple(dict.fromkeys(one.subject for one in papers))
        facts: dict[str, str | int] = {"what": what, "papers": len(papers)}
        await self._book.record(JournalEntry("doubtful", sign_in.clerk.staff_id, who, facts))

    def _check(self, sign_in: SignIn, right: Right) -> None:
        missing = session_error(sign_in, self._now()) or right_error(sign_in, right)
        if missing:
            raise missing


def file_name(now: Now) -> str:
    """Return what the exported list is called unless the officer chooses otherwise; no number of anybody is in it."""
    return f"youkakunin-{now().astimezone(TOKYO):%Y%m%d-%H%M}.csv"

"""The list of doubtful papers in memory, and somebody's papers on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from client.domain.certificate import CertificateKind, Printed, SerialNo, SheetState
from client.domain.doubtful import (
    Done,
    Doubt,
    DoubtCounts,
    DoubtfulList,
    DoubtfulPaper,
    OfflinePaper,
    SignOff,
    Verdict,
    Why,
)
from client.domain.errors import PaperError, RefusedError
from client.domain.resident import AtenaNo
from client.jobs.ports import JournalEntry, Now
from tests.builders import NOW, TARO, TODAY


def a_doubtful(number: int, *whys: Why, subject: AtenaNo = TARO, **more: object) -> DoubtfulPaper:
    """Return a line of the list, issued an hour ago and doubtful since ten minutes before that."""
    issued = NOW - timedelta(hours=1)
    made = DoubtfulPaper(
        serial=SerialNo(TODAY, "あおぞら市", "本庁1", "プリンタ001", number),
        kind=CertificateKind.JUMINHYO_COPY.value,
        subject=subject,
        issued_at=issued,
        state=SheetState.HANDED_OVER,
        doubts=tuple(
            Doubt(why, None if why is Why.UNKNOWN else issued - timedelta(minutes=10)) for why in whys
        ),
        found_at=NOW,
    )
    return replace(made, **more)  # type: ignore[arg-type]  # fields of the line, by name


@dataclass
class MemoryDoubts:
    """doubt_ports.DoubtBook, ListPress and ListFile, as far as a screen needs them."""

    now: Now
    papers: list[DoubtfulPaper] = field(default_factory=list)
    entries: list[JournalEntry] = field(default_factory=list)
    printed: list[DoubtfulList] = field(default_factory=list)
    files: dict[Path, bytes] = field(default_factory=dict)
    unasked: int = 0
    trouble: PaperError | None = None

    async def record(self, entry: JournalEntry) -> None:
        self.entries.append(entry)

    async def unchecked_papers(self, after: int, limit: int) -> tuple[OfflinePaper, ...]:
        return ()

    async def note_verdicts(self, verdicts: Sequence[Verdict]) -> int:
        return 0

    async def doubtful_papers(self) -> tuple[DoubtfulPaper, ...]:
        return tuple(sorted(self.papers, key=lambda one: (one.signed_off is not None, one.serial.serial)))

    async def doubt_counts(self) -> DoubtCounts:
        return DoubtCounts(sum(one.signed_off is None for one in self.papers), self.unasked)

    async def sign_off_paper(self, serial: int, done: Done, *, remark: str, actor: str) -> None:
        place = next((n for n, one in enumerate(self.papers) if one.serial.serial == serial), None)
        if place is None or self.papers[place].signed_off is not None:
            raise RefusedError("refused.not_found")
        said = SignOff(actor, self.now(), done, remark)
        self.papers[place] = replace(self.papers[place], signed_off=said)

    async def print_doubtful(self, listed: DoubtfulList) -> Printed:
        if self.trouble:
            raise self.trouble
        self.printed.append(listed)
        return Printed("ef" * 32, SheetState.PRINTED, "")

    async def __call__(self, path: Path, content: bytes) -> None:
        self.files[path] = content

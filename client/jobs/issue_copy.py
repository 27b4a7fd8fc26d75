"""Issue one copy of a decided paper: a number and a line in the book first, then the printer, then its word."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from client.domain.certificate import CertificateRequest, Decided, IssuedCopy, SheetState
from client.domain.clerk import SignIn
from client.domain.errors import CounterError, PaperError, StoreError
from client.domain.release import Release
from client.jobs.ports import IssueDraft, Ledger, Press, Printed


@dataclass(frozen=True, slots=True)
class Prepared:
    """A paper that may be issued now: what will be on it, and what to tell the clerk before."""

    request: CertificateRequest
    decided: Decided = field(repr=False)
    pages: int
    fee_yen: int  # a copy
    warnings: tuple[str, ...]
    offline: bool
    release: Release | None = None  # by which it may be issued at all


@dataclass(frozen=True, slots=True)
class Issued:
    """A copy in the book, the printer's word, and what went wrong where it could not be had or written down."""

    copy: IssuedCopy
    printed: Printed
    trouble: CounterError | None = None


class IssueCopy:
    """Numbers, writes down and prints; the line stands whatever the printer says (P06)."""

    def __init__(self, ledger: Ledger, press: Press, clock_offset_ms: Callable[[], int]) -> None:
        self._ledger = ledger
        self._press = press
        self._clock_offset_ms = clock_offset_ms

    async def __call__(self, sign_in: SignIn, prepared: Prepared, decider: SignIn | None) -> Issued:
        """Issue a copy, by the clerk or by who decides beside them. StoreError: no number, nothing printed."""
        actor = sign_in.clerk.staff_id
        draft = IssueDraft(
            request=prepared.request,
            decided=prepared.decided,
            pages=prepared.pages,
            fee_yen=prepared.fee_yen,
            printer=self._press.printer,
            day=prepared.decided.issued_on,
            release=prepared.release.key if prepared.release else "",
            decided_by=decider.clerk.staff_id if decider else "",
        )
        copy = await self._ledger.issue(draft, actor=actor, clock_offset_ms=self._clock_offset_ms())
        trouble: CounterError | None = None
        try:
            numbered = replace(prepared.decided, serial=copy.serial)
            printed = await self._press.print(numbered, job_name=copy.serial.key)
        except PaperError as error:
            trouble = error
            printed = Printed("", SheetState.UNKNOWN, error.code)
        try:
            await self._ledger.note_sheet(
                copy.serial, printed.state, actor=actor, reason=printed.words, pdf_hash=printed.pdf_hash
            )
        except StoreError as error:  # the paper may be out: it is asked about, whatever the printer said
            trouble = trouble or error
            printed = replace(printed, state=SheetState.UNKNOWN)
        return Issued(replace(copy, state=printed.state), printed, trouble)

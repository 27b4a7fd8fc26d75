"""Issue a certificate: the same way on line and off, and nothing is printed that was not written down first.

The cloud is asked whether the paper may be issued and from which record; where it does not answer in time, the
replica, the gate and the freshness of its data decide. The number is this terminal's own either way.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NoReturn

from client.domain.as_of import AsOf, Source
from client.domain.blocks import Restrictions
from client.domain.calendar import tokyo_day
from client.domain.certificate import (
    CertificateRequest,
    Decided,
    FormWords,
    IssuedCopy,
    Requester,
    SerialNo,
    SheetState,
)
from client.domain.clerk import Right, SignIn
from client.domain.errors import ConflictError, LinkDownError, PaperError, RefusedError, SignInNeededError
from client.domain.resident import Household
from client.jobs.find_resident import read_household
from client.jobs.ports import (
    CloudCertificates,
    IssueDraft,
    JournalEntry,
    Ledger,
    Now,
    Picture,
    Press,
    Printed,
    Register,
)
from client.jobs.reach import Reach
from client.rules import gate
from client.rules.on_day import household_on
from client.rules.projection import project
from client.rules.sign_in import CLOCK_TOLERANCE, right_error

WARN_PENDING = (
    "warning.pending_intake"  # a notification of this household waits: the paper shows the old state
)


@dataclass(frozen=True, slots=True)
class IssueSettings:
    """What a town sets about issuing."""

    prepared_for: timedelta = timedelta(minutes=10)  # how long a prepared paper may wait for the clerk
    show_as_of: bool = False  # the as-of line on papers from the replica
    official_seal: bool = True  # whether this terminal may use the seal
    drill: bool = False  # 「訓練」 across every sheet, and no seal


@dataclass(frozen=True, slots=True)
class Prepared:
    """A paper that may be issued now: what will be on it, and what to tell the clerk before."""

    request: CertificateRequest
    decided: Decided = field(repr=False)
    pages: int
    fee_yen: int  # a copy
    warnings: tuple[str, ...]
    offline: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Issued:
    """A copy in the book, the printer's word, and what went wrong where the printer gave none."""

    copy: IssuedCopy
    printed: Printed
    trouble: PaperError | None = None


@dataclass(frozen=True, slots=True)
class _Record:
    """What a paper is made from, whoever answered."""

    household: Household
    restrictions: Restrictions
    words: FormWords
    warnings: tuple[str, ...]
    as_of: AsOf


class IssueCertificate:
    """Prepares, numbers, writes down, prints, and takes the clerk's word for each copy."""

    def __init__(
        self,
        cloud: CloudCertificates,
        replica: Register,
        reach: Reach,
        ledger: Ledger,
        press: Press,
        *,
        now: Now,
        declared: Callable[[], bool],
        clock_offset_ms: Callable[[], int],
        settings: IssueSettings | None = None,
    ) -> None:
        self._cloud = cloud
        self._replica = replica
        self._reach = reach
        self._ledger = ledger
        self._press = press
        self._now = now
        self._declared = declared
        self._clock_offset_ms = clock_offset_ms
        self._settings = settings or IssueSettings()

    async def prepare(self, sign_in: SignIn, request: CertificateRequest) -> Prepared:
        """Decide whether and from what a paper may be issued. RefusedError, SignInNeededError, PaperError."""
        self._check_clock()
        record = await self._record(sign_in, request)
        now = self._now()
        offline = record.as_of.source is Source.REPLICA
        verdict = gate.verdict(
            request=request,
            household=record.household,
            restrictions=record.restrictions,
            sign_in=sign_in,
            as_of=record.as_of,
            now=now,
            offline=offline,
            declared=self._declared(),
        )
        if verdict.refusals:
            await self._refuse(sign_in, request, verdict.refusals[0])
        decided = self._decided(request, record, now)
        waiting = project(record.household, await self._ledger.outbox()).pending
        pending = (WARN_PENDING,) if waiting else ()
        return Prepared(
            request=request,
            decided=decided,
            pages=await self._press.count_pages(decided),
            fee_yen=0 if request.requester is Requester.OFFICIAL else record.words.fee_yen,
            warnings=tuple(dict.fromkeys((*record.warnings, *verdict.warnings, *pending))),
            offline=offline,
            at=now,
        )

    async def preview(self, prepared: Prepared) -> tuple[Picture, ...]:
        """Return the very pages as pictures; they bear no number yet."""
        return await self._press.preview(prepared.decided)

    async def issue(self, sign_in: SignIn, prepared: Prepared) -> tuple[Issued, ...]:
        """Write down and print each copy; after trouble with one, the others are not begun.

        A copy without the printer's word is UNKNOWN until the clerk says what became of it. Nothing is ever
        printed again by itself: another sheet is another number.
        """
        self._check_clock()
        missing = right_error(sign_in, Right.ISSUE)
        if missing:
            await self._refuse(sign_in, prepared.request, missing)
        fresh = await self._still_true(sign_in, prepared)
        done: list[Issued] = []
        for _ in range(fresh.request.copies):
            done.append(await self._issue_copy(sign_in, fresh))
            if done[-1].trouble:
                break
        return tuple(done)

    async def confirm(
        self, sign_in: SignIn, serial: SerialNo, *, handed_over: bool, reason: str = ""
    ) -> None:
        """Take the clerk's word: handed over, or spoiled and why."""
        if not handed_over and not reason.strip():
            raise RefusedError("refused.input", field="reason")
        state = SheetState.HANDED_OVER if handed_over else SheetState.SPOILED
        await self._ledger.note_sheet(serial, state, actor=sign_in.clerk.staff_id, reason=reason.strip())

    async def open_sheets(self) -> tuple[IssuedCopy, ...]:
        """Return the copies whose end nobody has told yet, oldest first."""
        return await self._ledger.open_sheets()

    async def _record(self, sign_in: SignIn, request: CertificateRequest) -> _Record:
        if self._reach.worth_trying(sign_in):
            with suppress(LinkDownError):  # noted by the reach; the replica answers
                return await self._from_cloud(sign_in, request)
        return await self._from_replica(request)

    async def _from_cloud(self, sign_in: SignIn, request: CertificateRequest) -> _Record:
        try:
            told = await self._reach.ask(lambda: self._cloud.eligibility(request))
        except RefusedError as error:
            await self._refuse(sign_in, request, error)
        return _Record(told.household, told.restrictions, told.words, told.warnings, told.as_of)

    async def _from_replica(self, request: CertificateRequest) -> _Record:
        household, restrictions = await read_household(self._replica, request.subject)
        day = tokyo_day(self._now())
        whole = _is_whole(request, household_on(household.value, day))
        words = await self._replica.form_words(request.kind, whole=whole, on=day)
        return _Record(household.value, restrictions, words.value, (), household.as_of)

    def _decided(self, request: CertificateRequest, record: _Record, now: datetime) -> Decided:
        day = tokyo_day(now)
        household = household_on(record.household, day)
        sealed = self._settings.official_seal and not self._settings.drill
        return Decided(
            kind=request.kind,
            household=household,
            members=tuple(one for one in household.members if one.atena_no in request.members),
            options=request.options,
            whole_household=_is_whole(request, household),
            attestation=record.words.attestation,
            certifier=record.words.certifier,
            seal=record.words.seal if sealed else None,
            issued_on=day,
            as_of=record.as_of,
            show_as_of=self._settings.show_as_of and record.as_of.source is Source.REPLICA,
            official_use=request.requester is Requester.OFFICIAL,
            drill=self._settings.drill,
        )

    async def _still_true(self, sign_in: SignIn, prepared: Prepared) -> Prepared:
        """Return the paper as prepared; prepared anew where it waited too long or the day has changed.

        What the clerk has seen must be what is printed: a record that moved on meanwhile is shown again.
        """
        now = self._now()
        waited = now - prepared.at
        same_day = prepared.decided.issued_on == tokyo_day(now)
        if same_day and timedelta(0) <= waited <= self._settings.prepared_for:
            return prepared
        fresh = await self.prepare(sign_in, prepared.request)
        if (fresh.decided.household, fresh.fee_yen) != (prepared.decided.household, prepared.fee_yen):
            raise ConflictError("conflict.version")
        return fresh

    async def _issue_copy(self, sign_in: SignIn, prepared: Prepared) -> Issued:
        actor = sign_in.clerk.staff_id
        draft = IssueDraft(
            request=prepared.request,
            decided=prepared.decided,
            pages=prepared.pages,
            fee_yen=prepared.fee_yen,
            printer=self._press.printer,
            day=prepared.decided.issued_on,
        )
        copy = await self._ledger.issue(draft, actor=actor, clock_offset_ms=self._clock_offset_ms())
        trouble = None
        try:
            numbered = replace(prepared.decided, serial=copy.serial)
            printed = await self._press.print(numbered, job_name=copy.serial.key)
        except PaperError as error:
            trouble = error
            printed = Printed("", SheetState.UNKNOWN, error.code)
        await self._ledger.note_sheet(
            copy.serial, printed.state, actor=actor, reason=printed.words, pdf_hash=printed.pdf_hash
        )
        return Issued(replace(copy, state=printed.state), printed, trouble)

    def _check_clock(self) -> None:
        seconds = abs(self._clock_offset_ms()) // 1000
        if seconds > CLOCK_TOLERANCE.total_seconds():
            raise SignInNeededError("sign_in.clock_off", seconds=seconds)

    async def _refuse(self, sign_in: SignIn, request: CertificateRequest, error: RefusedError) -> NoReturn:
        await self._ledger.record(
            JournalEntry(
                "refusal",
                sign_in.clerk.staff_id,
                tuple(dict.fromkeys((request.subject, *request.members))),
                {"what": request.kind.value, "code": error.code},
            )
        )
        raise error


def _is_whole(request: CertificateRequest, household: Household) -> bool:
    return set(request.members) >= {member.atena_no for member in household.living}

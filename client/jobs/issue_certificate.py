"""Issue a certificate: the same way on line and off, and nothing is printed that was not written down first.

The cloud is asked whether the paper may be issued and from which record; where it does not answer in time, the
replica, the gate and the freshness of its data decide. The number is this terminal's own either way.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NoReturn

from client.domain.as_of import Answer, AsOf, Source
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
from client.domain.errors import (
    ConflictError,
    CounterError,
    LinkDownError,
    RefusedError,
    StoreError,
)
from client.domain.intake import refuse_forbidden_number
from client.domain.release import Release, ToRelease
from client.domain.resident import Household
from client.jobs.deputy_ports import FormsOnDay
from client.jobs.issue_copy import IssueCopy, Issued, Prepared
from client.jobs.ports import (
    CloudCertificates,
    JournalEntry,
    Ledger,
    Now,
    OwnRegister,
    Picture,
    Press,
)
from client.jobs.reach import Reach
from client.jobs.restrictions import and_held, read_household
from client.rules import deciding, deputy, freshness, gate, releases
from client.rules.on_day import household_on, is_whole
from client.rules.projection import project
from client.rules.services import CERTIFICATES
from client.rules.sign_in import CLOCK_TOLERANCE, clock_error, clock_off, session_error

WARN_PENDING = "warning.pending_intake"  # a notification waits: the paper shows the state before it


@dataclass(frozen=True, slots=True)
class IssueSettings:
    """What a town sets about issuing."""

    show_as_of: bool = False  # the as-of line on papers from the replica
    official_seal: bool = True  # whether this terminal may use the seal
    drill: bool = False  # 「訓練」 across every sheet, and no seal
    limits: freshness.Table = field(default_factory=lambda: freshness.DEFAULTS)  # how old data may be


@dataclass(frozen=True, slots=True)
class _Record:
    """What a paper is made from, whoever answered."""

    household: Household
    restrictions: Restrictions
    words: FormWords
    warnings: tuple[str, ...]
    as_of: AsOf
    offline: bool  # the cloud has said nothing to it


class IssueCertificate:
    """Prepares, numbers, writes down, prints, and takes the clerk's word for each copy."""

    def __init__(
        self,
        cloud: CloudCertificates,
        replica: OwnRegister,
        reach: Reach,
        ledger: Ledger,
        press: Press,
        *,
        now: Now,
        declared: Callable[[], bool],
        words: FormsOnDay,
        clock_offset_ms: Callable[[], int],
        settings: IssueSettings | None = None,
        on_damage: Callable[[], None] = lambda: None,
    ) -> None:
        self._cloud = cloud
        self._replica = replica
        self._reach = reach
        self._ledger = ledger
        self._press = press
        self._now = now
        self._declared = declared
        self._words = words
        self._clock_offset_ms = clock_offset_ms
        self._copy = IssueCopy(ledger, press, clock_offset_ms)
        self._settings = settings or IssueSettings()
        self._on_damage = on_damage
        self._release: Release | None = None

    async def prepare(self, sign_in: SignIn, request: CertificateRequest) -> Prepared:
        """Decide whether and from what a paper may be issued. RefusedError, SignInNeededError, PaperError."""
        return await self._prepare(sign_in, request, None, ask=True)

    async def _prepare(
        self, sign_in: SignIn, request: CertificateRequest, decider: SignIn | None, *, ask: bool
    ) -> Prepared:
        self._check_session(sign_in)
        refuse_forbidden_number("purpose", request.purpose)
        record = await self._record(sign_in, request, decider, ask=ask)
        await self._check_time(record.as_of)
        release = self.released(sign_in, request, record.restrictions)
        for judged in (decider, sign_in):  # the clerk's own verdict is the one gone on with
            verdict = self._judge(judged or sign_in, request, record, released=release is not None)
            if verdict.refusals:
                await self._refuse(sign_in, request, verdict.refusals[0])
        decided = self._decided(sign_in, request, record, self._now())
        numbers = tuple(member.atena_no for member in record.household.members)
        waiting = project(record.household, await self._ledger.changes_of(numbers)).pending
        pending = (WARN_PENDING,) if waiting else ()
        return Prepared(
            request=request,
            decided=decided,
            pages=await self._press.count_pages(decided),
            fee_yen=0 if request.requester is Requester.OFFICIAL else record.words.fee_yen,
            warnings=_told(release, decided, (*record.warnings, *verdict.warnings, *pending)),
            offline=record.offline,
            release=release,
        )

    async def to_release(self, sign_in: SignIn, request: CertificateRequest) -> ToRelease:
        """Return what a release would set aside. RefusedError: what no release does, or ``refused.not_blocked``.

        By this PC's own rows: what the cloud alone knows of a block, it stops at the issue.
        """
        self._check_session(sign_in)
        record = await self._from_replica(request)
        if self._reach.worth_trying(sign_in, CERTIFICATES):
            record = replace(record, offline=False)
        await self._check_time(record.as_of)
        refusals = self._judge(sign_in, request, record, released=False).refusals
        if other := releases.only_released(refusals):
            raise other
        if not refusals:
            raise RefusedError("refused.not_blocked")
        return ToRelease(refusals, record.restrictions, record.offline)

    def take_release(self, release: Release) -> None:
        """Let one issue through that an officer has released, once it is written down."""
        self._release = release

    def forget_release(self) -> None:
        """End a release, used or not."""
        self._release = None

    def released(
        self, sign_in: SignIn, request: CertificateRequest, restrictions: Restrictions
    ) -> Release | None:
        """Return the release that holds for this paper at this moment, or None."""
        release = self._release
        if release is None:
            return None
        clerk = sign_in.clerk.staff_id
        return release if releases.covers(release, request, clerk, restrictions, self._now()) else None

    async def preview(self, prepared: Prepared) -> tuple[Picture, ...]:
        """Return the very pages as pictures; they bear no number yet."""
        return await self._press.preview(prepared.decided)

    async def issue(
        self, sign_in: SignIn, prepared: Prepared, decider: SignIn | None = None
    ) -> tuple[Issued, ...]:
        """Write down and print each copy; after trouble with one, the others are not begun.

        A copy without the printer's word is UNKNOWN until the clerk says what became of it. Nothing is ever
        printed again by itself: another sheet is another number. ``decider`` is there where the clerk only receives.
        """
        self._check_session(sign_in)
        if error := deciding.door_error(sign_in, decider, Right.ISSUE, self._now()):
            await self._refuse(sign_in, prepared.request, error)
        fresh = await self._again(sign_in, prepared, decider)
        while (
            fresh.release and fresh.release is not self._release
        ):  # gone to another issue while this was judged
            fresh = await self._again(sign_in, prepared, decider)
        if fresh.release:
            self.forget_release()  # for one issue, whatever becomes of it
        done: list[Issued] = []
        for _ in range(fresh.request.copies):
            try:
                done.append(await self._copy(sign_in, fresh, decider))
            except StoreError as error:  # no number, nothing printed; but those before are to be asked about
                if not done:
                    raise
                done[-1] = replace(done[-1], trouble=error)
            if done[-1].trouble:
                break
        return tuple(done)

    async def confirm(
        self, sign_in: SignIn, serial: SerialNo, *, handed_over: bool, reason: str = ""
    ) -> None:
        """Take the clerk's word: handed over, or spoiled and why."""
        if not handed_over and not reason.strip():
            raise RefusedError("refused.input", field="reason")
        refuse_forbidden_number("reason", reason)
        actor = sign_in.clerk.staff_id
        if handed_over and await self._printing_was_not_told(serial):
            await self._ledger.note_sheet(serial, SheetState.UNKNOWN, actor=actor)
        state = SheetState.HANDED_OVER if handed_over else SheetState.SPOILED
        await self._ledger.note_sheet(serial, state, actor=actor, reason=reason.strip())

    async def open_sheets(self) -> tuple[IssuedCopy, ...]:
        """Return the copies whose end nobody has told yet, oldest first."""
        return await self._ledger.open_sheets()

    async def _printing_was_not_told(self, serial: SerialNo) -> bool:
        """Tell whether the book ends with the number: the paper may be out, only its word was never written."""
        sheets = await self._ledger.open_sheets()
        return any(one.serial == serial and one.state is SheetState.COMMITTED for one in sheets)

    async def _record(
        self, sign_in: SignIn, request: CertificateRequest, decider: SignIn | None, *, ask: bool
    ) -> _Record:
        if ask and self._reach.worth_trying(decider or sign_in, CERTIFICATES):
            if decider is None and deciding.only_prepares(sign_in, Right.ISSUE):
                # The cloud gives a paper's record to who may issue it: it is asked when somebody decides.
                return replace(await self._from_replica(request), offline=False)
            with suppress(LinkDownError):  # noted by the reach; the replica answers
                return await self._from_cloud(sign_in, request, decider)
        return await self._from_replica(request)

    async def _from_cloud(
        self, sign_in: SignIn, request: CertificateRequest, decider: SignIn | None
    ) -> _Record:
        try:
            told = await self._reach.ask(CERTIFICATES, lambda: self._cloud.eligibility(request, decider))
        except RefusedError as error:
            if self._release is None or error.code not in self._release.codes:
                await self._refuse(sign_in, request, error)
            # The cloud knows nothing of a release. Whether it holds is judged by the rows here.
            return replace(await self._from_replica(request), offline=False)
        held = await and_held(self._ledger, told.household, Answer(told.restrictions, told.as_of))
        return _Record(told.household, held, told.words, told.warnings, told.as_of, offline=False)

    async def _from_replica(self, request: CertificateRequest) -> _Record:
        household, restrictions = await read_household(self._replica, self._ledger, request.subject)
        await self._prove(household.value)
        day = tokyo_day(self._now())
        whole = is_whole(request.members, household.value, day)
        words = await self._words(request.kind, whole=whole, on=day)
        return _Record(household.value, restrictions, words.value, (), household.as_of, offline=True)

    def _judge(
        self, sign_in: SignIn, request: CertificateRequest, record: _Record, *, released: bool
    ) -> gate.Verdict:
        return gate.verdict(
            request=request,
            household=record.household,
            restrictions=record.restrictions,
            sign_in=sign_in,
            as_of=record.as_of,
            now=self._now(),
            offline=record.offline,
            declared=self._declared(),
            officer_released=released,
            limits=self._settings.limits,
        )

    def _decided(
        self, sign_in: SignIn, request: CertificateRequest, record: _Record, now: datetime
    ) -> Decided:
        day = tokyo_day(now)
        household = gate.without_items(household_on(record.household, day), sign_in)
        sealed = self._settings.official_seal and not self._settings.drill
        return Decided(
            kind=request.kind,
            household=household,
            members=tuple(one for one in household.members if one.atena_no in request.members),
            options=request.options,
            whole_household=is_whole(request.members, household, day),
            attestation=record.words.attestation,
            certifier=record.words.certifier,
            seal=record.words.seal if sealed else None,
            issued_on=day,
            as_of=record.as_of,
            show_as_of=self._settings.show_as_of and record.as_of.source is Source.REPLICA,
            official_use=request.requester is Requester.OFFICIAL,
            drill=self._settings.drill,
        )

    async def _again(self, sign_in: SignIn, prepared: Prepared, decider: SignIn | None) -> Prepared:
        """Decide again at the moment of issue: the rows are read anew, and a block that has come since stops it (P08).

        What the clerk has seen must be what is printed: what moved on meanwhile is to be shown again. A paper
        prepared off line is judged again by the replica, where a block comes in first, and waits for no line.
        """
        fresh = await self._prepare(sign_in, prepared.request, decider, ask=not prepared.offline)
        if _seen(fresh) != _seen(prepared) or _alarms(fresh) - _alarms(prepared):
            raise ConflictError("conflict.version")
        return fresh

    async def _prove(self, household: Household) -> None:
        """Let no paper rest on rows that are not what they should be; the sync fetches them anew (P09)."""
        try:
            await self._replica.prove(household)
        except StoreError:
            self._on_damage()
            raise

    def _check_session(self, sign_in: SignIn) -> None:
        if over := session_error(sign_in, self._now()):
            raise over
        self._check_offset()

    async def _check_time(self, as_of: AsOf) -> None:
        """Believe no clock that the cloud just contradicted, nor off line one that stands before the book (P07)."""
        self._check_offset()
        if as_of.source is Source.REPLICA:
            off = clock_error(self._now(), await self._ledger.latest_time())
            if off:
                raise off

    def _check_offset(self) -> None:
        seconds = int(self._clock_offset_ms() / 1000)
        if abs(seconds) > CLOCK_TOLERANCE.total_seconds():
            raise clock_off(seconds)

    async def _refuse(self, sign_in: SignIn, request: CertificateRequest, error: CounterError) -> NoReturn:
        await self._ledger.record(
            JournalEntry(
                "refusal",
                sign_in.clerk.staff_id,
                tuple(dict.fromkeys((request.subject, *request.members))),
                {"what": request.kind.value, "code": error.code},
            )
        )
        raise error


def _seen(prepared: Prepared) -> tuple[object, ...]:
    """Return what of a paper the clerk has seen and counted on."""
    decided = prepared.decided
    return decided.members, decided.whole_household, decided.certifier, prepared.pages, prepared.fee_yen


def _told(release: Release | None, decided: Decided, others: tuple[str, ...]) -> tuple[str, ...]:
    told = (*((gate.WARN_RELEASED,) if release else ()), *deputy.warnings(decided), *others)
    return tuple(dict.fromkeys(told))


def _alarms(prepared: Prepared) -> set[str]:
    return {gate.WARN_BLOCK, gate.WARN_SHIEN_SOCHI, gate.WARN_RELEASED} & set(prepared.warnings)

"""The counter: who stands at the window, what goes on the paper, and whether it may go on. No toolkit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from client.domain.as_of import Answer, AsOf
from client.domain.blocks import Restrictions
from client.domain.calendar import tokyo_day
from client.domain.certificate import CertificateRequest, IdentityCheck, Requester
from client.domain.clerk import Right, SignIn
from client.domain.errors import CounterError
from client.domain.resident import AtenaNo, Resident
from client.jobs.find_resident import HouseholdView, veiled
from client.jobs.issue_copy import Prepared
from client.jobs.ports import Now
from client.rules import freshness, gate, releases
from client.rules.end_alerts import EndAlert, end_alerts
from client.rules.sign_in import may
from ui.notices import Note, note_of
from ui.screens.counter import shown
from ui.screens.counter.basket import Basket
from ui.screens.counter.find import FindModel
from ui.screens.counter.kept import Kept, newly_sheltered
from ui.text import Words
from ui.work import Starter, nothing


@dataclass(frozen=True, slots=True)
class CounterJobs:
    """What this screen may ask for."""

    household: Callable[[AtenaNo, bool], Awaitable[Answer[HouseholdView]]]  # number, identity checked
    prepare: Callable[[CertificateRequest], Awaitable[Prepared]]
    fee: Callable[[], Awaitable[int]]  # yen a copy of 住民票の写し
    offline: Callable[[], bool]
    declared: Callable[[], bool]
    released: Callable[[CertificateRequest, Restrictions], bool] = lambda _request, _restrictions: False


class CounterModel:
    """The visit at the window. ``to_certificate``, ``to_release`` and ``to_change`` are called when it goes on elsewhere."""

    def __init__(self, words: Words, find: FindModel, jobs: CounterJobs, starter: Starter, now: Now) -> None:
        self.words = words
        self.find = find
        self._jobs = jobs
        self._starter = starter
        self._now = now
        self.alert_days = 31  # before an end date; a setting
        self.limits: freshness.Table = freshness.DEFAULTS  # how old the data of a paper may be; settings
        self.sign_in: SignIn | None = None
        self.view: HouseholdView | None = None
        self.as_of: AsOf | None = None
        self.subject: AtenaNo | None = None
        self.highlighted: AtenaNo | None = None
        self.checked: frozenset[AtenaNo] = frozenset()
        self.basket = Basket()
        self.fee_yen: int | None = None
        self.preparing = False
        self.opening = False
        self.note: Note | None = None
        self._unread: Kept | None = None  # a visit come back to that could not be read again
        self.changed: Callable[[], None] = lambda: None
        self.to_certificate: Callable[[Prepared], None] = lambda _prepared: None
        self.to_release: Callable[[CertificateRequest], None] = lambda _request: None
        self.to_change: Callable[[HouseholdView | None, AtenaNo | None], None] = lambda _view, _who: None
        find.chosen = self.open

    # -- the resident

    @property
    def resident(self) -> Resident | None:
        """Return the resident at the window, as the record will be once pending changes are registered."""
        return self._member(self.subject)

    @property
    def detail(self) -> Resident | None:
        """Return the member whose details are shown: the one chosen in the table."""
        return self._member(self.highlighted)

    @property
    def masked(self) -> bool:
        """Tell whether addresses are left out because nobody's identity was checked yet (P08)."""
        return self.view is not None and self.view.masked

    def open(self, atena_no: AtenaNo) -> None:
        """Bring a resident to the window; a new visit begins."""
        self.opening, self.note = True, None
        self.changed()
        self._starter.replace("open", lambda: self._open(atena_no, keep=False))

    def refresh(self) -> None:
        """Look the same household up again: the line is back, an intake was taken, an identity checked."""
        if self.subject is not None:
            atena_no = self.subject
            self._starter.replace("open", lambda: self._open(atena_no, keep=True))

    def close_visit(self) -> None:
        """End the visit: nothing of it stays on the screen."""
        self.view = self.subject = self.highlighted = self.as_of = self.note = None
        self.checked, self._unread = frozenset(), None
        self.basket = Basket()
        for name in ("open", "prepare", "fee"):  # what was asked for this visit is shown in no other
            self._starter.replace(name, nothing)
        self.changed()

    def keep(self) -> Kept | None:
        """Return the visit to be come back to; None where nobody stands at the window."""
        if self.subject is None or self.view is None:
            return self._unread
        return Kept(self.subject, self.highlighted, self.checked, self.basket, self.view.restrictions)

    async def come_back(self, kept: Kept) -> bool:
        """Take a visit up again, read anew before anything of it is shown (P08); tells whether it could be.

        Where a measure has come meanwhile the address is veiled, and the identity is to be checked again.
        """
        self.close_visit()
        self._unread = kept
        try:
            answer = await self._jobs.household(kept.subject, self._unveils(kept.basket))
        except CounterError as error:
            self.note = note_of(error, self.words)
            return False
        if self._unread is not kept:  # somebody else was brought to the window meanwhile
            return False
        self._unread = None
        self.view, self.as_of, self.subject = answer.value, answer.as_of, kept.subject
        self.highlighted, self.basket = kept.highlighted, kept.basket
        self.checked = kept.checked & {row.atena_no for row in self.rows() if row.may_check}
        if newly_sheltered(kept, answer.value):
            self.basket = replace(kept.basket, identity=IdentityCheck.NONE)
            self.view = veiled(answer.value)
            self.note = Note("warn", self.words("visit.sheltered"), self.words("visit.sheltered_do"))
        elif set(answer.value.restrictions.blocks) - set(kept.seen.blocks):
            self.note = Note("warn", self.words("visit.blocked"), self.words("visit.blocked_do"))
        self.changed()
        return True

    def highlight(self, atena_no: AtenaNo) -> None:
        """Show a member's details."""
        if atena_no != self.highlighted:
            self.highlighted = atena_no
            self.changed()

    def check(self, atena_no: AtenaNo, *, on: bool) -> None:
        """Put a member on the paper, or leave them out."""
        row = next((row for row in self.rows() if row.atena_no == atena_no), None)
        if row is None or (on and not row.may_check):
            return
        self.checked = self.checked | {atena_no} if on else self.checked - {atena_no}
        self.changed()

    def check_all(self) -> None:
        """Put the whole household on the paper."""
        self.checked = frozenset(row.atena_no for row in self.rows() if row.may_check)
        self.changed()

    def rows(self) -> tuple[shown.MemberRow, ...]:
        """Return the household table in the stored order (並び順)."""
        if self.view is None:
            return ()
        today = tokyo_day(self._now())
        return tuple(
            shown.member_row(
                member,
                self.view,
                self.words,
                today,
                checked=member.atena_no in self.checked,
                subject=member.atena_no == self.subject,
            )
            for member in self.view.projected.members
        )

    def banners(self) -> tuple[shown.BannerLine, ...]:
        """Return the standing words above the data."""
        return (
            shown.banners(self.view, self.as_of, self.words, self._now(), self._end_alerts())
            if self.view
            else ()
        )

    def details(self) -> tuple[tuple[str, str], ...]:
        """Return the further items of the member chosen."""
        if self.detail is None or self.sign_in is None:
            return ()
        unseen = gate.withheld(self.detail, self.sign_in)
        seen = gate.resident_without_items(self.detail, self.sign_in)
        return shown.details(seen, self.words, masked=self.masked, withheld=unseen)

    def birth_text(self, resident: Resident) -> str:
        """Return a birth date as recorded, and the age today."""
        return shown.birth_text(resident, tokyo_day(self._now()), self.words)

    # -- the basket

    def set_basket(self, basket: Basket) -> None:
        """Take the basket as the clerk has changed it; a check of identity unveils, and one taken back veils again."""
        if basket == self.basket:
            return
        before, self.basket = self._unveils(self.basket), basket
        if (
            self._unveils(basket) != before
            and self.view is not None
            and gate.shelters(self.view.restrictions)
        ):
            if before:
                self.view = veiled(self.view)
            self.refresh()
        self.changed()

    def add_juminhyo(self) -> None:
        """Put 住民票の写し into the basket; with nobody checked, for the one at the window."""
        if self.subject is None:
            return
        if not self.checked:
            self.check(self.subject, on=True)
        self.set_basket(replace(self.basket, juminhyo=True))
        self._starter.start("fee", self._ask_fee)

    def remove_juminhyo(self) -> None:
        """Take it out again."""
        self.set_basket(replace(self.basket, juminhyo=False, copies=1))

    @property
    def members(self) -> tuple[AtenaNo, ...]:
        """Return the members on the paper, in the stored order."""
        return tuple(row.atena_no for row in self.rows() if row.atena_no in self.checked)

    @property
    def has_foreigner(self) -> bool:
        """Tell whether a foreign resident is on the paper."""
        return any(one is not None and shown.is_foreign(one) for one in map(self._member, self.members))

    @property
    def scope_text(self) -> str:
        """Return whether the whole household or a part is on the paper, and how many."""
        living = sum(row.may_check for row in self.rows())
        whole = living > 0 and len(self.members) == living
        return self.words("basket.whole" if whole else "basket.part", n=len(self.members))

    @property
    def total_text(self) -> str:
        """Return the fee of all copies."""
        if not self.basket.juminhyo or self.fee_yen is None:
            return self.words("basket.no_fee")
        each = 0 if self.basket.requester is Requester.OFFICIAL else self.fee_yen
        return self.words("basket.yen", yen=f"{each * self.basket.copies:,}")

    @property
    def reason(self) -> str:
        """Return why nothing can be issued yet; empty when it can."""
        if self.subject is None or self.view is None:
            return self.words("basket.no_resident")
        if gap := self.basket.gaps(self.members):
            return self.words(gap)
        if self.preparing:
            return self.words("basket.preparing")
        refusals = self._verdict().refusals
        return self._short(refusals[0]) if refusals else ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what the clerk should know before issuing."""
        if self.subject is None or self.basket.gaps(self.members):
            return ()
        return tuple(self.words(code) for code in self._verdict().warnings)

    @property
    def may_ask_release(self) -> bool:
        """Tell whether an officer's release is all that is missing."""
        if self.subject is None or self.preparing or self.basket.gaps(self.members):
            return False
        refusals = self._verdict().refusals
        return bool(refusals) and releases.only_released(refusals) is None

    def ask_release(self) -> None:
        """Go on to where an officer releases this one issue."""
        if self.may_ask_release and self.subject is not None:
            self.to_release(self.basket.request(self.subject, self.members))

    def issue(self) -> None:
        """Have the paper decided and go on to its preview."""
        if self.reason or self.subject is None:
            return
        request = self.basket.request(self.subject, self.members)
        self.preparing, self.note = True, None
        self.changed()
        self._starter.start("prepare", lambda: self._prepare(request))

    def begin_change(self) -> None:
        """Go on to the procedures: of who stands at the window, or of somebody the register does not know."""
        if not self.may_accept:
            return
        known = self.view is not None and self.subject is not None
        self.to_change(*((self.view, self.subject) if known else (None, None)))

    @property
    def may_accept(self) -> bool:
        """Tell whether this clerk takes in notifications, alone or by somebody's decision."""
        return self._has(Right.ACCEPT) or self._has(Right.RECEIVE)

    def dismiss(self) -> None:
        """Take the note away."""
        self.note = None
        self.changed()

    # -- work

    async def _open(self, atena_no: AtenaNo, *, keep: bool) -> None:
        try:
            answer = await self._jobs.household(atena_no, keep and self._unveils(self.basket))
        except CounterError as error:
            self.note = note_of(error, self.words)
        else:
            self._show(answer, atena_no, keep=keep)
        finally:
            self.opening = False
            self.changed()

    def _show(self, answer: Answer[HouseholdView], atena_no: AtenaNo, *, keep: bool) -> None:
        self.view, self.as_of, self.subject = answer.value, answer.as_of, atena_no
        if keep:
            return
        self._unread = None
        self.highlighted, self.checked, self.basket = atena_no, frozenset(), Basket()
        if resident := self.resident:
            self.find.remember(atena_no, resident.shown_name)

    async def _prepare(self, request: CertificateRequest) -> None:
        try:
            prepared = await self._jobs.prepare(request)
        except CounterError as error:
            self.note = note_of(error, self.words)
        else:
            self.to_certificate(prepared)
        finally:
            self.preparing = False
            self.changed()

    async def _ask_fee(self) -> None:
        try:
            self.fee_yen = await self._jobs.fee()
        except CounterError:
            self.fee_yen = None  # shown again when the paper is decided; until then a dash
        self.changed()

    # -- small questions

    def _member(self, atena_no: AtenaNo | None) -> Resident | None:
        return self.view.projected.member(atena_no) if self.view and atena_no else None

    def _end_alerts(self) -> tuple[EndAlert, ...]:
        if self.sign_in is None or self.view is None:
            return ()
        return end_alerts(
            self.view.restrictions,
            self.sign_in.clerk.rights,
            tokyo_day(self._now()),
            within=self.alert_days,
        )

    def _has(self, right: Right) -> bool:
        return self.sign_in is not None and may(self.sign_in.clerk, right)

    @staticmethod
    def _unveils(basket: Basket) -> bool:
        """Only the person asked about, checked, sees the address: a housemate is whom it is hidden from."""
        return basket.identity is not IdentityCheck.NONE and basket.requester is Requester.SELF

    def _verdict(self) -> gate.Verdict:
        if self.sign_in is None or self.as_of is None or self.view is None or self.subject is None:
            return gate.Verdict()
        request = self.basket.request(self.subject, self.members)
        return gate.verdict(
            request=request,
            household=self.view.household,
            restrictions=self.view.restrictions,
            sign_in=self.sign_in,
            as_of=self.as_of,
            now=self._now(),
            offline=self._jobs.offline(),
            declared=self._jobs.declared(),
            officer_released=self._jobs.released(request, self.view.restrictions),
            limits=self.limits,
        )

    def _short(self, error: CounterError) -> str:
        key = f"reason.{error.code}"
        if self.words.has(key):
            return self.words(key, **self.words.named(error.facts))
        return self.words.error(error.code, error.facts).what

"""Release one issue (一時解除): a clerk asks, somebody with the right shows both factors at this PC, and it is written down
before it counts.

Set, lift and release are three rights [STD j410]: blocks are set and lifted in the register alone, released here for one
issue. A release lives in memory: it ends with the issue, its return time, or the program.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from client.domain.blocks import OtherSide, ShienSochi
from client.domain.certificate import CertificateRequest
from client.domain.change import change_key
from client.domain.clerk import HowSignedIn, Right, SignIn
from client.domain.errors import RefusedError
from client.domain.intake import refuse_forbidden_number
from client.domain.release import Release, Secrets
from client.jobs.check_person import CheckPerson
from client.jobs.issue_certificate import IssueCertificate
from client.jobs.ports import JournalEntry, Now
from client.rules import releases
from client.rules.deciding import only_prepares
from client.rules.other_side import Asking, Folds, any_may_be
from client.rules.sign_in import right_error, session_error

MOST_LETTERS = 200  # of a reason
EXACT = Folds(str.strip, lambda text: (text.strip(),))


class ReleaseBook(Protocol):
    """The ledger, as far as it keeps releases."""

    async def record(self, entry: JournalEntry) -> None:
        """Append a line to the journal."""
        ...

    async def release(self, release: Release) -> None:
        """Write a release and its report, which goes before all others, in one transaction."""
        ...


class ReleaseIssue:
    """Takes a release in for the paper a clerk has put together.

    ``card_wanted`` is told whose card is not in, and tells whether it is to be waited for: there may be one reader.
    """

    def __init__(
        self,
        check: CheckPerson,
        issue: IssueCertificate,
        ledger: ReleaseBook,
        *,
        now: Now,
        random: Callable[[int], bytes],
        last: timedelta,
        other_side: Callable[[ShienSochi, bytes], OtherSide | None] = lambda _measure, _key: None,
        folds: Folds = EXACT,
    ) -> None:
        self._check = check
        self._issue = issue
        self._ledger = ledger
        self._now = now
        self._random = random
        self._last = last
        self._other_side = other_side
        self._folds = folds
        self.card_wanted: Callable[[str], bool] = lambda _staff_id: False

    async def __call__(
        self,
        sign_in: SignIn,
        request: CertificateRequest,
        officer: Secrets,
        reason: str,
        asking: Asking,
        *,
        second: Secrets | None = None,
    ) -> Release:
        """Release one issue; on line by one person beside the clerk, off line by two who both show their secrets.

        Errors: RefusedError; SignInNeededError of whoever's secrets are wrong; StoreError.
        """
        self._issue.forget_release()
        if over := session_error(sign_in, self._now()):
            raise over
        reason = reason.strip()
        if not reason:
            raise RefusedError("refused.input", field="reason")
        if len(reason) > MOST_LETTERS:
            raise RefusedError("refused.input_too_long", most=MOST_LETTERS, words=MOST_LETTERS)
        refuse_forbidden_number("reason", reason)
        if not asking.name.strip():
            raise RefusedError("refused.input", field="asking_name")
        _must_differ(officer.staff_id, sign_in.clerk.staff_id, "refused.release_self")
        case = await self._issue.to_release(sign_in, request)
        if second is None and case.offline:
            raise RefusedError("refused.release_second")
        if second is not None:
            _must_differ(officer.staff_id, second.staff_id, "refused.release_second")
        who = await self._checked(sign_in, officer)
        _must_differ(who.clerk.staff_id, sign_in.clerk.staff_id, "refused.release_self")
        for right in sorted(releases.rights_needed(case.refusals), key=lambda one: one.value):
            if missing := right_error(who, right):
                await self._refuse(sign_in, request, who, missing)
        sides = [self._other_side(one, who.measures_key) for one in case.restrictions.shien_sochi]
        if any_may_be(asking, filter(None, sides), self._folds):
            await self._refuse(sign_in, request, who, RefusedError("refused.other_side"))
        # The line may have gone between: what this PC alone has checked takes two.
        offline = case.offline or who.how is HowSignedIn.OFFLINE
        beside = await self._beside(sign_in, who, second) if offline else sign_in.clerk.staff_id
        now = self._now()
        release = Release(
            key=change_key(now, self._random(10)),
            request=request,
            clerk=sign_in.clerk.staff_id,
            officer=who.clerk.staff_id,
            second=beside,
            offline=offline,
            reason=reason,
            set_aside=releases.standing(case.restrictions),
            codes=frozenset(one.code for one in case.refusals),
            made_at=now,
            until=now + self._last,
            compared=bool(sides) and None not in sides,
        )
        await self._ledger.release(release)
        self._issue.take_release(release)
        return release

    async def _beside(self, sign_in: SignIn, officer: SignIn, second: Secrets | None) -> str:
        if second is None:
            raise RefusedError("refused.release_second")
        who = await self._checked(sign_in, second)
        _must_differ(who.clerk.staff_id, officer.clerk.staff_id, "refused.release_second")
        if only_prepares(who, Right.ISSUE):
            raise RefusedError("refused.receives_only")
        return who.clerk.staff_id

    async def _checked(self, sign_in: SignIn, shown: Secrets) -> SignIn:
        return await self._check(sign_in, shown, wanted=lambda: self.card_wanted(shown.staff_id))

    async def _refuse(
        self, sign_in: SignIn, request: CertificateRequest, who: SignIn, error: RefusedError
    ) -> None:
        facts = {"what": "release", "who": who.clerk.staff_id, "code": error.code}
        await self._ledger.record(JournalEntry("refusal", sign_in.clerk.staff_id, request.members, facts))
        raise error


def _must_differ(one: str, other: str, code: str) -> None:
    if one.strip() == other.strip():
        raise RefusedError(code)

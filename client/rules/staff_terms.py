"""How long somebody may work here by the register's own rows, and who may answer for whom while the line is down.

Nobody gets more from two colleagues than from the register: its rights of the day, its days, and less time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from client.domain.calendar import TOKYO, tokyo_day
from client.domain.clerk import Clerk, HowSignedIn, Lease, Right, SignIn
from client.domain.errors import CounterError, RefusedError, SignInNeededError
from client.domain.in_force import RightGrant, StaffEntry
from client.rules.deciding import only_prepares
from client.rules.on_day import in_force
from client.rules.sign_in import CLOCK_TOLERANCE, lease_over, right_error
from client.rules.town_on_day import held_on, rights_on

WORD_LIFE = timedelta(minutes=10)  # how long what one of the two has shown holds
PASSWORD_LENGTH = 12  # as the cloud asks of a password somebody chooses
_DISTINCT = 4


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people who have each shown both factors on this PC, for one act."""

    first: SignIn
    second: SignIn

    @property
    def officer(self) -> SignIn:
        """Return the one who is a 責任者; the first where both are."""
        return self.first if Right.OFFICER in self.first.clerk.rights else self.second

    @property
    def ids(self) -> tuple[str, str]:
        """Return both staff ids, the officer's first."""
        officer = self.officer
        other = self.second if officer is self.first else self.first
        return officer.clerk.staff_id, other.clerk.staff_id


def word_error(word: SignIn, now: datetime) -> CounterError | None:
    """Return why somebody cannot answer for another now, or None."""
    if word.let_in_by:
        return RefusedError("refused.let_in_by_two")
    if only_prepares(word, Right.ISSUE) and only_prepares(word, Right.ACCEPT):
        return RefusedError("refused.receives_only")
    if not -CLOCK_TOLERANCE <= now - word.at <= WORD_LIFE:
        return SignInNeededError("sign_in.word_stale")
    return SignInNeededError("sign_in.lease_over") if lease_over(word.lease, now) else None


def pair_error(pair: Pair, now: datetime) -> CounterError | None:
    """Return why two cannot act together, or None: two different people, one of them an officer, each for themselves."""
    if pair.first.clerk.staff_id == pair.second.clerk.staff_id:
        return RefusedError("refused.same_person")
    return (
        word_error(pair.first, now)
        or word_error(pair.second, now)
        or right_error(pair.officer, Right.OFFICER)
    )


def admitted(
    pair: Pair, staff_id: str, entry: StaffEntry, now: datetime, longest: timedelta
) -> SignIn | CounterError:
    """Return what two let somebody in with, or why they cannot.

    Never more than the register's rows give today, nor longer than the shortest of: ``longest``, the lease of either
    of the two, the last day of the person or of a right.
    """
    if refusal := pair_error(pair, now):
        return refusal
    if staff_id in pair.ids:
        return RefusedError("refused.same_person")
    member, day = entry.member, tokyo_day(now)
    rights = frozenset() if member is None else rights_on(member, entry.grants, day)
    if member is None or not rights:
        return RefusedError("refused.not_in_service")
    lease = Lease(min(now + longest, pair.first.lease.until, pair.second.lease.until))
    clerk = Clerk(
        member.staff_id,
        member.name,
        member.section or "",
        rights,
        entry.by_item,
        member.secrets_since,
        entry.by_block,
    )
    made = SignIn(clerk, lease, HowSignedIn.OFFLINE, now, let_in_by=pair.ids)
    return within_terms(made, entry, now)


def within_terms(sign_in: SignIn, entry: StaffEntry, now: datetime) -> SignIn | CounterError:
    """Return a sign-in off line as the register's rows leave it today, or the refusal of somebody not in service.

    Whom the register does not know yet keeps what the cloud said at the last sign-in.
    """
    member, day = entry.member, tokyo_day(now)
    if member is None:
        return sign_in
    if not in_force(member, day):
        return SignInNeededError("sign_in.not_in_service")
    if member.secrets_since and not is_of(sign_in.clerk.secrets_since, member.secrets_since):
        return SignInNeededError("sign_in.secrets_void")
    clerk = common(
        sign_in.clerk,
        replace(
            sign_in.clerk,
            rights=rights_on(member, entry.grants, day),
            by_item=entry.by_item,
            by_block=entry.by_block,
        ),
    )
    rights, held = clerk.rights, held_on(member, entry.grants, day)
    ends = [member.in_force_until, *(_last_day(held, right) for right in rights)]
    lease = Lease(min([sign_in.lease.until, *(end_of(last) for last in ends if last is not None)]))
    return replace(sign_in, clerk=clerk, lease=lease)


def is_of(kept: datetime | None, since: datetime) -> bool:
    """Tell whether what a PC keeps of somebody's secrets is from their last change on, both as the cloud told them."""
    return kept is not None and kept >= since


def common(told: Clerk, newer: Clerk) -> Clerk:
    """Return a clerk with what both a sign-in and a newer word on the same person give: the rows here, a renewal.

    Where one of them is from before the town gave items one by one, looking up stands there for all of them, and so being
    in charge for the acts on blocks; of somebody who receives by one word and not by the other, only what was given by name.
    """
    receives = Right.RECEIVE in told.rights | newer.rights
    by_item = told.by_item or newer.by_item or receives
    by_block = told.by_block or newer.by_block
    both = (one.spelt_out(items=by_item, block_acts=by_block) for one in (told, newer))
    return replace(told, rights=next(both) & next(both), by_item=by_item, by_block=by_block)


def password_objection(staff_id: str, password: str) -> RefusedError | None:
    """Return why a password may not be chosen here, or None; the cloud's rules without its list of leaked ones."""
    folded = password.casefold()
    short = len(password) < PASSWORD_LENGTH or len(set(folded)) < _DISTINCT
    if short or (staff_id.casefold() in folded and len(folded) < len(staff_id) + PASSWORD_LENGTH):
        return RefusedError("refused.new_password", least=PASSWORD_LENGTH)
    return None


def end_of(day: date) -> datetime:
    """Return the moment (UTC) at which a day is over at the counter."""
    return datetime.combine(day + timedelta(days=1), time(), TOKYO).astimezone(UTC)


def _last_day(held: Iterable[RightGrant], right: Right) -> date | None:
    """Return the last day of a right held today, None where one grant of it is open."""
    lasts = [grant.in_force_until for grant in held if grant.right == right.value]
    known = [last for last in lasts if last is not None]
    return max(known) if known and len(known) == len(lasts) else None

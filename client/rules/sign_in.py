"""Who may stay at the counter: the offline lease, and the lock-out after wrong secrets.

The clock of a PC can be set back. So every wait is judged by the latest time ever seen, which the caller keeps.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from client.domain.clerk import Clerk, Lease, Right, SignIn
from client.domain.errors import RefusedError, SignInNeededError

CLOCK_TOLERANCE = timedelta(seconds=300)


@dataclass(frozen=True, slots=True)
class LockoutRules:
    """After how many wrong secrets to lock, and for how long: doubling with each further one, up to a cap.

    ``most`` in a row and nothing is looked at any more until the cloud, or two colleagues, let the person in: whoever
    may set the PC's clock forward waits for nothing.
    """

    failures: int = 5
    most: int = 30
    first: timedelta = timedelta(minutes=5)
    longest: timedelta = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Lockout:
    """Wrong secrets in a row, the end of the lock-out if there is one, and the latest time seen (UTC)."""

    failures: int = 0
    until: datetime | None = None
    seen: datetime | None = None


DEFAULT_LOCKOUT = LockoutRules()


def trusted_now(now: datetime, seen: datetime | None) -> datetime:
    """Return the time to judge by: never earlier than a time seen before."""
    return now if seen is None else max(now, seen)


def after_wrong_secret(lockout: Lockout, now: datetime, rules: LockoutRules = DEFAULT_LOCKOUT) -> Lockout:
    """Count a wrong id, password or code."""
    at = trusted_now(now, lockout.seen)
    failures = lockout.failures + 1
    over = failures - rules.failures
    if over < 0:
        return Lockout(failures, lockout.until, at)
    wait = min(rules.first * 2 ** min(over, 16), rules.longest)
    return Lockout(failures, at + wait, at)


def after_right_secret(lockout: Lockout, now: datetime) -> Lockout:
    """Forget the wrong ones; the time seen stays."""
    return Lockout(seen=trusted_now(now, lockout.seen))


def time_seen(lockout: Lockout, now: datetime) -> Lockout:
    """Write down how late it is."""
    return replace(lockout, seen=trusted_now(now, lockout.seen))


def locked_for(lockout: Lockout, now: datetime) -> timedelta:
    """Return how long a lock-out still lasts; nothing where there is none.

    By the clock as it stands: set back it makes the wait longer, never shorter.
    """
    if lockout.until is None:
        return timedelta(0)
    return max(lockout.until - now, timedelta(0))


def lockout_error(
    lockout: Lockout, now: datetime, rules: LockoutRules = DEFAULT_LOCKOUT
) -> SignInNeededError | None:
    """Return the refusal to even look at a secret, or None."""
    if lockout.failures >= rules.most:
        return SignInNeededError("sign_in.too_many")
    left = locked_for(lockout, now)
    if not left:
        return None
    return SignInNeededError("sign_in.locked_out", minutes=-(-left // timedelta(minutes=1)))


def clock_error(now: datetime, seen: datetime | None) -> SignInNeededError | None:
    """Return the refusal of a clock that stands well before a time seen, or None: it would lengthen the lease."""
    if seen is not None and seen - now > CLOCK_TOLERANCE:
        return clock_off(int((seen - now).total_seconds()))
    return None


def clock_off(seconds: int) -> SignInNeededError:
    """Return the refusal of a clock that is off by so many seconds: behind where positive, ahead where negative."""
    return SignInNeededError(
        "sign_in.clock_off", seconds=abs(seconds), way="behind" if seconds > 0 else "ahead"
    )


def offline_error(lease: Lease, now: datetime, seen: datetime | None = None) -> SignInNeededError | None:
    """Return why a clerk whose secrets were right may still not work off line, or None."""
    if wrong_clock := clock_error(now, seen):
        return wrong_clock
    if lease_over(lease, now, seen):
        return SignInNeededError("sign_in.lease_over")
    return None


def session_error(sign_in: SignIn, now: datetime) -> SignInNeededError | None:
    """Return why a clerk who was let in may not go on, or None: a session ends with its lease, on line and off."""
    return SignInNeededError("sign_in.lease_over") if lease_over(sign_in.lease, now) else None


def lease_over(lease: Lease, now: datetime, seen: datetime | None = None) -> bool:
    """Tell whether the offline lease has ended."""
    return trusted_now(now, seen) >= lease.until


def access_over(sign_in: SignIn, now: datetime) -> bool:
    """Tell whether the access token works no more, by this PC's clock."""
    return sign_in.access_term is not None and now >= sign_in.access_term.until


def may_renew(sign_in: SignIn) -> bool:
    """Tell whether the access token can be renewed at all: not where its session ends with it."""
    term = sign_in.access_term
    return sign_in.access_token is not None and term is not None and term.until < term.renewable_until


def renewal_due(sign_in: SignIn, now: datetime) -> bool:
    """Tell whether it is time to renew: half of the token's life is over, or the clock went back.

    Also past its end by this clock: whether it is over is the cloud's to say.
    """
    term = sign_in.access_term
    if term is None or not may_renew(sign_in):
        return False
    return now >= term.since + (term.until - term.since) / 2 or now < term.since - CLOCK_TOLERANCE


def may(clerk: Clerk, right: Right) -> bool:
    """Tell whether a clerk has a right; the officer's does not include the others."""
    return right in clerk.held


def right_error(sign_in: SignIn, right: Right) -> RefusedError | None:
    """Return the refusal for a clerk without a right, or None."""
    return None if may(sign_in.clerk, right) else RefusedError("refused.right_missing", right=right.value)

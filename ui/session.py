"""Whether who is at the counter may go on, looked at every second: idleness, the lease, and a way back to the cloud."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from client.domain.clerk import SignIn
from client.domain.errors import SignInNeededError
from client.jobs.ports import Now
from client.jobs.watch_link import LinkWatch
from client.rules.link import Health
from client.rules.modes import StopReason
from client.rules.sign_in import lease_over, trusted_now


def since_boot() -> timedelta:
    """Return how long this PC has been on, its sleep counted: what no setting of its clock changes."""
    if boot := getattr(time, "CLOCK_BOOTTIME", None):
        return timedelta(seconds=time.clock_gettime(boot))
    return timedelta(seconds=time.monotonic())  # on Windows it goes on through a sleep


class IdleLock:
    """Locks when nobody has touched anything for a while; asleep counts as untouched."""

    def __init__(
        self, idle: timedelta, lock: Callable[[], None], steady: Callable[[], timedelta] = since_boot
    ) -> None:
        self._idle = idle
        self._lock = lock
        self._steady = steady
        self._touched = steady()

    def touched(self) -> None:
        """Hear a key or the mouse."""
        self._touched = self._steady()

    def look(self, present: SignIn | None) -> None:
        """Lock where it is time."""
        if present is not None and self._steady() - self._touched >= self._idle:
            self._lock()


class SessionWatch:
    """Stops a session whose lease has ended, and offers a new sign-in to whoever has none at the cloud."""

    def __init__(
        self,
        watch: LinkWatch,
        *,
        now: Now,
        stop: Callable[[SignInNeededError], None],
        offer: Callable[[], bool],
        has_session: Callable[[], bool] = lambda: True,
        steady: Callable[[], timedelta] = since_boot,
    ) -> None:
        self._watch = watch
        self._now = now
        self._stop = stop
        self._offer = offer  # False where there is no room to say it now
        self._has_session = has_session  # False where the cloud has said that it is over
        self._present: SignIn | None = None
        self._left: SignIn | None = None  # who locked the counter, and has not been told yet
        self._offered = False
        self._steady = steady
        self._seen, self._since = now(), steady()

    @property
    def sign_in_again(self) -> bool:
        """Tell whether the line is good and this clerk works from the replica for want of a session."""
        present, watch = self._present, self._watch
        return (
            present is not None
            and (present.access_token is None or not self._has_session())
            and watch.state.health is Health.UP
            and watch.stopped is None
        )

    def look(self, present: SignIn | None) -> None:
        """See whether something is to be done now."""
        now, steady = self._now(), self._steady()
        if present is not self._present:
            self._left = self._present if present is None else None
            self._present, self._offered, self._seen, self._since = present, False, now, steady
        # A clock set back, or set back a little every second, makes no lease longer.
        self._seen = trusted_now(now, self._seen + (steady - self._since))
        self._since = steady
        if present is None:
            self._look_behind_the_lock(now)
            return
        if self._watch.stopped is StopReason.ORDERED:
            self._stop(SignInNeededError("sign_in.shut"))
            return
        if lease_over(present.lease, now, self._seen):
            self._watch.stop(StopReason.LEASE_OVER)
            self._stop(SignInNeededError("sign_in.lease_over"))
            return
        if self._watch.stopped is StopReason.LEASE_OVER:
            self._watch.stop(None)
        self._offered = self.sign_in_again and (self._offered or self._offer())

    def _look_behind_the_lock(self, now: datetime) -> None:
        """Say on a locked counter, once, that whoever left it may not come back before there is a line."""
        left, watch = self._left, self._watch
        if left is not None and not watch.usable and lease_over(left.lease, now, self._seen):
            self._left = None
            if watch.stopped is None:
                watch.stop(StopReason.LEASE_OVER)
                self._stop(SignInNeededError("sign_in.lease_over"))

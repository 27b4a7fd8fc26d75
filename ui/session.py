"""Whether who is at the counter may go on, looked at every second: the lease, and a way back to the cloud."""

from collections.abc import Callable

from client.domain.clerk import SignIn
from client.domain.errors import SignInNeededError
from client.jobs.ports import Now
from client.jobs.watch_link import LinkWatch
from client.rules.link import Health
from client.rules.modes import StopReason
from client.rules.sign_in import lease_over, trusted_now


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
    ) -> None:
        self._watch = watch
        self._now = now
        self._stop = stop
        self._offer = offer  # False where there is no room to say it now
        self._has_session = has_session  # False where the cloud has said that it is over
        self._present: SignIn | None = None
        self._offered = False
        self._seen = now()

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
        now = self._now()
        if present is not self._present:
            self._present, self._offered, self._seen = present, False, now
        self._seen = trusted_now(now, self._seen)  # a clock set back makes no lease longer
        if present is None:
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

"""What screens may ask for, joined to the jobs and asked for whoever is signed in then."""

from collections.abc import Awaitable, Callable

from client.domain.certificate import Printed
from client.domain.change import QueuedChange
from client.domain.clerk import SignIn
from ui.jobs import Jobs
from ui.screens.counter.find import FindJobs
from ui.screens.outbox.model import OutboxJobs

Who = Callable[[], SignIn]


def find_jobs(jobs: Jobs, who: Who) -> FindJobs:
    """Return what the search may ask for."""
    return FindJobs(
        here=lambda query: jobs.find.find_here(who(), query),
        find=lambda query: jobs.find.find(who(), query),
        asks_cloud=lambda: jobs.find.asks_cloud(who()),
    )


def outbox_jobs(jobs: Jobs, who: Who, slip: Callable[[QueuedChange], Awaitable[Printed]]) -> OutboxJobs:
    """Return what the outbox may ask for."""
    return OutboxJobs(
        listing=jobs.follow,
        counts=jobs.ledger.outbox_counts,
        sender=jobs.send,
        send_again=lambda key: jobs.settle.send_again(who(), key),
        withdraw=lambda *told: jobs.settle.withdraw(who(), *told),
        note_call=lambda key: jobs.follow.note_call(who(), key),
        slip=slip,
    )

"""The terminal's certificate renewed while the counter is open: shown to cloud and neighbours from then on."""

from collections.abc import Awaitable, Callable
from functools import partial

from client import logs
from client.api.enrolment import RenewalDesk
from client.config import Config
from client.domain.errors import CounterError
from client.domain.terminal import TerminalFacts
from client.jobs.keep_certificate import KeepCertificate
from client.jobs.renew_certificate import RenewCertificate
from offline.store.peer_file import PeerFile
from ui.doors import Doors, utc_now


def kept_certificate(
    config: Config,
    doors: Doors,
    *,
    usable: Callable[[], bool],
    show: Callable[[TerminalFacts], Awaitable[None]],
) -> KeepCertificate:
    """Join the job; ``show`` lets the neighbours see the next one."""

    async def use(facts: TerminalFacts) -> None:
        if config.client_certificate == "memfd":
            await doors.http.present(partial(doors.vault.identity.show_in, certificate=facts.certificate))
        PeerFile(config.terminal_dir).forget()  # the lease was for the one before: fetched anew at once
        await show(facts)
        logs.logger().info("certificate renewed")

    renew = RenewCertificate(RenewalDesk(doors.http), doors.vault, now=utc_now)
    return KeepCertificate(renew, doors.facts, use=use, usable=usable, trouble=not_renewed)


def not_renewed(error: CounterError) -> None:
    """Write down that it was not; the present one is good for a third of its life yet."""
    logs.logger().warning("certificate not renewed", **logs.facts_of(error))

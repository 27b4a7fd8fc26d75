"""Renew this terminal's certificate at two thirds of its life, for the key it has; its number stays.

Nothing is given up before the next one is on the disk: a lost answer is asked for again, and brings the same certificate.
"""

from dataclasses import replace
from typing import Protocol

from client.domain.errors import RefusedError
from client.domain.terminal import TerminalFacts
from client.jobs.ports import Now
from client.rules.renewal import check_next, is_due


class CloudRenewal(Protocol):
    """The cloud that gives certificates."""

    async def renew(self, csr: str) -> tuple[str, str]:
        """Return the next certificate and the authority's (PEM). LinkDownError, RefusedError."""
        ...


class OwnCertificate(Protocol):
    """The terminal's key and its facts on this PC."""

    async def signing_request(self) -> str:
        """Return a request (PEM) for the key it has. StoreError."""
        ...

    async def keep(self, facts: TerminalFacts) -> None:
        """Write the facts down, whole or not at all. StoreError."""
        ...


class RenewCertificate:
    """One look; whoever asks often asks for nothing."""

    def __init__(self, cloud: CloudRenewal, own: OwnCertificate, *, now: Now) -> None:
        self._cloud = cloud
        self._own = own
        self._now = now

    async def __call__(self, facts: TerminalFacts) -> TerminalFacts:
        """Return the facts to go on with: renewed where it was time. LinkDownError, RefusedError, StoreError."""
        if not is_due(facts.certificate, self._now()):
            return facts
        try:
            certificate, ca = await self._cloud.renew(await self._own.signing_request())
        except RefusedError as error:
            if error.code == "refused.terminal_revoked":
                return facts  # its orders say what is to be done
            raise
        check_next(facts.certificate, certificate, ca)
        renewed = replace(facts, certificate=certificate, ca=ca)
        await self._own.keep(renewed)
        return renewed

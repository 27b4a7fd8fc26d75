"""The right column: what is to be issued, to whom, and why not yet. No toolkit."""

from dataclasses import dataclass, field, replace

from client.domain.certificate import (
    CertificateKind,
    CertificateRequest,
    IdentityCheck,
    JuminhyoOptions,
    Requester,
)
from client.domain.resident import AtenaNo


@dataclass(frozen=True, slots=True)
class Basket:
    """What the clerk has put together so far; every change gives a new one."""

    juminhyo: bool = False
    options: JuminhyoOptions = field(default_factory=JuminhyoOptions)
    copies: int = 1
    requester: Requester = Requester.SELF
    identity: IdentityCheck = IdentityCheck.NONE
    purpose: str = ""

    def with_option(self, name: str, on: bool) -> "Basket":
        """Return the basket with an option of the paper set."""
        return replace(self, options=replace(self.options, **{name: on}))

    def gaps(self, members: tuple[AtenaNo, ...]) -> str | None:
        """Return the key of what is not there to judge yet, or None; what may be issued is for the gate."""
        checks = (
            ("basket.empty", not self.juminhyo),
            ("basket.no_members", not members),
        )
        return next((key for key, missing in checks if missing), None)

    def request(self, subject: AtenaNo, members: tuple[AtenaNo, ...]) -> CertificateRequest:
        """Return the request; only when there are no gaps."""
        return CertificateRequest(
            kind=CertificateKind.JUMINHYO_COPY,
            subject=subject,
            members=members,
            options=self.options,
            requester=self.requester,
            identity=self.identity,
            purpose=self.purpose.strip(),
            copies=self.copies,
        )

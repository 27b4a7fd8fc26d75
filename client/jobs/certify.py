"""Who certifies a paper from the replica: the register's certifier of the day, or a deputy declared here by two."""

from datetime import date

from client.domain.as_of import Answer
from client.domain.certificate import CertificateKind, FormWords
from client.jobs.deputy_ports import CertifiedForms, Deputies
from client.jobs.ports import Now
from client.rules.deputy import in_force


class Certify:
    """Gives the words of a form; what the replica knows of the register is read in the same breath as its words."""

    def __init__(self, replica: CertifiedForms, kept: Deputies, *, now: Now) -> None:
        self._replica = replica
        self._kept = kept
        self._now = now

    async def __call__(self, kind: CertificateKind, *, whole: bool, on: date) -> Answer[FormWords]:
        """Return certifier, seal, attestation and fee in force on a day. RefusedError, StoreError."""
        deputy = await self._kept.known()
        if deputy is not None and in_force(deputy, self._now(), None):
            told = await self._replica.words_under(deputy, kind, whole=whole, on=on)
            if in_force(deputy, self._now(), told.as_of.register_at):
                return told
        return await self._replica.form_words(kind, whole=whole, on=on)

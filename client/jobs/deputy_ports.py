"""What a 職務代理者 declared here needs from the world: where it is kept, and the register's word on who certifies."""

from datetime import date
from typing import Protocol

from client.domain.as_of import Answer
from client.domain.certificate import CertificateKind, FormWords
from client.domain.deputy import Deputy


class Deputies(Protocol):
    """Where the terminal keeps the one that was declared last."""

    @property
    def present(self) -> Deputy | None:
        """Return the same as it was read or written last, without the disk."""
        ...

    async def known(self) -> Deputy | None:
        """Return it, over or not; None where there is none, or where the keys cannot be had."""
        ...

    async def declare(self, deputy: Deputy) -> None:
        """Write one down, in place of one before. StoreError."""
        ...

    async def end(self, deputy: Deputy) -> None:
        """Write down that there is none any more, unless another was declared since. StoreError."""
        ...


class CertifierTold(Protocol):
    """The replica, asked who certifies."""

    async def certifier_on(self, day: date) -> Answer[tuple[str, str] | None]:
        """Return title and name in force on a day, None where the register names nobody."""
        ...


class FormsOnDay(Protocol):
    """The words of a form, by whoever certifies on a day."""

    async def __call__(self, kind: CertificateKind, *, whole: bool, on: date) -> Answer[FormWords]:
        """Return certifier, seal, attestation and fee."""
        ...


class CertifiedForms(CertifierTold, Protocol):
    """The replica, asked for the words of a form; also as a deputy declared here certifies it."""

    async def form_words(self, kind: CertificateKind, *, whole: bool, on: date) -> Answer[FormWords]:
        """Return certifier, seal, attestation and fee in force on a day."""
        ...

    async def words_under(
        self, deputy: Deputy, kind: CertificateKind, *, whole: bool, on: date
    ) -> Answer[FormWords]:
        """Return the same with the deputy as certifier; with a seal only where the register has one of the very deputy."""
        ...

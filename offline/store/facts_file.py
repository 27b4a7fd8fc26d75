"""``terminal.json`` under a seal: what names cloud, town and terminal is not changed by who cannot read the keyring.

The key of the seal comes from the terminal's own key, which every account that runs the counter has and which lasts as
long as the enrolment. The keyring knows how often the file was written, so that an older one is known too.
"""

import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from client.domain.errors import StoreError
from client.domain.terminal import TerminalFacts
from offline.store.files import read_whole
from offline.store.keyring_door import KeyringDoor
from offline.store.terminal_file import Sealed, read_facts, read_sealed, write_sealed

IDENTITY = "identity"  # the terminal's own key
FACTS = "facts"  # how often the file was written
_SEAL = "madoguchi terminal facts v1 "


class FactsFile:
    """The public facts of the terminal of one folder; ``door`` leads to the keyring of the terminal they name."""

    def __init__(self, path: Path, environment: str, door: Callable[[TerminalFacts], KeyringDoor]) -> None:
        self._path = path
        self._environment = environment
        self._door = door

    def read(self) -> TerminalFacts | None:
        """Return the facts, unchecked, or None before the enrolment. StoreError ``store.unreadable``, ``store.newer``."""
        return read_facts(self._path)

    def key_of(self, facts: TerminalFacts) -> bytes:
        """Return the own key of the terminal the facts name. StoreError.

        ``store.no_keyring`` where this keyring has none; ``store.facts_changed`` where the certificate beside them is
        for another number, which no loss of a keyring explains. Another town's code alone looks like the former.
        """
        key = self._door(facts).get(IDENTITY)
        if key is None:
            raise StoreError("store.facts_changed" if _is_of_another(facts) else "store.no_keyring")
        return key

    def begin(self, facts: TerminalFacts, key: bytes) -> None:
        """Write the facts of a new enrolment. StoreError."""
        self._door(facts).forget(FACTS)
        self.write(facts, key)

    def write(self, facts: TerminalFacts, key: bytes) -> None:
        """Write the facts under their seal, then to the keyring how often: a file newer than it knows counts. StoreError."""
        written = self._reached(facts) + 1
        write_sealed(self._path, facts, written, lambda content: self._seal(content, key))
        self._reach(facts, written)

    def check(self, facts: TerminalFacts, key: bytes, *, old_ones: bool = True) -> None:
        """Be sure that these facts stand in the file as they were last written. StoreError ``store.facts_changed``.

        ``old_ones``: a file from before there were seals counts for as long as the keyring knows of no seal.
        """
        kept, reached = self._kept(), self._reached(facts)
        if kept.facts == facts and not kept.seal and not reached and old_ones:
            return
        if kept.facts != facts or not self._holds(kept, key) or kept.written < reached:
            raise StoreError("store.facts_changed")
        if kept.written > reached:
            self._reach(facts, kept.written)

    def seal_old(self, facts: TerminalFacts) -> None:
        """Give a file of before its seal, once somebody was let in: it is taken as it is then. StoreError."""
        if not self._kept().seal and not self._reached(facts):
            self.write(facts, self.key_of(facts))

    def _kept(self) -> Sealed:
        return read_sealed(read_whole(self._path) or b"")

    def _holds(self, kept: Sealed, key: bytes) -> bool:
        return hmac.compare_digest(kept.seal, self._seal(kept.content, key))

    def _seal(self, content: bytes, key: bytes) -> bytes:
        own = hmac.digest(key, (_SEAL + self._environment).encode(), hashlib.sha256)
        return hmac.digest(own, content, hashlib.sha256)

    def _reached(self, facts: TerminalFacts) -> int:
        told = self._door(facts).get(FACTS)
        try:
            return 0 if told is None else int(told)
        except ValueError as error:
            raise StoreError("store.no_keyring") from error

    def _reach(self, facts: TerminalFacts, written: int) -> None:
        self._door(facts).put(FACTS, str(written).encode())


def _is_of_another(facts: TerminalFacts) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(facts.certificate.encode())
    except ValueError:
        return False
    names = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return names != [facts.terminal_no]

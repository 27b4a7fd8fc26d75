"""``terminal.json`` under a seal: what names cloud, town and terminal is not changed by who cannot read the keyring.

The key of the seal comes from the terminal's own key, which every account that runs the counter has and which lasts as
long as the enrolment. The keyring knows how often the file was written, so that an older one is known too, and which
terminal's folder this is, so that a file that leads to nothing in the keyring is told from a keyring that was lost.
"""

import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID
from keyring.backend import KeyringBackend

from client.domain.errors import StoreError
from client.domain.terminal import TerminalFacts
from offline.store.files import read_whole
from offline.store.keyring_door import KeyringDoor
from offline.store.terminal_file import FORMAT, Sealed, read_facts, read_sealed, write_sealed

IDENTITY = "identity"  # the terminal's own key
FACTS = "facts"  # how often the file was written
FOLDER, TERMINAL = "folder", "terminal"  # of a folder, by the hash of its path: which terminal lies there
_SEAL = "madoguchi terminal facts v1 "


class FactsFile:
    """The public facts of the terminal of one folder; ``backend`` is the keyring, once asked for."""

    def __init__(self, path: Path, environment: str, backend: Callable[[], KeyringBackend]) -> None:
        self._path = path
        self._environment = environment
        self._backend = backend

    def read(self) -> TerminalFacts | None:
        """Return the facts, unchecked, or None before the enrolment. StoreError.

        ``store.unreadable``; ``store.newer`` where a newer program wrote it, ``store.facts_changed`` where this one did
        and only the number of the format is another.
        """
        try:
            return read_facts(self._path)
        except StoreError as error:
            if error.code == "store.newer" and self._is_ours():
                raise StoreError("store.facts_changed") from error
            raise

    def key_of(self, facts: TerminalFacts) -> bytes:
        """Return the own key of the terminal the facts name. StoreError ``store.no_keyring``, ``store.facts_changed``."""
        key = self._door(facts).get(IDENTITY)
        if key is None:
            raise self.lost(facts)
        return key

    def lost(self, facts: TerminalFacts) -> StoreError:
        """Say why this keyring has nothing of the terminal the facts name. StoreError.

        ``store.facts_changed`` where the keyring knows the folder as another terminal's, or the certificate beside the
        facts is for another number: no loss of a keyring explains that. Else ``store.no_keyring``.
        """
        here = self._folder().get(TERMINAL)
        moved = here is not None and here != _named(facts)
        return StoreError("store.facts_changed" if moved or _is_of_another(facts) else "store.no_keyring")

    def begin(self, facts: TerminalFacts, key: bytes) -> None:
        """Write the facts of a new enrolment. StoreError."""
        self._door(facts).forget(FACTS)
        self.write(facts, key)

    def write(self, facts: TerminalFacts, key: bytes) -> None:
        """Write the facts under their seal, then to the keyring how often: a file newer than it knows counts. StoreError."""
        written = self._reached(facts) + 1
        write_sealed(self._path, facts, written, lambda content: self._seal(content, key))
        self._reach(facts, written)
        self._keep_folder(facts)

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
        self._keep_folder(facts)

    def forget(self, terminal: str) -> None:
        """Take what the keyring has of the file of a terminal (town/number) out of it. StoreError."""
        self._terminal(terminal).forget(FACTS)
        folder = self._folder()
        if folder.get(TERMINAL) == terminal.encode():
            folder.forget(TERMINAL)

    def seal_old(self, facts: TerminalFacts) -> None:
        """Give a file of before its seal, once somebody was let in: it is taken as it is then. StoreError."""
        if not self._kept().seal and not self._reached(facts):
            self.write(facts, self.key_of(facts))

    def _is_ours(self) -> bool:
        """Tell whether the file holds but for the number of its format, which no newer program would leave so."""
        try:
            kept = read_sealed(read_whole(self._path) or b"", as_format=FORMAT)
            key = self._door(kept.facts).get(IDENTITY)
        except StoreError:
            return False
        return key is not None and self._holds(kept, key)

    def _door(self, facts: TerminalFacts) -> KeyringDoor:
        return self._terminal(_named(facts).decode())

    def _terminal(self, named: str) -> KeyringDoor:
        return KeyringDoor(self._backend(), f"{self._environment}/{named}")

    def _folder(self) -> KeyringDoor:
        path = os.fsencode(self._path.parent.resolve())
        return KeyringDoor(
            self._backend(), f"{self._environment}/{FOLDER}/{hashlib.sha256(path).hexdigest()[:32]}"
        )

    def _keep_folder(self, facts: TerminalFacts) -> None:
        folder = self._folder()
        if folder.get(TERMINAL) != _named(facts):
            folder.put(TERMINAL, _named(facts))

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


def _named(facts: TerminalFacts) -> bytes:
    return f"{facts.municipality_code}/{facts.terminal_no}".encode()


def _is_of_another(facts: TerminalFacts) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(facts.certificate.encode())
    except ValueError:
        return False
    names = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return names != [facts.terminal_no]

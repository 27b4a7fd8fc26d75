"""The anchor outside the disk: how far the ledger has come, kept in the operating system's keyring (P01, P05).

A folder put back whole from a copy, mark and all, says nothing of what is missing; the keyring does. A word to it
takes some 20 ms, so it is not told of every commit: issue numbers are reserved in blocks before they are taken, and
commits are told one in many. After an end without a close, up to one block of numbers stays unused, and is named.
"""

from contextlib import suppress

import msgspec

from client.domain.errors import StoreError
from client.domain.terminal import NOTHING_SEEN, TerminalSeen
from offline.store.keyring_door import KeyringDoor
from offline.store.slots import Mark

ANCHOR = "anchor"
FORMAT = 1
BLOCK = 20  # issue numbers reserved at a time
STRIDE = 50  # commits between two words to the keyring


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the ledger from outside its disk; each number says "at least"."""

    format: int = FORMAT
    begun: bool = False
    commit_no: int = 0
    serial: int = 0  # taken for certain
    reserved: int = 0  # numbers up to this one may have been taken
    series: int = 0  # first number of the last series begun after a loss

    def with_seen(self, seen: TerminalSeen) -> "Known":
        """Return it with what the cloud has seen."""
        return msgspec.structs.replace(
            self,
            begun=self.begun or seen != NOTHING_SEEN,
            commit_no=max(self.commit_no, seen.commit_no),
            serial=max(self.serial, seen.highest_serial),
            reserved=max(self.reserved, seen.highest_serial),
        )


class Anchor:
    """The anchor of one terminal; without a door nothing is known and nothing is kept."""

    def __init__(self, door: KeyringDoor | None = None) -> None:
        self._door = door
        self._known = Known()
        self._tried = 0

    def open(self) -> Known:
        """Return what the keyring knows. StoreError ``store.no_keyring``, ``store.newer``."""
        content = None if self._door is None else self._door.get(ANCHOR)
        try:
            self._known = Known() if content is None else msgspec.json.decode(content, type=Known)
        except msgspec.DecodeError as error:
            raise StoreError("store.no_keyring") from error
        if self._known.format > FORMAT:
            raise StoreError("store.newer")
        return self._known

    def keep(self, known: Known) -> None:
        """Bring what is known to the keyring, where it is not there yet."""
        if self._door is not None and known != self._known:
            self._door.put(ANCHOR, msgspec.json.encode(known))
        self._known = known

    def settle(self, mark: Mark, series: int = 0) -> None:
        """Keep exactly how far the ledger has come: at its opening, and at its close."""
        series = max(series, self._known.series)
        self.keep(
            Known(
                begun=True, commit_no=mark.commit_no, serial=mark.serial, reserved=mark.serial, series=series
            )
        )

    def reserve(self, number: int) -> None:
        """See that an issue number is reserved, before it is taken. StoreError ``store.no_keyring``."""
        if self._door is not None and number > self._known.reserved:
            self.keep(msgspec.structs.replace(self._known, reserved=number - 1 + BLOCK))

    def follow(self, mark: Mark) -> None:
        """Keep how far the ledger has come, one commit in many; a keyring that fails now is asked again later."""
        if self._door is None or mark.commit_no < max(self._known.commit_no, self._tried) + STRIDE:
            return
        self._tried = mark.commit_no
        with suppress(StoreError):
            self.keep(msgspec.structs.replace(self._known, commit_no=mark.commit_no, serial=mark.serial))

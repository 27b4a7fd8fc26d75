"""How often ``wraps.json`` was written, kept in the operating system's keyring: an older copy of it is known by that."""

from collections.abc import Callable

from client.domain.errors import StoreError
from offline.store.keyring_door import KeyringDoor

WRAPS = "wraps"


class WrapMark:
    """The count of one terminal; the keyring is asked each time, for another account may have written meanwhile."""

    def __init__(self, door: Callable[[], KeyringDoor]) -> None:
        self._door = door

    def reached(self) -> int:
        """Return how often the file was written at least; 0 where the keyring does not say. StoreError."""
        told = self._door().get(WRAPS)
        try:
            return 0 if told is None else int(told)
        except ValueError as error:
            raise StoreError("store.no_keyring") from error

    def reach(self, generation: int) -> None:
        """Keep it, once the file is on the disk and before anything rests on it. StoreError."""
        self._door().put(WRAPS, str(generation).encode())

"""How the device secret lies in the keyring: as it is, or sealed by the TPM of this PC, which opens it on this PC alone.

While it is changed for another the keyring has both, the next one beside; which of the two counts says the file of wraps.
"""

import secrets
from collections.abc import Sequence

from offline.store.keyring_door import KeyringDoor, fingerprint
from offline.store.wraps import KEY
from offline.tpm import seal
from offline.tpm.seal import Tpm

DEVICE, NEXT = "device", "device.next"


class DeviceKeeping:
    """Keeps the device secret; with ``sealing`` only what the TPM has sealed is written, and nothing where it cannot.

    What is read tells by itself how it was written, so that a changed setting shuts nobody out.
    """

    def __init__(self, tpm: Tpm | None = None, *, sealing: bool = False) -> None:
        self._tpm = tpm or Tpm()
        self.sealing = sealing

    def check(self) -> None:
        """Be sure that a new secret could be kept. StoreError ``tpm.…``."""
        if self.sealing:
            self._tpm.sealed(secrets.token_bytes(KEY))

    def put(self, door: KeyringDoor, secret: bytes) -> None:
        """Keep a secret in place of the one before: the keyring has the one or the other. StoreError."""
        self._put(door, DEVICE, secret)

    def get(self, door: KeyringDoor) -> bytes | None:
        """Return the secret, or None where the keyring has none. StoreError."""
        return self._get(door, DEVICE)

    def known_as(self, door: KeyringDoor, known: Sequence[str]) -> bytes | None:
        """Return the secret that is known by the first of these, else by the next; None where there is none. StoreError.

        The one beside it takes its place where the wraps are under it already.
        """
        for one in known:
            secret = self._get(door, DEVICE)
            if secret is not None and fingerprint(secret) == one:
                return secret
            secret = self.next(door)
            if secret is not None and fingerprint(secret) == one:
                self.change(door, secret)
                return secret
        return None

    def next(self, door: KeyringDoor) -> bytes | None:
        """Return the secret that is to take its place. StoreError."""
        return self._get(door, NEXT)

    def make_next(self, door: KeyringDoor) -> bytes:
        """Return the secret that is to take its place: the one made before, where that was not brought to its end."""
        secret = self.next(door)
        if secret is None:
            secret = secrets.token_bytes(KEY)
            self._put(door, NEXT, secret)
        return secret

    def change(self, door: KeyringDoor, secret: bytes) -> None:
        """Let the next one be the secret, the wraps being under it. StoreError."""
        self.put(door, secret)
        door.forget(NEXT)

    def forget(self, door: KeyringDoor) -> None:
        """Erase both. StoreError."""
        door.forget(DEVICE)
        door.forget(NEXT)

    def _put(self, door: KeyringDoor, name: str, secret: bytes) -> None:
        door.put(name, self._tpm.sealed(secret) if self.sealing else secret)

    def _get(self, door: KeyringDoor, name: str) -> bytes | None:
        item = door.get(name)
        sealed = None if item is None else seal.read(item)
        if sealed is None:
            return item
        return self._tpm.opened(sealed)

    def is_sealed(self, door: KeyringDoor) -> bool:
        """Tell whether what the keyring has takes the TPM to open. StoreError."""
        item = door.get(DEVICE)
        return item is not None and seal.read(item) is not None

    def has(self, door: KeyringDoor, secret: bytes) -> bool:
        """Tell whether this secret is what the keyring has, without asking the TPM. StoreError."""
        item = door.get(DEVICE)
        sealed = None if item is None else seal.read(item)
        return item == secret if sealed is None else sealed.known_by == fingerprint(secret)

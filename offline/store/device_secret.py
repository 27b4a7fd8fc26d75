"""How the device secret lies in the keyring: as it is, or sealed by the TPM of this PC, which opens it on this PC alone."""

import secrets

from offline.store.keyring_door import KeyringDoor, fingerprint
from offline.store.wraps import KEY
from offline.tpm import seal
from offline.tpm.seal import Tpm

DEVICE = "device"


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
        door.put(DEVICE, self._tpm.sealed(secret) if self.sealing else secret)

    def get(self, door: KeyringDoor) -> bytes | None:
        """Return the secret, or None where the keyring has none. StoreError."""
        item = door.get(DEVICE)
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

"""A hall server's own key: a file that a secret of the system opens, for a service has no keyring of a person's.

With systemd the secret is a credential, sealed to the machine (``LoadCredentialEncrypted=``); the disk alone opens nothing.
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from client.domain.errors import StoreError
from offline.store.files import make_folder, read_whole, write_whole
from offline.store.identity import new_key

NAME = "hall.key"
_SHORTEST = 16  # bytes of the secret


class KeyFile:
    """The key in a data folder."""

    def __init__(self, folder: Path, secret: bytes) -> None:
        if len(secret) < _SHORTEST:
            raise StoreError("store.no_keyring")
        self._path = folder / NAME
        self._secret = secret

    def read(self) -> ec.EllipticCurvePrivateKey | None:
        """Return the key, or None where there is none yet. StoreError ``store.no_keyring`` where the secret is another."""
        content = read_whole(self._path)
        if content is None:
            return None
        try:
            key = load_pem_private_key(content, password=self._secret)
        except (ValueError, TypeError) as error:
            raise StoreError("store.no_keyring") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise StoreError("store.no_keyring")
        return key

    def make(self) -> ec.EllipticCurvePrivateKey:
        """Return the key, made and kept now where there is none: after a lost answer it is the same one. StoreError."""
        key = self.read()
        if key is None:
            key = new_key()
            make_folder(self._path.parent)
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(self._secret))
            write_whole(self._path, pem)
        return key

    def forget(self) -> None:
        """Erase it: nobody takes this machine for one of the town's any more."""
        self._path.unlink(missing_ok=True)

"""The door to the operating system's keyring: the only place that imports it. No fallback, never to a file."""

import base64
import os
import sys
from getpass import getuser
from hashlib import blake2b
from importlib import import_module

import keyring.errors
from keyring.backend import KeyringBackend

from client.domain.errors import RefusedError, StoreError

SERVICE = "madoguchi"


def _foreign(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """Return what a keyring raises; RuntimeError and OSError stand for a session bus that is not there."""
    known: tuple[type[Exception], ...] = (keyring.errors.KeyringError, RuntimeError, OSError, *more)
    try:
        exceptions = import_module("secretstorage.exceptions")  # not installed on Windows
    except ImportError:
        return known
    return (*known, exceptions.SecretStorageException)


def system_backend() -> KeyringBackend:
    """Return this system's keyring, chosen by us and not by what happens to be installed."""
    name, kind = {
        "win32": ("keyring.backends.Windows", "WinVaultKeyring"),
        "darwin": ("keyring.backends.macOS", "Keyring"),
    }.get(sys.platform, ("keyring.backends.SecretService", "Keyring"))
    try:
        backend: KeyringBackend = getattr(import_module(name), kind)()
    except _foreign(ImportError) as error:
        raise StoreError("store.no_keyring") from error
    return backend


def account() -> str:
    """Return what the account that runs this program is known by on this PC."""
    return f"uid:{os.getuid()}" if sys.platform != "win32" else f"user:{getuser().casefold()}"


def account_named(name: str) -> str:
    """Return what ``account`` returns under the account of this name. RefusedError ``account.unknown``."""
    if sys.platform == "win32":
        if not name.strip():
            raise RefusedError("account.unknown")
        return f"user:{name.strip().casefold()}"
    try:
        return f"uid:{import_module('pwd').getpwnam(name).pw_uid}"  # not there on Windows
    except (KeyError, ValueError):
        raise RefusedError("account.unknown") from None


def backend_id(backend: KeyringBackend) -> str:
    """Return what a backend is known by, to be met again at the next start."""
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def fingerprint(secret: bytes) -> str:
    """Return what is kept of a secret in the open, to tell whether the keyring still gives the same one."""
    return blake2b(secret, digest_size=8).hexdigest()


class KeyringDoor:
    """The secrets of one terminal in the keyring."""

    def __init__(self, backend: KeyringBackend, prefix: str) -> None:
        self._backend = backend
        self._prefix = prefix

    def get(self, name: str) -> bytes | None:
        """Return a secret, or None where the keyring has none. StoreError ``store.no_keyring``."""
        try:
            text = self._backend.get_password(SERVICE, self._user(name))
            return None if text is None else base64.b64decode(text, validate=True)
        except _foreign(ValueError) as error:
            raise StoreError("store.no_keyring") from error

    def put(self, name: str, secret: bytes) -> None:
        """Keep a secret, and see that it comes back."""
        try:
            self._backend.set_password(SERVICE, self._user(name), base64.b64encode(secret).decode())
        except _foreign() as error:
            raise StoreError("store.no_keyring") from error
        if self.get(name) != secret:
            raise StoreError("store.no_keyring")

    def forget(self, name: str) -> None:
        """Delete a secret."""
        if self.get(name) is None:
            return
        try:
            self._backend.delete_password(SERVICE, self._user(name))
        except _foreign() as error:
            raise StoreError("store.no_keyring") from error

    def _user(self, name: str) -> str:
        return f"{self._prefix}/{name}"

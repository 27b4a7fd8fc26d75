"""The terminal's own key: who calls the cloud, also at night when nobody is signed in."""

import os
import secrets
import ssl
import sys
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from cryptography.x509.oid import NameOID

from client.domain.errors import StoreError


class TerminalIdentity:
    """A P-256 key and the number it stands for."""

    def __init__(self, terminal_no: str, key: ec.EllipticCurvePrivateKey) -> None:
        self.terminal_no = terminal_no
        self._key = key

    def sign(self, data: bytes) -> bytes:
        """Return an ECDSA signature with SHA-256, DER."""
        return self._key.sign(data, ec.ECDSA(SHA256()))

    def has_signed(self, data: bytes, signature: bytes) -> bool:
        """Tell whether a signature over some bytes is this key's."""
        try:
            self._key.public_key().verify(signature, data, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True

    def request(self) -> str:
        """Return a signing request (PEM) for this key."""
        return signing_request(self._key)

    def show_in(self, context: ssl.SSLContext, certificate: str) -> None:
        """Let TLS show the certificate (PEM), whose key it reads from files only: encrypted under a password of the moment.

        On Linux the file is in memory alone; it is encrypted even so, since memory may be swapped out. Elsewhere it
        stands in the user's own temporary folder while it is read; what a crash leaves of it nobody can open.
        """
        password = secrets.token_hex(32).encode("ascii")
        key = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
        content = certificate.encode("ascii") + key
        if sys.platform == "linux":
            with open(os.memfd_create("certificate", os.MFD_CLOEXEC), "wb", buffering=0) as file:
                file.write(content)
                context.load_cert_chain(f"/proc/self/fd/{file.fileno()}", password=password)
        else:
            _show_by_file(context, content, password)


def _show_by_file(context: ssl.SSLContext, content: bytes, password: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix="madoguchi-")  # readable to its owner only
    try:
        with open(handle, "wb") as file:
            file.write(content)
        context.load_cert_chain(name, password=password)
    finally:
        Path(name).unlink(missing_ok=True)


def new_key() -> ec.EllipticCurvePrivateKey:
    """Make a key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a key as PKCS8 DER, for the keyring."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def key_from(content: bytes) -> ec.EllipticCurvePrivateKey:
    """Read a key that the keyring gave."""
    try:
        key = load_der_private_key(content, password=None)
    except (ValueError, TypeError) as error:
        raise StoreError("store.no_keyring") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise StoreError("store.no_keyring")
    return key


def signing_request(key: ec.EllipticCurvePrivateKey) -> str:
    """Return a certificate signing request (PEM); the cloud puts number and town into the certificate."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "madoguchi terminal")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())
    return request.public_bytes(Encoding.PEM).decode()

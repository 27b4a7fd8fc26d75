"""IC cards as a second factor: RSA over a challenge of ours (PKCS#1 v1.5 with SHA-256, RFC 8017 8.2).

The secret kept is the card's public key (SubjectPublicKeyInfo, DER); there is nothing to remember of an answer.
"""

import binascii
import secrets
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from cloud.factors import Challenge, Checked, Enrolled, Verdict

SIGNED = b"madoguchi sign-in by card v1\0"
_BITS = 2048


class CardKey:
    """Cards whose key signs; the PIN is the card's own affair."""

    name = "card"

    def __init__(self) -> None:
        unknown = rsa.generate_private_key(65537, _BITS).public_key()
        self.nobody = Enrolled(unknown.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), "0")

    def begin(self) -> Challenge | None:
        """Return a number used once."""
        nonce = secrets.token_urlsafe(32)
        return Challenge(told={"nonce": nonce}, kept=nonce)

    def verify(self, enrolled: Enrolled, answer: object, kept: str | None, now: datetime) -> Checked:
        """Judge a signature."""
        given = answer.get("signature") if isinstance(answer, Mapping) else None
        if kept is None or not isinstance(given, str):
            return Checked(Verdict.WRONG)
        try:
            key = load_der_public_key(enrolled.secret)
            if not isinstance(key, rsa.RSAPublicKey):
                return Checked(Verdict.WRONG)
            key.verify(b64decode(given, validate=True), SIGNED + kept.encode(), padding.PKCS1v15(), SHA256())
        except (InvalidSignature, UnsupportedAlgorithm, binascii.Error, ValueError):
            return Checked(Verdict.WRONG)
        return Checked(Verdict.GOOD, enrolled.state)

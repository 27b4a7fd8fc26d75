"""A FIDO2 key made of software: signs what a real one signs, and can be made to lie."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor

PRESENT, VERIFIED = 0x01, 0x04


@dataclass
class SoftKey:
    """One credential of ECDSA P-256, its counter, and the host it was registered for."""

    host: str = "localhost"
    counter: int = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = b"credential of the soft key"

    def secret(self) -> bytes:
        """Return the credential as it is enrolled: AAGUID, id, COSE key (WebAuthn 6.5.2)."""
        numbers = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        cose = cbor.encode({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        return bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cose

    def answer(
        self,
        challenge: str,
        /,
        *,
        flags: int = PRESENT | VERIFIED,
        counts: bool = True,
        lie: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return the assertion over a challenge; ``lie`` changes what the client says."""
        self.counter += counts
        said = {"type": "webauthn.get", "challenge": challenge, "origin": f"https://{self.host}"} | dict(
            lie or {}
        )
        client = json.dumps(said).encode()
        data = sha256(self.host.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(SHA256()))
        return {
            "id": _text(self.credential_id),
            "rawId": _text(self.credential_id),
            "type": "public-key",
            "response": {
                "clientDataJSON": _text(client),
                "authenticatorData": _text(data),
                "signature": _text(signature),
            },
        }


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")

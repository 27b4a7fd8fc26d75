"""Leases of peers: the town's word, for some days, that a certificate is that of a machine of its own.

Terminals and hall servers show them to one another while the cloud is away. A lease counts by its signature alone, and
a machine that is no longer the town's gets no further one.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cloud.clock import Now, stamp
from cloud.enrolment import Terminal
from cloud.keys import TenantKeys

SIGNED = b"madoguchi-peer-v1\n"
TERM = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PeerLeases:
    """Gives the machines of one municipality their leases; nothing of it is kept."""

    municipality: str
    keys: TenantKeys
    now: Now
    term: timedelta = TERM

    def lease(self, terminal: Terminal) -> dict[str, object]:
        """Return the lease of a machine that proved itself, for the certificate that goes with its proof."""
        now = self.now()
        certificate = x509.load_pem_x509_certificate(terminal.certificate.encode("ascii"))
        words = json.dumps(
            {
                "municipality": self.municipality,
                "terminal_no": terminal.terminal_no,
                "role": terminal.role,
                "certificate": sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
                "made_at": stamp(now),
                "until": stamp(now + self.term),
            }
        )
        key = self.keys.feed_at(now)
        signature = key.private.sign(SIGNED + words.encode("ascii"))
        return {"words": words, "key_id": key.key_id, "signature": signature}

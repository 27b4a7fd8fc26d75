"""The clerk's authenticator: the present code of a seed (RFC 6238), of its own making."""

import base64
import hashlib
import hmac
import struct
import time

PERIOD = 30


def step() -> int:
    """Return the number of the present half minute."""
    return int(time.time()) // PERIOD


def code(seed_base32: str) -> str:
    """Return the six digits an authenticator shows now."""
    seed = base64.b32decode(seed_base32 + "=" * (-len(seed_base32) % 8))
    digest = hmac.new(seed, struct.pack(">Q", step()), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"

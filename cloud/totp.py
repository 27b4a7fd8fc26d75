"""Second factor: RFC 6238 codes, SHA-1, 30 seconds, six digits, one step of drift, none used twice."""

import hmac
from datetime import datetime

STEP_S = 30
DRIFT = 1
_DIGITS = 6


def step_at(moment: datetime) -> int:
    """Return the number of the time step a moment lies in."""
    return int(moment.timestamp()) // STEP_S


def code_at(seed: bytes, step: int) -> str:
    """Return the six digits of a step."""
    mac = hmac.digest(seed, step.to_bytes(8, "big"), "sha1")
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"


def matching_step(seed: bytes, code: str, moment: datetime) -> int | None:
    """Return the step a typed code belongs to, looking at every candidate; None where it is of none."""
    now = step_at(moment)
    found = None
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(code_at(seed, step).encode(), code.encode()):
            found = step
    return found

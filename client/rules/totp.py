"""One-time codes of RFC 6238: SHA-1, 30 seconds, six digits, one step to either side; no step twice."""

import hmac
from datetime import datetime

STEP_SECONDS = 30
_DIGITS = 6
_NEVER = -1


def step_of(now: datetime) -> int:
    """Return the number of the 30-second step a moment lies in."""
    return int(now.timestamp()) // STEP_SECONDS


def code(seed: bytes, step: int) -> str:
    """Return the six digits for a step."""
    mac = hmac.digest(seed, step.to_bytes(8), "sha1")
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4]) & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"


def accepts(seed: bytes, code: str, now: datetime, last_step: int = _NEVER) -> int | None:
    """Return the step a code is good for, None where it is wrong or its step was used before.

    The caller keeps the step returned and hands it in as ``last_step`` the next time.
    """
    return next((step for step in _matching(seed, code, now) if step > last_step), None)


def was_used(seed: bytes, code: str, now: datetime, last_step: int) -> bool:
    """Tell whether a code that is not accepted would have been, had its step not been used."""
    return any(step <= last_step for step in _matching(seed, code, now))


def _matching(seed: bytes, typed: str, now: datetime) -> tuple[int, ...]:
    # Every step is compared, in constant time: how long it takes says nothing about the code.
    present = step_of(now)
    steps = range(max(present - 1, 0), present + 2)
    offered = typed.encode()
    return tuple(step for step in steps if hmac.compare_digest(code(seed, step).encode(), offered))

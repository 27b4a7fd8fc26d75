"""TOTP as a second factor: the secret is the seed, the state the last step used; no step is taken twice."""

import secrets
from datetime import datetime

from cloud.factors import Challenge, Checked, Enrolled, Verdict
from cloud.totp import matching_step

_SEED_SIZE = 20


class TotpCode:
    """RFC 6238 codes; no challenge, the clock is it."""

    name = "totp"

    def __init__(self) -> None:
        self.nobody = Enrolled(secrets.token_bytes(_SEED_SIZE), "0")

    def begin(self) -> Challenge | None:
        """Return none: the moment is the challenge."""
        return None

    def verify(self, enrolled: Enrolled, answer: object, kept: str | None, now: datetime) -> Checked:
        """Judge a code; one of an earlier step than the last is as used as the last."""
        code = answer if isinstance(answer, str) else ""
        step = matching_step(enrolled.secret, code, now)
        if step is None:
            return Checked(Verdict.WRONG)
        return Checked(Verdict.USED) if step <= int(enrolled.state) else Checked(Verdict.GOOD, str(step))

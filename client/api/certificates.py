"""The cloud's say in issuing: asked anew each time, and answered to that very question.

The official seal's image is most of an answer, so it crosses once: from then on the terminal says which one it holds.
"""

import base64
import secrets
from hashlib import sha256

from client.api import codec, failures
from client.api.http import Http, Now
from client.api.residents import Token, person
from client.domain.calendar import tokyo_day
from client.domain.certificate import CertificateRequest, Eligibility
from client.domain.clerk import SignIn
from client.domain.errors import LinkDownError

_EXPECTED = 10_000  # bytes: a household, its restrictions, the seal
_QUESTION_BYTES = 12  # of chance, so that no two questions are called the same


class CertificateDesk:
    """Asks the cloud whether a paper may be issued; fulfils the port ``CloudCertificates``."""

    def __init__(self, http: Http, token: Token, *, now: Now) -> None:
        self._http = http
        self._token = token
        self._now = now
        self._seal = b""  # the image that came last

    async def eligibility(self, request: CertificateRequest, decider: SignIn | None = None) -> Eligibility:
        """Ask whether a paper may be issued today; RefusedError with the cloud's first code where not.

        In the name of who is signed in, or of ``decider`` while that person is there.
        """
        question, held = base64.urlsafe_b64encode(secrets.token_bytes(_QUESTION_BYTES)).decode(), self._seal
        asked = {
            **codec.request_to_wire(request),
            "on": tokyo_day(self._now()).isoformat(),
            "question": question,
            **({"seal": sha256(held).hexdigest()} if held else {}),
        }
        token = (lambda: decider.access_token) if decider else self._token
        reply = await self._http.call(
            "POST", "/v1/eligibility", json=asked, expect_bytes=_EXPECTED, token=person(token)
        )
        answer = reply.decode(codec.EligibilityAnswer)
        if answer.question not in {question, None}:  # None: a cloud of before
            raise LinkDownError(
                "link.fault"
            )  # kept by somebody from an earlier question: a block may have come since
        if answer.refusals or not answer.allowed:
            first = answer.refusals[0] if answer.refusals else codec.WireRefusal("")
            raise failures.refusal_of(first.code, first.reason)
        if answer.restrictions is None or answer.forms is None:
            raise LinkDownError("link.fault")
        with codec.of_the_contract():
            restrictions = answer.restrictions.value()
        words = answer.forms.value(held)
        self._seal = words.seal.image if words.seal else held
        return Eligibility(
            household=codec.household_from_rows(answer.rows, answer.withheld),
            restrictions=restrictions,
            words=words,
            warnings=tuple(answer.warnings),
            as_of=answer.as_of.value(),
        )

"""The cloud's say in issuing."""

from client.api import codec, failures
from client.api.http import Http, Now
from client.api.residents import Token, person
from client.domain.calendar import tokyo_day
from client.domain.certificate import CertificateRequest, Eligibility
from client.domain.errors import LinkDownError

_EXPECTED = 10_000  # bytes: a household, its restrictions, the seal


class CertificateDesk:
    """Asks the cloud whether a paper may be issued; fulfils the port ``CloudCertificates``."""

    def __init__(self, http: Http, token: Token, *, now: Now) -> None:
        self._http = http
        self._token = token
        self._now = now

    async def eligibility(self, request: CertificateRequest) -> Eligibility:
        """Ask whether a paper may be issued today; RefusedError with the cloud's first code where not."""
        reply = await self._http.call(
            "POST",
            "/v1/eligibility",
            json={**codec.request_to_wire(request), "on": tokyo_day(self._now()).isoformat()},
            expect_bytes=_EXPECTED,
            token=person(self._token),
        )
        answer = reply.decode(codec.EligibilityAnswer)
        if answer.refusals or not answer.allowed:
            first = answer.refusals[0] if answer.refusals else codec.WireRefusal("")
            raise failures.refusal_of(first.code, first.reason)
        if answer.restrictions is None or answer.forms is None:
            raise LinkDownError("link.fault")
        with codec.of_the_contract():
            restrictions = answer.restrictions.value()
        return Eligibility(
            household=codec.household_from_rows(answer.rows),
            restrictions=restrictions,
            words=answer.forms.value(),
            warnings=tuple(answer.warnings),
            as_of=answer.as_of.value(),
        )

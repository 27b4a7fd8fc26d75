"""Live reads of the register."""

from collections.abc import Callable
from datetime import date
from urllib.parse import quote

from client.api import codec
from client.api.http import Http
from client.domain.as_of import Answer
from client.domain.blocks import Restrictions
from client.domain.certificate import CertificateKind, FormWords
from client.domain.errors import SignInNeededError
from client.domain.query import Query
from client.domain.resident import AtenaNo, Hit, Household

Token = Callable[
    [], str | None
]  # the signed-in person's access token; None where nobody is signed in on line

_BYTES_A_HIT = 400
_BYTES_A_HOUSEHOLD = 6_000


def person(token: Token) -> str:
    """Return the access token; SignInNeededError where there is none to show."""
    held = token()
    if held is None:
        raise SignInNeededError("sign_in.expired")
    return held


class CloudRegister:
    """住民基本台帳 at the cloud; fulfils the port ``Register``."""

    def __init__(self, http: Http, token: Token) -> None:
        self._http = http
        self._token = token

    async def find(self, query: Query, *, limit: int) -> Answer[tuple[Hit, ...]]:
        """Return residents that match; what was typed travels in the body, not in the address.

        Whether hidden addresses are searched, the cloud knows from whoever is signed in.
        """
        reply = await self._http.call(
            "POST",
            "/v1/residents/search",
            json=codec.search_body(query, limit),
            expect_bytes=limit * _BYTES_A_HIT,
            token=person(self._token),
        )
        found = reply.decode(codec.Found)
        with codec.of_the_contract():
            return Answer(tuple(hit.value() for hit in found.hits), found.as_of.value())

    async def household_of(self, atena_no: AtenaNo) -> Answer[Household]:
        """Return the present household of a resident. RefusedError ``refused.not_found``."""
        reply = await self._http.call(
            "GET",
            f"/v1/residents/{quote(atena_no, safe='')}/household",
            expect_bytes=_BYTES_A_HOUSEHOLD,
            token=person(self._token),
        )
        rows = reply.decode(codec.Rows)
        return Answer(codec.household_from_rows(rows.rows, rows.withheld), rows.as_of.value())

    async def restrictions_of(self, household: Household) -> Answer[Restrictions]:
        """Return every block and support measure that concerns a household or its members."""
        reply = await self._http.call(
            "POST",
            "/v1/restrictions",
            json={
                "household_no": household.household_no,
                "atena_nos": [member.atena_no for member in household.members],
            },
            token=person(self._token),
        )
        found = reply.decode(codec.RestrictionsAnswer)
        with codec.of_the_contract():
            return Answer(found.value(), found.as_of.value())

    async def form_words(self, kind: CertificateKind, *, whole: bool, on: date) -> Answer[FormWords]:
        """Return certifier, seal, attestation and fee in force on a day."""
        scope = "household" if whole else "members"
        reply = await self._http.call(
            "GET",
            f"/v1/forms/{kind.value}?scope={scope}&on={on.isoformat()}",
            expect_bytes=_BYTES_A_HOUSEHOLD,
            token=person(self._token),
        )
        forms = reply.decode(codec.FormsAnswer)
        return Answer(forms.value(), forms.as_of.value())

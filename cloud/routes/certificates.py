"""May it be issued, and with which words."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from cloud.certificates import IssueRequest, eligibility, forms
from cloud.routes.wire import ClerkDep, TenantDep, body_of, json_answer, packed_answer

router = APIRouter()


class Asked(msgspec.Struct):
    """Body of POST /v1/eligibility."""

    kind: str
    subject: str
    members: Annotated[list[str], msgspec.Meta(min_length=1, max_length=100)]
    requester: Literal["self", "household", "proxy", "third_party", "official"]
    identity: Literal["photo", "two_documents", "questions", "none"]
    on: date
    purpose: str = ""
    options: dict[str, bool] = {}
    question: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | msgspec.UnsetType = msgspec.UNSET
    seal: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")] | msgspec.UnsetType = msgspec.UNSET


@router.post("/v1/eligibility")
def eligible(
    request: Request, tenant: TenantDep, clerk: ClerkDep, asked: Annotated[Asked, Depends(body_of(Asked))]
) -> Response:
    """Judge a request for a certificate."""
    wanted = IssueRequest(
        kind=asked.kind,
        subject=asked.subject,
        members=tuple(asked.members),
        options=asked.options,
        requester=asked.requester,
        identity=asked.identity,
        purpose=asked.purpose,
        on=asked.on,
    )
    with tenant.register.reading() as connection:
        told = eligibility(tenant.register, connection, clerk, wanted, held=asked.seal or None)
    return packed_answer(
        request, told if asked.question is msgspec.UNSET else told | {"question": asked.question}
    )


@router.get("/v1/forms/{certificate}")
def words(tenant: TenantDep, _clerk: ClerkDep, certificate: str, scope: str, on: date) -> Response:
    """Return certifier, seal, attestation and fee of a day."""
    with tenant.register.reading() as connection:
        found = forms(tenant.register, connection, certificate, scope, on)
        return json_answer({**found, "as_of": tenant.register.as_of(connection)})

"""May it be issued, and with which words."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Response

from cloud.certificates import IssueRequest, eligibility, forms
from cloud.routes.wire import ClerkDep, TenantDep, body_of, json_answer

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


@router.post("/v1/eligibility")
def eligible(
    tenant: TenantDep, clerk: ClerkDep, asked: Annotated[Asked, Depends(body_of(Asked))]
) -> Response:
    """Judge a request for a certificate."""
    request = IssueRequest(
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
        return json_answer(eligibility(tenant.register, connection, clerk, request))


@router.get("/v1/forms/{certificate}")
def words(tenant: TenantDep, _clerk: ClerkDep, certificate: str, scope: str, on: date) -> Response:
    """Return certifier, seal, attestation and fee of a day."""
    with tenant.register.reading() as connection:
        found = forms(tenant.register, connection, certificate, scope, on)
        return json_answer({**found, "as_of": tenant.register.as_of(connection)})

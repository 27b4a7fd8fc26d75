"""The back office: decides intakes, revokes terminals."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Response

from cloud.office.decisions import Decision
from cloud.routes.wire import TenantDep, body_of, json_answer, office_only

router = APIRouter(prefix="/office/v1", dependencies=[Depends(office_only)])


class Decided(msgspec.Struct):
    """Body of POST /office/v1/intakes/{key}/decision."""

    decision: Literal["register", "return"]
    decided_by: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    relationships: dict[str, str] = {}


@router.get("/intakes")
def intakes(tenant: TenantDep, state: str | None = None) -> Response:
    """Return intakes with their content."""
    return json_answer({"intakes": tenant.office.intakes(state)})


@router.post("/intakes/{key}/decision")
def decide(tenant: TenantDep, key: str, asked: Annotated[Decided, Depends(body_of(Decided))]) -> Response:
    """Decide an intake."""
    decision = Decision(asked.decision, asked.decided_by, asked.reason, asked.relationships)
    return json_answer(tenant.office.decide(key, decision))


@router.post("/terminals/{terminal_no}/revocation")
def revoke(tenant: TenantDep, terminal_no: str) -> Response:
    """Revoke a terminal for good."""
    return json_answer({"terminal_no": terminal_no, "blocks_version": tenant.terminals.revoke(terminal_no)})

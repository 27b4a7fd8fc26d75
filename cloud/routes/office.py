"""The back office: decides intakes, looks at what was put aside and at journals, revokes terminals."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Response

from cloud.journals import journal_trouble
from cloud.office.case import Decision
from cloud.office.desk import desk_of
from cloud.office.log import By
from cloud.routes.wire import TenantDep, body_of, json_answer, office_only

_TOKEN = "office-token"  # noqa: S105 - who the log names where a program came with the office's token
router = APIRouter(prefix="/office/v1", dependencies=[Depends(office_only)])

IntakeState = Literal["received", "reviewing", "registered", "returned"]
ItemState = Literal["kept", "released", "dismissed"]
GivenRow = Annotated[dict[str, str | int | bool], msgspec.Meta(min_length=1)]
Officer = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Asker = Annotated[str, Query(max_length=100)]


class Given(msgspec.Struct):
    """A row an officer gives: to stand, or by its key to go."""

    table: str
    row: GivenRow | msgspec.UnsetType = msgspec.UNSET
    key: list[str | int] | msgspec.UnsetType = msgspec.UNSET


class Decided(msgspec.Struct):
    """Body of POST /office/v1/intakes/{key}/decision."""

    decision: Literal["review", "register", "return"]
    decided_by: Officer
    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    relationships: dict[str, str] = {}
    changes: Annotated[list[Given], msgspec.Meta(max_length=100)] = []


class Named(msgspec.Struct):
    """Body of a call that says who does it."""

    by: Officer


class Dismissed(Named):
    """Body of POST /office/v1/quarantine/{item_id}/dismissal."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


@router.get("/intakes")
def intakes(tenant: TenantDep, state: IntakeState | None = None, by: Asker = "") -> Response:
    """Return intakes with their content; what not every officer may read only to who is named and may."""
    return json_answer({"intakes": tenant.office.intakes_for(by, state)})


@router.post("/intakes/{key}/decision")
def decide(tenant: TenantDep, key: str, asked: Annotated[Decided, Depends(body_of(Decided))]) -> Response:
    """Decide an intake."""
    changes = [msgspec.to_builtins(change) for change in asked.changes]
    decision = Decision(asked.decision, asked.decided_by, asked.reason, asked.relationships, changes)
    return json_answer(tenant.office.decide(key, decision))


@router.post("/terminals/{terminal_no}/revocation")
def revoke(tenant: TenantDep, terminal_no: str) -> Response:
    """Revoke a terminal for good."""
    version = desk_of(tenant).terminals.revoke(By(_TOKEN), terminal_no)
    return json_answer({"terminal_no": terminal_no, "blocks_version": version})


@router.get("/quarantine")
def quarantine(tenant: TenantDep, state: ItemState | None = None) -> Response:
    """Return what was put aside."""
    return json_answer({"items": tenant.quarantine.items(state)})


@router.post("/quarantine/{item_id}/opening")
def open_item(tenant: TenantDep, item_id: str, asked: Annotated[Named, Depends(body_of(Named))]) -> Response:
    """Return what is inside an item."""
    return json_answer(tenant.quarantine.open(item_id, asked.by))


@router.post("/quarantine/{item_id}/release")
def release(tenant: TenantDep, item_id: str, asked: Annotated[Named, Depends(body_of(Named))]) -> Response:
    """Let an item take effect."""
    return json_answer(tenant.quarantine.release(item_id, asked.by))


@router.post("/quarantine/{item_id}/dismissal")
def dismiss(
    tenant: TenantDep, item_id: str, asked: Annotated[Dismissed, Depends(body_of(Dismissed))]
) -> Response:
    """Put an item away for good."""
    return json_answer(tenant.quarantine.dismiss(item_id, asked.by, asked.reason))


@router.get("/attachments")
def attachments(tenant: TenantDep, command_key: str | None = None) -> Response:
    """Return attachments and where they stand."""
    return json_answer({"attachments": tenant.attachments.listed(command_key)})


@router.post("/attachments/{key}/opening")
def open_attachment(
    tenant: TenantDep, key: str, asked: Annotated[Named, Depends(body_of(Named))]
) -> Response:
    """Return an attachment's content."""
    content = tenant.attachments.opened(key, asked.by)
    return Response(content, media_type="application/octet-stream")


@router.get("/journal-trouble")
def troubles(tenant: TenantDep) -> Response:
    """Return where the journals of terminals do not hold together."""
    with tenant.register.reading() as connection:
        return json_answer({"troubles": journal_trouble(connection, tenant.municipality)})

"""Sign-in and sign-out of persons."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Response

from cloud.clock import stamp
from cloud.routes.wire import BearerDep, ClerkDep, TenantDep, TerminalDep, body_of, json_answer

router = APIRouter()


class SignIn(msgspec.Struct):
    """Body of POST /v1/sessions."""

    staff_id: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]


@router.post("/v1/sessions")
def sign_in(
    tenant: TenantDep, terminal: TerminalDep, asked: Annotated[SignIn, Depends(body_of(SignIn))]
) -> Response:
    """Open a session for a person at this terminal."""
    opened = tenant.sessions.open(terminal.terminal_no, asked.staff_id, asked.password, asked.code)
    clerk = opened.clerk
    return json_answer(
        {
            "access_token": opened.access_token,
            "expires_at": stamp(opened.expires_at),
            "staff": {
                "staff_id": clerk.staff_id,
                "name": clerk.name,
                "section": clerk.section,
                "rights": sorted(clerk.rights),
            },
            "lease_until": stamp(opened.lease_until),
            "totp_seed": opened.totp_seed,
            "totp_step": opened.totp_step,
            "deposit": opened.deposit,
            "terminal": {
                "highest_serial": opened.seen.highest_serial,
                "commit_no": opened.seen.commit_no,
            },
            "now": stamp(opened.now),
        },
        HTTPStatus.CREATED,
    )


@router.delete("/v1/sessions/current")
def sign_out(tenant: TenantDep, _clerk: ClerkDep, token: BearerDep) -> Response:
    """End the session."""
    tenant.sessions.close(token)
    return Response(status_code=HTTPStatus.NO_CONTENT)

"""Sign-in and sign-out of persons, and what happens to a session in between."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Response

from cloud.clock import stamp
from cloud.factors.desk import Proof
from cloud.problems import malformed
from cloud.routes.wire import BearerDep, TenantDep, TerminalDep, body_of, json_answer
from cloud.tokens import Token

router = APIRouter()
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Kind = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
_Password = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class Factor(msgspec.Struct):
    """A second factor by kind, with its answer: whatever JSON that kind speaks."""

    kind: _Kind
    answer: object


class SignIn(msgspec.Struct):
    """Body of POST /v1/sessions: ``code`` is short for a factor ``totp``."""

    staff_id: _Id
    password: _Password
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=20)] | None = None
    factor: Factor | None = None

    def proof(self) -> Proof:
        """Return the one second factor shown; problem 422 where there are two or none."""
        if (self.code is None) == (self.factor is None):
            raise malformed("one of code and factor")
        return Proof(self.factor.kind, self.factor.answer) if self.factor else Proof("totp", self.code)


class Asked(msgspec.Struct):
    """Body of POST /v1/sessions/challenges."""

    staff_id: _Id
    kind: _Kind


class NewPassword(msgspec.Struct):
    """Body of POST /v1/sessions/current/password."""

    old: _Password
    new: _Password


@router.post("/v1/sessions/challenges")
def challenge(
    tenant: TenantDep, terminal: TerminalDep, asked: Annotated[Asked, Depends(body_of(Asked))]
) -> Response:
    """Ask a second factor of somebody at this terminal."""
    told, until = tenant.sign_in.challenge(terminal.terminal_no, asked.staff_id, asked.kind)
    return json_answer({"kind": asked.kind, "challenge": told, "expires_at": stamp(until)})


@router.post("/v1/sessions")
def sign_in(
    tenant: TenantDep, terminal: TerminalDep, asked: Annotated[SignIn, Depends(body_of(SignIn))]
) -> Response:
    """Open a session for a person at this terminal."""
    opened = tenant.sign_in.open(terminal.terminal_no, asked.staff_id, asked.password, asked.proof())
    clerk = opened.clerk
    return json_answer(
        {
            **_told(opened.token),
            "staff": {
                "staff_id": clerk.staff_id,
                "name": clerk.name,
                "section": clerk.section,
                "rights": sorted(clerk.rights),
                "by_item": clerk.by_item,
                "by_block": clerk.by_block,
                **({"secrets_since": clerk.secrets_since} if clerk.secrets_since else {}),
            },
            "lease_until": stamp(opened.lease_until),
            "totp_seed": opened.totp_seed,
            "totp_step": opened.totp_step,
            "deposit": opened.deposit,
            **({"measures_key": tenant.keys.measures} if clerk.may("shien_sochi") else {}),
            "terminal": {
                "highest_serial": opened.seen.highest_serial,
                "commit_no": opened.seen.commit_no,
            },
            "now": stamp(opened.now),
        },
        HTTPStatus.CREATED,
    )


@router.post("/v1/sessions/current/renewal")
def renew(tenant: TenantDep, terminal: TerminalDep, token: BearerDep) -> Response:
    """Take the session on with a new token."""
    fresh, clerk = tenant.sessions.renewed(terminal.terminal_no, token)
    rights = {"rights": sorted(clerk.rights), "by_item": clerk.by_item, "by_block": clerk.by_block}
    return json_answer({**_told(fresh), **rights, "now": stamp(tenant.now())})


@router.post("/v1/sessions/current/password")
def change_password(
    tenant: TenantDep,
    terminal: TerminalDep,
    token: BearerDep,
    asked: Annotated[NewPassword, Depends(body_of(NewPassword))],
) -> Response:
    """Set a password of the person's own choice."""
    tenant.sessions.change_password(terminal.terminal_no, token, asked.old, asked.new)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.delete("/v1/sessions/current")
def sign_out(tenant: TenantDep, terminal: TerminalDep, token: BearerDep) -> Response:
    """End the session."""
    tenant.sessions.close(terminal.terminal_no, token)
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _told(token: Token) -> dict[str, object]:
    return {
        "access_token": token.value,
        "expires_at": stamp(token.expires_at),
        "session_until": stamp(token.session_until),
    }

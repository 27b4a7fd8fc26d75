"""Leases: who is editing whose record; a person's session is needed, with the right to take requests in."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Header, Response

from cloud.leases import Holder
from cloud.routes.wire import AccepterDep, TenantDep, TerminalDep, ViewerDep, body_of, json_answer

router = APIRouter(prefix="/v1/residents/{atena_no}/lease")


class Wanted(msgspec.Struct):
    """Body of POST /v1/residents/{atena_no}/lease; with the token of one that is held it is renewed."""

    token: Annotated[str, msgspec.Meta(max_length=100)] = ""


@router.post("")
def take(
    tenant: TenantDep,
    terminal: TerminalDep,
    clerk: AccepterDep,
    atena_no: str,
    asked: Annotated[Wanted, Depends(body_of(Wanted))],
) -> Response:
    """Take a lease, or renew it."""
    holder = Holder(clerk.staff_id, clerk.name, clerk.section, terminal.terminal_no)
    held = tenant.leases.take(atena_no, holder, asked.token)
    return json_answer({"held": True, "until": held.until, "token": held.token})


@router.get("")
def standing(tenant: TenantDep, _clerk: ViewerDep, atena_no: str) -> Response:
    """Return who is editing a record."""
    with tenant.register.reading() as connection:
        return json_answer({"leases": tenant.leases.standing(connection, [atena_no])})


@router.delete("")
def give_back(
    tenant: TenantDep,
    _clerk: AccepterDep,
    atena_no: str,
    madoguchi_lease: Annotated[str, Header(max_length=100)],
) -> Response:
    """Give a lease back."""
    tenant.leases.give_back(atena_no, madoguchi_lease)
    return Response(status_code=HTTPStatus.NO_CONTENT)

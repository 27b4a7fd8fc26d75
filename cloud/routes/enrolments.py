"""Enrolment of terminals, and the deposit of their sealed keys."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import APIRouter, Depends, Response

from cloud.clock import stamp
from cloud.enrolment import Terminal
from cloud.keys import DatedKey, K
from cloud.routes.wire import MachineDep, RenewingDep, TenantDep, TerminalDep, body_of, json_answer

router = APIRouter()


class Enrolment(msgspec.Struct):
    """Body of POST /v1/enrolments."""

    token: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    csr: Annotated[str, msgspec.Meta(min_length=1, max_length=10_000)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class Renewal(msgspec.Struct):
    """Body of POST /v1/terminals/self/certificate."""

    csr: Annotated[str, msgspec.Meta(min_length=1, max_length=10_000)]


class Deposit(msgspec.Struct):
    """Body of PUT /v1/terminals/self/deposit."""

    deposit: Annotated[bytes, msgspec.Meta(min_length=1, max_length=4096)]


@router.post("/v1/enrolments")
def enrol(tenant: TenantDep, asked: Annotated[Enrolment, Depends(body_of(Enrolment))]) -> Response:
    """Take a terminal in."""
    number, certificate = tenant.terminals.enrol(asked.token, asked.csr, asked.name)
    with tenant.register.reading() as connection:
        town = tenant.register.row(connection, "town", (tenant.municipality,)) or {}
    role = Terminal(number, b"", certificate, revoked=False).role
    secret = {} if role == "hall" else {"digest_key": tenant.keys.digest}  # what opens parcels
    return json_answer(
        {
            "terminal_no": number,
            "role": role,
            "certificate": certificate,
            "ca": tenant.authority.pem,
            "municipality": {
                "code": tenant.municipality,
                "name": town.get("name", ""),
                "prefecture": town.get("prefecture", ""),
            },
            "feed_keys": [_public(key) for key in tenant.keys.feed],
            "command_keys": [_public(key) for key in tenant.keys.command],
        }
        | secret,
        HTTPStatus.CREATED,
    )


@router.post("/v1/terminals/self/certificate")
def renew(
    tenant: TenantDep, terminal: RenewingDep, asked: Annotated[Renewal, Depends(body_of(Renewal))]
) -> Response:
    """Give a terminal its next certificate."""
    certificate = tenant.terminals.renew(terminal, asked.csr)
    return json_answer({"certificate": certificate, "ca": tenant.authority.pem}, HTTPStatus.CREATED)


@router.get("/v1/ca/crl")
def crl(tenant: TenantDep) -> Response:
    """Tell which certificates are good no longer."""
    return Response(tenant.crl.refresh().public_bytes(Encoding.DER), media_type="application/pkix-crl")


@router.get("/v1/terminals/self/peer")
def peer(tenant: TenantDep, terminal: MachineDep) -> Response:
    """Give a machine the town's word for its neighbours that it is one of the town's."""
    return json_answer(tenant.peers.lease(terminal))


@router.put("/v1/terminals/self/deposit")
def keep_deposit(
    tenant: TenantDep, terminal: TerminalDep, asked: Annotated[Deposit, Depends(body_of(Deposit))]
) -> Response:
    """Keep a terminal's sealed store keys."""
    tenant.terminals.keep_deposit(terminal.terminal_no, asked.deposit)
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _public(key: DatedKey[K]) -> dict[str, object]:
    return {"id": key.key_id, "key": key.public, "from": stamp(key.since)}

"""Live reads of taxes, insurance, seals, services, contacts and payers; what is searched for travels in the body."""

from collections.abc import Callable, Mapping
from typing import Annotated

import msgspec
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Response

from cloud.problems import forbidden
from cloud.register import Register
from cloud.routes.wire import TenantDep, ViewerDep, body_of, json_answer
from cloud.services import MOST_PAYERS, contact_rows, nhi_rows, payers, seal_rows, service_rows, tax_rows
from cloud.staff import Clerk
from cloud.tenant import Tenant

router = APIRouter()


class PayerSearch(msgspec.Struct):
    """Body of POST /v1/payers/search."""

    typed: Annotated[str, msgspec.Meta(max_length=200)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_PAYERS)] = 50


def _told(tenant: Tenant, read: Callable[[Register, sa.Connection], Mapping[str, object]]) -> Response:
    with tenant.register.reading() as connection:
        found = read(tenant.register, connection)
        return json_answer({**found, "as_of": tenant.register.as_of(connection)})


def _must_see(clerk: Clerk, item: str) -> None:
    if not clerk.may(item):
        raise forbidden("refused.right_missing", right=item)


@router.get("/v1/residents/{atena_no}/tax")
def tax(tenant: TenantDep, clerk: ViewerDep, atena_no: str) -> Response:
    """Return a person's taxes; what is owed for 国民健康保険 only to who may see that too."""
    _must_see(clerk, "tax")

    def read(register: Register, connection: sa.Connection) -> Mapping[str, object]:
        found = tax_rows(register, connection, atena_no)
        seen = [row for row in found["tax_account"] if clerk.may("nhi") or row.get("tax") != "nhi"]
        left_out = len(seen) < len(found["tax_account"])
        return {**found, "tax_account": seen} | ({"withheld": ["nhi"]} if left_out else {})

    return _told(tenant, read)


@router.get("/v1/residents/{atena_no}/nhi")
def nhi(tenant: TenantDep, clerk: ViewerDep, atena_no: str) -> Response:
    """Return a person's 国民健康保険."""
    _must_see(clerk, "nhi")
    return _told(tenant, lambda register, connection: nhi_rows(register, connection, atena_no))


@router.get("/v1/residents/{atena_no}/seals")
def seals(tenant: TenantDep, clerk: ViewerDep, atena_no: str) -> Response:
    """Return a person's 印鑑登録."""
    _must_see(clerk, "seal")
    return _told(tenant, lambda register, connection: seal_rows(register, connection, atena_no))


@router.get("/v1/residents/{atena_no}/services")
def services(tenant: TenantDep, _clerk: ViewerDep, atena_no: str) -> Response:
    """Return what a person belongs to."""
    return _told(tenant, lambda register, connection: service_rows(register, connection, atena_no))


@router.get("/v1/residents/{atena_no}/contacts")
def contacts(tenant: TenantDep, _clerk: ViewerDep, atena_no: str) -> Response:
    """Return how a person is reached and pays."""
    return _told(tenant, lambda register, connection: contact_rows(register, connection, atena_no))


@router.post("/v1/payers/search")
def find_payers(
    tenant: TenantDep, _clerk: ViewerDep, asked: Annotated[PayerSearch, Depends(body_of(PayerSearch))]
) -> Response:
    """Find payers who are no residents."""
    return _told(tenant, lambda register, connection: payers(register, connection, asked.typed, asked.limit))

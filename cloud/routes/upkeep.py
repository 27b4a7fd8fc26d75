"""Clock, health and orders: what a terminal asks all the time."""

from fastapi import APIRouter, Response

from cloud.clock import stamp
from cloud.routes.wire import TenantDep, TerminalDep, json_answer

router = APIRouter()
_SERVICES = ("residents", "certificates", "commands", "feeds")


@router.get("/v1/clock")
def clock(tenant: TenantDep) -> Response:
    """Tell the time."""
    return json_answer({"now": stamp(tenant.now())})


@router.get("/v1/health")
def health(tenant: TenantDep) -> Response:
    """Tell how each service is; all stand on one database here."""
    with tenant.register.reading() as connection:
        tenant.register.head(connection, "register")
    return json_answer({"services": dict.fromkeys(_SERVICES, "ok")})


@router.get("/v1/orders")
def orders(_terminal: TerminalDep) -> Response:
    """Tell what this terminal is to do."""
    return json_answer({"orders": []})

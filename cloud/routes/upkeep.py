"""Clock, health and orders: what a terminal asks all the time."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from cloud.clock import stamp
from cloud.faults import SERVICE_STATES
from cloud.health import health_of
from cloud.observe import Meter
from cloud.problems import malformed, sign_in_again
from cloud.routes.wire import (
    BearerDep,
    HearingOrdersDep,
    MachineDep,
    NowDep,
    TenantDep,
    TownsDep,
    body_of,
    json_answer,
)
from cloud.terminal_states import Told

router = APIRouter()
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


class Done(msgspec.Struct):
    """Body of POST /v1/orders/{order_id}/done."""

    result: Literal["done", "impossible"]


class State(msgspec.Struct):
    """Body of PUT /v1/terminals/self/state."""

    program: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z.+_-]+$")]
    waiting: Count
    clock_offset_ms: Annotated[int, msgspec.Meta(ge=-(2**53) + 1, le=2**53 - 1)]
    register_version: Count | None = None
    blocks_version: Count | None = None
    oldest_waiting: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


@router.get("/v1/clock")
def clock(now: NowDep) -> Response:
    """Tell the time."""
    return json_answer({"now": stamp(now)})


@router.get("/v1/health")
def health(request: Request, towns: TownsDep) -> Response:
    """Tell how each service is; some may be out on purpose."""
    return json_answer({"services": health_of(towns.engine) | request.scope.get(SERVICE_STATES, {})})


@router.get("/metrics", include_in_schema=False)  # of those who run the cloud, not of the contract
def metrics(request: Request, towns: TownsDep, token: BearerDep) -> Response:
    """Give those who run the cloud its figures."""
    if not towns.is_operator(token):
        raise sign_in_again("office.unknown")
    meter: Meter = request.app.state.meter
    return Response(meter.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/v1/orders")
def orders(tenant: TenantDep, terminal: HearingOrdersDep) -> Response:
    """Tell what this terminal is to do."""
    return json_answer({"orders": tenant.orders.open_for(terminal.terminal_no)})


@router.post("/v1/orders/{order_id}/done")
def done(
    tenant: TenantDep,
    terminal: HearingOrdersDep,
    order_id: str,
    asked: Annotated[Done, Depends(body_of(Done))],
) -> Response:
    """Hear what became of an order."""
    tenant.orders.done(terminal.terminal_no, order_id, asked.result)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.put("/v1/terminals/self/state")
def tell_state(
    tenant: TenantDep, terminal: MachineDep, asked: Annotated[State, Depends(body_of(State))]
) -> Response:
    """Hear how a terminal is."""
    try:
        oldest = None if asked.oldest_waiting is None else stamp(asked.oldest_waiting)
    except OverflowError:  # a zone that carries it out of the calendar
        raise malformed("the body at `$.oldest_waiting`") from None
    told = Told(
        program=asked.program,
        register_version=asked.register_version,
        blocks_version=asked.blocks_version,
        waiting=asked.waiting,
        oldest_waiting=oldest,
        clock_offset_ms=asked.clock_offset_ms,
    )
    tenant.states.note(terminal.terminal_no, told)
    return Response(status_code=HTTPStatus.NO_CONTENT)

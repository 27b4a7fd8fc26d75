"""Control of faults; there only when the cloud is served with --training."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Response

from cloud.faults import Fault, FaultKind, Line
from cloud.routes.wire import FaultsDep, body_of, json_answer

router = APIRouter(prefix="/training/v1")
Delay = Annotated[int, msgspec.Meta(ge=0, le=600_000)]


class LineState(msgspec.Struct):
    """Body of POST /training/v1/line."""

    state: Line
    delay_ms: Delay = 0


class Planned(msgspec.Struct):
    """Body of POST /training/v1/faults."""

    kind: FaultKind
    path: str = "/"
    times: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    delay_ms: Delay = 0


@router.post("/line")
def set_line(faults: FaultsDep, asked: Annotated[LineState, Depends(body_of(LineState))]) -> Response:
    """Say how the line is from now on."""
    faults.line, faults.delay_ms = asked.state, asked.delay_ms
    return json_answer({"state": faults.line.value})


@router.post("/faults")
def plan(faults: FaultsDep, asked: Annotated[Planned, Depends(body_of(Planned))]) -> Response:
    """Let a fault befall the next calls to a path."""
    faults.plan(Fault(asked.kind, asked.path, asked.times, asked.delay_ms))
    return json_answer({"planned": asked.kind.value})


@router.delete("/faults")
def clear(faults: FaultsDep) -> Response:
    """Let nothing more go wrong: the line is whole, and what was planned does not come."""
    faults.clear()
    return json_answer({"state": faults.line.value})

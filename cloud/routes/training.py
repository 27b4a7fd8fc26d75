"""Control of faults; there only when the cloud is served with --training, and then open to whoever reaches it.

All of it runs on the loop, as the layer does: nothing is planned while a call is being looked at.
"""

from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from cloud.fault_plan import Fault, Faults, Line, Milliseconds
from cloud.problems import not_found
from cloud.routes.wire import body_of, json_answer
from cloud.scenario import Scenario, Scenarios, scenarios

router = APIRouter(prefix="/training/v1")


async def faults_of(request: Request) -> Faults:
    """Return what is to go wrong."""
    faults: Faults = request.app.state.faults
    return faults


async def scenarios_of(request: Request) -> Scenarios:
    """Return what plays scenarios."""
    playing: Scenarios = request.app.state.scenarios
    return playing


async def scenario_named(name: str) -> tuple[str, Scenario]:
    """Return a scenario with its name; problem 404 where there is none."""
    if name not in scenarios():
        raise not_found("training.unknown")
    return name, scenarios()[name]


FaultsDep = Annotated[Faults, Depends(faults_of)]
ScenariosDep = Annotated[Scenarios, Depends(scenarios_of)]
NamedDep = Annotated[tuple[str, Scenario], Depends(scenario_named)]


class LineState(msgspec.Struct):
    """Body of POST /training/v1/line."""

    state: Line
    delay_ms: Milliseconds = 0


@router.post("/line")
async def set_line(faults: FaultsDep, asked: Annotated[LineState, Depends(body_of(LineState))]) -> Response:
    """Say how the line is from now on."""
    faults.line, faults.delay_ms = asked.state, asked.delay_ms
    return json_answer({"state": faults.line.value})


@router.get("/faults")
async def planned(faults: FaultsDep) -> Response:
    """Tell what is planned, and how often each befell."""
    line = {"state": faults.line.value, "delay_ms": faults.delay_ms}
    return json_answer({"line": line, "faults": faults.listed()})


@router.post("/faults")
async def plan(faults: FaultsDep, asked: Annotated[Fault, Depends(body_of(Fault))]) -> Response:
    """Let a fault befall the next calls it fits."""
    return json_answer({"planned": asked.kind.value, "id": faults.plan(asked)})


@router.delete("/faults/{number}")
async def take_back(faults: FaultsDep, number: int) -> Response:
    """Take back one fault."""
    if not faults.take_back(number):
        raise not_found("training.unknown")
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.delete("/faults")
async def clear(faults: FaultsDep, playing: ScenariosDep) -> Response:
    """Let nothing more go wrong: the line is whole, no scenario goes on, and what was planned does not come."""
    await playing.stop()
    faults.clear()
    return json_answer({"state": faults.line.value})


@router.get("/scenarios")
async def listed(playing: ScenariosDep) -> Response:
    """Tell which scenarios there are, and which are under way."""
    under_way = playing.playing()
    told = [
        {
            "name": name,
            "title": scenario.title,
            "about": scenario.about,
            "seconds": scenario.seconds,
            "playing": name in under_way,
        }
        for name, scenario in scenarios().items()
    ]
    return json_answer({"scenarios": told})


@router.post("/scenarios/{name}")
async def start(playing: ScenariosDep, named: NamedDep) -> Response:
    """Play a scenario from its beginning."""
    name, scenario = named
    await playing.start(name, scenario)
    return json_answer({"name": name, "seconds": scenario.seconds})


@router.delete("/scenarios/{name}")
async def stop(playing: ScenariosDep, named: NamedDep) -> Response:
    """Stop a scenario, and take back what it planned."""
    await playing.stop(named[0])
    return Response(status_code=HTTPStatus.NO_CONTENT)

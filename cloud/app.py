"""The cloud as an ASGI application: routes over a tenant, problems instead of exceptions, faults where asked for."""

import logging
from datetime import UTC
from email.utils import format_datetime
from http import HTTPStatus

import sqlalchemy as sa
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from cloud.body import BodyLayer
from cloud.clock import Now
from cloud.door import OneTown, TownLayer, Towns
from cloud.faults import App, FaultLayer, Faults, Message, Receive, Scope, Send
from cloud.observe import Meter, ObserveLayer
from cloud.operations import methods_at
from cloud.problems import ProblemError, malformed
from cloud.proxy import Proxy, ProxyLayer
from cloud.routes import (
    attachments,
    certificates,
    commands,
    enrolments,
    feeds,
    leases,
    office,
    pages,
    residents,
    services,
    sessions,
    snapshots,
    upkeep,
)
from cloud.routes import training as training_control
from cloud.routes.wire import problem_answer
from cloud.scenario import Scenarios
from cloud.tenant import Tenant

_log = logging.getLogger(__name__)
_ROUTERS = (
    *(upkeep, enrolments, sessions, residents, services, leases, certificates, commands, attachments),
    *(feeds, snapshots, office, pages),
)


class HeaderLayer:
    """Puts on every answer what time it is here, and that nobody may keep it unless it says otherwise."""

    def __init__(self, app: App, now: Now) -> None:
        self._app = app
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                names = {name.lower() for name, _ in headers}
                if b"cache-control" not in names:
                    headers.append((b"cache-control", b"no-store"))
                date = format_datetime(self._now().astimezone(UTC), usegmt=True).encode()
                message = {**message, "headers": [*headers, (b"date", date)]}
            await send(message)

        await self._app(scope, receive, stamped)


def create_app(
    served: Tenant | Towns,
    *,
    training: bool = False,
    faults: Faults | None = None,
    proxy: Proxy | None = None,
) -> FastAPI:
    """Return the application for one town or several; ``training`` adds faults and their control at /training/v1.

    Without it, and without ``faults`` handed in, no layer is there that could spoil an answer. Behind a ``proxy``
    every terminal must have shown it the certificate that goes with its proof.
    """
    towns = OneTown(served) if isinstance(served, Tenant) else served
    app = FastAPI(
        title="Madoguchi reference cloud",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # an address with a slash too many is not of the contract, and is told so
    )
    app.state.towns = towns
    app.state.meter = Meter(towns)
    app.state.proxy = proxy
    for module in _ROUTERS:
        app.router.routes.extend(module.router.routes)  # include_router makes each of them a second time
    if training:
        faults = faults or Faults()
        app.state.faults, app.state.scenarios = faults, Scenarios(faults)
        app.router.routes.extend(training_control.router.routes)
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_malformed)
    app.add_exception_handler(HTTPException, _on_http)
    for trouble in (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError):
        app.add_exception_handler(trouble, _on_database)
    app.add_exception_handler(sa.exc.DataError, _on_unkept)
    app.add_exception_handler(Exception, _on_bug)
    app.add_middleware(BodyLayer)
    app.add_middleware(ObserveLayer, meter=app.state.meter)
    app.add_middleware(ProxyLayer, proxy=proxy)
    app.add_middleware(HeaderLayer, now=towns.now)
    app.add_middleware(TownLayer, towns=towns)
    if faults is not None:
        app.add_middleware(FaultLayer, faults=faults)
    return app


def _on_problem(_request: Request, error: Exception) -> Response:
    if not isinstance(error, ProblemError):
        raise error
    return problem_answer(error)


def _on_malformed(_request: Request, _error: Exception) -> Response:
    return problem_answer(malformed("a parameter of the address is not of the contract"))


def _on_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    if status != HTTPStatus.METHOD_NOT_ALLOWED:
        return problem_answer(ProblemError(status, "request.unknown"))
    answer = problem_answer(ProblemError(status, "request.method"))
    told = (error.headers or {}).get("Allow", "") if isinstance(error, HTTPException) else ""
    # One route tells its own method; the contract tells all of an address (RFC 9110, 15.5.6).
    answer.headers["Allow"] = ", ".join(methods_at(request.scope["path"])) or told
    return answer


def _on_database(_request: Request, error: Exception) -> Response:
    """Say that it is worth asking again: the database was started anew, is full of work, or is not there."""
    _log.error("the database did not answer: %s", type(error).__name__)
    return problem_answer(ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "link.busy", retry_after=2))


def _on_unkept(_request: Request, _error: Exception) -> Response:
    return problem_answer(malformed("a text or number that no database can hold"))


def _on_bug(_request: Request, error: Exception) -> Response:
    _log.error("a bug of ours: %s", type(error).__name__)  # never the words: they may quote a record
    return problem_answer(ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "cloud.fault"))

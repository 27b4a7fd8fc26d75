"""The cloud as an ASGI application: routes over a tenant, problems instead of exceptions, faults where asked for."""

import logging
from datetime import UTC
from email.utils import format_datetime
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from cloud.clock import Now
from cloud.faults import App, FaultLayer, Faults, Message, Receive, Scope, Send
from cloud.problems import ProblemError, malformed
from cloud.routes import (
    certificates,
    commands,
    enrolments,
    feeds,
    office,
    residents,
    sessions,
    snapshots,
    upkeep,
)
from cloud.routes import training as training_control
from cloud.routes.wire import problem_answer
from cloud.tenant import Tenant

_log = logging.getLogger(__name__)
_ROUTERS = (upkeep, enrolments, sessions, residents, certificates, commands, feeds, snapshots, office)


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


def create_app(tenant: Tenant, *, training: bool = False, faults: Faults | None = None) -> FastAPI:
    """Return the application; ``training`` adds the control of faults at /training/v1."""
    app = FastAPI(title="Madoguchi reference cloud", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.tenant = tenant
    app.state.faults = faults or Faults()
    for module in _ROUTERS:
        app.include_router(module.router)
    if training:
        app.include_router(training_control.router)
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_malformed)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)
    app.add_middleware(HeaderLayer, now=tenant.now)
    app.add_middleware(FaultLayer, faults=app.state.faults)
    return app


def _on_problem(_request: Request, error: Exception) -> Response:
    if not isinstance(error, ProblemError):
        raise error
    return problem_answer(error)


def _on_malformed(_request: Request, _error: Exception) -> Response:
    return problem_answer(malformed("a parameter of the address is not of the contract"))


def _on_http(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    return problem_answer(ProblemError(status, "request.unknown"))


def _on_bug(_request: Request, error: Exception) -> Response:
    _log.error("a bug of ours: %s", type(error).__name__)  # never the words: they may quote a record
    return problem_answer(ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "cloud.fault"))

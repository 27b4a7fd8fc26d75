"""The door of the cloud: which town a call is for. ``/{municipality}/v1/…``, or ``/v1/…`` where there is but one."""

from collections.abc import Iterator
from typing import Protocol

import msgspec
import sqlalchemy as sa

from cloud.clock import Now
from cloud.faults import App, Receive, Scope, Send
from cloud.problems import ProblemError, not_found
from cloud.service_names import split_town
from cloud.tenant import Tenant

TENANT = "madoguchi.tenant"  # scope extension: the town a call is for, where it is for one


class Towns(Protocol):
    """The towns a cloud serves."""

    @property
    def now(self) -> Now:
        """Return the clock the cloud works by."""
        ...

    @property
    def engine(self) -> sa.Engine:
        """Return the database they share."""
        ...

    def is_operator(self, token: str) -> bool:
        """Tell whether a token is that of those who run the cloud."""
        ...

    def __iter__(self) -> Iterator[Tenant]:
        """Iterate over the towns that are open."""
        ...

    def of(self, municipality: str) -> Tenant | None:
        """Return a town by its code."""
        ...

    def sole(self) -> Tenant | None:
        """Return the town of a cloud that serves one only."""
        ...


class OneTown:
    """A cloud of one town."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self.now = tenant.now
        self.engine = tenant.engine

    def is_operator(self, token: str) -> bool:
        """Tell whether a token is the town's office's, which runs this cloud."""
        return self._tenant.is_office(token)

    def __iter__(self) -> Iterator[Tenant]:
        """Iterate over the one town."""
        yield self._tenant

    def of(self, municipality: str) -> Tenant | None:
        """Return the town, under its own code only."""
        return self._tenant if municipality == self._tenant.municipality else None

    def sole(self) -> Tenant | None:
        """Return the town."""
        return self._tenant


class TownLayer:
    """Takes the code off the address and puts the town beside it; what a proof covers stays as it came."""

    def __init__(self, app: App, towns: Towns) -> None:
        self._app = app
        self._towns = towns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, or say that there is no such town."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        code, rest = split_town(str(scope["path"]))
        town = self._towns.of(code) if code else self._towns.sole()
        if code and town is None:
            await _say(not_found("request.unknown_town"), send)
            return
        path = {"path": rest} if code else {}
        await self._app({**scope, **path, TENANT: town}, receive, send)


async def _say(problem: ProblemError, send: Send) -> None:
    headers = [(b"content-type", b"application/problem+json")]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode(problem.body())})

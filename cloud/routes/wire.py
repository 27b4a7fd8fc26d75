"""What every route shares: who asks, with what proof, and how answers are written."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Depends, Request, Response

from cloud.enrolment import Terminal
from cloud.faults import Faults
from cloud.problems import ProblemError, forbidden, malformed, sign_in_again
from cloud.proof import SignedCall
from cloud.staff import Clerk
from cloud.tenant import Tenant

T = TypeVar("T")

MSGPACK = "application/msgpack"


def json_answer(content: object, status: int = HTTPStatus.OK) -> Response:
    """Return an answer as JSON; blobs in base64."""
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def problem_answer(problem: ProblemError) -> Response:
    """Return a problem as RFC 9457 has it."""
    headers = {"Retry-After": str(problem.facts["retry_after"])} if "retry_after" in problem.facts else None
    content = msgspec.json.encode(problem.body())
    return Response(content, problem.status, headers, media_type="application/problem+json")


def tenant_of(request: Request) -> Tenant:
    """Return the municipality that is asked."""
    tenant: Tenant = request.app.state.tenant
    return tenant


def faults_of(request: Request) -> Faults:
    """Return what is to go wrong."""
    faults: Faults = request.app.state.faults
    return faults


TenantDep = Annotated[Tenant, Depends(tenant_of)]
FaultsDep = Annotated[Faults, Depends(faults_of)]


def body_of(kind: type[T]) -> Callable[[Request], Coroutine[Any, Any, T]]:
    """Return a dependency that reads a JSON body strictly; what was sent is never quoted."""

    async def read(request: Request) -> T:
        try:
            return msgspec.json.decode(await request.body(), type=kind)
        except msgspec.ValidationError as error:
            raise malformed(f"the body at {str(error).rpartition(' - at ')[2]}") from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise malformed("the body is not JSON") from None

    return read


async def signed_call(request: Request) -> SignedCall:
    """Return the call as its proof covers it; problem where headers are missing."""
    names = ("madoguchi-terminal", "madoguchi-date", "madoguchi-proof")
    terminal_no, date, proof = (request.headers.get(name, "") for name in names)
    if not (terminal_no and date and proof):
        raise sign_in_again("terminal.no_proof")
    query = request.scope["query_string"].decode("ascii")
    path = request.scope["raw_path"].decode("ascii")
    target = f"{path}?{query}" if query else path
    return SignedCall(request.method, target, terminal_no, date, proof, await request.body())


def proven_terminal(tenant: TenantDep, call: Annotated[SignedCall, Depends(signed_call)]) -> Terminal:
    """Return the terminal that made the call."""
    return tenant.proofs.check(call)


TerminalDep = Annotated[Terminal, Depends(proven_terminal)]


def bearer(request: Request) -> str:
    """Return the bearer token of a call, empty where there is none."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else ""


BearerDep = Annotated[str, Depends(bearer)]


def signed_in(tenant: TenantDep, terminal: TerminalDep, token: BearerDep) -> Clerk:
    """Return the clerk who holds the token on this terminal."""
    return tenant.sessions.clerk(terminal.terminal_no, token)


ClerkDep = Annotated[Clerk, Depends(signed_in)]


def _viewer(clerk: ClerkDep) -> Clerk:
    if "view" not in clerk.rights:
        raise forbidden("refused.right_missing", right="view")
    return clerk


ViewerDep = Annotated[Clerk, Depends(_viewer)]


def office_only(tenant: TenantDep, token: BearerDep) -> None:
    """Let only the back office through."""
    if not tenant.is_office(token):
        raise sign_in_again("office.unknown")

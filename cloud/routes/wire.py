"""What every route shares: who asks, with what proof, and how answers are written."""

import gzip
import re
from collections.abc import Callable, Coroutine
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Depends, Request, Response

from cloud.door import TENANT, Towns
from cloud.enrolment import Terminal
from cloud.problems import ProblemError, forbidden, malformed, not_found, sign_in_again
from cloud.proof import HANDING_OVER, HEARING_ORDERS, NO_LEAVE, RENEWING, Leave, SignedCall
from cloud.proxy import PRESENTED
from cloud.staff import Clerk
from cloud.tenant import Tenant

# A dependency that waits for nothing is async: a plain one would be sent to a thread of its own, every call.

T = TypeVar("T")

MSGPACK = "application/msgpack"
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)


def json_answer(content: object, status: int = HTTPStatus.OK) -> Response:
    """Return an answer as JSON; blobs in base64."""
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def packed_answer(request: Request, content: object) -> Response:
    """Return an answer as JSON, packed where whoever asks takes gzip: texts of the register become a third of their size."""
    answer = json_answer(content)
    if _GZIP.search(request.headers.get("accept-encoding", "")):
        answer.body = gzip.compress(answer.body, mtime=0)
        answer.headers["content-encoding"] = "gzip"
        answer.headers["content-length"] = str(len(answer.body))
    return answer


def problem_answer(problem: ProblemError) -> Response:
    """Return a problem as RFC 9457 has it."""
    headers = {"Retry-After": str(problem.facts["retry_after"])} if "retry_after" in problem.facts else None
    content = msgspec.json.encode(problem.body())
    return Response(content, problem.status, headers, media_type="application/problem+json")


async def tenant_of(request: Request) -> Tenant:
    """Return the municipality that is asked; problem where the address names none and there are several."""
    tenant: Tenant | None = request.scope[TENANT]
    if tenant is None:
        raise not_found("request.unknown_town")
    return tenant


async def towns_of(request: Request) -> Towns:
    """Return all towns that are served."""
    towns: Towns = request.app.state.towns
    return towns


async def now_of(request: Request) -> datetime:
    """Return what time it is in this cloud."""
    return (await towns_of(request)).now()


TownsDep = Annotated[Towns, Depends(towns_of)]
NowDep = Annotated[datetime, Depends(now_of)]
TenantDep = Annotated[Tenant, Depends(tenant_of)]


def body_of(kind: type[T]) -> Callable[[Request], Coroutine[Any, Any, T]]:
    """Return a dependency that reads a JSON body strictly; what was sent is never quoted."""

    async def read(request: Request) -> T:
        try:
            return msgspec.json.decode(await request.body(), type=kind)
        except msgspec.ValidationError as error:
            raise malformed(f"the body at {str(error).rpartition(' - at ')[2]}") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
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


def terminal_with(leave: Leave, *, hall: bool = False) -> Callable[..., Terminal]:
    """Return a dependency: the terminal that made the call, let off what the call is let off.

    A hall server is heard only where a call says so: it keeps and carries, and nothing about residents is for it.
    """

    def proven(
        request: Request, tenant: TenantDep, call: Annotated[SignedCall, Depends(signed_call)]
    ) -> Terminal:
        terminal = tenant.proofs.check(call, leave)
        if terminal.role == "hall" and not hall:
            raise forbidden("terminal.hall")
        if request.app.state.proxy is not None:
            _demand_certificate(tenant, terminal, request.scope.get(PRESENTED), leave)
        return terminal

    return proven


def _demand_certificate(tenant: Tenant, terminal: Terminal, presented: bytes | None, leave: Leave) -> None:
    """Let only calls through that came by the proxy, under a certificate of the terminal that signed them."""
    if presented == b"" and leave.no_certificate:
        return
    if not presented or not any(one.has(presented) for one in tenant.terminals.good(terminal)):
        raise forbidden("terminal.wrong_certificate")


TerminalDep = Annotated[Terminal, Depends(terminal_with(NO_LEAVE))]
MachineDep = Annotated[Terminal, Depends(terminal_with(NO_LEAVE, hall=True))]  # or a hall server
HandingOverDep = Annotated[Terminal, Depends(terminal_with(HANDING_OVER))]
CarryingDep = Annotated[Terminal, Depends(terminal_with(HANDING_OVER, hall=True))]
HearingOrdersDep = Annotated[Terminal, Depends(terminal_with(HEARING_ORDERS, hall=True))]
# What lies beside commands gets in too, whatever became of its terminal; only the clock and a second use count here.
LeavingDep = Annotated[Terminal, Depends(terminal_with(HEARING_ORDERS))]
RenewingDep = Annotated[Terminal, Depends(terminal_with(RENEWING, hall=True))]


async def bearer(request: Request) -> str:
    """Return the bearer token of a call, empty where there is none."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else ""


BearerDep = Annotated[str, Depends(bearer)]


def signed_in(tenant: TenantDep, terminal: TerminalDep, token: BearerDep) -> Clerk:
    """Return the clerk who holds the token on this terminal."""
    return tenant.sessions.clerk(terminal.terminal_no, token)


ClerkDep = Annotated[Clerk, Depends(signed_in)]


async def _viewer(clerk: ClerkDep) -> Clerk:
    if "view" not in clerk.rights:
        raise forbidden("refused.right_missing", right="view")
    return clerk


ViewerDep = Annotated[Clerk, Depends(_viewer)]


def _accepter(clerk: ClerkDep) -> Clerk:
    if "accept" not in clerk.rights:
        raise forbidden("refused.right_missing", right="accept")
    return clerk


AccepterDep = Annotated[Clerk, Depends(_accepter)]


def office_only(tenant: TenantDep, token: BearerDep) -> None:
    """Let only the back office through."""
    if not tenant.is_office(token):
        raise sign_in_again("office.unknown")

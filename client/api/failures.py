"""httpx failures and the cloud's problems → our errors, in this place only; most specific first."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec

from client.domain.errors import ConflictError, CounterError, LinkDownError, RefusedError, SignInNeededError

_ALIASES = {"terminal.revoked": "refused.terminal_revoked", "enrolment.refused": "refused.enrolment"}
_BUSY = frozenset({429, 503})
_LONGEST_WORD = 80
_LONGEST_WAIT = 3600  # seconds


class Problem(msgspec.Struct):
    """A problem of RFC 9457 as the contract uses it: the code decides, the sentence is not read."""

    code: str = ""
    reason: str = ""
    minutes: int | None = None
    seconds: int | None = None
    field: str = ""
    right: str = ""
    now: datetime | None = None


def problem_of(body: bytes) -> Problem:
    """Read a problem; an unreadable one has no code."""
    try:
        return msgspec.json.decode(body, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Problem()


def error_of(status: int, problem: Problem, retry_after: str | None = None) -> CounterError:
    """Return the error a status and a problem mean: by code first, then by status."""
    if status in _BUSY:
        return LinkDownError("link.busy", retry_after=_seconds(retry_after or ""))
    if status >= 500 or status < 400 or not problem.code:
        return LinkDownError("link.fault", status=status)
    code = _ALIASES.get(problem.code, problem.code)
    facts = _facts(problem)
    for kind in (SignInNeededError, RefusedError, ConflictError):
        if code in kind.codes:
            return kind(code, **facts)
    return _by_status(status, code)


def _seconds(text: str) -> int:
    """Return a wait within an hour, none where the text is no number; a number may have any length."""
    digits = text.lstrip("0")
    if not digits.isdecimal():
        return 0
    return min(int(digits), _LONGEST_WAIT) if len(digits) < 6 else _LONGEST_WAIT


def _by_status(status: int, code: str) -> CounterError:
    """Return what a client error means whose code this terminal does not know."""
    if code == "terminal.proof_used":
        return LinkDownError(
            "link.broken"
        )  # the line brought one call twice; signed anew it may be made again
    if code.startswith("terminal."):
        return refused_by_cloud(code)
    if status == 401:
        return SignInNeededError("sign_in.expired")
    if status == 404:
        return RefusedError("refused.not_found")
    conflicts = status == 409 and not code.startswith(
        "attachment."
    )  # nobody changed anything: a no, by its name
    return ConflictError("conflict.version") if conflicts else refused_by_cloud(code)


def refused_by_cloud(word: str) -> RefusedError:
    """Return a refusal whose code this terminal does not know; the code itself is the fact."""
    return RefusedError("refused.by_cloud", reason=word[:_LONGEST_WORD])


def refusal_of(code: str, reason: str = "") -> RefusedError:
    """Return the refusal a code of the cloud means, inside an answer."""
    code = _ALIASES.get(code, code)
    if code not in RefusedError.codes:
        return refused_by_cloud(code)
    if code == "refused.right_missing" and reason:
        return RefusedError(code, right=reason[:_LONGEST_WORD])
    return RefusedError(code, **({"reason": reason[:_LONGEST_WORD]} if reason else {}))


def _facts(problem: Problem) -> dict[str, str | int]:
    told = {
        "minutes": problem.minutes,
        "seconds": abs(problem.seconds or 0),
        "way": "" if not problem.seconds else "behind" if problem.seconds > 0 else "ahead",
        "reason": problem.reason[:_LONGEST_WORD],
        "field": problem.field[:_LONGEST_WORD],
        "right": problem.right[:_LONGEST_WORD],
    }
    return {name: value for name, value in told.items() if value}


@contextmanager
def translated() -> Iterator[None]:
    """Turn httpx's exceptions into ours, the cause kept."""
    import httpx  # loaded by the first call, not at start

    try:
        yield
    except httpx.HTTPError as error:
        raise LinkDownError(_link_code(error)) from error
    except OSError as error:  # what httpx lets through: a reset while a connection is being closed
        raise LinkDownError("link.broken") from error


def _link_code(error: Exception) -> str:
    import httpx  # as above

    if isinstance(error, httpx.ConnectError):
        if _caused_by(error, ssl.SSLError):
            return "link.untrusted"
        if _caused_by(error, socket.gaierror):
            return "link.unknown_host"
    for kind, code in (
        (httpx.TimeoutException, "link.timeout"),
        (httpx.ConnectError, "link.unreachable"),
        (httpx.ProxyError, "link.unreachable"),
        (httpx.DecodingError, "link.fault"),
        (httpx.NetworkError, "link.broken"),
        (httpx.RemoteProtocolError, "link.broken"),
    ):
        if isinstance(error, kind):
            return code
    raise error  # what is left is a mistake of ours: a bad address, a bad header


def _caused_by(error: BaseException, kind: type[BaseException]) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, kind):
            return True
        seen = seen.__cause__ or seen.__context__
    return False

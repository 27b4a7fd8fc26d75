"""What is foreign becomes ours, most specific first."""

import httpx
import msgspec
import pytest

from client.api import failures
from client.domain.errors import ConflictError, LinkDownError, RefusedError, SignInNeededError


@pytest.mark.parametrize(
    ("status", "problem", "kind", "code", "facts"),
    [
        (401, {"code": "sign_in.locked_out", "minutes": 5}, SignInNeededError, "sign_in.locked_out", {"minutes": 5}),
        (401, {"code": "sign_in.brand_new"}, SignInNeededError, "sign_in.expired", {}),
        (403, {"code": "terminal.revoked"}, RefusedError, "refused.terminal_revoked", {}),
        (403, {"code": "refused.right_missing", "right": "view"}, RefusedError, "refused.right_missing", {"right": "view"}),
        (404, {"code": "request.unknown"}, RefusedError, "refused.not_found", {}),
        (409, {"code": "something"}, ConflictError, "conflict.version", {}),
        (422, {"code": "request.malformed"}, RefusedError, "refused.by_cloud", {"reason": "request.malformed"}),
        (401, {"code": "terminal.proof_used"}, LinkDownError, "link.broken", {}),
        (500, {"code": "refused.blocked"}, LinkDownError, "link.fault", {"status": 500}),
        (400, {"detail": "渡邉"}, LinkDownError, "link.fault", {"status": 400}),
    ],
)  # fmt: skip
def test_a_problem_is_read_by_its_code(
    status: int, problem: dict[str, object], kind: type[Exception], code: str, facts: dict[str, object]
) -> None:
    error = failures.error_of(status, failures.problem_of(msgspec.json.encode(problem)))
    assert isinstance(error, kind)
    assert (error.code, error.facts) == (code, facts)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (httpx.ConnectTimeout("x"), "link.timeout"),
        (httpx.PoolTimeout("x"), "link.timeout"),
        (httpx.ConnectError("x"), "link.unreachable"),
        (httpx.ProxyError("x"), "link.unreachable"),
        (httpx.ReadError("x"), "link.broken"),
        (httpx.WriteError("x"), "link.broken"),
        (httpx.RemoteProtocolError("x"), "link.broken"),
        (httpx.DecodingError("x"), "link.fault"),
        (ConnectionResetError(), "link.broken"),
    ],
)
def test_every_failure_of_the_line_is_ours_with_its_cause(error: Exception, code: str) -> None:
    with pytest.raises(LinkDownError) as down, failures.translated():
        raise error
    assert down.value.code == code
    assert down.value.__cause__ is error


def test_a_mistake_of_ours_is_not_called_a_dead_line() -> None:
    with pytest.raises(httpx.UnsupportedProtocol), failures.translated():
        raise httpx.UnsupportedProtocol("x")

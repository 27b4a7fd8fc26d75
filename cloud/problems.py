"""What the cloud answers when it says no: RFC 9457 problems with a stable code."""

from http import HTTPStatus


class ProblemError(Exception):
    """A refusal that crosses the wire as application/problem+json; facts become further members."""

    def __init__(self, status: int, code: str, detail: str = "", **facts: object) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.facts = facts

    def body(self) -> dict[str, object]:
        """Return the problem document."""
        document: dict[str, object] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
        }
        if self.detail:
            document["detail"] = self.detail
        return document | self.facts


def sign_in_again(code: str, **facts: object) -> ProblemError:
    """Return a 401 with a code of sign-in."""
    return ProblemError(HTTPStatus.UNAUTHORIZED, code, "", **facts)


def forbidden(code: str, **facts: object) -> ProblemError:
    """Return a 403: known who asks, and no."""
    return ProblemError(HTTPStatus.FORBIDDEN, code, "", **facts)


def not_found(code: str = "refused.not_found") -> ProblemError:
    """Return a 404."""
    return ProblemError(HTTPStatus.NOT_FOUND, code)


def malformed(detail: str) -> ProblemError:
    """Return a 422: the request is not of the contract; the detail never repeats what was sent."""
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "request.malformed", detail)

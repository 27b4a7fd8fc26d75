"""How much of a call is read: an answer is due before a body has filled the memory."""

from http import HTTPStatus

from cloud.faults import App, Message, Receive, Scope, Send
from cloud.problems import ProblemError

LARGEST_BODY = 8 * 1024 * 1024  # a batch of 500 commands with their envelopes has less


class BodyLayer:
    """Stops reading at the limit, whatever a call says of its own length."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > LARGEST_BODY:
                raise ProblemError(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request.too_large", most=LARGEST_BODY
                )
            return message

        await self._app(scope, counted, send)

"""The cloud's ear for changes: sealed envelopes go out, remembered answers come back.

The proof is the terminal's own, not a person's: what was accepted goes up at night too.
"""

from urllib.parse import quote

from client.api import codec
from client.api.http import Http
from client.domain.change import CloudAnswer, QueuedChange
from client.domain.errors import RefusedError
from client.domain.tally import Expected, ToldTally

_BYTES_AN_ANSWER = 300
_BYTES_A_TALLY = 2_000
_NOT_THERE = frozenset({"request.method", "request.unknown"})  # what a cloud says that has no such call


class CommandBox:
    """Sends queued changes; fulfils the ports ``CloudCommands`` and ``TalliedCommands``."""

    def __init__(self, http: Http, terminal_no: str) -> None:
        self._http = http
        self._terminal_no = terminal_no

    async def send(
        self, changes: tuple[QueuedChange, ...], *, expected: Expected | None = None
    ) -> tuple[CloudAnswer, ...]:
        """Send a batch; LinkDownError means unknown for every one of them.

        An answer for a key that was not sent, a second one for a key, or one that is not of the contract is dropped.
        Where the cloud holds something else than ``expected`` it takes nothing: ConflictError ``conflict.tally``.
        """
        body: dict[str, object] = {
            "commands": [codec.command_to_wire(change, self._terminal_no) for change in changes]
        }
        if expected is not None:
            body["tally"] = codec.expected_to_wire(expected)
        reply = await self._http.call(
            "POST", "/v1/commands", json=body, expect_bytes=len(changes) * _BYTES_AN_ANSWER
        )
        sent = {change.key for change in changes}
        told: dict[str, CloudAnswer] = {}
        for raw in reply.decode(codec.Answers).answers:
            answer = codec.answer_of(raw)
            if answer is not None and answer.key in sent:
                told.setdefault(answer.key, answer)
        return tuple(told.values())

    async def tally(self, since: str, until: str | None, *, whole: bool) -> ToldTally | None:
        """Return what the cloud holds of this terminal's commands; None where it is older than this call."""
        asked = {"since": since, "until": until, "whole": whole}
        body = {name: value for name, value in asked.items() if value}
        try:
            reply = await self._http.call(
                "POST", "/v1/commands/tally", json=body, expect_bytes=_BYTES_A_TALLY
            )
        except RefusedError as error:
            if error.code == "refused.not_found" or error.facts.get("reason") in _NOT_THERE:
                return None
            raise
        with codec.of_the_contract():
            return reply.decode(codec.TallyAnswer).told()

    async def ask(self, key: str) -> CloudAnswer | None:
        """Return the remembered answer for a change of this terminal, or None where the cloud never saw it.

        What was answered to another terminal's change with the same key is not ours.
        """
        answer = await AnswerDesk(self._http).ask(key)
        return answer if answer is None or answer.author in {"", self._terminal_no} else None


class AnswerDesk:
    """Tells what anybody's change was answered; fulfils settle_holds.Answers."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def ask(self, key: str) -> CloudAnswer | None:
        """Return the remembered answer for a key, or None where the cloud never saw it."""
        try:
            reply = await self._http.call("GET", f"/v1/commands/{quote(key, safe='')}")
        except RefusedError as error:
            if error.code == "refused.not_found":
                return None
            raise
        with codec.of_the_contract():
            return reply.decode(codec.WireAnswer).value()

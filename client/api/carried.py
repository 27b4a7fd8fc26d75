"""Handing the outbox to the hall server while the cloud is away: sealed to the town, so that it carries what it cannot read.

A change that was handed over is *unknown* until the cloud itself has answered for its key; the hall server's word counts
for nothing. When the line is back the change is sent again with the same key, and takes effect once.
"""

import base64
from collections.abc import Callable
from typing import NoReturn

import msgspec

from client.api import codec
from client.api.http import Http
from client.domain.change import CloudAnswer, QueuedChange
from client.domain.errors import LinkDownError

MOST_BYTES = 1_000_000  # of a sealed batch


class CarriedBox:
    """Gives changes to whoever will carry them; fulfils the port ``CloudCommands``, without ever an answer."""

    def __init__(self, hall: Http, terminal_no: str, seal: Callable[[bytes], bytes]) -> None:
        self._hall = hall
        self._terminal_no = terminal_no
        self._seal = seal
        self._given: set[str] = set()  # since this program started: given twice costs a little room, no more

    async def send(self, changes: tuple[QueuedChange, ...]) -> NoReturn:
        """Hand a batch over. LinkDownError always: ``link.handed_over``, or that the hall server was not reached."""
        new = [change for change in changes if change.key not in self._given]
        if new:
            commands = [codec.command_to_wire(change, self._terminal_no) for change in new]
            sealed = self._seal(msgspec.json.encode({"commands": commands}))
            if len(sealed) > MOST_BYTES:
                raise LinkDownError("link.unreachable")  # too large for a carrier: it waits for the line
            body = {"sealed": base64.b64encode(sealed).decode()}
            await self._hall.call("POST", "/v1/carried", json=body)
            self._given.update(change.key for change in new)
        raise LinkDownError("link.handed_over")

    async def ask(self, key: str) -> CloudAnswer | None:
        """Only the cloud answers. LinkDownError ``link.unreachable``."""
        raise LinkDownError("link.unreachable")

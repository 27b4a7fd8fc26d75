"""The outbox by way of the hall server while the cloud is away: sealed, so that it carries what it cannot read."""

import base64
from collections.abc import Callable

import msgspec

from client.api import codec
from client.api.http import Http
from client.domain.change import QueuedChange
from client.domain.errors import RefusedError

MOST_BYTES = (
    1_500_000  # of a sealed batch: the largest command there is, in base64, and what stands around it
)


class SealedBox:
    """Brings the cloud what others sealed; fulfils the port ``CloudBox``."""

    def __init__(self, cloud: Http) -> None:
        self._cloud = cloud

    async def put(self, sealed: bytes) -> None:
        """Bring a batch; it has taken effect when this returns. CounterError."""
        await self._cloud.call("POST", "/v1/carried", json={"sealed": base64.b64encode(sealed).decode()})


class CarriedBox:
    """Gives changes to whoever will carry them; fulfils the port ``Carrier``."""

    def __init__(self, hall: Http, terminal_no: str, seal: Callable[[bytes], bytes]) -> None:
        self._hall = hall
        self._terminal_no = terminal_no
        self._seal = seal

    async def probe(self) -> None:
        """Ask whether the carrier is there. LinkDownError."""
        await self._hall.probe()

    async def give(self, changes: tuple[QueuedChange, ...]) -> None:
        """Hand a batch over; it is on the carrier's disk when this returns. LinkDownError; RefusedError: it is too large."""
        commands = [codec.command_to_wire(change, self._terminal_no) for change in changes]
        sealed = self._seal(msgspec.json.encode({"commands": commands}))
        if len(sealed) > MOST_BYTES:
            raise RefusedError("refused.by_cloud", reason="request.too_large")
        await SealedBox(self._hall).put(sealed)

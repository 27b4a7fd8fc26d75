"""A neighbour's holds: their names asked, wanted ones fetched and lacking ones given, all of it sealed."""

import base64
from collections.abc import Collection
from typing import Annotated

import msgspec

from client.api.http import Http
from client.rules.hold_wire import MOST_AT_ONCE

_MOST = 20_000
_BYTES_A_NAME = 36
_BYTES_A_HOLD = 4_000
Name = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]


class _Names(msgspec.Struct):
    names: Annotated[list[Name], msgspec.Meta(max_length=_MOST)]


class _Wires(msgspec.Struct):
    holds: Annotated[list[bytes], msgspec.Meta(max_length=MOST_AT_ONCE)]


class HoldBox:
    """Speaks to one neighbour; fulfils the port ``HoldDoor``."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def names(self, known: bytes) -> tuple[bytes, ...] | None:
        """Return the names of what it has; None where they are those a hash tells. LinkDownError, RefusedError."""
        expect = _MOST * _BYTES_A_NAME // 8
        reply = await self._http.call("GET", f"/v1/holds?known={known.hex()}", expect_bytes=expect)
        if reply.status == 204:
            return None
        return tuple(bytes.fromhex(one) for one in reply.decode(_Names).names)

    async def exchange(self, want: Collection[bytes], give: Collection[bytes]) -> tuple[bytes, ...]:
        """Hand over some, and return those that are wanted, as far as it has them. LinkDownError, RefusedError."""
        body = {
            "want": [one.hex() for one in want],
            "give": [base64.b64encode(one).decode() for one in give],
        }
        expect = len(want) * _BYTES_A_HOLD
        reply = await self._http.call("POST", "/v1/holds", json=body, expect_bytes=expect)
        return tuple(reply.decode(_Wires).holds)

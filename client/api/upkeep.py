"""Orders of the town to this terminal, and this terminal's word about itself.

An order counts by its signature, whoever carried it: ``read_order`` takes those of a neighbour too. What is not signed
by the town, not for this terminal, or of a kind only a newer program knows is left out; it must not hide the others.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import quote

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from client.api.http import Http
from client.domain.terminal import OrderKind, TerminalFacts, TerminalOrder, TerminalState

_DOMAIN = b"madoguchi-order-v1\n"  # before what is signed, so that no other signature fits
_ORDERS_BYTES = 4000


class SignedOrder(msgspec.Struct):
    """An order as it travels."""

    words: str
    key_id: str
    signature: bytes  # base64 on the wire


class _Orders(msgspec.Struct):
    orders: list[SignedOrder]


class _Words(msgspec.Struct):
    municipality: str
    terminal_no: str
    order_id: str
    kind: str
    made_at: Annotated[datetime, msgspec.Meta(tz=True)]
    body: dict[str, object]


class UpkeepDesk:
    """Speaks to the cloud as the terminal itself, day and night; fulfils the port ``CloudStates``."""

    def __init__(self, http: Http, facts: TerminalFacts) -> None:
        self._http = http
        self._facts = facts

    async def orders(self) -> tuple[TerminalOrder, ...]:
        """Return what this terminal is to do, oldest first; a revoked one is told too. LinkDownError."""
        reply = await self._http.call("GET", "/v1/orders", expect_bytes=_ORDERS_BYTES)
        read = (read_order(order, self._facts) for order in reply.decode(_Orders).orders)
        return tuple(sorted(filter(None, read), key=lambda order: order.order_id))

    async def done(self, order_id: str, result: Literal["done", "impossible"]) -> None:
        """Say what became of an order; it is not given again. LinkDownError, RefusedError ``refused.not_found``."""
        await self._http.call("POST", f"/v1/orders/{quote(order_id, safe='')}/done", json={"result": result})

    async def tell(self, state: TerminalState) -> None:
        """Say how this terminal is. LinkDownError, RefusedError."""
        oldest = state.oldest_waiting
        told: Mapping[str, object] = {
            "program": state.program,
            "register_version": state.register_version,
            "blocks_version": state.blocks_version,
            "waiting": state.waiting,
            "oldest_waiting": oldest and oldest.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "clock_offset_ms": state.clock_offset_ms,
        }
        await self._http.call("PUT", "/v1/terminals/self/state", json=told)


def read_order(order: SignedOrder, facts: TerminalFacts) -> TerminalOrder | None:
    """Return an order that the town signed for this terminal, or None."""
    key = next((one.key for one in facts.feed_keys if one.key_id == order.key_id), None)
    if key is None:
        return None
    words = order.words.encode("utf-8", "replace")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(order.signature, _DOMAIN + words)
        said = msgspec.json.decode(words, type=_Words)
        kind = OrderKind(said.kind)
    except (InvalidSignature, msgspec.DecodeError, ValueError):
        return None
    if (said.municipality, said.terminal_no) != (facts.municipality_code, facts.terminal_no):
        return None
    return TerminalOrder(said.order_id, kind, said.made_at, said.body)

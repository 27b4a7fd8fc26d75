"""What a terminal makes of the town's orders: each is obeyed once, in the order they were given, and none is unheard."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from client.domain.terminal import OrderKind, TerminalOrder

Result: TypeAlias = Literal["done", "impossible"]

_TO_BE_ERASED = frozenset({OrderKind.WIPE, OrderKind.REENROL})


@dataclass(frozen=True, slots=True)
class Obedience:
    """How a terminal stands to its orders: the newest it obeyed, whether it is locked, whether it is to be erased."""

    newest: str = ""
    locked: bool = False
    to_be_erased: bool = False
    erase_by: str = ""  # the order that says so

    @property
    def shut(self) -> bool:
        """Tell whether nobody may sign in here."""
        return self.locked or self.to_be_erased


@dataclass(frozen=True, slots=True)
class Answer:
    """The terminal's word on an order: the town gives it no more."""

    order_id: str
    result: Result


def heed(stand: Obedience, orders: Iterable[TerminalOrder]) -> tuple[Obedience, tuple[Answer, ...]]:
    """Return how a terminal stands after some orders, and what it says of each.

    An order at or below the newest obeyed changes nothing, whoever brings it again; only its lost answer is repeated. One
    to erase the terminal or enrol it anew shuts it and stays open until people have come: what waits here is handed over
    first. Nothing that is ordered later opens it again.
    """
    answers: list[Answer] = []
    for order in sorted(orders, key=lambda one: one.order_id):
        if order.kind in _TO_BE_ERASED:
            stand = replace(stand, to_be_erased=True, erase_by=stand.erase_by or order.order_id)
            continue
        new = order.order_id > stand.newest
        if order.kind is OrderKind.POLICY:
            answers.append(Answer(order.order_id, "impossible"))  # settings are the machine's own files here
            continue
        if new:
            stand = replace(stand, newest=order.order_id, locked=order.kind is OrderKind.LOCK)
        answers.append(Answer(order.order_id, "done"))
    return stand, tuple(answers)

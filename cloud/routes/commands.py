"""Commands: the one way in for all that changes anything; the terminal's proof is enough, day and night."""

from datetime import date, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Response

from cloud.clock import stamp
from cloud.command import Answer, Command
from cloud.routes.wire import TenantDep, TerminalDep, body_of, json_answer

router = APIRouter()


class Batch(msgspec.Struct):
    """Body of POST /v1/commands; items are read one by one, so that a bad one spoils no other."""

    commands: list[msgspec.Raw]


class Item(msgspec.Struct):
    """One command."""

    key: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    residents: list[str]
    base: dict[str, int]
    made_at: datetime
    clock_offset_ms: int
    made_by: str
    terminal: str
    sealed: bytes
    todoke_date: date | None = None
    supersedes: str | None = None

    def command(self) -> Command:
        """Return it as a value."""
        return Command(
            key=self.key,
            kind=self.kind,
            residents=tuple(self.residents),
            base=self.base,
            made_at=stamp(self.made_at),
            clock_offset_ms=self.clock_offset_ms,
            made_by=self.made_by,
            terminal=self.terminal,
            sealed=self.sealed,
            todoke_date=self.todoke_date,
            supersedes=self.supersedes,
        )


class _Keyed(msgspec.Struct):
    key: str = ""


@router.post("/v1/commands")
def take(
    tenant: TenantDep, _terminal: TerminalDep, asked: Annotated[Batch, Depends(body_of(Batch))]
) -> Response:
    """Answer a batch."""
    good: list[Command] = []
    bad: list[Answer] = []
    for raw in asked.commands:
        try:
            good.append(msgspec.json.decode(raw, type=Item).command())
        except (msgspec.MsgspecError, ValueError):
            bad.append(_unreadable(raw))
    return json_answer({"answers": [*tenant.commands.take(good), *bad]})


@router.get("/v1/commands/{key}")
def answer(tenant: TenantDep, _terminal: TerminalDep, key: str) -> Response:
    """Return what a command was answered."""
    return json_answer(tenant.commands.answer(key))


def _unreadable(raw: msgspec.Raw) -> Answer:
    """Return the answer to an item not of the contract; it is not remembered, for nothing was understood."""
    try:
        key = msgspec.json.decode(raw, type=_Keyed).key
    except (msgspec.MsgspecError, ValueError):
        key = ""
    return {"key": key[:64], "outcome": "refused", "code": "refused.input", "reason": "command"}

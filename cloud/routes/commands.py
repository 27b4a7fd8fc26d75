"""Commands: the one way in for all that changes anything; the terminal's proof is enough, day and night."""

from datetime import date
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Response

from cloud.clock import read_stamp, stamp
from cloud.command import Answer, Command
from cloud.commands import Expected
from cloud.enrolment import Terminal
from cloud.envelopes import UnreadableError, open_carried
from cloud.problems import ProblemError, malformed
from cloud.quarantine import PutAside
from cloud.routes.wire import CarryingDep, HandingOverDep, TenantDep, body_of, json_answer
from cloud.tally import LAST, Tally
from cloud.tenant import Tenant

router = APIRouter()

_MOST = 2**53 - 1  # the greatest whole number that every reader of JSON agrees about
MOST_SEALED = 1_000_000  # bytes of one envelope; what is larger is an attachment
MOST_CARRIED = 1_500_000  # bytes of a sealed batch: one such envelope in base64, and what stands around it
Whole = Annotated[int, msgspec.Meta(ge=-_MOST, le=_MOST)]


Bound = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class Held(msgspec.Struct):
    """What a terminal believes to be held of its commands from a key on."""

    since: Bound
    held: Annotated[int, msgspec.Meta(ge=0, le=_MOST)]
    total: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)] = b""


class Range(msgspec.Struct):
    """Body of POST /v1/commands/tally."""

    since: Bound
    until: Bound | None = None
    whole: bool = False


class Batch(msgspec.Struct):
    """Body of POST /v1/commands; items are read one by one, so that a bad one spoils no other."""

    commands: list[msgspec.Raw]
    tally: Held | None = None
    handing_over: bool = False


class Item(msgspec.Struct):
    """One command."""

    key: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    residents: list[str]
    base: dict[str, Whole]
    made_at: str
    clock_offset_ms: Whole
    made_by: str
    terminal: str
    sealed: Annotated[bytes, msgspec.Meta(max_length=MOST_SEALED)]
    signature: Annotated[bytes, msgspec.Meta(min_length=1, max_length=200)]
    todoke_date: date | None = None
    supersedes: str | None = None

    def command(self) -> Command:
        """Return it as a value; ValueError, OverflowError where ``made_at`` is no moment."""
        return Command(
            key=self.key,
            kind=self.kind,
            residents=tuple(self.residents),
            base=self.base,
            made_at=stamp(read_stamp(self.made_at)),
            written_at=self.made_at,
            clock_offset_ms=self.clock_offset_ms,
            made_by=self.made_by,
            terminal=self.terminal,
            sealed=self.sealed,
            signature=self.signature,
            todoke_date=self.todoke_date,
            supersedes=self.supersedes,
        )


class Carried(msgspec.Struct):
    """Body of POST /v1/carried."""

    sealed: Annotated[bytes, msgspec.Meta(min_length=1, max_length=MOST_CARRIED)]


class _Named(msgspec.Struct):
    key: object = ""
    kind: object = ""


@router.post("/v1/commands")
def take(
    tenant: TenantDep, terminal: HandingOverDep, asked: Annotated[Batch, Depends(body_of(Batch))]
) -> Response:
    """Answer a batch."""
    answers = _taken(tenant, asked, terminal, rows=not terminal.revoked)
    return json_answer({"answers": answers})


@router.post("/v1/commands/tally")
def tally(
    tenant: TenantDep, terminal: HandingOverDep, asked: Annotated[Range, Depends(body_of(Range))]
) -> Response:
    """Return what is held of the asking terminal's commands, so that it can hold its own book against that."""
    since, until = UUID(asked.since).int, UUID(asked.until).int if asked.until else LAST
    if until <= since:
        raise malformed("until is not behind since")
    told = tenant.commands.tally(terminal.terminal_no, since, until, whole=asked.whole)
    return json_answer(told | {"at": stamp(tenant.now())})


@router.post("/v1/carried")
def carried(
    tenant: TenantDep, carrier: CarryingDep, asked: Annotated[Carried, Depends(body_of(Carried))]
) -> Response:
    """Take a batch that somebody carried who cannot read it, and who is told nothing of its answers."""
    try:
        batch = msgspec.json.decode(open_carried(tenant.keys, tenant.municipality, asked.sealed), type=Batch)
    except (UnreadableError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise ProblemError(HTTPStatus.CONFLICT, "carried.unreadable") from None
    _taken(tenant, batch, carrier, rows=False)
    return json_answer({"taken": len(batch.commands)})


def _taken(tenant: Tenant, asked: Batch, terminal: Terminal, *, rows: bool) -> list[Answer]:
    good: list[Command] = []
    unread: list[PutAside] = []
    bad: list[Answer] = []
    for raw in asked.commands:
        try:
            good.append(_read(raw))
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
            key, kind = _named(raw)
            if kind.startswith("fact."):
                unread.append(PutAside(key, terminal.terminal_no, kind, bytes(raw)))
            else:
                bad.append(_unreadable(key))
    expected = None
    if asked.tally is not None:
        held = Tally(asked.tally.held, int.from_bytes(asked.tally.total))
        expected = Expected(terminal.terminal_no, UUID(asked.tally.since).int, held)
    taken = tenant.commands.take(good, unread, rows=rows, expected=expected, handing_over=asked.handing_over)
    return [*taken, *bad]


@router.get("/v1/commands/{key}")
def answer(tenant: TenantDep, terminal: HandingOverDep, key: str) -> Response:
    """Return what a command was answered."""
    return json_answer(tenant.commands.answer(key, rows=not terminal.revoked))


def _read(raw: msgspec.Raw) -> Command:
    """Read one item; a zero byte, which no PostgreSQL text holds, would take the whole batch down with it."""
    if b"\\u0000" in bytes(raw):
        raise ValueError("a zero byte")
    return msgspec.json.decode(raw, type=Item).command()


def _named(raw: msgspec.Raw) -> tuple[str, str]:
    """Return key and kind of an item not of the contract, as far as they can be made out."""
    try:
        named = msgspec.json.decode(raw, type=_Named)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return "", ""
    return _text(named.key), _text(named.kind)


def _text(value: object) -> str:
    return value[:64].replace("\0", "") if isinstance(value, str) else ""


def _unreadable(key: str) -> Answer:
    """Return the answer to a request not of the contract; it is not remembered, for nothing was understood."""
    said = {"outcome": "refused", "code": "refused.input", "reason": "command"}
    return {"key": key, **said, "remembered": False}

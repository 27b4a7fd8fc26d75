"""A queued change as it lies in the export of an outbox: all but its payload, which stays sealed to the cloud."""

from datetime import date, datetime

import msgspec

from client.domain.change import ChangeKind, ChangeState, QueuedChange, Receipt
from client.domain.errors import RefusedError
from client.domain.resident import AtenaNo


class _Receipt(msgspec.Struct):
    register_version: int
    at: datetime
    text: str


class _Exported(msgspec.Struct):
    seq: int
    key: str
    kind: ChangeKind
    state: ChangeState
    residents: list[str]
    base: dict[str, int]
    sealed: bytes
    signature: bytes
    made_at: datetime
    made_by: str
    clock_offset_ms: int
    todoke_date: date | None
    supersedes: str | None
    attempts: int
    last_words: str
    receipt: _Receipt | None


def record_of(change: QueuedChange) -> bytes:
    """Write a change down as it is sent, with what is known of its fate."""
    receipt = change.receipt
    return msgspec.msgpack.encode(
        _Exported(
            seq=change.seq,
            key=change.key,
            kind=change.kind,
            state=change.state,
            residents=list(change.residents),
            base={str(who): version for who, version in change.base.items()},
            sealed=change.sealed,
            signature=change.signature,
            made_at=change.made_at,
            made_by=change.made_by,
            clock_offset_ms=change.clock_offset_ms,
            todoke_date=change.todoke_date,
            supersedes=change.supersedes,
            attempts=change.attempts,
            last_words=change.last_words,
            receipt=_Receipt(receipt.register_version, receipt.at, receipt.text) if receipt else None,
        )
    )


def read_record(record: bytes) -> QueuedChange:
    """Read a change; it has no payload here, and no time to try. RefusedError ``bundle.changed``."""
    try:
        told = msgspec.msgpack.decode(record, type=_Exported)
    except (msgspec.DecodeError, ValueError):
        raise RefusedError("bundle.changed") from None
    receipt = told.receipt
    return QueuedChange(
        seq=told.seq,
        key=told.key,
        kind=told.kind,
        state=told.state,
        residents=tuple(map(AtenaNo, told.residents)),
        base={AtenaNo(who): version for who, version in told.base.items()},
        payload={},
        sealed=told.sealed,
        signature=told.signature,
        made_at=told.made_at,
        made_by=told.made_by,
        clock_offset_ms=told.clock_offset_ms,
        todoke_date=told.todoke_date,
        supersedes=told.supersedes,
        attempts=told.attempts,
        next_try_at=None,
        last_words=told.last_words,
        receipt=Receipt(receipt.register_version, receipt.at, receipt.text) if receipt else None,
    )

"""What lies in the export of an outbox: a queued change but for its payload, and attachments; all of it sealed to the cloud.

An attachment is a record that says what it is, then its sealed bytes in records as large as the parts it goes up in.
"""

from collections.abc import Iterator
from datetime import date, datetime
from hashlib import sha256

import msgspec

from client.domain.attachment import Attachment, CarriedAttachment, MediaType
from client.domain.change import ChangeKind, ChangeState, QueuedChange, Receipt
from client.domain.errors import RefusedError
from client.domain.resident import AtenaNo
from client.rules.attachments import parts_of, span


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


class _Beside(msgspec.Struct):
    key: str
    command_key: str
    named_in: str
    media_type: MediaType
    size: int
    sha256: str


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


def attachment_records(one: CarriedAttachment, sealed: bytes) -> Iterator[bytes]:
    """Yield the records of an attachment."""
    told = one.attachment
    yield msgspec.msgpack.encode(
        _Beside(told.key, told.command_key, one.named_in, told.media_type, told.size, told.sha256)
    )
    for place in range(1, parts_of(told.size) + 1):
        begins, length = span(place, told.size)
        yield sealed[begins : begins + length]


def read_attachments(records: Iterator[bytes]) -> Iterator[tuple[CarriedAttachment, bytes]]:
    """Yield each attachment with its sealed bytes, one at a time. RefusedError ``bundle.changed``."""
    for record in records:
        try:
            told = msgspec.msgpack.decode(record, type=_Beside)
            one = Attachment(told.key, told.command_key, told.media_type, told.size, told.sha256)
        except (msgspec.DecodeError, ValueError):
            raise RefusedError("bundle.changed") from None
        sealed = bytearray()
        for place in range(1, parts_of(one.size) + 1):
            part = next(records, b"")
            if len(part) != span(place, one.size)[1]:
                raise RefusedError("bundle.changed")
            sealed += part
        if sha256(sealed).hexdigest() != one.sha256:
            raise RefusedError("bundle.changed")
        yield CarriedAttachment(one, told.named_in), bytes(sealed)

"""The outbox: what was accepted and what the cloud must learn, with the envelope sealed as it was written.

The part of a row that never changes is chained; payloads enter the chain by hash, so that one may be deleted
after its time without breaking it.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

from client.domain.attachment import NOTHING_ATTACHED, Attached
from client.domain.change import ChangeKind, ChangeState, NewChange, QueuedChange, Receipt
from client.domain.enrolment import TownKey, key_in_force
from client.domain.errors import RefusedError
from client.domain.resident import AtenaNo
from client.rules.authorship import signed_words
from client.rules.chain import GENESIS, link
from client.rules.outbox import ANSWERS, Event, may_become, step
from offline.store import attachments, heads, rewritten
from offline.store.door import one
from offline.store.pack import packed, unpacked
from offline.store.seal import sealed_command
from offline.store.times import utc_from, utc_text

CHAIN = "outbox"
SETTLED = (ChangeState.LANDED, ChangeState.WITHDRAWN, ChangeState.SUPERSEDED)
_OUTCOME_OF = {state: event.value for event, state in ANSWERS.items()}
_BY_PERSON = frozenset({ChangeState.WITHDRAWN, ChangeState.SUPERSEDED})
_FIXED = "seq, key, kind, base, payload, sealed, signature, made_at, made_by, clock_offset_ms, todoke_date, supersedes"
_HASHES = "payload_hash, sealed_hash"  # of what was cleared out
_FATE = (
    "state, attempts, next_try_at, last_words, receipt_version, receipt_at, receipt_text,"
    " (SELECT json_array(receipt_version, receipt_at, receipt_text) FROM outbox_forgotten WHERE no = 1"
    " AND outbox_forgotten.seq = outbox.seq)"
)
_NOTHING: Mapping[str, bytes | None] = MappingProxyType({})
Signer = Callable[[bytes], bytes]  # the terminal's own key


@dataclass(frozen=True, slots=True)
class Envelope:
    """Whom payloads are sealed to, from where, and whose signature they bear."""

    command_keys: tuple[TownKey, ...]
    terminal_no: str
    sign: Signer


def create(connection: sqlite3.Connection) -> None:
    """Make the tables."""
    connection.execute(
        "CREATE TABLE outbox (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,"
        " base BLOB NOT NULL, payload BLOB NOT NULL, sealed BLOB NOT NULL, signature BLOB NOT NULL, made_at TEXT NOT NULL,"
        " made_by TEXT NOT NULL, clock_offset_ms INTEGER NOT NULL, todoke_date TEXT, supersedes TEXT,"
        " hash BLOB NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, next_try_at TEXT,"
        " last_words TEXT NOT NULL DEFAULT '', receipt_version INTEGER, receipt_at TEXT,"
        " receipt_text TEXT NOT NULL DEFAULT '')"
    )
    connection.execute("CREATE INDEX outbox_state ON outbox (state, seq)")
    connection.execute(
        "CREATE TABLE outbox_resident (seq INTEGER NOT NULL REFERENCES outbox (seq), place INTEGER NOT NULL,"
        " atena_no TEXT NOT NULL, PRIMARY KEY (seq, place)) WITHOUT ROWID"
    )
    connection.execute("CREATE INDEX outbox_resident_atena_no ON outbox_resident (atena_no)")


def add(connection: sqlite3.Connection, change: NewChange, to: Envelope) -> bool:
    """Write a change down; False where this very key stands there already."""
    if one(connection, "SELECT seq FROM outbox WHERE key = ?", change.key) is not None:
        return False
    if change.supersedes is not None:
        _give_way(connection, change.supersedes)
    seq, prev = heads.read(connection, CHAIN)
    payload = packed(dict(change.payload))
    town_key = key_in_force(to.command_keys, change.made_at)
    envelope = sealed_command(payload, town_key, change.key, change.kind.value, to.terminal_no)
    values = (
        seq + 1,
        change.key,
        change.kind.value,
        packed(dict(change.base)),
        packed({}) if change.for_cloud_alone else payload,
        envelope,
        to.sign(signed_words(change, to.terminal_no, envelope)),
        utc_text(change.made_at),
        change.made_by,
        change.clock_offset_ms,
        change.todoke_date.isoformat() if change.todoke_date else None,
        change.supersedes,
    )
    following = link(prev, _entry(values, change.residents))
    connection.execute(
        f"INSERT INTO outbox ({_FIXED}, hash, state) VALUES ({'?, ' * 13}?)",
        (*values, following, ChangeState.QUEUED.value),
    )
    connection.executemany(
        "INSERT INTO outbox_resident VALUES (?, ?, ?)",
        [(seq + 1, place, atena_no) for place, atena_no in enumerate(change.residents)],
    )
    heads.write(connection, CHAIN, seq + 1, following)
    return True


def _give_way(connection: sqlite3.Connection, key: str) -> None:
    """Let another take the place of a change. What landed stays so, with its receipt: the office returned it, once."""
    if _state(connection, key) is not ChangeState.LANDED:
        settle(connection, key, ChangeState.SUPERSEDED)
    elif rewritten.among(connection, (key,)):
        raise RefusedError("refused.under_way")


def get(connection: sqlite3.Connection, key: str) -> QueuedChange:
    """Return a change by key; KeyError."""
    found = _select(connection, "WHERE key = ?", (key,))
    if not found:
        raise KeyError(key)
    return found[0]


def waiting(connection: sqlite3.Connection, *, settled: bool) -> tuple[QueuedChange, ...]:
    """Return changes, oldest first."""
    if settled:
        return _select(connection, "", ())
    marks = ", ".join("?" * len(SETTLED))
    return _select(connection, f"WHERE state NOT IN ({marks})", [state.value for state in SETTLED])


def some(connection: sqlite3.Connection, seqs: Iterable[int]) -> tuple[QueuedChange, ...]:
    """Return some rows by number, oldest first."""
    return _select(connection, "WHERE seq IN (SELECT value FROM json_each(?))", (json.dumps(list(seqs)),))


def by_key(connection: sqlite3.Connection, keys: Iterable[str]) -> tuple[QueuedChange, ...]:
    """Return those of some keys that stand here, oldest first."""
    return _select(connection, "WHERE key IN (SELECT value FROM json_each(?))", (json.dumps(list(keys)),))


def lease(connection: sqlite3.Connection, keys: Iterable[str]) -> None:
    """Mark changes as being sent; OutOfTurnError where one may not be."""
    for key in keys:
        state = step(_state(connection, key), Event.PICKED)
        connection.execute(
            "UPDATE outbox SET state = ?, attempts = attempts + 1 WHERE key = ?", (state.value, key)
        )


def settle(
    connection: sqlite3.Connection,
    key: str,
    state: ChangeState,
    receipt: Receipt | None = None,
    words: str = "",
    *,
    remembered: bool = True,
) -> bool:
    """Write what became of a change; False where that stood there already.

    The first answer stands: one that comes again, or late, changes nothing. A person's act out of turn is
    refused. ``remembered``: the cloud keeps this answer under the key.
    """
    present = _state(connection, key)
    if not may_become(present, state):
        if state in _BY_PERSON and state is not present:
            raise RefusedError("refused.input", field="state")
        return False
    connection.execute(
        "UPDATE outbox SET state = ?, last_words = ?, receipt_version = ?, receipt_at = ?, receipt_text = ?,"
        " next_try_at = NULL, outcome = coalesce(?, outcome) WHERE key = ?",
        (
            state.value,
            words,
            receipt.register_version if receipt else None,
            utc_text(receipt.at) if receipt else None,
            receipt.text if receipt else "",
            _OUTCOME_OF.get(state) if remembered else None,
            key,
        ),
    )
    return True


def postpone(connection: sqlite3.Connection, keys: Iterable[str], next_try_at: datetime, words: str) -> None:
    """Write when the next try is."""
    connection.executemany(
        "UPDATE outbox SET next_try_at = ?, last_words = ? WHERE key = ?",
        [(utc_text(next_try_at), words, key) for key in keys],
    )


def uncount(connection: sqlite3.Connection, key: str) -> None:
    """Take the last try back: it was not about this change."""
    connection.execute("UPDATE outbox SET attempts = max(attempts - 1, 0) WHERE key = ?", (key,))


def land(connection: sqlite3.Connection, register_version: int) -> int:
    """Mark what was accepted at or before a version as landed."""
    landed = step(ChangeState.ACCEPTED, Event.SEEN_IN_REPLICA)
    return connection.execute(
        "UPDATE outbox SET state = ? WHERE state = ? AND receipt_version <= ?",
        (landed.value, ChangeState.ACCEPTED.value, register_version),
    ).rowcount


def after_restart(connection: sqlite3.Connection) -> int:
    """Turn what was being sent when the program ended into unknown."""
    unknown = step(ChangeState.SENDING, Event.UNANSWERED)
    return connection.execute(
        "UPDATE outbox SET state = ? WHERE state = ?", (unknown.value, ChangeState.SENDING.value)
    ).rowcount


def hash_at(connection: sqlite3.Connection, seq: int) -> bytes | None:
    """Return the hash of a row; of number 0 what stands before the first."""
    return GENESIS if seq == 0 else one(connection, "SELECT hash FROM outbox WHERE seq = ?", seq)


def first_bad(connection: sqlite3.Connection, start: heads.Head = (0, GENESIS)) -> int | None:
    """Walk the chain from a known row on; returns the number of the first row that is wrong or missing."""
    last, prev = start
    after = (last,)
    residents = _residents(connection, "WHERE seq > ?", after)
    for *values, payload_hash, sealed_hash, recorded in connection.execute(
        f"SELECT {_FIXED}, {_HASHES}, hash FROM outbox WHERE seq > ? ORDER BY seq", after
    ):
        last += 1
        cleared = {"payload": payload_hash, "sealed": sealed_hash}
        if values[0] != last or link(prev, _entry(values, residents.get(last, ()), cleared)) != recorded:
            return last
        prev = recorded
    return None if heads.read(connection, CHAIN) == (last, prev) else last + 1


def content_hash(content: bytes) -> bytes:
    """Return what stands in the chain for a payload or an envelope."""
    return blake2b(content, digest_size=32).digest()


def _entry(
    values: Iterable[Any], residents: Iterable[str], cleared: Mapping[str, bytes | None] = _NOTHING
) -> dict[str, object]:
    entry = dict(zip(_FIXED.split(", "), values, strict=True))
    for name in ("base", "payload", "sealed"):
        gone = None if entry[name] else cleared.get(name)
        entry[name] = gone or content_hash(entry[name])
    return {**entry, "residents": list(residents)}


def _state(connection: sqlite3.Connection, key: str) -> ChangeState:
    found = one(connection, "SELECT state FROM outbox WHERE key = ?", key)
    if found is None:
        raise KeyError(key)
    return ChangeState(found)


def _residents(
    connection: sqlite3.Connection, where: str = "", values: Sequence[object] = ()
) -> dict[int, tuple[AtenaNo, ...]]:
    found: dict[int, tuple[AtenaNo, ...]] = {}
    for seq, atena_no in connection.execute(
        f"SELECT seq, atena_no FROM outbox_resident WHERE seq IN (SELECT seq FROM outbox {where}) ORDER BY seq, place",
        values,
    ):
        found[seq] = (*found.get(seq, ()), AtenaNo(atena_no))
    return found


def _select(connection: sqlite3.Connection, where: str, values: Sequence[object]) -> tuple[QueuedChange, ...]:
    residents = _residents(connection, where, values)
    rows = connection.execute(f"SELECT {_FIXED}, {_FATE} FROM outbox {where} ORDER BY seq", values).fetchall()
    beside = attachments.beside(connection, [row[1] for row in rows])
    return tuple(
        _change(row, residents.get(row[0], ()), beside.get(row[1], NOTHING_ATTACHED)) for row in rows
    )


def _change(row: tuple[Any, ...], residents: tuple[AtenaNo, ...], attached: Attached) -> QueuedChange:
    seq, key, kind, base, payload, envelope, signature, made_at, made_by, offset, todoke_date, *more = row
    supersedes, *fate = more
    state, attempts, next_try_at, last_words, version, receipt_at, receipt_text, forgotten = fate
    return QueuedChange(
        seq=seq,
        key=key,
        kind=ChangeKind(kind),
        state=ChangeState(state),
        residents=residents,
        base={AtenaNo(atena_no): history_no for atena_no, history_no in unpacked(base).items()},
        payload=unpacked(payload) if payload else {},  # cleared out after its time
        sealed=envelope,
        signature=signature,
        made_at=utc_from(made_at),
        made_by=made_by,
        clock_offset_ms=offset,
        todoke_date=date.fromisoformat(todoke_date) if todoke_date else None,
        supersedes=supersedes,
        attempts=attempts,
        next_try_at=utc_from(next_try_at) if next_try_at else None,
        last_words=last_words,
        receipt=None if version is None else Receipt(version, utc_from(receipt_at), receipt_text),
        forgotten=_first_receipt(forgotten) if forgotten else None,
        attached=attached,
    )


def _first_receipt(told: str) -> Receipt:
    version, at, text = json.loads(told)
    return Receipt(version, utc_from(at), text)

"""What one act writes: sheet, journal and outbox together, inside one commit of the ledger."""

import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from client.domain.as_of import Source
from client.domain.certificate import IssuedCopy, SerialNo, SheetState
from client.domain.change import (
    OFFICE_NOTE,
    ChangeKind,
    ChangeState,
    Fate,
    NewChange,
    QueuedChange,
    change_key,
)
from client.domain.errors import RefusedError
from client.domain.release import Release
from client.domain.resident import AtenaNo
from client.domain.terminal import TerminalFacts
from client.jobs.ports import IssueDraft, JournalEntry
from offline.store import attachments, doubts, journal, outbox, rewritten, sheets, sheltered
from offline.store.door import one
from offline.store.times import utc_text

_FACT_OF = {SheetState.HANDED_OVER: ChangeKind.HANDED_OVER, SheetState.SPOILED: ChangeKind.SPOILED}
_IN_BOOK = frozenset({ChangeState.ACCEPTED, ChangeState.CONFLICT, ChangeState.REFUSED})


@dataclass(frozen=True, slots=True)
class Place:
    """Where the book is kept: this terminal, and whom its reports are sealed to."""

    facts: TerminalFacts
    envelope: outbox.Envelope


@dataclass(frozen=True, slots=True)
class SheetWord:
    """What somebody said of a copy."""

    serial: SerialNo
    state: SheetState
    actor: str
    reason: str = ""
    pdf_hash: str = ""


def issue(
    connection: sqlite3.Connection, place: Place, draft: IssueDraft, *, now: datetime, actor: str, offset: int
) -> IssuedCopy:
    """Take the next number; write sheet, journal row and the reports of issue and fee."""
    copy = sheets.issue(connection, draft, place.facts, now, actor)
    commit_no = int(one(connection, "SELECT commit_no FROM commits")) + 1  # the one under way
    payload = {**sheets.issue_payload(draft, copy.serial), "commit_no": commit_no}
    members, as_of = draft.request.members, draft.decided.as_of
    if as_of.source is Source.REPLICA:
        doubts.rest(connection, copy, draft, offset)
    facts: dict[str, str | int] = {
        "serial": copy.serial.key,
        "kind": draft.request.kind.value,
        "pages": draft.pages,
        "fee_yen": draft.fee_yen,
        "requester": draft.request.requester.value,
        "identity": draft.request.identity.value,
        "printer": draft.printer,
        "seal": int(draft.decided.seal is not None),
        "copies": draft.request.copies,  # of the request; each copy has a line and a number of its own
        "purpose_told": int(bool(draft.request.purpose.strip())),  # no words typed by hand
        "source": as_of.source.value,
        "register_version": as_of.register_version,
        "blocks_version": as_of.blocks_version,
    }
    if draft.decided.certifier.declared:
        facts["deputy"] = 1
    if draft.release:
        facts["release"] = draft.release
    if draft.decided_by:
        facts["decided_by"] = draft.decided_by
        payload["received_by"] = actor
    journal.append(connection, JournalEntry("issue", actor, members, facts), now)
    issued = _fact(ChangeKind.ISSUED, payload, members, now, actor=draft.decided_by or actor, offset=offset)
    outbox.add(connection, issued, place.envelope)
    if draft.fee_yen:
        told = {name: payload[name] for name in ("serial", "day", "fee_yen")}
        fee = _fact(ChangeKind.FEE, told, (), now, actor=actor, offset=offset)
        outbox.add(connection, fee, place.envelope)
    return copy


def release(connection: sqlite3.Connection, place: Place, told: Release, now: datetime) -> None:
    """Write a release and its report; the words of the reason are in the sealed report alone."""
    request = told.request
    facts: dict[str, str | int] = {
        "key": told.key,
        "officer": told.officer,
        "second": told.second,
        "offline": int(told.offline),
        "kind": request.kind.value,
        "copies": request.copies,
        "requester": request.requester.value,
        "identity": request.identity.value,
        "codes": " ".join(sorted(told.codes)),
        "blocks": len(told.set_aside),
        "until": utc_text(told.until),
    }
    residents = tuple(dict.fromkeys((request.subject, *request.members)))
    journal.append(connection, JournalEntry("release", told.clerk, residents, facts), now)
    payload: dict[str, object] = {
        "residents": list(residents),
        "compared": told.compared,
        "process": "issue",
        "officer": told.officer,
        "second": told.second,
        "reason": told.reason,
        "until": utc_text(told.until),
    }
    report = NewChange(
        key=told.key,
        kind=ChangeKind.RELEASE,
        residents=residents,
        base={},
        payload=payload,
        made_at=told.made_at,
        made_by=told.clerk,
    )
    outbox.add(connection, report, place.envelope)


def note_sheet(connection: sqlite3.Connection, place: Place, word: SheetWord, now: datetime) -> None:
    """Write what became of a copy, in the journal too; of hand-over and spoil the report."""
    copy = sheets.note(
        connection,
        word.serial.serial,
        word.state,
        at=now,
        actor=word.actor,
        reason=word.reason,
        pdf_hash=word.pdf_hash,
    )
    if copy is None:
        return
    fact = _FACT_OF.get(word.state)
    told = {
        "serial": word.serial.key,
        "state": word.state.value,
        "pdf_hash": word.pdf_hash,
    }  # no words typed by hand
    facts = {name: text for name, text in told.items() if text}
    kind = "sheet" if fact is None else word.state.value
    journal.append(connection, JournalEntry(kind, word.actor, (copy.subject,), facts), now)
    if fact is not None:
        payload = {"serial": word.serial.key, "reason": word.reason}
        report = _fact(fact, payload, (copy.subject,), now, actor=word.actor, offset=0)
        outbox.add(connection, report, place.envelope)


def queue(connection: sqlite3.Connection, place: Place, change: NewChange, now: datetime) -> QueuedChange:
    """Write a change and its journal row; the same key again changes nothing."""
    if outbox.add(connection, change, place.envelope):
        attachments.add(connection, change)
        if change.kind is ChangeKind.SHIEN_SOCHI:
            sheltered.make_unreadable(connection, change.residents, now)
        facts = {"key": change.key, "kind": change.kind.value}
        if change.supersedes:
            what = "to_office" if OFFICE_NOTE in change.payload else "rewritten"
            facts |= {"what": what, "supersedes": change.supersedes}
        if change.received_by:
            facts["decided_by"] = change.made_by
        actor = change.received_by or change.made_by
        journal.append(connection, JournalEntry("intake", actor, change.residents, facts), now)
    return outbox.get(connection, change.key)


def withdraw(
    connection: sqlite3.Connection, key: str, *, actor: str, reason: str, why: str, now: datetime
) -> None:
    """Take a change back and write who did and why; said twice, it is written once."""
    if outbox.settle(connection, key, ChangeState.WITHDRAWN, words=reason):
        returned, line = rewritten.line_before(connection, key)
        if returned is not None:  # it may be written anew
            attachments.give_back(connection, line, returned)
        attachments.drop(connection, key)
        facts = {"what": "withdrawn", "change": key, "why": why}
        residents = outbox.get(connection, key).residents
        journal.append(connection, JournalEntry("intake", actor, residents, facts, reason), now)


def send_again(connection: sqlite3.Connection, key: str, *, actor: str, now: datetime) -> None:
    """Let a parked change go again, and write who said so; of any other nothing is changed. RefusedError."""
    change = outbox.get(connection, key)
    if not change.is_parked:
        raise RefusedError("refused.under_way")
    outbox.postpone(connection, (key,), now, "")
    facts = {"what": "sent_again", "change": key}
    journal.append(connection, JournalEntry("intake", actor, change.residents, facts), now)


def settle_all(connection: sqlite3.Connection, fates: Iterable[Fate], now: datetime) -> None:
    """Write what became of a batch, and when what got no answer is tried again."""
    for fate in fates:
        settle(connection, fate, now)
        if not fate.counts:
            outbox.uncount(connection, fate.key)
        if fate.next_try_at is not None:
            outbox.postpone(connection, (fate.key,), fate.next_try_at, fate.words)


def settle(connection: sqlite3.Connection, fate: Fate, now: datetime) -> None:
    """Write the cloud's answer, in the journal too; the first one stands."""
    told = fate.state, fate.receipt, fate.words
    if (
        not outbox.settle(connection, fate.key, *told, remembered=fate.remembered)
        or fate.state not in _IN_BOOK
        or _is_journal(connection, fate.key)  # else each receipt were a line, and had to be sent again
    ):
        return
    facts: dict[str, str | int] = {"key": fate.key, "state": fate.state.value}
    if fate.receipt:
        facts["register_version"] = fate.receipt.register_version
    journal.append(connection, JournalEntry("answer", "cloud", (), facts), now)


def _is_journal(connection: sqlite3.Connection, key: str) -> bool:
    return bool(one(connection, "SELECT kind FROM outbox WHERE key = ?", key) == ChangeKind.JOURNAL.value)


def _fact(
    kind: ChangeKind,
    payload: Mapping[str, object],
    residents: tuple[AtenaNo, ...],
    now: datetime,
    *,
    actor: str,
    offset: int,
) -> NewChange:
    return NewChange(
        key=change_key(now, secrets.token_bytes(10)),
        kind=kind,
        residents=residents,
        base={},
        payload=payload,
        made_at=now,
        made_by=actor,
        clock_offset_ms=offset,
    )

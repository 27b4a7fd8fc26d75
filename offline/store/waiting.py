"""What the outbox is asked all day: how much waits, what goes next, what concerns whom. It reads no more than
the answer is long, however much waits.
"""

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime

from client.domain.change import PARKED, ChangeKind, ChangeState, OutboxCounts, QueuedChange
from client.domain.resident import AtenaNo
from client.rules.outbox import LONGEST_WAIT, NEEDS_A_PERSON, UNDER_WAY
from offline.store import attachments, outbox
from offline.store.door import one
from offline.store.times import utc_from, utc_text

_SENDABLE = (ChangeState.QUEUED, ChangeState.UNKNOWN)


def _listed(states: Iterable[ChangeState]) -> str:
    return "(" + ", ".join(sorted(f"'{state.value}'" for state in states)) + ")"


_AHEAD = (ChangeKind.RELEASE, ChangeKind.JOURNAL)
_OVER = _listed(outbox.SETTLED)
_RUN = f"kind = '{ChangeKind.JOURNAL.value}'"  # the terminal's own: no clerk's, and it goes by itself
_WORDS_PARKED = "(" + ", ".join(f"'{word}'" for word in sorted(PARKED)) + ")"
_PARKED = f"state = '{ChangeState.UNKNOWN.value}' AND last_words IN {_WORDS_PARKED}"
# A request waits for each earlier request, not yet over, of any resident it touches (client/rules/outbox.py).
# A request whose attachment was lost before it was ever sent stays: a clerk takes it back and takes it in anew.
_FREE = (
    f"NOT ({_PARKED}) AND "
    f"(state != '{ChangeState.QUEUED.value}' OR NOT EXISTS (SELECT 1 FROM attachment"
    f" WHERE change = outbox.key AND attachment.state = '{attachments.LOST}')) AND "
    "(next_try_at IS NULL OR next_try_at <= :now OR next_try_at > :longest) AND (kind LIKE 'fact.%' OR NOT EXISTS"
    " (SELECT 1 FROM outbox_resident mine JOIN outbox_resident other ON other.atena_no = mine.atena_no"
    " AND other.seq < mine.seq JOIN outbox before ON before.seq = other.seq"
    " WHERE mine.seq = outbox.seq AND before.kind NOT LIKE 'fact.%'"
    f" AND before.state IN {_listed(UNDER_WAY | NEEDS_A_PERSON)}))"
)


def counts(connection: sqlite3.Connection) -> OutboxCounts:
    """Return how much waits of what people took in and issued; runs of the journal are not counted among it."""
    found = _by_state(connection, "")
    runs = _by_state(connection, f"WHERE {_RUN}")
    tried = _listed({ChangeState.SENDING, ChangeState.UNKNOWN})  # the only ones that are waiting for a time
    soonest = one(connection, f"SELECT min(next_try_at) FROM outbox WHERE state IN {tried}")
    parked = int(one(connection, f"SELECT count(*) FROM outbox WHERE {_PARKED}"))
    beside, lost = attachments.counts(connection)
    return OutboxCounts(
        waiting=sum(found.get(state, 0) - runs.get(state, 0) for state in UNDER_WAY),
        wants_a_clerk=sum(found.get(state, 0) for state in NEEDS_A_PERSON) + parked,
        next_try_at=utc_from(soonest) if soonest else None,
        oldest_at=_oldest(connection),
        attachments=beside,
        attachments_lost=lost,
    )


def _by_state(connection: sqlite3.Connection, which: str) -> dict[ChangeState, int]:
    rows = connection.execute(
        f"SELECT state, count(*) FROM outbox {which} GROUP BY state"
    )  # by an index alone
    return {ChangeState(state): int(number) for state, number in rows}


def _oldest(connection: sqlite3.Connection) -> datetime | None:
    """Return when the oldest that waits was made; one state after the other, so that the index gives the first."""
    found = [
        one(
            connection,
            f"SELECT min(seq) FROM (SELECT seq FROM outbox WHERE state = ? AND NOT {_RUN} ORDER BY seq LIMIT 1)",
            state.value,
        )
        for state in UNDER_WAY
    ]
    waiting = [seq for seq in found if seq is not None]
    return (
        utc_from(one(connection, "SELECT made_at FROM outbox WHERE seq = ?", min(waiting)))
        if waiting
        else None
    )


def ready(
    connection: sqlite3.Connection, now: datetime, *, limit: int, alone_after: int
) -> tuple[QueuedChange, ...]:
    """Return what may be sent now: reports of releases, the journal, then the oldest first.

    Where all that is ready was tried often, it is the least tried alone.
    """
    longest = utc_text(now + LONGEST_WAIT)  # a time beyond it was set before the clock went back
    asked = {"now": utc_text(now), "longest": longest, "limit": limit, "tried": alone_after}
    found: list[int] = []
    ahead: list[
        int
    ] = []  # what was done is told before what is asked for; by the index of kinds: there are few
    for kind in _AHEAD:
        rows = connection.execute(
            f"SELECT seq FROM outbox WHERE kind = :kind AND state IN {_listed(_SENDABLE)}"
            f" AND attempts < :tried AND {_FREE} ORDER BY seq LIMIT :limit",
            {**asked, "kind": kind.value},
        )
        ahead += [seq for (seq,) in rows]
    for state in _SENDABLE:  # one state after the other, so that the index gives the order and the end
        rows = connection.execute(
            f"SELECT seq FROM outbox WHERE state = :state AND attempts < :tried AND {_FREE}"
            " ORDER BY seq LIMIT :limit",
            {**asked, "state": state.value},
        )
        found += [seq for (seq,) in rows]
    if not found:
        alone = connection.execute(
            f"SELECT seq FROM outbox WHERE state IN {_listed(_SENDABLE)} AND {_FREE} ORDER BY attempts, seq LIMIT 1",
            asked,
        )
        found = [seq for (seq,) in alone]
    going = list(dict.fromkeys([*ahead, *sorted(found)]))[:limit]
    by_seq = {change.seq: change for change in outbox.some(connection, going)}
    return tuple(by_seq[seq] for seq in going)


def of_residents(
    connection: sqlite3.Connection, residents: Iterable[AtenaNo], *, settled: bool
) -> tuple[QueuedChange, ...]:
    """Return what concerns some residents, oldest first."""
    rows = connection.execute(
        "SELECT DISTINCT outbox.seq FROM outbox_resident JOIN outbox USING (seq)"
        " WHERE atena_no IN (SELECT value FROM json_each(:who))"
        f" AND (:settled OR state NOT IN {_OVER})",
        {"who": json.dumps(list(residents)), "settled": settled},
    )
    return outbox.some(connection, [seq for (seq,) in rows])


def recent(connection: sqlite3.Connection, limit: int) -> tuple[QueuedChange, ...]:
    """Return what wants a clerk, what waits to be sent and what is over last, at most so many of each.

    A run of the journal is among it only where it wants somebody.
    """
    groups = (
        (NEEDS_A_PERSON, "ASC"),
        (UNDER_WAY, "ASC"),
        (frozenset(ChangeState) - NEEDS_A_PERSON - UNDER_WAY, "DESC"),
    )
    parked = connection.execute(f"SELECT seq FROM outbox WHERE {_PARKED} ORDER BY seq LIMIT ?", (limit,))
    found = [seq for (seq,) in parked]
    for states, order in groups:
        some: list[int] = []
        shown = "" if states is NEEDS_A_PERSON else f"AND NOT {_RUN}"
        for state in states:
            rows = connection.execute(
                f"SELECT seq FROM outbox WHERE state = ? {shown} ORDER BY seq {order} LIMIT ?",
                (state.value, limit),
            )
            some += [seq for (seq,) in rows]
        found += sorted(some, reverse=order == "DESC")[:limit]
    beside = "SELECT change FROM attachment WHERE state IN (?, ?) ORDER BY no LIMIT ?"
    rows = connection.execute(
        f"SELECT seq FROM outbox WHERE key IN ({beside})", (attachments.WAITING, attachments.LOST, limit)
    )
    found += [seq for (seq,) in rows]  # the command has arrived, what lies beside it has not
    return outbox.some(connection, found)

"""Whether a ledger is the one that was left: held against its mark, the keyring and the cloud, and its own tail.

Whatever does not fit is a loss with a name; the numbers given are the least that is missing.
"""

import sqlite3

from client.domain.errors import StoreError
from client.domain.terminal import TerminalSeen
from client.rules.chain import GENESIS
from offline.store import door, heads, journal, outbox, serials
from offline.store.anchor import Known
from offline.store.pruned import boundary
from offline.store.slots import Mark

TAIL = 64  # rows of each chain that are checked at every opening; the whole chain on demand
ACCEPTED = ".accepted"  # where a chain stood when a loss was accepted: what lies before was judged then

_WALKS = ((journal.CHAIN, journal.tail_first_bad), (outbox.CHAIN, outbox.first_bad))
_HASHES = {journal.CHAIN: journal.hash_at, outbox.CHAIN: outbox.hash_at}


def mark_of(connection: sqlite3.Connection) -> Mark:
    """Return how far a ledger has come."""
    return Mark(
        int(door.one(connection, "SELECT commit_no FROM commits")),
        *heads.read(connection, journal.CHAIN),
        *heads.read(connection, outbox.CHAIN),
        serials.highest(connection),
    )


def compare(connection: sqlite3.Connection, marked: Mark, known: Known) -> StoreError | None:
    """Hold a ledger against all that is known of it.

    Well is: equal to its mark or one commit ahead, the marked heads in its chains, behind nothing that keyring
    and cloud know, and the tail of both chains whole.
    """
    found = mark_of(connection)
    on_chain = marked.journal_head in heads_at(connection, journal.CHAIN, marked.journal_seq)
    on_chain &= marked.outbox_head in heads_at(connection, outbox.CHAIN, marked.outbox_seq)
    if not on_chain or is_behind(found, marked.commit_no, marked.serial):
        return behind(found, marked, known)
    if is_behind(found, known.commit_no, known.serial):
        return behind(found, marked, known, known_by="outside")
    if found.commit_no > marked.commit_no + 1:
        return StoreError("store.mark_behind", commits=found.commit_no - marked.commit_no)
    return broken_tail(connection)


def seen_further(found: Mark, seen: TerminalSeen) -> StoreError | None:
    """Hold an open ledger against what the cloud has seen of it."""
    if is_behind(found, seen.commit_no, seen.highest_serial):
        return behind(found, found, Known().with_seen(seen), known_by="outside")
    return None


def missing(marked: Mark | None, known: Known) -> StoreError | None:
    """Return the loss where no ledger is there although there was one."""
    if known.begun or (marked is not None and marked.commit_no > 0):
        return behind(Mark(), marked or Mark(), known, ledger="missing")
    return None


def is_behind(found: Mark, commit_no: int, serial: int) -> bool:
    """Tell whether a ledger has come less far."""
    return found.commit_no < commit_no or found.serial < serial


def behind(found: Mark, marked: Mark, known: Known, **more: str) -> StoreError:
    """Return the loss by its name: how many commits, issue numbers, journal rows and changes are gone."""
    return StoreError(
        "store.ledger_behind",
        commits=max(max(marked.commit_no, known.commit_no) - found.commit_no, 1),
        serials=max(marked.serial - found.serial, known.serial - found.serial, 0),
        entries=max(marked.journal_seq - found.journal_seq, 0),
        changes=max(marked.outbox_seq - found.outbox_seq, 0),
        **more,
    )


def broken_tail(connection: sqlite3.Connection) -> StoreError | None:
    """Walk the last rows of both chains to their heads."""
    for chain, first_bad in _WALKS:
        last, _ = heads.read(connection, chain)
        accepted, head = heads.read(connection, chain + ACCEPTED)
        gone = (
            boundary(connection)[0] if chain == journal.CHAIN else 0
        )  # after its time: what is left begins there
        start = max(last - TAIL, accepted, gone)
        before = head if start == accepted else _HASHES[chain](connection, start)
        entry = start if before is None else first_bad(connection, (start, before))
        if entry is not None:
            return StoreError("store.ledger_broken", chain=chain, entry=entry)
    return None


def heads_at(connection: sqlite3.Connection, chain: str, seq: int) -> tuple[bytes | None, ...]:
    """Return the hash of a row, and of what an officer accepted in its place."""
    accepted, head = heads.read(connection, chain + ACCEPTED)
    here = _HASHES[chain](connection, seq)
    return (here, head) if seq == accepted else (here,)


def step_over(connection: sqlite3.Connection) -> None:
    """Go on after rows that stand beyond a head: nobody knows who wrote them, and they stay to be looked at."""
    for chain, hash_at in _HASHES.items():
        head, _ = heads.read(connection, chain)
        last = int(door.one(connection, f"SELECT coalesce(max(seq), 0) FROM {chain}"))
        if last > head:
            heads.write(connection, chain, last, hash_at(connection, last) or GENESIS)


def accept(connection: sqlite3.Connection) -> None:
    """Write down where both chains stand: what lies before was judged by the officer who accepted the loss."""
    for chain in (journal.CHAIN, outbox.CHAIN):
        heads.write(connection, chain + ACCEPTED, *heads.read(connection, chain))

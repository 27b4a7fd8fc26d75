"""Quarantine: what came and cannot stand in the book, kept as it came for a person to look at."""

from dataclasses import dataclass, field
from hashlib import sha256

import sqlalchemy as sa

from cloud import storage
from cloud.command import Command
from cloud.envelopes import signed_words


@dataclass(frozen=True, slots=True)
class PutAside:
    """Something put aside: its own words, and what is believed of it.

    ``words`` is what the author signed, or the whole item where it could not be read; then ``terminal`` is who sent it.
    """

    key: str
    terminal: str
    kind: str
    words: bytes = field(repr=False)
    sealed: bytes | None = field(default=None, repr=False)
    signature: bytes | None = field(default=None, repr=False)

    @property
    def item_id(self) -> str:
        """Return what it is known by; its key may be another's."""
        return sha256(self.words + (self.signature or b"")).hexdigest()


def of_command(command: Command) -> PutAside:
    """Return a command to be put aside, with all it takes to prove who wrote it."""
    return PutAside(
        key=command.key,
        terminal=command.terminal,
        kind=command.kind,
        words=signed_words(command),
        sealed=command.sealed,
        signature=command.signature,
    )


def put_aside(connection: sa.Connection, municipality: str, item: PutAside, reason: str, at: str) -> None:
    """Keep an item; one that comes again is there already."""
    table = storage.quarantine
    here = sa.and_(table.c.municipality == municipality, table.c.item_id == item.item_id)
    if connection.execute(sa.select(table.c.item_id).where(here)).first() is not None:
        return
    line = {
        "municipality": municipality,
        "item_id": item.item_id,
        "command_key": item.key,
        "terminal": item.terminal,
        "kind": item.kind,
        "reason": reason,
        "received_at": at,
        "words": item.words,
        "sealed": item.sealed,
        "signature": item.signature,
        "state": "kept",
    }
    connection.execute(sa.insert(table), [line])

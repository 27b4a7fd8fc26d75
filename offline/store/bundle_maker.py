"""A terminal makes a bundle: the parcels of its shelf, or all rows of its replica with what the town signed about them."""

import asyncio
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from client.domain.attachment import Attachment, CarriedAttachment
from client.domain.bundle import Bundle, BundleKind, EscrowCard, Signer, Span, versions_of
from client.domain.change import QueuedChange
from client.domain.errors import RefusedError, StoreError
from client.domain.feed import Feed, Position
from client.domain.parcel import Parcel
from client.domain.terminal import TerminalFacts
from client.rules.bundles import ATTACHMENTS
from client.rules.exported import attachment_records, record_of
from offline.store import escrow
from offline.store.bundle_file import BundleWriter
from offline.store.replica import Replica
from offline.store.shelf import Shelf

Sign = Callable[[bytes], bytes]
Told = Callable[[int], object]  # hears of further bytes
_KEY = 32
_ID = 16


@dataclass(frozen=True, slots=True)
class BundleMaker:
    """One terminal's maker of bundles; needs the stores open."""

    facts: TerminalFacts
    environment: str
    card: EscrowCard
    sign: Sign = field(repr=False)
    now: Callable[[], datetime] = field(repr=False)

    async def delta(self, path: Path, shelf: Shelf, since: Mapping[Feed, int]) -> Bundle:
        """Write the parcels on the shelf from versions on. RefusedError ``bundle.no_word``: they do not go back so far."""
        parcels: list[Parcel] = []
        spans: dict[Feed, Span] = {}
        for feed in Feed:
            at = since[feed]
            while (parcel := await shelf.next(feed, at)) is not None:
                parcels.append(parcel)
                at = parcel.to
                if not parcel.is_news:
                    break
            if not any(parcel.feed is feed for parcel in parcels):
                raise RefusedError("bundle.no_word")
            spans[feed] = Span(since[feed], at)
        return await asyncio.to_thread(self._write_delta, path, spans, parcels)

    async def whole(self, path: Path, replica: Replica, shelf: Shelf, told: Told) -> Bundle:
        """Write every row, with the parcels that say at which root. RefusedError ``bundle.no_word`` where none is here."""
        versions = versions_of(await replica.position())
        if versions is None:
            raise RefusedError("bundle.no_word")
        words: list[Parcel] = []
        for feed, version in versions.items():
            word = await shelf.said(feed, version)
            if word is None:
                raise RefusedError("bundle.no_word")
            words.append(word)

        def write(position: Position, rows: Iterator[bytes]) -> Bundle:
            if versions_of(position) != versions:
                raise RefusedError("bundle.no_word")
            return self._write_whole(path, words, rows, told)

        return await replica.carry(write)

    async def outbox(
        self,
        path: Path,
        changes: Sequence[QueuedChange],
        beside: Sequence[CarriedAttachment],
        content: Callable[[Attachment], bytes],
    ) -> tuple[Bundle, int]:
        """Write what is queued, envelopes, signatures and fates, and what lies beside it; all stays sealed to the cloud.

        Returns with the bundle how many attachments are in it: what cannot be read from a dying disk keeps nothing back.
        """
        return await asyncio.to_thread(self._write_outbox, path, changes, beside, content)

    def _write_outbox(
        self,
        path: Path,
        changes: Sequence[QueuedChange],
        beside: Sequence[CarriedAttachment],
        content: Callable[[Attachment], bytes],
    ) -> tuple[Bundle, int]:
        bundle, key = self._begun(BundleKind.OUTBOX, dict.fromkeys(Feed, Span(0, 0)))
        with BundleWriter(path, bundle.bundle_id, key) as writer:
            writer.begin("changes")
            for change in changes:
                writer.put(record_of(change))
            writer.end()
            written = _put_attachments(writer, beside, content) if beside else 0
            return writer.finish(bundle, self.sign), written

    def _write_delta(self, path: Path, spans: Mapping[Feed, Span], parcels: list[Parcel]) -> Bundle:
        bundle, key = self._begun(BundleKind.DELTA, spans)
        with BundleWriter(path, bundle.bundle_id, key) as writer:
            _put_parcels(writer, parcels)
            return writer.finish(bundle, self.sign)

    def _write_whole(self, path: Path, words: list[Parcel], rows: Iterator[bytes], told: Told) -> Bundle:
        bundle, key = self._begun(BundleKind.WHOLE, {word.feed: Span(None, word.to) for word in words})
        with BundleWriter(path, bundle.bundle_id, key) as writer:
            writer.begin("rows")
            for chunk in rows:
                writer.put(chunk)
                told(len(chunk))
            writer.end()
            _put_parcels(writer, words)
            return writer.finish(bundle, self.sign)

    def _begun(self, kind: BundleKind, spans: Mapping[Feed, Span]) -> tuple[Bundle, bytes]:
        """Return a bundle that has no parts yet, and its content key."""
        key = secrets.token_bytes(_KEY)
        unsealed = Bundle(
            bundle_id=secrets.token_hex(_ID),
            municipality=self.facts.municipality_code,
            environment=self.environment,
            kind=kind,
            made_at=self.now().replace(microsecond=0),
            made_by=self.facts.terminal_no,
            spans=spans,
            escrow_id=self.card.key_id,
            wrapped=b"",
            signer=Signer(certificate=self.facts.certificate),
            parts=(),
        )
        return replace(unsealed, wrapped=escrow.wrapped(key, self.card, unsealed)), key


def _put_attachments(
    writer: BundleWriter, beside: Sequence[CarriedAttachment], content: Callable[[Attachment], bytes]
) -> int:
    writer.begin(ATTACHMENTS)
    written = 0
    for one in beside:
        try:
            sealed = content(one.attachment)
        except StoreError:
            continue
        for record in attachment_records(one, sealed):
            writer.put(record)
        written += 1
    writer.end()
    return written


def _put_parcels(writer: BundleWriter, parcels: list[Parcel]) -> None:
    writer.begin("parcels")
    for parcel in parcels:
        writer.put(parcel.wire)
    writer.end()

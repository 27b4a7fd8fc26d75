"""``madoguchi outbox``: what was accepted and not sent yet, for a PC that dies; another terminal brings it to the cloud."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from msgspec import json as wire

from client.api.attachments import AttachmentBox
from client.api.commands import CommandBox
from client.api.http import Http
from client.domain.bundle import BundleKind
from client.domain.change import ChangeState
from client.domain.errors import RefusedError
from client.jobs.carry_attachments import CarryAttachments, Left
from client.jobs.carry_outbox import Carried, CarryOutbox
from client.jobs.ports import JournalEntry
from client.rules.bundles import ATTACHMENTS, spoken
from client.rules.exported import read_attachments, read_record
from client.rules.outbox import UNDER_WAY, needs_a_person
from offline.store import escrow
from offline.store.bundle_file import BundleFile
from offline.store.bundle_maker import BundleMaker
from offline.store.unsent_export import SealedExport, is_export, note_exported
from ui.carrying import Shares, must_be_ours, write_refusal
from ui.cli import exit_codes, sealed_outbox
from ui.cli.asking import Asking
from ui.cli.at_the_book import Place, alone_at
from ui.cli.bundle_stores import Officers, Terminal, Told, card_for, opened
from ui.config_file import Loaded
from ui.doors import http_of
from ui.text import Words

Use = Callable[[Terminal, Place], Awaitable[Told]]


def run(loaded: Loaded, asked: argparse.Namespace) -> int:
    """Do one of the acts. RefusedError, StoreError, LinkDownError."""
    if asked.act == "left":
        told = sealed_outbox.left_on(loaded.config)
    elif asked.act == "export" and asked.sealed:
        told = sealed_outbox.export_sealed(loaded.config, asked.file)
    else:
        use = {"export": _export, "import": _import}[asked.act]
        told = asyncio.run(_at_the_terminal(loaded, partial(use, loaded, asked)))
    if asked.json:
        print(wire.encode(told).decode())
    else:
        for name, value in told.items():
            print(f"{name}: {value}")
    if told["ok"]:
        return exit_codes.OK
    return exit_codes.UNSENT if asked.act == "left" else exit_codes.CLOUD


async def _at_the_terminal(loaded: Loaded, use: Use) -> Told:
    """Open this terminal's stores while no counter has them, with an officer's secrets."""
    with alone_at(loaded) as place:
        async with opened(place, Asking().clerk()) as terminal:
            return await use(terminal, place)


async def _export(_loaded: Loaded, asked: argparse.Namespace, terminal: Terminal, _place: Place) -> Told:
    return await write_with_book(terminal, asked)


async def write_with_book(terminal: Terminal, asked: argparse.Namespace) -> Told:
    """Write all that has not landed, and the journal as far as no cloud was told of it."""
    await terminal.stores.ledger.journal.cut()
    return await write_out(terminal, asked)


async def write_out(terminal: Terminal, asked: argparse.Namespace) -> Told:
    """Write all that has not landed, what lies beside it, and a line in the journal; nothing is taken away by that."""
    changes = await terminal.stores.ledger.outbox()
    card = card_for(terminal, asked.escrow)
    beside, lost = await terminal.stores.ledger.attachments.to_carry()
    maker = BundleMaker(terminal.facts, terminal.environment, card, terminal.sign, terminal.now)
    bundle, written = await maker.outbox(
        asked.file, changes, beside, terminal.stores.ledger.attachment_files.content
    )
    await asyncio.to_thread(
        note_exported, terminal.folder, {*(c.key for c in changes), *(b.attachment.key for b in beside)}
    )
    counts = {"changes": len(changes), "attachments": written}
    facts = {"bundle": bundle.bundle_id, "bundle_kind": bundle.kind.value, **counts}
    await terminal.stores.ledger.record(JournalEntry("sync", terminal.clerk, facts=facts))
    told = {"bundle": bundle.bundle_id, "hash": spoken(bundle), **counts}
    told["attachments_lost"] = lost + len(beside) - written
    return {"ok": True, **told, "unsent": sum(change.state in UNDER_WAY for change in changes)}


async def _import(loaded: Loaded, asked: argparse.Namespace, terminal: Terminal, place: Place) -> Told:
    sealed = SealedExport(asked.file) if is_export(asked.file) else None
    http = http_of(loaded.config, terminal.facts)
    http.identity = place.vault.identity
    try:
        if sealed is not None:
            return await sealed_outbox.bring_sealed(terminal, sealed, http)
        file = BundleFile(asked.file)
        officers = Officers(Asking(), Words(loaded.config.language, loaded.config.help_contact), asked.share)
        return await bring(terminal, file, officers.shares, http)
    finally:
        await http.close()


async def bring(terminal: Terminal, file: BundleFile, shares: Shares, http: Http) -> Told:
    """Bring another terminal's outbox to the cloud; the file stays, and may be brought again. RefusedError, StoreError."""
    try:
        must_be_ours(file.bundle, terminal.facts, terminal.environment)
        _must_be_an_outbox(file)
        file.verify()
        key = escrow.content_key_of(file.bundle, shares(file.bundle))
        changes = [read_record(record) for record in file.records("changes", key)]
        beside = [one for one, _ in read_attachments(file.records(ATTACHMENTS, key))]
    except RefusedError as error:
        await write_refusal(terminal.here, file.bundle, error.code)
        raise
    author, ledger = file.bundle.made_by, terminal.stores.ledger
    carry = CarryOutbox(CommandBox(http, author), ledger.record, now=terminal.now)
    carried = await carry(changes, terminal=author, actor=terminal.clerk)
    names = {one.attachment.key: one.named_in for one in beside}
    left = await CarryAttachments(AttachmentBox(http, names), now=terminal.now)(
        beside,
        {change.key: change.state for change in carried.changes},
        lambda: read_attachments(file.records(ATTACHMENTS, key)),
    )
    told = _told(carried) | _told_beside(len(beside), left)
    line: dict[str, str | int] = {"bundle": file.bundle.bundle_id, "carried_for": author}
    line |= {name: value for name, value in told.items() if isinstance(value, int)}
    await ledger.record(JournalEntry("sync", terminal.clerk, facts=line))
    done = not told["unsent"] and not any(one.may_go_later for one in left)
    return {"ok": done, "bundle": file.bundle.bundle_id, "terminal": author, **told}


def _must_be_an_outbox(file: BundleFile) -> None:
    if file.bundle.kind is not BundleKind.OUTBOX:
        raise RefusedError("bundle.other_kind")


def _told(carried: Carried) -> Told:
    return {
        "changes": len(carried.changes),
        "accepted": carried.count(ChangeState.ACCEPTED),
        "unsent": carried.count(*UNDER_WAY),
        "to_settle": [
            f"{change.key} {change.kind.value} {change.state.value} {change.last_words}".strip()
            for change in carried.changes
            if needs_a_person(change)
        ],
        "trouble": carried.trouble.code if carried.trouble else "",
    }


def _told_beside(all_of_them: int, left: Sequence[Left]) -> Told:
    return {
        "attachments": all_of_them,
        "attachments_whole": all_of_them - len(left),
        "attachments_left": [f"{one.one.named_in} {one.one.attachment.key} {one.words}" for one in left],
    }

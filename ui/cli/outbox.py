"""``madoguchi outbox``: what was accepted and not sent yet, for a PC that dies; another terminal brings it to the cloud."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from msgspec import json as wire

from client.api.commands import CommandBox
from client.api.http import Http
from client.config import Loaded
from client.domain.bundle import BundleKind
from client.domain.change import ChangeState
from client.domain.errors import RefusedError, StoreError
from client.jobs.carry_outbox import Carried, CarryOutbox
from client.jobs.ports import JournalEntry
from client.rules.bundles import spoken
from client.rules.exported import read_record
from client.rules.outbox import UNDER_WAY, needs_a_person
from offline.store import escrow
from offline.store.bundle_file import BundleFile
from offline.store.bundle_maker import BundleMaker
from offline.store.files import InstanceLock
from ui.carrying import Shares, must_be_ours, write_refusal
from ui.cli import exit_codes
from ui.cli.asking import Asking
from ui.cli.bundle_stores import Officers, Place, Terminal, Told, card_for, opened, place_of
from ui.doors import http_of
from ui.text import Words

Use = Callable[[Terminal, Place], Awaitable[Told]]


def run(loaded: Loaded, asked: argparse.Namespace) -> int:
    """Do one of the acts. RefusedError, StoreError, LinkDownError."""
    use = {"export": _export, "import": _import}[asked.act]
    told = asyncio.run(_at_the_terminal(loaded, partial(use, loaded, asked)))
    if asked.json:
        print(wire.encode(told).decode())
    else:
        for name, value in told.items():
            print(f"{name}: {value}")
    return exit_codes.OK if told["ok"] else exit_codes.CLOUD


async def _at_the_terminal(loaded: Loaded, use: Use) -> Told:
    """Open this terminal's stores while no counter has them, with an officer's secrets."""
    folder = loaded.config.terminal_dir
    if not folder.exists():
        raise StoreError("store.no_keys")
    with InstanceLock(folder / "lock"):
        place = place_of(loaded)
        async with opened(place, Asking().clerk()) as terminal:
            return await use(terminal, place)


async def _export(_loaded: Loaded, asked: argparse.Namespace, terminal: Terminal, _place: Place) -> Told:
    return await write_out(terminal, asked)


async def write_out(terminal: Terminal, asked: argparse.Namespace) -> Told:
    """Write all that has not landed, and a line in the journal; nothing is taken from the outbox by that."""
    changes = await terminal.stores.ledger.outbox()
    card = card_for(terminal, asked.escrow)
    maker = BundleMaker(terminal.facts, terminal.environment, card, terminal.sign, terminal.now)
    bundle = await maker.outbox(asked.file, changes)
    facts = {"bundle": bundle.bundle_id, "bundle_kind": bundle.kind.value, "changes": len(changes)}
    await terminal.stores.ledger.record(JournalEntry("sync", terminal.clerk, facts=facts))
    told = {"bundle": bundle.bundle_id, "changes": len(changes), "hash": spoken(bundle)}
    return {"ok": True, **told, "unsent": sum(change.state in UNDER_WAY for change in changes)}


async def _import(loaded: Loaded, asked: argparse.Namespace, terminal: Terminal, place: Place) -> Told:
    file, http = BundleFile(asked.file), http_of(loaded.config, terminal.facts)
    http.identity = place.vault.identity
    try:
        officers = Officers(Asking(), Words(loaded.config.language), asked.share)
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
    except RefusedError as error:
        await write_refusal(terminal.here, file.bundle, error.code)
        raise
    author, ledger = file.bundle.made_by, terminal.stores.ledger
    carry = CarryOutbox(CommandBox(http, author), ledger.record, now=terminal.now)
    carried = await carry(changes, terminal=author, actor=terminal.clerk)
    told = _told(carried)
    line: dict[str, str | int] = {"bundle": file.bundle.bundle_id, "carried_for": author}
    line |= {name: value for name, value in told.items() if isinstance(value, int)}
    await ledger.record(JournalEntry("sync", terminal.clerk, facts=line))
    return {"ok": not told["unsent"], "bundle": file.bundle.bundle_id, "terminal": author, **told}


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

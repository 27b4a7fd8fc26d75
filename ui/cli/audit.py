"""``madoguchi audit verify``: read the whole book anew and hold it against all that is known of it elsewhere."""

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import json as wire

from client.domain.errors import StoreError
from client.jobs.ports import JournalEntry, Now
from client.jobs.tell_wraps import tell_wraps
from offline.store.files import InstanceLock
from ui.cli import exit_codes
from ui.cli.asking import Asking
from ui.config_file import Loaded

if TYPE_CHECKING:  # keys and stores are heavy, and other verbs do not need them
    from offline.store.keys import Vault

Secrets = tuple[str, str, str]  # staff id, password, code; asked for, never on the command line


def run(loaded: Loaded, asked: argparse.Namespace) -> int:
    """Print what was found; 11 where the book is not whole."""
    from ui.cards import card_door
    from ui.doors import utc_now
    from ui.vaults import vault_of

    folder = loaded.config.terminal_dir
    if not folder.exists():
        raise StoreError("store.no_keys")
    with InstanceLock(folder / "lock"):
        vault = vault_of(loaded.config, card_door(loaded.config))
        if vault.facts is None or not vault.enrolled:
            raise StoreError("store.no_keys")
        found = asyncio.run(audited(vault, folder, Asking().clerk(), utc_now))
    if asked.json:
        print(wire.encode(found).decode())
    else:
        for name, value in found.items():
            print(f"{name}: {value}")
    return exit_codes.OK if found["ok"] else exit_codes.DAMAGED


async def audited(vault: "Vault", folder: Path, secrets: Secrets, now: Now) -> dict[str, object]:
    """Open the ledger off line and walk it. SignInNeededError; StoreError ``store.ledger_behind`` where it was cut off.

    Opening it holds it against its mark and the keyring; the walk holds each entry against the one before, each run
    against the signature it was sent with, and what was taken out after its time against the terminal's. How far the
    cloud has receipted all is told beside it. The look itself is a line of the book.
    """
    from offline.store.stores import FileStores
    from ui.cli.at_the_book import as_the_rows_say, refusals_written

    facts = vault.facts
    if facts is None:
        raise StoreError("store.no_keys")
    unlocked = await vault.unlock(*secrets, now=now())
    identity = vault.identity
    stores = FileStores(folder, facts, now, identity.sign, anchor=vault.anchor)
    await stores.open(unlocked.keys)
    try:
        book = stores.ledger
        await tell_wraps(book, unlocked)
        async with refusals_written(stores, unlocked.sign_in.clerk.staff_id):
            await as_the_rows_say(stores, unlocked.sign_in, now())
        journal, outbox = await book.verify_journal(), await book.verify_outbox()
        run = await book.journal.first_bad_run(identity.has_signed)
        pruning = await book.journal.first_bad_pruning(identity.has_signed)
        stands = await book.journal.standing()
        whole = journal.first_bad is None and outbox is None and run is None and pruning is None
        told: dict[str, str | int] = {"what": "book", "entries": journal.entries, "whole": int(whole)}
        await book.record(JournalEntry("verify", secrets[0], facts=told))
    finally:
        await stores.close()
    return {
        "ok": whole,
        "journal_entries": journal.entries,
        "journal_first_bad": journal.first_bad,
        "signed_run_first_bad": run,
        "pruned_first_bad": pruning,
        "outbox_first_bad": outbox,
        "signed_up_to": stands.cut,
        "received_up_to": stands.received,
        "received_at": stands.received_at.isoformat() if stands.received_at else "",
    }

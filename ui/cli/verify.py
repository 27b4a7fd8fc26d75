"""``madoguchi verify``: read the whole book and every row of the replica anew, with a clerk's own secrets."""

import argparse
import asyncio
import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import json as wire

from client.domain.errors import StoreError
from client.jobs.ports import JournalEntry, Now
from client.jobs.prove_replica import Proof, ProveReplica
from client.jobs.scrub_replica import ScrubReplica
from client.jobs.tell_wraps import tell_wraps
from offline.store.files import InstanceLock
from ui.cli import exit_codes
from ui.config_file import Loaded

if TYPE_CHECKING:  # keys and stores are heavy, and other verbs do not need them
    from offline.store.keys import Vault

Secrets = tuple[str, str, str]  # staff id, password, code; asked for, never on the command line


def run(loaded: Loaded, asked: argparse.Namespace) -> int:
    """Print what was found; 11 where something is not whole."""
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
        found = asyncio.run(verified(vault, folder, _secrets(), utc_now))
    if asked.json:
        print(wire.encode(found).decode())
    else:
        for name, value in found.items():
            print(f"{name}: {value}")
    return exit_codes.OK if found["ok"] else exit_codes.DAMAGED


async def verified(vault: "Vault", folder: Path, secrets: Secrets, now: Now) -> dict[str, object]:
    """Open the stores off line and look at everything. SignInNeededError, StoreError.

    A row of the replica that is wrong is fetched again by the next round of sync; the book can only be told of.
    """
    from offline.store.stores import FileStores
    from ui.cli.at_the_book import as_the_rows_say, refusals_written

    facts = vault.facts
    if facts is None:
        raise StoreError("store.no_keys")
    unlocked = await vault.unlock(*secrets, now=now())
    stores = FileStores(folder, facts, now, vault.identity.sign, anchor=vault.anchor)
    await stores.open(unlocked.keys)
    try:
        await tell_wraps(stores.ledger, unlocked)
        async with refusals_written(stores, unlocked.sign_in.clerk.staff_id):
            await as_the_rows_say(stores, unlocked.sign_in, now())
        journal, outbox = await stores.ledger.verify_journal(), await stores.ledger.verify_outbox()
        code, proof = "", Proof(0)
        try:
            scrub = ScrubReplica(stores.replica, wake=lambda: None)
            proof = await ProveReplica(scrub, None, stores.ledger).look()
            code = "store.damaged_replica" if proof.damaged else ""
        except StoreError as error:
            code = error.code
        whole = journal.first_bad is None and outbox is None and proof.whole and not code
        line = JournalEntry("verify", secrets[0], facts=proof.facts() | {"whole": int(whole)})
        await stores.ledger.record(line)
    finally:
        await stores.close()
    return {
        "ok": whole,
        "journal_entries": journal.entries,
        "journal_first_bad": journal.first_bad,
        "outbox_first_bad": outbox,
        "replica_wrong_buckets": proof.wrong,
        "replica_trouble": code,
    }


def _secrets() -> Secrets:
    """Ask at the terminal without an echo; from a pipe take three lines."""
    if not sys.stdin.isatty():
        lines = [line.rstrip("\n") for line in sys.stdin]
        staff_id, password, code = (*lines, "", "", "")[:3]
        return staff_id, password, code
    staff_id = input("staff id: ").strip()
    return staff_id, getpass.getpass("password: "), getpass.getpass("code: ")

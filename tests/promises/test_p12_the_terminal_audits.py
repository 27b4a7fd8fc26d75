"""P12: ``madoguchi audit verify`` finds what was done to the book on the disk, by whoever has the ledger's key."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from client.domain.change import ChangeState, Receipt
from client.domain.errors import StoreError
from client.jobs.ports import JournalEntry
from client.rules.chain import GENESIS, link
from client.rules.journal_run import signed_words
from offline.store import door, heads, journal
from offline.store.continuity import mark_of
from offline.store.keys import Vault
from offline.store.slots import Slots
from offline.store.stores import FileStores
from tests.builders import NOW
from tests.store_builders import facts, store_keys
from tests.ui.test_verify import a_terminal, now, secrets
from ui.cli.audit import audited

pytestmark = pytest.mark.asyncio
KEYS = store_keys()
Harm = Callable[[sqlite3.Connection], object]


async def a_book(folder: Path) -> Vault:
    """Return a terminal whose first five lines were sent and receipted, and one more that was not."""
    vault = await a_terminal(folder)
    stores = FileStores(folder, facts(), now, vault.identity.sign, anchor=vault.anchor)
    await stores.open(KEYS)
    ledger = stores.ledger
    for place in range(2):
        await ledger.record(JournalEntry("look_up", "s001", facts={"hits": place}))
    await ledger.journal.cut()
    (run,) = await ledger.outbox()
    await ledger.lease((run.key,), now=NOW)
    await ledger.settle(run.key, ChangeState.ACCEPTED, receipt=Receipt(41, NOW))
    await ledger.record(JournalEntry("look_up", "s001"))
    await stores.close()
    return vault


def by_the_key_holder(folder: Path, harm: Harm, *, anew: bool) -> None:
    """Do something to the book; ``anew``: all its hashes, its head and its mark are made to fit."""
    with closing(door.open_connection(folder / "ledger.db", KEYS.ledger)) as connection:
        harm(connection)
        if not anew:
            return
        prev, last = GENESIS, 0
        for seq, row, _ in list(journal._rows(connection)):
            assert row is not None
            last += 1
            prev = link(prev, row | {"seq": last})
            connection.execute("UPDATE journal SET seq = ?, hash = ? WHERE seq = ?", (last, prev, seq))
        heads.write(connection, journal.CHAIN, last, prev)
        slots = Slots(folder / "ledger.slots", KEYS.ledger)
        slots.open()
        slots.write(mark_of(connection))
        slots.close()


async def found(vault: Vault, folder: Path) -> dict[str, object]:
    try:
        return await audited(vault, folder, secrets(), now)
    except StoreError as error:
        return {"ok": False, "code": error.code, **error.facts}


def change(connection: sqlite3.Connection) -> object:
    return connection.execute("UPDATE journal SET actor = 's009' WHERE seq = 2")


def remove(connection: sqlite3.Connection) -> object:
    return connection.execute("DELETE FROM journal WHERE seq = 2")


def reorder(connection: sqlite3.Connection) -> object:
    for old, new in ((2, 99), (4, 2), (99, 4)):
        connection.execute("UPDATE journal SET seq = ? WHERE seq = ?", (new, old))
    return None


def put_in(connection: sqlite3.Connection) -> object:
    for seq in (6, 5, 4, 3, 2):
        connection.execute("UPDATE journal SET seq = ? WHERE seq = ?", (seq + 1, seq))
    return connection.execute(
        "INSERT INTO journal SELECT 2, at, kind, 's009', subjects, facts, hash FROM journal WHERE seq = 1"
    )


async def test_a_whole_book_is_said_to_be_with_how_far_the_cloud_has_it(tmp_path: Path) -> None:
    vault = await a_book(tmp_path)
    told = await audited(vault, tmp_path, secrets(), now)
    assert told == {
        "ok": True,
        "journal_entries": 6,
        "journal_first_bad": None,
        "signed_run_first_bad": None,
        "pruned_first_bad": None,
        "outbox_first_bad": None,
        "signed_up_to": 5,
        "received_up_to": 5,
        "received_at": NOW.isoformat(),
    }


@pytest.mark.parametrize("harm", [change, remove, reorder])
async def test_what_was_done_to_a_line_is_found_by_the_walk(
    tmp_path: Path, harm: Harm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("offline.store.continuity.TAIL", 1)  # as if it lay deep in the book
    vault = await a_book(tmp_path)
    by_the_key_holder(tmp_path, harm, anew=False)
    told = await found(vault, tmp_path)
    assert (told["ok"], told["journal_first_bad"]) == (False, 2)


@pytest.mark.parametrize("harm", [change, remove, reorder, put_in])
async def test_a_book_written_anew_with_all_hashes_and_its_mark_does_not_fit_what_was_signed(
    tmp_path: Path, harm: Harm
) -> None:
    vault = await a_book(tmp_path)
    by_the_key_holder(tmp_path, harm, anew=True)
    told = await found(vault, tmp_path)
    assert (told["ok"], told.get("journal_first_bad"), told.get("signed_run_first_bad")) == (False, None, 1)


@pytest.mark.parametrize("with_a_key", [False, True])
async def test_nor_do_runs_written_anew_without_the_terminals_key(tmp_path: Path, with_a_key: bool) -> None:
    vault = await a_book(tmp_path)
    by_the_key_holder(tmp_path, change, anew=True)

    def fit(connection: sqlite3.Connection) -> None:
        head = journal.hash_at(connection, 5) or b""
        connection.execute("UPDATE journal_run SET head = ?", (head,))
        if with_a_key:
            place = facts()
            words = signed_words(
                place.municipality_code, place.terminal_no, first=1, last=5, prev=GENESIS, head=head
            )
            other = ec.generate_private_key(ec.SECP256R1()).sign(words, ec.ECDSA(SHA256()))
            connection.execute("UPDATE journal_run SET signature = ?", (other,))

    by_the_key_holder(tmp_path, fit, anew=False)
    told = await found(vault, tmp_path)
    assert (told["ok"], told["signed_run_first_bad"]) == (False, 1)


async def test_lines_taken_out_as_if_their_time_were_over_are_found_against_the_terminals_key(
    tmp_path: Path,
) -> None:
    vault = await a_book(tmp_path)

    def forge(connection: sqlite3.Connection) -> None:
        head = journal.hash_at(connection, 5) or b""
        connection.execute("INSERT INTO journal_pruned VALUES (1, 5, ?, ?, x'3000', 6)", (GENESIS, head))
        connection.execute("DELETE FROM journal WHERE seq <= 5")
        connection.execute("DELETE FROM journal_run")

    by_the_key_holder(tmp_path, forge, anew=False)
    told = await found(vault, tmp_path)
    assert (told["ok"], told["journal_first_bad"], told["pruned_first_bad"]) == (False, None, 1)


async def test_a_tail_cut_off_is_found_against_the_mark(tmp_path: Path) -> None:
    vault = await a_book(tmp_path)

    def cut_off(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM journal WHERE seq > 4")
        heads.write(connection, journal.CHAIN, 4, journal.hash_at(connection, 4) or b"")

    by_the_key_holder(tmp_path, cut_off, anew=False)
    told = await found(vault, tmp_path)
    assert (told["code"], told["entries"]) == ("store.ledger_behind", 2)


async def test_a_tail_cut_off_with_its_mark_is_found_against_what_was_signed(tmp_path: Path) -> None:
    vault = await a_book(tmp_path)
    by_the_key_holder(tmp_path, lambda c: c.execute("DELETE FROM journal WHERE seq > 4"), anew=True)
    told = await found(vault, tmp_path)
    assert (told["ok"], told["signed_run_first_bad"]) == (False, 1)


async def test_a_folder_put_back_whole_is_found_against_the_keyring(tmp_path: Path) -> None:
    folder, copy = tmp_path / "terminal", tmp_path / "copy"
    vault = await a_book(folder)
    shutil.copytree(folder, copy)
    stores = FileStores(folder, facts(), now, vault.identity.sign, anchor=vault.anchor)
    await stores.open(KEYS)
    await stores.ledger.record(JournalEntry("look_up", "s001"))
    await stores.close()
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.slots"):
        (folder / name).unlink(missing_ok=True)
        if (copy / name).exists():
            shutil.copy2(copy / name, folder / name)
    assert (await found(vault, folder))["code"] == "store.ledger_behind"

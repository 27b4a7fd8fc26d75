"""``madoguchi verify``: the whole book and every row, read anew with a clerk's own secrets."""

from argparse import Namespace
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from types import ModuleType

import pytest

from client.config import Config
from client.domain.errors import SignInNeededError, StoreError
from client.domain.in_force import StaffEntry, StaffMember
from client.jobs.ports import JournalEntry
from client.rules import totp
from offline.factors.card import CardDoor
from offline.store import door
from offline.store.keys import Vault
from offline.store.stores import FileStores
from tests.builders import NOW
from tests.store_builders import (
    IDENTITY,
    SEED,
    MemoryKeyring,
    a_person,
    a_register,
    cheap_vault,
    cloud_sign_in,
    facts,
    fill,
    store_keys,
)
from ui.cli import audit, verify
from ui.cli.audit import audited
from ui.cli.verify import verified
from ui.config_file import Loaded

pytestmark = pytest.mark.asyncio
KEYS = store_keys()


def now() -> datetime:
    return NOW


def secrets() -> tuple[str, str, str]:
    return "s001", "aozora", totp.code(SEED, totp.step_of(NOW))


async def a_terminal(folder: Path) -> Vault:
    """Return a terminal with a clerk, three lines in its book, and a small town."""
    vault = cheap_vault(folder, MemoryKeyring())
    await vault.make_identity()
    deposit = await vault.found(facts(), KEYS)
    await vault.admit(cloud_sign_in(deposit), "aozora", now=NOW)
    stores = FileStores(folder, facts(), now, IDENTITY.sign, anchor=vault.anchor)
    await stores.open(KEYS)
    register = a_register(a_person(number) for number in range(9))
    register.key = KEYS.digest
    await fill(stores, register)
    for _ in range(3):
        await stores.ledger.record(JournalEntry("look_up", "s001"))
    await stores.close()
    return vault


def harm(path: Path, key: bytes, statement: str) -> None:
    connection = door.open_connection(path, key)
    connection.execute(statement)
    connection.close()


async def test_what_is_whole_is_said_to_be_and_the_looking_is_in_the_book(tmp_path: Path) -> None:
    vault = await a_terminal(tmp_path)
    found = await verified(vault, tmp_path, secrets(), now)
    assert found == {
        "ok": True,
        "journal_entries": 3,
        "journal_first_bad": None,
        "outbox_first_bad": None,
        "replica_wrong_buckets": 0,
        "replica_trouble": "",
    }
    stores = FileStores(tmp_path, facts(), now, IDENTITY.sign, anchor=vault.anchor)
    await stores.open(KEYS)
    (line,) = await stores.ledger.journal_tail(1)
    assert (line.entry.kind, line.entry.actor) == ("verify", "s001")
    await stores.close()


async def test_a_turned_row_is_found(tmp_path: Path) -> None:
    vault = await a_terminal(tmp_path)
    harm(tmp_path / "replica.db", KEYS.replica, "UPDATE resident SET sex = '女' WHERE rowid = 1")
    found = await verified(vault, tmp_path, secrets(), now)
    assert (found["ok"], found["replica_wrong_buckets"]) == (False, 1)


async def test_without_the_right_secrets_nothing_is_opened(tmp_path: Path) -> None:
    vault = await a_terminal(tmp_path)
    with pytest.raises(SignInNeededError, match=r"sign_in\.wrong_secret"):
        await verified(vault, tmp_path, ("s001", "wrong", "000000"), now)


@pytest.mark.parametrize("verb", [audit, verify], ids=["audit verify", "verify"])
async def test_where_the_town_uses_cards_the_book_is_opened_with_a_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: ModuleType
) -> None:
    shown: list[object] = []

    def vault_of(_config: Config, card: object = None) -> Vault:
        shown.append(card)
        return cheap_vault(tmp_path / "training", MemoryKeyring())  # of no terminal: it goes no further

    monkeypatch.setattr("ui.vaults.vault_of", vault_of)
    config = Config(data_dir=tmp_path, environment="training", card_module="/usr/lib/cards.so")
    config.terminal_dir.mkdir()
    with pytest.raises(StoreError, match=r"store\.no_keys"):
        verb.run(Loaded(config, {}), Namespace(json=False))
    assert isinstance(shown[0], CardDoor)


@pytest.mark.parametrize("look", [verified, audited])
async def test_who_has_left_the_staff_by_the_rows_here_looks_at_no_book_and_the_book_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: Callable[..., Awaitable[object]]
) -> None:
    vault = await a_terminal(tmp_path)
    gone = StaffEntry(StaffMember("s001", "", None, None, None, date(2020, 12, 31)), ())

    async def of_register(_self: object, _staff_id: str) -> StaffEntry:
        return gone

    monkeypatch.setattr("offline.store.replica.Replica.staff_of", of_register)
    with pytest.raises(SignInNeededError, match="not_in_service"):
        await look(vault, tmp_path, secrets(), now)
    stores = FileStores(tmp_path, facts(), now, IDENTITY.sign, anchor=vault.anchor)
    await stores.open(KEYS)
    (line,) = await stores.ledger.journal_tail(1)
    await stores.close()
    assert (line.entry.kind, dict(line.entry.facts)) == ("refusal", {"code": "sign_in.not_in_service"})

"""P10: whoever takes the disk reads nothing; every file the stores write is searched for names put there on purpose."""

import base64
import logging
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.domain.clerk import Clerk, CloudSignIn, HowSignedIn, Lease, SignIn
from client.domain.errors import CounterError
from client.domain.feed import RowChange
from client.domain.query import Query
from client.jobs.ports import JournalEntry, StoreKeys
from offline.store import door, migrations
from offline.store.replica_file import STEPS
from offline.store.search_key import name_key, reading_keys
from offline.store.wraps import Argon2Cost
from tests.builders import HANAKO, NOW, TARO
from tests.leak_search import LeakSearch
from tests.parcel_builders import a_parcel, groups_of
from tests.store_builders import (
    SEED,
    MemoryKeyring,
    a_change,
    a_person,
    a_register,
    an_issue,
    cheap_vault,
    cloud_sign_in,
    facts,
    fill,
    stores_in,
)

NAME, READING, LATIN = "鸕鶿草葺不合　蟠龍斎", "ウガヤフキアエズ　バンリュウサイ", "ZYXWVUTS QPONML"
STREET, ROOM = "曼珠沙華通り九百九十九番", "蜃気楼ハイツ七七七"
CLERK, PASSWORD, REASON = "夜鷹　燐", "合言葉は薔薇と檸檬", "紙詰まり蠍座"
KEYS = StoreKeys(*(os.urandom(32) for _ in range(4)))


TEXTS = {NAME, READING, LATIN, STREET, ROOM, CLERK, PASSWORD, name_key(NAME), *reading_keys(READING)}
TEXTS |= {part for text in (NAME, READING, LATIN, CLERK) for part in text.split()}
SECRETS = {
    "replica": KEYS.replica,
    "ledger": KEYS.ledger,
    "digest": KEYS.digest,
    "inbox": KEYS.inbox,
    "totp": SEED,
}
SEARCH = LeakSearch(TEXTS, SECRETS)


def leaks_in(folder: Path) -> list[str]:
    """Search every file, and every file's name."""
    return list(SEARCH.in_folder(folder))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Send every temporary file where the search will look."""
    folder = tmp_path / "terminal" / "tmp"
    folder.mkdir(parents=True)
    for name in ("TMPDIR", "SQLITE_TMPDIR", "TEMP"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    tempfile.tempdir = None


def a_secret_person(number: int, **columns: object) -> dict[str, object]:
    named = {"full_name": NAME, "furigana": READING, "latin_name": LATIN, "householder_name": NAME}
    return a_person(number, **named, address_banchi=STREET, address_katagaki=ROOM, remarks=NAME, **columns)


def test_the_search_would_find_what_lies_open(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "open.db")
    connection.execute("CREATE TABLE t (a)")
    connection.execute("INSERT INTO t VALUES (?)", (NAME,))
    connection.commit()
    connection.close()
    (tmp_path / "key.txt").write_text(base64.b64encode(KEYS.ledger).decode())
    assert {leak.split(":")[0] for leak in leaks_in(tmp_path)} == {"open.db", "key.txt"}


@pytest.mark.asyncio
async def test_nothing_the_stores_write_can_be_read(
    tmp_path: Path, temporary: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    folder = tmp_path / "terminal" / "training"
    register = a_register(a_secret_person(number) for number in range(400))
    register.key = KEYS.digest
    vault = cheap_vault(folder, MemoryKeyring())
    await vault.make_identity()
    deposit = await vault.found(facts(), KEYS)
    plain = cloud_sign_in(deposit).sign_in
    clerk = Clerk("s001", CLERK, CLERK, plain.clerk.rights)
    await vault.admit(
        CloudSignIn(
            SignIn(clerk, Lease(plain.lease.until), HowSignedIn.ONLINE, NOW, "token"), SEED, 0, deposit
        ),
        PASSWORD,
        now=NOW,
    )
    stores = stores_in(folder)
    await stores.open(KEYS)
    manifest, chunks = register.snapshot(size=100)
    await stores.replica.begin_fill(manifest)
    for number, (sha256, rows) in enumerate(chunks.items()):
        await stores.replica.add_chunk(sha256, rows)
        if number == 2:
            assert leaks_in(tmp_path / "terminal") == []  # the side file and its WAL, half full
    await stores.replica.finish_fill(manifest)
    for number in range(20):
        await stores.replica.apply(register.put("resident", a_secret_person(number, history_no=2)))
    for typed in (NAME, READING, LATIN, NAME[:2], READING[:1]):
        assert (await stores.replica.find(Query(typed=typed), limit=50)).value
    copy = await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
    payload = {
        "subject": TARO,
        "members": [TARO],
        "to": {"town": STREET, "banchi": STREET, "katagaki": ROOM},
        "note": NAME,
    }
    await stores.ledger.queue(a_change(TARO, HANAKO, payload=payload))
    await stores.ledger.record(JournalEntry("look_up", "s001", (TARO,), {"hits": 3}))
    told = a_parcel(changes=groups_of([RowChange("resident", (TARO, 9), {"full_name": NAME})]))
    await stores.shelf.put(told)  # what comes while the stores are shut
    with pytest.raises(CounterError) as caught:
        await vault.unlock("s001", PASSWORD + "x", "000000", now=NOW)
    assert leaks_in(tmp_path / "terminal") == []  # while open: WAL and shared memory too
    at_a_kill = tmp_path / "terminal" / "killed"
    shutil.copytree(folder, at_a_kill)
    await stores.close()
    assert leaks_in(tmp_path / "terminal") == []
    assert {
        "replica.db",
        "ledger.db",
        "ledger.slots",
        "wraps.json",
        "wraps.copy.json",
        "terminal.json",
        "stores.json",
        "shelf",
        "unsent.log",
    } == {path.name for path in folder.iterdir()}
    assert list(temporary.iterdir()) == []
    said = (
        caplog.text
        + "".join(capfd.readouterr())
        + repr(caught.value)
        + repr(stores)
        + repr(copy)
        + repr(payload and deposit)
    )
    assert SEARCH.in_bytes(said.encode()) == []


@pytest.mark.asyncio
async def test_the_copy_made_before_a_migration_is_as_closed_as_the_file(tmp_path: Path) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    register = a_register([a_secret_person(1)])
    register.key = KEYS.digest
    await fill(stores, register)
    await stores.close()

    def nothing(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE tomorrow (a)")

    migrations.migrate(tmp_path / "replica.db", KEYS.replica, (*STEPS, nothing), NOW)
    assert migrations.backup_path(tmp_path / "replica.db", len(STEPS)).exists()
    assert leaks_in(tmp_path) == []


@pytest.mark.asyncio
async def test_files_look_alike_whatever_is_in_them(tmp_path: Path) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    register = a_register(a_secret_person(number) for number in range(200))
    register.key = KEYS.digest
    await fill(stores, register)
    await stores.close()
    content = (tmp_path / "replica.db").read_bytes()
    pages = {content[at : at + 64] for at in range(0, len(content), 4096)}
    assert len(pages) == len(content) // 4096  # no two pages begin alike, and none shows what SQLite writes
    assert b"SQLite format" not in content
    assert b"CREATE TABLE" not in content


@pytest.mark.asyncio
async def test_disk_and_keyring_without_the_password_open_nothing(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    vault = cheap_vault(tmp_path, ring)
    await vault.make_identity()
    deposit = await vault.found(facts(), KEYS)
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    for text in ring.secrets.values():
        secret = base64.b64decode(text)
        for name in ("replica.db", "ledger.db"):
            (tmp_path / name).unlink(missing_ok=True)
        stores = stores_in(tmp_path)
        await stores.open(KEYS)
        await stores.close()
        with pytest.raises(door.ForeignError):
            door.open_connection(tmp_path / "ledger.db", secret[:32])
        (tmp_path / "stores.json").unlink()
        (tmp_path / "ledger.slots").unlink()


def test_passwords_are_stretched_as_the_design_says() -> None:
    usual = Argon2Cost()
    assert (usual.time, usual.memory_kib, usual.lanes) == (3, 64 * 1024, 1)
    usual.check()

"""P16: what an old version left on the disk opens with this one, whole; what a newer one left is not touched."""

import json
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from client.domain.change import ChangeState
from client.domain.errors import SignInNeededError, StoreError
from client.jobs.ports import JournalEntry
from client.rules import totp
from offline.store import door, ledger_file, replica, replica_file, side_file
from offline.store.ledger_file import mark_of
from offline.store.slots import Slots
from tests.promises.p16_old import FIXTURES, VERSIONS, Old, an_old_terminal
from tests.store_builders import a_change, an_issue


@pytest.fixture(params=VERSIONS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Old:
    return an_old_terminal(request.param, tmp_path / "terminal")


def covers(now: Any, then: Any, where: str = "") -> list[str]:
    """Say where what was read then is not what is read now; values may have been added since."""
    if isinstance(then, dict):
        gone = [f"{where}/{name} is gone" for name in then if name not in now]
        return gone + [
            bad for name in then if name in now for bad in covers(now[name], then[name], f"{where}/{name}")
        ]
    return [] if now == then else [f"{where}: {now} was {then}"]


def test_there_is_a_fixture_and_it_is_worth_opening() -> None:
    assert "0.1.0" in VERSIONS
    for version in VERSIONS:
        content = json.loads((FIXTURES / version / "content.json").read_text("utf-8"))
        states = {change["state"] for change in content["ledger"]["outbox"]}
        assert states == {state.value for state in ChangeState} - {"sending"}  # a restart has made it unknown
        assert len({copy[4] for copy in content["ledger"]["copies"]}) >= 4
        assert len(content["replica"]["found"]["わたなべ"]) >= 5
        assert any(person["shien_sochi"] for person in content["replica"]["people"].values())
        assert any("1980" in one or "󠄂" in one for one in content["replica"]["found"]["さ"])


@pytest.mark.asyncio
async def test_everything_in_it_is_read_as_it_was_written(old: Old) -> None:
    stores = old.stores()
    await stores.open(old.keys)
    assert covers(await old.read(stores), old.content) == []
    await stores.close()
    assert old.content["ledger"]["chains"] == [None, None]
    assert all(feed["wrong"] == [] for feed in old.content["replica"]["feeds"].values())


def test_the_mark_beside_the_ledger_is_the_ledgers_own(old: Old) -> None:
    slots = Slots(old.folder / "ledger.slots", old.keys.ledger)
    marked = slots.open()
    slots.close()
    connection = door.open_connection(old.folder / "ledger.db", old.keys.ledger)
    assert marked == mark_of(connection)
    connection.close()
    assert marked is not None
    assert marked.serial == old.content["ledger"]["highest_serial"]


@pytest.mark.asyncio
async def test_a_clerk_of_then_signs_in_off_line_with_the_same_password(old: Old) -> None:
    secrets, now = old.secrets, old.read_at
    code = totp.code(bytes.fromhex(secrets["totp_seed"]), totp.step_of(now))
    unlocked = await old.vault().unlock(secrets["staff"], secrets["password"], code, now=now)
    assert unlocked.keys == old.keys
    assert unlocked.sign_in.clerk.staff_id == secrets["staff"]
    assert old.vault().identity.sign(b"data")


@pytest.mark.asyncio
async def test_work_goes_on_where_it_stopped(old: Old) -> None:
    stores = old.stores()
    await stores.open(old.keys)
    ledger = stores.ledger
    copy = await ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
    assert copy.serial.serial == old.content["ledger"]["highest_serial"] + 1
    await ledger.queue(a_change())
    await ledger.record(JournalEntry("look_up", "s001"))
    (accepted,) = [one for one in await ledger.outbox() if one.state is ChangeState.ACCEPTED]
    assert accepted.receipt is not None
    assert await ledger.land(accepted.receipt.register_version) == 1
    await stores.close()
    await stores.open(old.keys)
    assert (await ledger.verify_journal()).first_bad is None
    assert await ledger.verify_outbox() is None
    await stores.close()


def adding(connection: sqlite3.Connection) -> None:
    """Stand for the step to a shape that is not there yet."""
    connection.execute("CREATE TABLE what_a_later_version_adds (a)")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this program be of a version whose files have one shape more."""
    for module in (ledger_file, replica_file, replica, side_file):
        monkeypatch.setattr(module, "STEPS", (*module.STEPS, adding))


@pytest.mark.asyncio
@pytest.mark.usefixtures("later")
async def test_a_migration_first_keeps_a_copy_that_opens_and_changes_nothing_that_is_read(old: Old) -> None:
    stores = old.stores()
    await stores.open(old.keys)
    assert covers(await old.read(stores), old.content) == []
    await stores.close()
    for name, key in (("ledger.db", old.keys.ledger), ("replica.db", old.keys.replica)):
        (kept,) = old.folder.glob(f"{name}.shape?")  # of the shape it had, however many steps it took
        assert kept.read_bytes() == (FIXTURES / old.version / name).read_bytes()
        assert door.is_whole(kept, key)
        connection = door.open_connection(old.folder / name, key)
        assert door.one(connection, "SELECT name FROM migration ORDER BY no DESC") == "adding"
        assert door.one(connection, "SELECT count(*) FROM what_a_later_version_adds") == 0
        connection.close()


@pytest.mark.asyncio
async def test_what_such_a_version_has_migrated_this_one_refuses_unharmed(
    old: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        for module in (ledger_file, replica_file, replica, side_file):
            patched.setattr(module, "STEPS", (*module.STEPS, adding))
        stores = old.stores()
        await stores.open(old.keys)
        await stores.close()
    await refused(old)


async def refused(old: Old) -> None:
    before = old.files()
    stores = old.stores()
    with pytest.raises(StoreError) as caught:
        await stores.open(old.keys)
    await stores.close()
    assert caught.value.code == "store.newer"
    assert old.files() == before


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["ledger.db", "replica.db"])
async def test_a_newer_database_is_refused_and_unharmed(old: Old, name: str) -> None:
    old.do(name, "PRAGMA user_version = 99")
    if name == "replica.db":  # the ledger before it has been opened, and has counted that
        stores = old.stores()
        with pytest.raises(StoreError):
            await stores.open(old.keys)
    kept = (old.folder / name).read_bytes()
    with pytest.raises(StoreError) as caught:
        await old.stores().open(old.keys)
    assert caught.value.code == "store.newer"
    assert (old.folder / name).read_bytes() == kept


def a_newer_format(path: Path) -> None:
    told = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(told | {"format": told["format"] + 9}), "utf-8")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("terminal.json", lambda old: old.vault().facts),
        ("wraps.json", lambda old: old.vault().inbox_public),
    ],
)
async def test_a_newer_side_file_is_refused_and_unharmed(
    old: Old, name: str, use: Callable[[Old], object]
) -> None:
    a_newer_format(old.folder / name)
    before = old.files()
    with pytest.raises(StoreError) as caught:
        use(old)
    assert caught.value.code == "store.newer"
    assert old.files() == before


@pytest.mark.asyncio
async def test_newer_check_values_are_refused_and_nothing_is_harmed(old: Old) -> None:
    a_newer_format(old.folder / "stores.json")
    await refused(old)


@pytest.mark.asyncio
async def test_an_old_file_that_was_tampered_with_is_found(old: Old) -> None:
    """These tests bite: one name changed in the replica, one state in the outbox."""
    old.do("replica.db", "UPDATE resident SET full_name = '別人' WHERE atena_no = '1000000015'")
    old.do("ledger.db", "UPDATE outbox SET state = 'landed' WHERE state = 'queued'")
    stores = old.stores()
    await stores.open(old.keys)
    bad = " ".join(covers(await old.read(stores), old.content))
    await stores.close()
    for where in ("/replica/feeds/register/wrong", "/replica/people", "/ledger/outbox"):
        assert where in bad


@pytest.mark.asyncio
@pytest.mark.parametrize("table", ["journal", "outbox"])
async def test_an_old_chain_that_was_broken_is_found(old: Old, table: str) -> None:
    who = {"journal": "actor", "outbox": "made_by"}[table]
    old.do("ledger.db", f"UPDATE {table} SET {who} = 's009' WHERE seq = 3")  # noqa: S608 our own words
    stores = old.stores()
    try:
        await stores.open(old.keys)
        found = await stores.ledger.verify_outbox() or (await stores.ledger.verify_journal()).first_bad
    except StoreError as error:
        found = error.code == "store.ledger_broken"
    await stores.close()
    assert found


@pytest.mark.asyncio
async def test_the_lease_of_then_still_ends_when_it_was_to_end(old: Old) -> None:
    secrets, now = old.secrets, old.read_at + timedelta(days=8)
    code = totp.code(bytes.fromhex(secrets["totp_seed"]), totp.step_of(now))
    with pytest.raises(SignInNeededError, match="lease_over"):
        await old.vault().unlock(secrets["staff"], secrets["password"], code, now=now)

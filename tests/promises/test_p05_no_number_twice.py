"""P05: no number twice, whatever is put back, taken away or lost, and wherever the program is killed while it mends."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from client.domain.errors import StoreError
from client.domain.terminal import NOTHING_SEEN, TerminalSeen
from client.jobs.ports import JournalEntry
from client.rules.chain import link
from offline.store import anchor as anchors
from offline.store import continuity, door, journal, ledger_file
from offline.store.anchor import Anchor
from offline.store.slots import Slots
from offline.store.stores import FileStores
from tests.builders import TODAY
from tests.promises.p01_nursery import KEYS
from tests.store_builders import MemoryKeyring, a_change, an_issue, stores_in

pytestmark = pytest.mark.asyncio
LEDGER_FILES = ("ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.slots")


async def issued(stores: FileStores, times: int = 1) -> list[int]:
    """Issue, and return the numbers given."""
    return [
        (await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)).serial.serial
        for _ in range(times)
    ]


async def opened(folder: Path, ring: MemoryKeyring, seen: TerminalSeen = NOTHING_SEEN) -> FileStores:
    stores = stores_in(folder, ring)
    await stores.open(KEYS, seen=seen)
    return stores


async def refused(folder: Path, ring: MemoryKeyring, seen: TerminalSeen = NOTHING_SEEN) -> StoreError:
    with pytest.raises(StoreError) as caught:
        await opened(folder, ring, seen)
    return caught.value


async def accepted(folder: Path, ring: MemoryKeyring) -> FileStores:
    stores = stores_in(folder, ring)
    await stores.accept_loss(KEYS, actor="s002")
    return stores


def restored(folder: Path, copy: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)


async def one_day(folder: Path, ring: MemoryKeyring, copies: int) -> list[int]:
    stores = await opened(folder, ring)
    given = await issued(stores, copies)
    await stores.close()
    return given


async def test_a_folder_put_back_whole_is_known_by_the_keyring(tmp_path: Path) -> None:
    folder, ring = tmp_path / "a", MemoryKeyring()
    given = await one_day(folder, ring, 1)
    shutil.copytree(folder, tmp_path / "copy")
    given += await one_day(folder, ring, 4)
    restored(folder, tmp_path / "copy")
    loss = await refused(folder, ring)
    assert (loss.code, loss.facts["serials"]) == ("store.ledger_behind", 4)
    stores = await accepted(folder, ring)
    given += await issued(stores, 3)
    await stores.close()
    assert given == [1, 2, 3, 4, 5, 200_001, 200_002, 200_003]
    assert await one_day(folder, ring, 1) == [200_004]


async def test_a_copy_made_while_the_counter_ran_is_gone_on_with_above_what_was_reserved(
    tmp_path: Path,
) -> None:
    folder, ring = tmp_path / "a", MemoryKeyring()
    stores = await opened(folder, ring)
    given = await issued(stores, 2)
    shutil.copytree(folder, tmp_path / "copy")
    given += await issued(stores, 5)  # and then the PC stops, without a close: the keyring has only been told
    kept = dict(ring.secrets)  # that numbers up to a block may have been used
    await stores.close()
    ring.secrets = kept
    restored(folder, tmp_path / "copy")
    again = await opened(folder, ring)
    (gap,) = (line.entry for line in await again.ledger.journal_tail(5) if line.entry.kind == "gap")
    assert dict(gap.facts) == {"from": 3, "to": anchors.BLOCK, "why": "not_closed"}
    given += await issued(again, 2)
    await again.close()
    assert given == [*range(1, 8), anchors.BLOCK + 1, anchors.BLOCK + 2]
    assert await one_day(folder, ring, 1) == [anchors.BLOCK + 3]  # one end without a close, one gap


async def test_what_was_written_without_an_issue_is_missed_too_once_the_keyring_was_told(
    tmp_path: Path,
) -> None:
    folder, ring = tmp_path / "a", MemoryKeyring()
    stores = await opened(folder, ring)
    shutil.copytree(folder, tmp_path / "copy")
    for _ in range(anchors.STRIDE + 1):
        await stores.ledger.record(JournalEntry("look_up", "s001"))
    kept = dict(ring.secrets)
    await stores.close()
    ring.secrets = kept
    restored(folder, tmp_path / "copy")
    loss = await refused(folder, ring)
    assert loss.code == "store.ledger_behind"
    assert int(loss.facts["commits"]) >= anchors.STRIDE - 1


async def test_ledger_mark_and_checks_taken_away_together_are_no_new_beginning(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    given = await one_day(tmp_path, ring, 3)
    for name in (*LEDGER_FILES, "stores.json"):
        (tmp_path / name).unlink(missing_ok=True)
    assert (await refused(tmp_path, ring)).code == "store.ledger_behind"
    assert (await refused(tmp_path, ring)).code == "store.ledger_behind"
    stores = await accepted(tmp_path, ring)
    assert not set(await issued(stores, 3)) & set(given)
    await stores.close()


async def test_a_loss_that_comes_twice_begins_another_series(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    given = await one_day(tmp_path, ring, 2)
    for _ in range(3):
        for name in LEDGER_FILES:
            (tmp_path / name).unlink(missing_ok=True)
        assert (await refused(tmp_path, ring)).code == "store.ledger_behind"
        stores = await accepted(tmp_path, ring)
        given += await issued(stores, 2)
        await stores.close()
    assert len(given) == len(set(given)) == 8
    assert given == sorted(given)


async def test_where_the_keyring_was_put_back_too_the_cloud_knows(tmp_path: Path) -> None:
    folder, ring = tmp_path / "a", MemoryKeyring()
    given = await one_day(folder, ring, 1)
    shutil.copytree(folder, tmp_path / "copy")
    kept = dict(ring.secrets)
    given += await one_day(folder, ring, 4)
    restored(folder, tmp_path / "copy")
    ring.secrets = dict(kept)
    seen = TerminalSeen(highest_serial=given[-1], commit_no=8)
    loss = await refused(folder, ring, seen)
    assert (loss.code, loss.facts["serials"]) == ("store.ledger_behind", 4)
    assert (await refused(folder, ring)).code == "store.ledger_behind"  # off line it is known from then on
    stores = await accepted(folder, ring)
    given += await issued(stores, 2)
    await stores.close()
    assert len(given) == len(set(given)) == 7
    again = await opened(folder, ring, seen)
    await again.close()


async def test_a_ledger_taken_away_with_the_keyrings_word_of_it_is_known_by_the_cloud(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    given = await one_day(tmp_path, ring, 3)
    for name in (*LEDGER_FILES, "stores.json"):
        (tmp_path / name).unlink(missing_ok=True)
    ring.secrets.clear()
    assert (await refused(tmp_path, ring, TerminalSeen(3, 4))).code == "store.ledger_behind"
    stores = await accepted(tmp_path, ring)
    assert not set(await issued(stores, 3)) & set(given)
    await stores.close()


async def test_who_signs_in_on_line_later_brings_what_the_cloud_has_seen(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    stores = await opened(tmp_path, ring)
    await stores.open(KEYS, seen=TerminalSeen(0, 1))
    await issued(stores)
    with pytest.raises(StoreError, match="ledger_behind"):
        await stores.open(KEYS, seen=TerminalSeen(9, 12))
    with pytest.raises(StoreError, match="no_keys"):
        await issued(stores)
    await stores.accept_loss(KEYS, actor="s002")
    assert await issued(stores) == [200_001]
    await stores.close()


async def test_the_keyring_is_told_before_a_number_is_given_and_not_at_every_one(tmp_path: Path) -> None:
    told: list[str] = []

    class Watched(MemoryKeyring):
        def set_password(self, service: str, username: str, password: str) -> None:
            told.append(username)
            super().set_password(service, username, password)

    ring = Watched()
    stores = await opened(tmp_path, ring)
    told.clear()
    for number in await issued(stores, 3 * anchors.BLOCK):
        assert Anchor(stores.ledger._anchor._door).open().reserved >= number
    assert 3 <= len(told) <= 5
    await stores.close()


async def test_a_keyring_that_is_gone_gives_no_further_number_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = MemoryKeyring()
    stores = await opened(tmp_path, ring)
    given = await issued(stores, anchors.BLOCK)

    def gone(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(MemoryKeyring, "set_password", gone)
        with pytest.raises(StoreError, match="no_keyring"):
            await issued(stores)
        await stores.ledger.queue(a_change())
    given += await issued(stores)
    assert given == list(range(1, anchors.BLOCK + 2))
    await stores.close()


class KilledError(BaseException):
    """The program ends here."""


def killing(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, *, after: bool) -> None:
    """End the program when a step is reached, or when it is done."""
    step: Callable[..., object] = getattr(owner, name)

    def killed(*args: object, **kwargs: object) -> object:
        if after:
            step(*args, **kwargs)
        raise KilledError

    monkeypatch.setattr(owner, name, killed)


STEPS = [
    (ledger_file, "make_own"),
    (ledger_file, "migrate"),
    (journal, "append"),
    (continuity, "accept"),
    (Slots, "create"),
    (Slots, "write"),
    (ledger_file, "_after_restart"),
    (Anchor, "settle"),
]


GONE = [LEDGER_FILES, ("ledger.slots",), ("ledger.db",), (*LEDGER_FILES, "stores.json")]


@pytest.mark.parametrize("gone", GONE, ids=["both", "mark", "ledger", "all"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS, ids=[name for _, name in STEPS])
async def test_killed_while_a_loss_is_accepted_the_loss_stands_or_the_series_has_begun(
    tmp_path: Path, step: tuple[object, str], after: bool, gone: tuple[str, ...]
) -> None:
    ring, folder = MemoryKeyring(), tmp_path / "a"
    given = await one_day(folder, ring, 3)
    for name in gone:
        (folder / name).unlink(missing_ok=True)
    with pytest.MonkeyPatch.context() as patched, suppress(KilledError):
        killing(patched, *step, after=after)
        await (await accepted(folder, ring)).close()  # not every loss passes by every step
    shutil.copytree(folder, tmp_path / "b")
    await goes_on_above(folder, copy_of(ring), given)
    if "stores.json" not in gone:  # what the disk tells by itself
        await goes_on_above(tmp_path / "b", MemoryKeyring(), given)


async def goes_on_above(folder: Path, ring: MemoryKeyring, given: list[int]) -> None:
    """See that a loss is told of, or was accepted and a series begun; then that numbers go on above."""
    stores = stores_in(folder, ring)
    try:
        await stores.open(KEYS)
    except StoreError as error:
        loss: StoreError | None = error
        await stores.accept_loss(KEYS, actor="s002")
    else:
        loss = None
    lines = [line.entry for line in await stores.ledger.journal_tail(9) if line.entry.kind == "loss"]
    assert lines
    assert loss is None or loss.code == "store.ledger_behind"
    assert min(await issued(stores, 2)) > 100_000 > max(given)
    await stores.close()
    await stores.open(KEYS)
    await stores.close()


def copy_of(ring: MemoryKeyring) -> MemoryKeyring:
    copy = MemoryKeyring()
    copy.secrets = dict(ring.secrets)
    return copy


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", [*STEPS, (door, "open_connection")], ids=lambda one: one[1])
async def test_killed_at_the_very_beginning_it_is_still_the_beginning(
    tmp_path: Path, step: tuple[object, str], after: bool
) -> None:
    ring = MemoryKeyring()
    with pytest.MonkeyPatch.context() as patched, suppress(KilledError):
        killing(patched, *step, after=after)
        await (await opened(tmp_path, ring)).close()
    assert await one_day(tmp_path, ring, 2) == [1, 2]


async def test_a_mark_put_back_alone_has_a_name_of_its_own(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    stores = await opened(tmp_path, ring)
    given = await issued(stores)
    old = (tmp_path / "ledger.slots").read_bytes()
    given += await issued(stores, 2)
    await stores.close()
    (tmp_path / "ledger.slots").write_bytes(old)
    loss = await refused(tmp_path, ring)
    assert (loss.code, loss.facts["commits"]) == ("store.mark_behind", 2)
    stores = await accepted(tmp_path, ring)
    assert [copy.serial.serial for copy in await stores.ledger.copies(TODAY)] == given
    assert min(await issued(stores)) > max(given)
    await stores.close()
    await one_day(tmp_path, ring, 1)


@pytest.mark.parametrize(
    ("statement", "chain"),
    [
        ("UPDATE journal SET actor = 's009' WHERE seq = (SELECT max(seq) - 2 FROM journal)", "journal"),
        ("DELETE FROM journal WHERE seq = (SELECT max(seq) - 2 FROM journal)", "journal"),
        ("UPDATE outbox SET made_by = 's009' WHERE seq = (SELECT max(seq) - 1 FROM outbox)", "outbox"),
        ("DELETE FROM outbox_resident WHERE seq = (SELECT max(seq) FROM outbox)", "outbox"),
    ],
)
async def test_a_changed_entry_near_the_end_is_named_at_the_next_opening(
    tmp_path: Path, statement: str, chain: str
) -> None:
    ring = MemoryKeyring()
    stores = await opened(tmp_path, ring)
    given = await issued(stores, 2)
    for _ in range(5):
        await stores.ledger.record(JournalEntry("look_up", "s001"))
    await stores.ledger.queue(a_change())
    await stores.close()
    connection = door.open_connection(tmp_path / "ledger.db", KEYS.ledger)
    connection.execute(statement)
    connection.close()
    loss = await refused(tmp_path, ring)
    assert (loss.code, loss.facts["chain"]) == ("store.ledger_broken", chain)
    stores = await accepted(tmp_path, ring)
    assert min(await issued(stores)) > max(given)
    await stores.close()
    await one_day(tmp_path, ring, 1)  # judged once, by a person


async def test_two_marks_that_could_not_be_written_never_leave_the_ledger_two_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)

    def no_disk(handle: int) -> None:
        raise OSError(5, "I/O error")

    with monkeypatch.context() as patched:
        patched.setattr("offline.store.slots._SYNC", no_disk)
        patched.setattr("offline.store.files.write_all", lambda *_: no_disk(0))
        for _ in range(3):
            with pytest.raises(StoreError, match="unreadable"):
                await stores.ledger.record(JournalEntry("look_up", "s001"))
        left = tmp_path.with_name(tmp_path.name + "-left")
        shutil.copytree(tmp_path, left, ignore=shutil.ignore_patterns("*-shm"))
    await stores.close()
    again = stores_in(left)
    await again.open(KEYS)
    assert len(await again.ledger.journal_tail(9)) == 1
    await again.close()


async def test_opening_walks_the_tail_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    for _ in range(2 * continuity.TAIL):
        await stores.ledger.record(JournalEntry("look_up", "s001"))
    await stores.close()
    walked: list[object] = []

    def walk(prev: bytes, row: Mapping[str, object]) -> bytes:
        walked.append(row["seq"])
        return link(prev, row)

    monkeypatch.setattr(journal, "link", walk)
    await stores.open(KEYS)
    assert len(walked) == continuity.TAIL
    await stores.close()

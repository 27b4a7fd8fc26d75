"""A snapshot's chunks are the register, row by row, sealed; they are made aside, kept a while, and never change."""

import asyncio
import threading
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud import chunks, snapshots
from cloud.contract import FEEDS, tables, tables_of
from cloud.folder_lock import alone_in
from cloud.register import put
from cloud.snapshots import EVERY, KEPT, KEPT_FOR, Snapshots
from tests.cloud.cloud_builders import TARO, Site, opened_chunk

pytestmark = pytest.mark.long


async def fetched(site: Site) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Fetch a snapshot: the manifest as a terminal, the chunks as anybody."""
    manifest = site.opened(await site.terminal.call("GET", "/v1/snapshot"))
    parts = {}
    for chunk in manifest["chunks"]:
        answer = await site.client.get(f"/v1/snapshot/chunks/{chunk['sha256']}")
        parts[chunk["sha256"]] = answer.content
    return manifest, parts


def move(site: Site, *amounts: int) -> None:
    register = site.tenant.register
    for amount in amounts:
        row = {"atena_no": TARO, "fiscal_year": 2026, "annual_tax": amount}
        with register.writing() as connection:
            register.commit(connection, "register", [put("juminzei", row)])


def another(site: Site, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have the register move far, and a new snapshot made; returns its name."""
    monkeypatch.setattr("cloud.snapshots.FAR", 1)
    site.clock.forward(seconds=EVERY.total_seconds())
    move(site, len(names(site)))
    assert site.tenant.snapshots.refresh()
    return names(site)[-1]


def names(site: Site) -> list[str]:
    return sorted(path.parent.name for path in (site.tenant.folder / "snapshots").glob("s*/manifest.sealed"))


@pytest.mark.asyncio
async def test_the_chunks_hold_exactly_the_rows_of_both_feeds(site: Site) -> None:
    manifest, parts = await fetched(site)
    got: dict[tuple[str, Any], dict[str, Any]] = {}
    for chunk in manifest["chunks"]:
        table, rows = opened_chunk(parts[chunk["sha256"]], chunk["key"])
        for row in rows:
            got[table, tables()[table].key_of(row)] = row
    with site.tenant.register.reading() as connection:
        expected = {
            (table.name, table.key_of(row)): row
            for feed in FEEDS
            for table in tables_of(feed)
            for row in site.tenant.register.rows(connection, table.name)
        }
        heads = {feed: site.tenant.register.head(connection, feed) for feed in FEEDS}
    assert got == expected
    for feed in FEEDS:
        told = (manifest[f"{feed}_version"], manifest[f"{feed}_root"])
        assert told == (heads[feed].version, heads[feed].root)


@pytest.mark.asyncio
async def test_chunks_are_what_the_manifest_says_text_first_pictures_last(site: Site) -> None:
    manifest, parts = await fetched(site)
    for chunk in manifest["chunks"]:
        content = parts[chunk["sha256"]]
        table, rows = opened_chunk(content, chunk["key"])
        assert sha256(content).hexdigest() == chunk["sha256"]
        assert (table, len(rows), len(content)) == (chunk["table"], chunk["rows"], chunk["size"])
    series = [chunk["series"] for chunk in manifest["chunks"]]
    assert series == sorted(series, key=["core", "history", "seals"].index)
    assert {("history", "resident"), ("core", "resident"), ("seals", "official_seal")} <= {
        (chunk["series"], chunk["table"]) for chunk in manifest["chunks"]
    }
    history = next(chunk for chunk in manifest["chunks"] if chunk["series"] == "history")
    (old,) = opened_chunk(parts[history["sha256"]], history["key"])[1]
    assert (old["atena_no"], old["history_no"]) == (TARO, 1)


@pytest.mark.asyncio
async def test_nothing_on_the_disk_or_on_the_way_can_be_read_without_the_manifest(site: Site) -> None:
    manifest, _ = await fetched(site)
    keys = {chunk["key"] for chunk in manifest["chunks"]}
    assert len(keys) == len(manifest["chunks"])
    folder = site.tenant.folder / "snapshots"
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not any(key in content for key in keys)
        assert b"\x28\xb5\x2f\xfd" not in content[:64], "a zstd frame in the clear"
        assert not path.is_file() or path.stat().st_mode & 0o077 == 0


@pytest.mark.asyncio
async def test_without_a_proof_there_are_chunks_but_no_manifest(site: Site) -> None:
    manifest, _ = await fetched(site)
    answer = await site.client.get("/v1/snapshot")
    assert answer.status_code == httpx.codes.UNAUTHORIZED
    proven = await site.terminal.call("GET", "/v1/snapshot")
    assert proven.headers["cache-control"] == "no-store"
    chunk = await site.client.get(f"/v1/snapshot/chunks/{manifest['chunks'][0]['sha256']}")
    assert chunk.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["0" * 64, "..%2f..%2fkeys%2ffeed.key", "manifest.sealed", "A" * 64])
async def test_only_chunks_are_given_out(site: Site, name: str) -> None:
    await site.terminal.call("GET", "/v1/snapshot")
    answer = await site.client.get(f"/v1/snapshot/chunks/{name}")
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.asyncio
async def test_an_unchanged_chunk_keeps_its_name_and_key_and_lies_on_the_disk_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, parts = await fetched(site)
    assert not site.tenant.snapshots.refresh(), "nothing moved"
    newest = another(site, monkeypatch)
    new, _ = await fetched(site)
    assert new["snapshot_id"] == newest
    assert new["register_version"] == old["register_version"] + 1
    before, after = (
        {(one["sha256"], one["key"], one["table"]) for one in each["chunks"]} for each in (old, new)
    )
    assert {table for *_, table in after - before} == {"juminzei"}
    folder = site.tenant.folder / "snapshots"
    kept = {name for name, *_ in before & after}
    assert kept == set(parts) - {name for name, _, table in before if table == "juminzei"}
    for name in kept:
        same = [path.stat().st_ino for path in folder.glob(f"s*/{name}")]
        assert (len(same), len(set(same))) == (2, 1)


@pytest.mark.asyncio
async def test_a_snapshot_is_made_at_most_so_often(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await fetched(site)
    monkeypatch.setattr("cloud.snapshots.FAR", 3)
    move(site, 1, 2)
    site.clock.forward(seconds=EVERY.total_seconds())
    assert not site.tenant.snapshots.refresh(), "not far enough"
    move(site, 3)
    assert site.tenant.snapshots.refresh()
    move(site, 4, 5, 6)
    site.clock.forward(seconds=EVERY.total_seconds() - 1)
    assert not site.tenant.snapshots.refresh(), "not long enough ago"


@pytest.mark.asyncio
async def test_old_snapshots_stay_for_days_after_they_were_superseded_and_the_last_ones_always(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = await fetched(site)
    ids = [first["snapshot_id"], *(another(site, monkeypatch) for _ in range(KEPT + 1))]
    superseded = site.clock.moment - EVERY * KEPT  # when the second one was made
    site.clock.moment = superseded + KEPT_FOR
    site.tenant.snapshots.refresh()
    assert names(site) == ids, "superseded exactly so long ago: kept"
    site.clock.forward(seconds=1)
    site.tenant.snapshots.refresh()
    assert names(site) == ids[1:]
    site.clock.forward(days=365)
    site.tenant.snapshots.refresh()
    assert names(site) == ids[-KEPT:]


@pytest.mark.asyncio
async def test_a_fill_begun_is_gone_on_with_as_long_as_its_snapshot_is_kept(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, parts = await fetched(site)
    newest = another(site, monkeypatch)

    async def told(begun: str) -> str:
        answer = await site.terminal.call("GET", f"/v1/snapshot?begun={begun}")
        return str(site.opened(answer)["snapshot_id"])

    assert await told(first["snapshot_id"]) == first["snapshot_id"]
    for name in parts:
        assert (await site.client.get(f"/v1/snapshot/chunks/{name}")).content == parts[name]
    for other in ("", "s00000099-20261120T050000Z-0000000000000000", "..%2fnext", "*"):
        assert await told(other) == newest


@pytest.mark.asyncio
async def test_how_long_they_stay_can_be_set(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await fetched(site)
    site.tenant.snapshots.kept_for = timedelta(0)
    for _ in range(KEPT + 2):
        another(site, monkeypatch)
    assert len(names(site)) == KEPT


@pytest.mark.asyncio
async def test_the_change_log_reaches_back_to_the_oldest_snapshot_kept(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = await fetched(site)
    for _ in range(KEPT):
        another(site, monkeypatch)
    oldest = site.tenant.snapshots.oldest()
    assert oldest == {feed: first[f"{feed}_version"] for feed in FEEDS}
    for feed in FEEDS:
        with site.tenant.register.reading() as connection:
            assert site.tenant.register.head(connection, feed).log_from <= oldest[feed]
        batch = site.opened(await site.terminal.call("GET", f"/v1/feeds/{feed}?after={oldest[feed]}"))
        assert batch["to"] == batch["head"]


@pytest.mark.asyncio
async def test_a_download_goes_on_when_its_snapshot_is_removed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, parts = await fetched(site)
    name = next(one["sha256"] for one in manifest["chunks"] if one["table"] == "resident")
    under_way = site.tenant.snapshots.open_chunk(name)
    assert under_way is not None
    with under_way:
        begun = under_way.read(10)
        for path in (site.tenant.folder / "snapshots").glob(f"s*/{name}"):
            path.unlink()
        assert site.tenant.snapshots.open_chunk(name) is None
        assert begun + under_way.read() == parts[name]


@pytest.mark.asyncio
async def test_a_register_put_back_from_its_backup_gets_a_snapshot_of_its_own(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fetched(site)
    ahead = another(site, monkeypatch)
    real = site.tenant.register
    with real.writing() as connection:
        connection.exec_driver_sql("UPDATE feed_head SET version = version - 1 WHERE feed = 'register'")
    assert site.tenant.snapshots.refresh()
    assert names(site)[-1] > ahead
    assert not site.tenant.snapshots.refresh()


@pytest.mark.asyncio
async def test_what_an_older_program_or_a_crash_left_is_removed_and_never_served(site: Site) -> None:
    folder = site.tenant.folder / "snapshots"
    content = b"rows in the clear"
    name = sha256(content).hexdigest()
    for left in ("s000000000001-000000000001", "next", "gone"):
        (folder / left).mkdir(parents=True)
        (folder / left / name).write_bytes(content)
    assert (await site.client.get(f"/v1/snapshot/chunks/{name}")).status_code == httpx.codes.NOT_FOUND
    assert site.tenant.snapshots.refresh()
    assert not list(folder.glob(f"*/{name}"))


@pytest.mark.asyncio
async def test_a_chunk_that_rotted_on_the_disk_is_written_anew_and_a_manifest_that_did_is_no_snapshot(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, parts = await fetched(site)
    folder = site.tenant.folder / "snapshots"
    name = next(one["sha256"] for one in old["chunks"] if one["table"] == "resident")
    (folder / old["snapshot_id"] / name).write_bytes(b"rotten")
    newest = another(site, monkeypatch)
    assert (folder / newest / name).read_bytes() == parts[name]
    (folder / newest / "manifest.sealed").write_bytes(bytes(40))
    assert site.tenant.snapshots.refresh()
    again, _ = await fetched(site)
    assert names(site) == [old["snapshot_id"], again["snapshot_id"]]


@pytest.mark.asyncio
async def test_while_the_first_one_is_made_a_caller_is_told_to_wait_and_readers_and_writers_go_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.snapshots._WAIT_S", 0.05)
    begun, go_on = threading.Event(), threading.Event()
    real = chunks.seal

    def held(secret: bytes, content: bytes) -> chunks.Sealed:
        begun.set()
        assert go_on.wait(20)
        return real(secret, content)

    monkeypatch.setattr(chunks, "seal", held)
    answer = await site.terminal.call("GET", "/v1/snapshot")
    assert (answer.status_code, answer.json()["code"]) == (httpx.codes.SERVICE_UNAVAILABLE, "link.busy")
    assert int(answer.headers["retry-after"]) > 0
    assert await asyncio.to_thread(begun.wait, 20)
    move(site, 1)  # the register is written while it is read for the snapshot
    batch = site.opened(await site.terminal.call("GET", "/v1/feeds/register?after=1"))
    assert batch["to"] == 2
    go_on.set()
    monkeypatch.setattr("cloud.snapshots._WAIT_S", 20)
    manifest, parts = await fetched(site)
    assert manifest["register_version"] == 1, "one state of the register, that of the beginning"
    assert len(parts) == len(manifest["chunks"])
    assert len(names(site)) == 1, "both callers were given the same"


@pytest.mark.asyncio
async def test_only_a_few_wait_for_the_first_one(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.snapshots._WAIT_S", 60)
    folder = site.tenant.folder / "snapshots"
    with alone_in(folder):  # another process is making it
        many = [
            asyncio.create_task(site.terminal.call("GET", f"/v1/snapshot?n={n}"))
            for n in range(snapshots._WAITING + 3)
        ]
        refused, waiting = await asyncio.wait(many, return_when=asyncio.FIRST_COMPLETED)
        assert {(await one).status_code for one in refused} == {httpx.codes.SERVICE_UNAVAILABLE}
        assert waiting
    statuses = [(await one).status_code for one in many]
    assert statuses.count(httpx.codes.OK) == snapshots._WAITING


@pytest.mark.asyncio
async def test_two_clouds_on_one_folder_make_one_snapshot_in_turn(site: Site) -> None:
    tenant = site.tenant
    folder = tenant.folder / "snapshots"
    pair = [Snapshots(tenant.register, tenant.keys, folder, tenant.now) for _ in range(2)]
    made = await asyncio.gather(*(asyncio.to_thread(one.refresh) for one in pair * 3))
    assert made.count(True) == 1
    assert len(names(site)) == 1


BUCKETS = st.lists(st.integers(0, 40).map(lambda n: 0 if n < 4 else n), max_size=80)


@given(buckets=BUCKETS, place=st.integers(0, 79))
def test_a_row_more_changes_few_chunks_and_none_is_too_large(buckets: list[int], place: int) -> None:
    rows: list[tuple[chunks.Cells, int]] = [((n,), bucket) for n, bucket in enumerate(buckets)]
    before = list(chunks.cut(rows, 4, 8))
    assert [row for part in before for row in part] == [row for row, _ in rows]
    assert all(len(part) <= 8 for part in before)
    assert all(len(part) >= 4 for part in before[:-1])
    more = [*rows[:place], (("new",), 7), *rows[place:]]
    after = list(chunks.cut(more, 4, 8))
    untouched = [part for part in before[:-1] if int(str(part[-1][0])) < place]
    assert after[: len(untouched)] == untouched, "what lies before a change stays as it was"


def test_behind_a_change_the_chunks_come_into_step_again(tmp_path: Path) -> None:
    rows = [((n,), 0 if n % 50 == 49 else 1) for n in range(1000)]
    before = list(chunks.cut(rows, 30, 80))
    after = list(chunks.cut([(("new",), 7), *rows], 30, 80))
    assert before[1:] == after[1:]

"""A snapshot's chunks are the register, row by row; chunks never change and come in parts."""

from hashlib import sha256
from typing import Any

import httpx
import msgspec
import pytest
import zstandard

from cloud.contract import FEEDS, tables, tables_of
from cloud.register import put
from tests.cloud.cloud_builders import TARO, Site

pytestmark = pytest.mark.asyncio


async def fetched(site: Site) -> tuple[dict[str, Any], dict[str, bytes]]:
    manifest = site.opened(await site.terminal.call("GET", "/v1/snapshot"))
    chunks = {}
    for chunk in manifest["chunks"]:
        answer = await site.terminal.call("GET", f"/v1/snapshot/chunks/{chunk['sha256']}")
        chunks[chunk["sha256"]] = answer.content
    return manifest, chunks


def rows_in(content: bytes) -> tuple[str, list[dict[str, Any]]]:
    chunk = msgspec.msgpack.decode(zstandard.decompress(content))
    return chunk["table"], [
        {column: value for column, value in zip(chunk["columns"], row, strict=True) if value is not None}
        for row in zip(*chunk["data"], strict=True)
    ]


async def test_the_chunks_hold_exactly_the_rows_of_both_feeds(site: Site) -> None:
    manifest, chunks = await fetched(site)
    got: dict[tuple[str, Any], dict[str, Any]] = {}
    for content in chunks.values():
        table, rows = rows_in(content)
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


async def test_chunks_are_what_the_manifest_says_and_in_their_series(site: Site) -> None:
    manifest, chunks = await fetched(site)
    for chunk in manifest["chunks"]:
        content = chunks[chunk["sha256"]]
        table, rows = rows_in(content)
        assert sha256(content).hexdigest() == chunk["sha256"]
        assert (table, len(rows), len(content)) == (chunk["table"], chunk["rows"], chunk["size"])
    series = {(chunk["series"], chunk["table"]) for chunk in manifest["chunks"]}
    assert {("history", "resident"), ("core", "resident"), ("seals", "official_seal")} <= series
    history = next(chunk for chunk in manifest["chunks"] if chunk["series"] == "history")
    (old,) = rows_in(chunks[history["sha256"]])[1]
    assert (old["atena_no"], old["history_no"]) == (TARO, 1)


async def test_a_chunk_can_be_fetched_in_parts_and_is_never_fetched_twice(site: Site) -> None:
    manifest, chunks = await fetched(site)
    name, whole = next(iter(chunks.items()))
    path = f"/v1/snapshot/chunks/{name}"
    part = await site.terminal.call("GET", path, range="bytes=10-")
    assert (part.status_code, part.content) == (httpx.codes.PARTIAL_CONTENT, whole[10:])
    assert "immutable" in part.headers["cache-control"]
    same = await site.terminal.call("GET", path, if_none_match=part.headers["etag"])
    assert (same.status_code, same.content) == (httpx.codes.NOT_MODIFIED, b"")
    assert manifest["snapshot_id"]


@pytest.mark.parametrize("name", ["0" * 64, "..%2f..%2fkeys%2ffeed.key", "manifest.msgpack"])
async def test_only_chunks_are_given_out(site: Site, name: str) -> None:
    await site.terminal.call("GET", "/v1/snapshot")
    assert (
        await site.terminal.call("GET", f"/v1/snapshot/chunks/{name}")
    ).status_code == httpx.codes.NOT_FOUND


async def test_a_new_snapshot_is_made_when_the_register_has_moved_far_and_the_old_chunks_stay(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, chunks = await fetched(site)
    tax = [put("juminzei", {"atena_no": TARO, "fiscal_year": 2026, "annual_tax": 1})]
    with site.tenant.register.writing() as connection:
        site.tenant.register.commit(connection, "register", tax)
    assert not site.tenant.snapshots.refresh()
    monkeypatch.setattr("cloud.snapshots.FAR", 1)
    assert site.tenant.snapshots.refresh()
    new, _ = await fetched(site)
    assert (old["register_version"], new["register_version"]) == (1, 2)
    for name in chunks:
        assert site.tenant.snapshots.chunk(name) is not None

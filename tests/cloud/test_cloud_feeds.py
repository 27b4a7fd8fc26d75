"""A replica that follows the feeds is equal to the register, and the sums prove it."""

import asyncio
from hashlib import blake2b
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud import digest
from cloud.contract import FEEDS, tables_of
from cloud.register import Change, Register, put, remove
from cloud.tenant import Tenant
from tests.cloud.cloud_builders import HANAKO, HOME, KIMI, TARO, Site, a_resident, feed_keys, open_envelope

Rows = dict[tuple[str, tuple[Any, ...]], dict[str, Any]]


def standing(register: Register, feed: str) -> Rows:
    with register.reading() as connection:
        return {
            (table.name, table.key_of(row)): row
            for table in tables_of(feed)
            for row in register.rows(connection, table.name)
        }


def proved(rows: Rows, digest_key: bytes) -> tuple[bytes, list[bytes], list[int]]:
    """Return root, mids and bucket sums of rows, straight from the words of the contract."""
    sums = [0] * 4096
    for (table, key), row in rows.items():
        plain = {
            name: blake2b(row[name], digest_size=32).digest() if isinstance(row[name], bytes) else row[name]
            for name in sorted(row)
        }
        named = msgspec.msgpack.encode([table, *key])
        bucket = int.from_bytes(blake2b(named, digest_size=16).digest(), "big") >> 116
        packed = msgspec.msgpack.encode([table, plain])
        sums[bucket] += int.from_bytes(blake2b(packed, digest_size=16, key=digest_key).digest(), "big")
    leaves = [(total % 2**128).to_bytes(16, "big") for total in sums]
    mids = [
        blake2b(b"".join(leaves[start : start + 64]), digest_size=16).digest() for start in range(0, 4096, 64)
    ]
    return blake2b(b"".join(mids), digest_size=16).digest(), mids, sums


def follow(tenant: Tenant, feed: str, rows: Rows, after: int, limit: int) -> tuple[int, bytes]:
    """Apply batches until the head is reached; returns version and root told."""
    while True:
        batch = open_envelope(tenant.feeds.batch(feed, after, limit), feed_keys(tenant))
        assert batch["after"] == after
        for table, key, row in batch["changes"]:
            if row is None:
                rows.pop((table, tuple(key)), None)
            else:
                rows[table, tuple(key)] = row
        after = batch["to"]
        if after == batch["head"]:
            return after, batch["root"]


def commit(register: Register, feed: str, changes: list[Change]) -> int:
    with register.writing() as connection:
        return register.commit(connection, feed, changes)


A_CHANGE = st.one_of(
    st.builds(
        lambda who, version, katagaki: put(
            "resident",
            a_resident(who, HOME, "渡邉󠄐　太郎", "ワタナベ", history_no=version, address_katagaki=katagaki),
        ),
        st.sampled_from([TARO, HANAKO, KIMI]),
        st.integers(1, 4),
        st.sampled_from(["泉荘101", "𠮷野ビル"]),
    ),
    st.builds(
        lambda year, tax: put("juminzei", {"atena_no": TARO, "fiscal_year": year, "annual_tax": tax}),
        st.integers(2024, 2026),
        st.integers(-(2**40), 2**40),
    ),
    st.builds(lambda year: remove("juminzei", (TARO, year)), st.integers(2024, 2026)),
    st.builds(
        lambda image: put("official_seal", {"seal_id": "s2", "image": image, "side_mm": 20}),
        st.binary(max_size=40),
    ),
)


@pytest.mark.asyncio
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=st.lists(st.lists(A_CHANGE, max_size=4), max_size=5), limit=st.integers(1, 6))
async def test_whoever_follows_the_feed_is_equal_and_the_sums_prove_it(
    site: Site, versions: list[list[Change]], limit: int
) -> None:
    tenant = site.tenant
    rows = standing(tenant.register, "register")
    with tenant.register.reading() as connection:
        after = tenant.register.head(connection, "register").version
    for changes in versions:
        commit(tenant.register, "register", changes)
    version, root = follow(tenant, "register", rows, after, limit)
    assert version == after + len(versions)
    assert rows == standing(tenant.register, "register")
    told = open_envelope(tenant.feeds.digest("register"), feed_keys(tenant))
    assert (told["root"], told["mids"]) == proved(rows, tenant.keys.digest)[:2]
    assert told["root"] == root or not versions


def test_changes_of_one_row_in_one_version_count_once(tmp_path: Any) -> None:
    from tests.cloud.cloud_builders import SetClock, a_tenant

    tenant = a_tenant(tmp_path / "cloud", SetClock())
    tax = [put("juminzei", {"atena_no": TARO, "fiscal_year": 2026, "annual_tax": yen}) for yen in (1, 2)]
    commit(tenant.register, "register", tax)
    root = proved(standing(tenant.register, "register"), tenant.keys.digest)[0]
    assert open_envelope(tenant.feeds.digest("register"), feed_keys(tenant))["root"] == root
    tenant.close()


@pytest.mark.asyncio
async def test_a_batch_never_splits_a_version(site: Site) -> None:
    big = [put("juminzei", {"atena_no": str(one), "fiscal_year": 2026}) for one in range(7)]
    for changes in ([big[0]], big, [big[1]], big[:3]):
        commit(site.tenant.register, "register", changes)
    ends = []
    after = 1
    while after < 5:
        answer = await site.terminal.call("GET", f"/v1/feeds/register?after={after}&limit=2")
        batch = site.opened(answer)
        ends.append((batch["to"], len(batch["changes"])))
        after = batch["to"]
    assert ends == [(2, 1), (3, 7), (4, 1), (5, 3)]


@pytest.mark.asyncio
async def test_a_batch_has_the_root_of_the_version_it_ends_with(site: Site) -> None:
    rows = standing(site.tenant.register, "register")
    for year in (2024, 2025, 2026):
        commit(site.tenant.register, "register", [put("juminzei", {"atena_no": TARO, "fiscal_year": year})])
    batch = site.opened(await site.terminal.call("GET", "/v1/feeds/register?after=1&limit=1"))
    for table, key, row in batch["changes"]:
        rows[table, tuple(key)] = row
    assert (batch["to"], batch["head"]) == (2, 4)
    assert batch["root"] == proved(rows, site.tenant.keys.digest)[0]


@pytest.mark.asyncio
async def test_repair_rows_sum_to_the_bucket_digest_they_were_asked_for(site: Site) -> None:
    for feed in FEEDS:
        _, mids, sums = proved(standing(site.tenant.register, feed), site.tenant.keys.digest)
        told = site.opened(await site.terminal.call("GET", f"/v1/feeds/{feed}/digest"))
        assert told["mids"] == mids
        full = [bucket for bucket, total in enumerate(sums) if total]
        asked = {"mids": sorted({bucket // 64 for bucket in full})}
        below = site.opened(await site.terminal.call("POST", f"/v1/feeds/{feed}/buckets", asked))["buckets"]
        assert {index: int.from_bytes(own, "big") for index, own in below if any(own)} == {
            bucket: sums[bucket] % 2**128 for bucket in full
        }
        for bucket in full[:5]:
            body = {"buckets": [bucket]}
            sent = site.opened(await site.terminal.call("POST", f"/v1/feeds/{feed}/rows", body))
            rows = {(table, tuple(key)): row for table, key, row in sent["changes"]}
            assert proved(rows, site.tenant.keys.digest)[2][bucket] == sums[bucket]


@pytest.mark.asyncio
async def test_an_empty_bucket_is_sixteen_zero_bytes_and_has_no_rows(site: Site) -> None:
    sums = proved(standing(site.tenant.register, "blocks"), site.tenant.keys.digest)[2]
    empty = sums.index(0)
    below = site.opened(await site.terminal.call("POST", "/v1/feeds/blocks/buckets", {"mids": [empty // 64]}))
    assert dict(below["buckets"])[empty] == bytes(16)
    sent = site.opened(await site.terminal.call("POST", "/v1/feeds/blocks/rows", {"buckets": [empty]}))
    assert sent["changes"] == []


@pytest.mark.asyncio
async def test_a_replica_before_the_log_or_ahead_of_the_cloud_is_told_so(site: Site) -> None:
    old = await site.terminal.call("GET", "/v1/feeds/register?after=0")
    assert (old.status_code, old.json()["code"]) == (410, "feed.too_old")
    ahead = await site.terminal.call("GET", "/v1/feeds/register?after=2")
    assert (ahead.status_code, ahead.json()["code"], ahead.json()["head"]) == (409, "feed.ahead", 1)


@pytest.mark.asyncio
async def test_nothing_new_is_a_small_answer_that_says_so(site: Site) -> None:
    answer = await site.terminal.call("GET", "/v1/feeds/blocks?after=1")
    batch = site.opened(answer)
    assert (batch["after"], batch["to"], batch["head"], batch["changes"]) == (1, 1, 1, [])
    assert batch["root"] == proved(standing(site.tenant.register, "blocks"), site.tenant.keys.digest)[0]
    assert len(answer.content) < 400


@pytest.mark.asyncio
async def test_a_changed_envelope_does_not_verify(site: Site) -> None:
    content = (await site.terminal.call("GET", "/v1/feeds/blocks?after=1")).content
    envelope = msgspec.msgpack.decode(content)
    envelope["body"] = envelope["body"][:-1] + bytes([envelope["body"][-1] ^ 1])
    with pytest.raises(InvalidSignature):
        open_envelope(msgspec.msgpack.encode(envelope), feed_keys(site.tenant))


@pytest.mark.asyncio
async def test_an_unknown_feed_or_bucket_is_a_problem(site: Site) -> None:
    assert (await site.terminal.call("GET", "/v1/feeds/gossip?after=1")).status_code == 404
    for path, body in (("buckets", {"mids": [64]}), ("rows", {"buckets": [4096]})):
        answer = await site.terminal.call("POST", f"/v1/feeds/blocks/{path}", body)
        assert answer.json()["code"] == "request.malformed"


@pytest.mark.asyncio
async def test_readers_see_whole_versions_while_writers_work(site: Site) -> None:
    register = site.tenant.register

    def write() -> None:
        for yen in range(15):
            pair = [
                put("juminzei", {"atena_no": one, "fiscal_year": 2030, "annual_tax": yen})
                for one in (TARO, HANAKO)
            ]
            commit(register, "register", pair)

    def read() -> None:
        for _ in range(25):
            with register.reading() as connection:
                rows = register.rows(connection, "juminzei")
                taxes = {row["annual_tax"] for row in rows if row["fiscal_year"] == 2030}
                version = register.head(connection, "register").version
            assert len(taxes) <= 1
            assert taxes in (set(), {version - 2})

    await asyncio.gather(asyncio.to_thread(write), asyncio.to_thread(read), asyncio.to_thread(read))


def test_what_is_not_of_the_contract_cannot_be_written() -> None:
    for wrong in (
        {"atena_no": TARO},
        {"atena_no": TARO, "fiscal_year": "2026"},
        {"atena_no": TARO, "fiscal_year": 2026, "annual_tax": None},
        {"atena_no": TARO, "fiscal_year": 2026, "annual_tax": True},
        {"atena_no": TARO, "fiscal_year": 2026, "my_number": "1"},
    ):
        with pytest.raises(ValueError, match="juminzei"):
            put("juminzei", wrong)


def test_sums_wrap_around_and_come_back() -> None:
    there = digest.add(bytes(16), 2**128 - 1)
    assert digest.add(there, -(2**128 - 1)) == bytes(16)
    assert digest.add(there, 1) == bytes(16)

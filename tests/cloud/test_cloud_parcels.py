"""Parcels: whoever follows them is equal to the register, whoever carries them reads nothing."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud import storage
from cloud.register import Change, put
from cloud.tenant import Tenant
from tests.cloud.cloud_builders import HANAKO, TARO, SetClock, Site, a_tenant, opened_chunk
from tests.cloud.parcel_reader import open_parcel
from tests.cloud.test_cloud_feeds import A_CHANGE, Rows, commit, proved, standing

KATAGAKI = "address_katagaki"


def follow(tenant: Tenant, feed: str, rows: Rows, after: int, limit: int) -> tuple[int, bytes]:
    """Apply parcels until the head is reached; a base is a row as it was before its parcel."""
    while True:
        (wire,) = msgspec.msgpack.decode(tenant.feeds.parcels({feed: after}, limit))
        told = open_parcel(wire, tenant)
        assert (told["feed"], told["after"]) == (feed, after)
        before = dict(rows)
        for table, key, *more in told["inside"] or ():
            if not more:
                rows.pop((table, tuple(key)), None)
                continue
            base = before[table, tuple(more[1])] if len(more) > 1 else {}
            made = {
                name: "".join(f"{first}{base[of]}" for first, of in recipe if of in base)
                for name, recipe in (more[2] if len(more) > 1 else {}).items()
            }
            row = {**base, **more[0], **made}
            rows[table, tuple(key)] = {name: value for name, value in row.items() if value is not None}
        after = told["to"]
        if after == told["head"]:
            return after, told["root"]


@pytest.mark.asyncio
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=st.lists(st.lists(A_CHANGE, max_size=4), max_size=6), limit=st.integers(1, 6))
async def test_whoever_follows_by_parcels_is_equal_and_the_sums_prove_it(
    site: Site, versions: list[list[Change]], limit: int
) -> None:
    tenant = site.tenant
    rows = standing(tenant.register, "register")
    after = tenant.feeds.heads()["register"]
    for changes in versions:
        commit(tenant.register, "register", changes)
    version, root = follow(tenant, "register", rows, after, limit)
    assert version == after + len(versions)
    assert rows == standing(tenant.register, "register")
    assert root == proved(rows, tenant.keys.digest)[0]


@pytest.fixture
def tenant(tmp_path: Path) -> Any:
    tenant = a_tenant(tmp_path / "cloud", SetClock())
    yield tenant
    tenant.close()


def present(tenant: Tenant, who: str) -> dict[str, Any]:
    with tenant.register.reading() as connection:
        rows = tenant.register.rows(connection, "resident", storage.rows["resident"].c.atena_no == who)
    return max(rows, key=lambda row: int(str(row["history_no"])))


def changes_since(tenant: Tenant, after: int) -> list[list[Any]]:
    (wire,) = msgspec.msgpack.decode(tenant.feeds.parcels({"register": after}, 1000))
    inside: list[list[Any]] = open_parcel(wire, tenant)["inside"]
    return inside


def test_a_new_version_of_a_record_is_told_by_what_is_new_in_it(tenant: Tenant) -> None:
    row, after = present(tenant, TARO), tenant.feeds.heads()["register"]
    number = row["history_no"]
    commit(
        tenant.register, "register", [put("resident", {**row, "history_no": number + 1, KATAGAKI: "泉荘101"})]
    )
    assert changes_since(tenant, after) == [
        ["resident", [TARO, number + 1], {KATAGAKI: "泉荘101", "history_no": number + 1}, [TARO, number], {}]
    ]


def test_where_somebody_lived_before_is_told_by_the_columns_it_is_made_of(tenant: Tenant) -> None:
    row, after = present(tenant, TARO), tenant.feeds.heads()["register"]
    before = (
        row["address_town"]
        + row["address_banchi"]
        + "".join(f"　{one}" for one in [row.get(KATAGAKI)] if one)
    )
    moved = {**row, "history_no": row["history_no"] + 1, "before_move": before, KATAGAKI: "泉荘101"}
    commit(tenant.register, "register", [put("resident", moved)])
    ((_, _, told, _, made),) = changes_since(tenant, after)
    assert "before_move" not in told
    assert made == {"before_move": [["", "address_town"], ["", "address_banchi"], ["　", KATAGAKI]]}
    assert before.encode() not in tenant.feeds.parcels({"register": after}, 10)
    rows = {("resident", (TARO, row["history_no"])): row}
    follow(tenant, "register", rows, after, 10)
    assert rows["resident", (TARO, moved["history_no"])] == moved


def test_a_row_touched_twice_is_told_by_what_differs_from_what_the_terminal_has(tenant: Tenant) -> None:
    row, after = present(tenant, HANAKO), tenant.feeds.heads()["register"]
    key = [HANAKO, row["history_no"]]
    for katagaki in ("泉荘101", "泉荘102"):
        commit(tenant.register, "register", [put("resident", {**row, KATAGAKI: katagaki})])
    assert changes_since(tenant, after) == [["resident", key, {KATAGAKI: "泉荘102"}, key, {}]]
    assert changes_since(tenant, after + 1) == [["resident", key, {KATAGAKI: "泉荘102"}, key, {}]]
    commit(tenant.register, "register", [put("resident", row)])
    assert changes_since(tenant, after + 2) == [["resident", key, {KATAGAKI: row.get(KATAGAKI)}, key, {}]]


def test_a_line_of_the_log_written_by_an_older_program_brings_its_row_whole(tenant: Tenant) -> None:
    row, after = present(tenant, HANAKO), tenant.feeds.heads()["register"]
    commit(tenant.register, "register", [put("resident", {**row, KATAGAKI: "泉荘101"})])
    with tenant.engine.begin() as connection:
        connection.execute(sa.update(storage.change_log).values(before=None))
    assert changes_since(tenant, after) == [
        ["resident", [HANAKO, row["history_no"]], {**row, KATAGAKI: "泉荘101"}]
    ]


def test_a_parcel_tells_nobody_who_is_in_it(tenant: Tenant) -> None:
    row, after = present(tenant, TARO), tenant.feeds.heads()["register"]
    commit(tenant.register, "register", [put("resident", {**row, KATAGAKI: "隠れ家101"})])
    content = tenant.feeds.parcels({"register": after}, 10)
    for word in ("隠れ家101", TARO, str(row["full_name"])):
        assert word.encode() not in content


def test_a_feed_that_cannot_be_gone_on_from_says_why_and_the_other_comes(tenant: Tenant) -> None:
    head = tenant.feeds.heads()
    ahead, register = msgspec.msgpack.decode(
        tenant.feeds.parcels({"register": head["register"], "blocks": head["blocks"] + 1}, 10)
    )
    assert ahead == {"feed": "blocks", "code": "feed.ahead", "head": head["blocks"]}
    assert open_parcel(register, tenant)["inside"] is None
    with tenant.engine.begin() as connection:
        connection.execute(sa.update(storage.feed_head).values(log_from=head["blocks"]))
    (old,) = msgspec.msgpack.decode(tenant.feeds.parcels({"blocks": 0}, 10))
    assert old == {"feed": "blocks", "code": "feed.too_old", "log_from": head["blocks"]}


@pytest.mark.asyncio
async def test_an_answer_is_held_back_until_there_is_news(site: Site) -> None:
    heads = site.tenant.feeds.heads()
    where = "&".join(f"{feed}={version}" for feed, version in heads.items())
    waiting = asyncio.create_task(site.terminal.call("GET", f"/v1/feeds?{where}&wait=50"))
    done, _ = await asyncio.wait({waiting}, timeout=1.2)
    assert not done, "nothing is new"
    row = present(site.tenant, TARO)
    await asyncio.to_thread(
        commit, site.tenant.register, "register", [put("resident", {**row, KATAGAKI: "泉荘101"})]
    )
    answer = await asyncio.wait_for(waiting, 10)
    blocks, register = (open_parcel(one, site.tenant) for one in msgspec.msgpack.decode(answer.content))
    assert (blocks["inside"], register["to"]) == (None, heads["register"] + 1)
    assert register["inside"]


@pytest.mark.asyncio
async def test_without_news_the_word_that_there_is_none_comes_in_the_end(site: Site) -> None:
    heads = site.tenant.feeds.heads()
    answer = await site.terminal.call("GET", f"/v1/feeds?blocks={heads['blocks']}&wait=1")
    (blocks,) = (open_parcel(one, site.tenant) for one in msgspec.msgpack.decode(answer.content))
    assert (blocks["to"], blocks["head"], blocks["inside"]) == (heads["blocks"], heads["blocks"], None)


@pytest.mark.asyncio
async def test_a_wait_without_end_is_refused_and_who_asks_nothing_is_told_nothing(site: Site) -> None:
    assert msgspec.msgpack.decode((await site.terminal.call("GET", "/v1/feeds?wait=50")).content) == []
    for where in ("?blocks=-1", "?blocks=x", "?blocks=0&wait=56", "?blocks=0&limit=0"):
        answer = await site.terminal.call("GET", f"/v1/feeds{where}")
        assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, where


@pytest.mark.asyncio
async def test_a_snapshot_in_a_parcel_names_its_chunks_and_hides_their_keys(site: Site) -> None:
    answer = await site.terminal.call("GET", "/v1/snapshot/parcel")
    told = open_parcel(msgspec.msgpack.decode(answer.content), site.tenant)
    chunks = told["inside"]["chunks"]
    assert [[bytes.fromhex(one["sha256"]), one["size"]] for one in chunks] == told["chunks"]
    for one in chunks:
        assert one["key"] not in answer.content
        fetched = await site.client.get(f"/v1/snapshot/chunks/{one['sha256']}")
        assert opened_chunk(fetched.content, one["key"])[0] == one["table"]
    assert told["register_version"] == site.tenant.feeds.heads()["register"]

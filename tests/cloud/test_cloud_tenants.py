"""Two towns in one cloud and one database: whatever one of them holds, the other neither sees nor changes."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from cloud import storage
from cloud.app import create_app
from cloud.tenant import Tenant
from cloud.tenants import Tenants
from tests.cloud.cloud_builders import (
    CODE,
    HANAKO,
    TARO,
    Row,
    SetClock,
    Terminal,
    feed_keys,
    open_envelope,
    staff,
    tiny_town,
)
from tests.cloud.contract_reader import judge

pytestmark = pytest.mark.asyncio
NEIGHBOUR = "990019"


def neighbour() -> Iterator[tuple[str, Row]]:
    """The same numbers as in the first town, for other people."""
    for table, row in tiny_town():
        if table == "town":
            yield table, row | {"code": NEIGHBOUR, "name": "となり市"}
        elif table == "resident":
            yield table, row | {"full_name": "隣　人", "furigana": "トナリ　ヒト", "address_town": "となり市"}
        elif table == "fee_rule":
            yield table, row | {"yen": 999}
        else:
            yield table, row


@dataclass
class Town:
    tenant: Tenant
    terminal: Terminal

    async def office(self, method: str, path: str, token: str, body: object = None) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"}
        return await self.terminal.client.request(method, f"/office/v1{path}", json=body, headers=headers)


@dataclass
class Cloud:
    towns: Tenants
    ours: Town
    theirs: Town
    bare: httpx.AsyncClient


@pytest_asyncio.fixture
async def cloud(tmp_path: Path, database: str | None) -> AsyncIterator[Cloud]:
    clock = SetClock()
    towns = Tenants(tmp_path, database, clock)
    opened = [
        towns.open(CODE, town=tiny_town, staff=staff()),
        towns.open(NEIGHBOUR, town=neighbour, staff=staff()),
    ]
    transport = httpx.ASGITransport(create_app(towns, training=True))

    def client(path: str = "") -> httpx.AsyncClient:
        hooks: Any = {"response": [judge]}
        return httpx.AsyncClient(transport=transport, base_url=f"https://cloud.test{path}", event_hooks=hooks)

    each = []
    for tenant in opened:
        terminal = Terminal(client(f"/{tenant.municipality}"), clock)
        assert (await terminal.enrol(tenant.terminals.new_token())).status_code == httpx.codes.CREATED
        each.append(Town(tenant, terminal))
    made = Cloud(towns, each[0], each[1], client())
    yield made
    for one in (made.bare, each[0].terminal.client, each[1].terminal.client):
        await one.aclose()
    towns.close()


def code(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


async def test_both_serve_their_own_under_the_same_numbers(cloud: Cloud) -> None:
    assert cloud.ours.terminal.number == cloud.theirs.terminal.number
    for town, name, yen in ((cloud.ours, "渡邉󠄐　太郎", 300), (cloud.theirs, "隣　人", 999)):
        await town.terminal.sign_in()
        rows = (await town.terminal.call("GET", f"/v1/residents/{TARO}/household")).json()["rows"]
        assert rows[0]["full_name"] == name
        words = "/v1/forms/juminhyo_copy?scope=household&on=2026-11-20"
        assert (await town.terminal.call("GET", words)).json()["fee_yen"] == yen


async def test_a_call_that_names_no_town_is_told_so_where_there_are_several(cloud: Cloud) -> None:
    cloud.ours.terminal.client = cloud.bare
    answer = await cloud.ours.terminal.call("GET", "/v1/orders")
    assert (answer.status_code, code(answer)) == (httpx.codes.NOT_FOUND, "request.unknown_town")
    assert (await cloud.bare.get("/v1/clock")).status_code == httpx.codes.OK
    assert (await cloud.bare.get("/v1/health")).status_code == httpx.codes.OK


@pytest.mark.parametrize("town", ["990027", "000000", "../etc", "99001", "9900190", "９９００１９"])
async def test_a_town_that_is_not_here_is_no_way_in(cloud: Cloud, town: str) -> None:
    answer = await cloud.bare.get(f"/{town}/v1/orders")
    assert answer.status_code == httpx.codes.NOT_FOUND


async def test_a_proof_for_one_town_is_none_for_the_other(cloud: Cloud) -> None:
    ours, theirs = cloud.ours.terminal, cloud.theirs.terminal
    signed = ours.headers("GET", "/v1/orders", b"")
    replayed = await theirs.client.get("/v1/orders", headers=signed)
    assert (replayed.status_code, code(replayed)) == (httpx.codes.UNAUTHORIZED, "terminal.wrong_proof")
    assert (await ours.client.get("/v1/orders", headers=signed)).status_code == httpx.codes.OK
    stranger = Terminal(theirs.client, ours.now, ours.key, ours.number)  # signs for the other town's address
    assert code(await stranger.call("GET", "/v1/orders")) == "terminal.wrong_proof"


async def test_a_session_of_one_town_is_none_in_the_other(cloud: Cloud) -> None:
    await cloud.ours.terminal.sign_in()
    cloud.theirs.terminal.token = cloud.ours.terminal.token
    answer = await cloud.theirs.terminal.call("GET", f"/v1/residents/{TARO}/household")
    assert (answer.status_code, code(answer)) == (httpx.codes.UNAUTHORIZED, "sign_in.expired")


async def test_an_enrolment_token_of_one_town_takes_in_no_terminal_of_the_other(cloud: Cloud) -> None:
    new = Terminal(cloud.theirs.terminal.client, cloud.ours.terminal.now)
    answer = await new.enrol(cloud.ours.tenant.terminals.new_token())
    assert (answer.status_code, code(answer)) == (httpx.codes.FORBIDDEN, "refused.enrolment")


async def test_the_office_of_one_town_is_none_of_the_other(cloud: Cloud) -> None:
    (sent,) = await cloud.theirs.terminal.send(cloud.theirs.terminal.tenkyo())
    ours = cloud.ours.tenant.keys.office_token
    for method, path, body in (
        ("GET", "/intakes", None),
        ("POST", f"/intakes/{sent['key']}/decision", {"decision": "return", "decided_by": "o"}),
        ("POST", f"/terminals/{cloud.theirs.terminal.number}/revocation", None),
    ):
        assert code(await cloud.theirs.office(method, path, ours, body)) == "office.unknown"
    decided = {"decision": "return", "decided_by": "o"}
    at_home = await cloud.ours.office("POST", f"/intakes/{sent['key']}/decision", ours, decided)
    assert at_home.status_code == httpx.codes.NOT_FOUND
    assert (await cloud.ours.office("GET", "/intakes", ours)).json()["intakes"] == []


async def test_a_command_of_one_town_is_not_known_in_the_other_and_may_have_its_key(cloud: Cloud) -> None:
    ours, theirs = cloud.ours.terminal, cloud.theirs.terminal
    (first,) = await ours.send(ours.issued(1))
    asked = await theirs.call("GET", f"/v1/commands/{first['key']}")
    assert asked.status_code == httpx.codes.NOT_FOUND
    (second,) = await theirs.send(theirs.issued(1, key=first["key"]))
    assert second["outcome"] == "accepted"


async def test_what_is_sealed_to_one_town_does_not_open_in_the_other(cloud: Cloud) -> None:
    ours, theirs = cloud.ours.terminal, cloud.theirs.terminal
    theirs.command_key, theirs.command_key_id = ours.command_key, ours.command_key_id
    (answer,) = await theirs.send(theirs.tenkyo())
    assert answer["outcome"] == "refused"


async def test_feeds_digests_and_snapshots_are_a_towns_own(cloud: Cloud) -> None:
    ours, theirs = cloud.ours, cloud.theirs
    (sent,) = await theirs.terminal.send(theirs.terminal.tenkyo({"subject": HANAKO}))
    assert sent["outcome"] == "accepted"
    batch = open_envelope(
        (await ours.terminal.call("GET", "/v1/feeds/register?after=1")).content, feed_keys(ours.tenant)
    )
    assert (batch["head"], batch["changes"]) == (1, [])
    foreign = await theirs.terminal.call("GET", "/v1/feeds/register?after=1")
    with pytest.raises(KeyError):  # signed by a key the other town's terminals were never given
        open_envelope(foreign.content, feed_keys(ours.tenant))
    manifest = open_envelope(
        (await theirs.terminal.call("GET", "/v1/snapshot")).content, feed_keys(theirs.tenant)
    )
    for chunk in manifest["chunks"]:
        answer = await ours.terminal.call("GET", f"/v1/snapshot/chunks/{chunk['sha256']}")
        assert answer.status_code == httpx.codes.NOT_FOUND


async def test_a_revoked_terminal_of_one_town_is_not_the_one_of_the_same_number_in_the_other(
    cloud: Cloud,
) -> None:
    cloud.ours.tenant.terminals.revoke(cloud.ours.terminal.number)
    assert (await cloud.theirs.terminal.call("GET", "/v1/orders")).status_code == httpx.codes.OK


async def test_each_town_has_keys_of_its_own_and_another_digest_of_the_same_rows(cloud: Cloud) -> None:
    ours, theirs = cloud.ours.tenant.keys, cloud.theirs.tenant.keys
    assert {key.key_id for key in ours.feed}.isdisjoint(key.key_id for key in theirs.feed)
    assert {key.key_id for key in ours.command}.isdisjoint(key.key_id for key in theirs.command)
    assert (ours.digest, ours.office_token) != (theirs.digest, theirs.office_token)
    assert cloud.ours.tenant.authority.pem != cloud.theirs.tenant.authority.pem


async def test_towns_are_opened_again_from_the_database_and_known_by_their_code(cloud: Cloud) -> None:
    again = Tenants(cloud.towns.folder, cloud.towns.engine.url.render_as_string(hide_password=False))
    again.open_all()
    assert [tenant.municipality for tenant in again] == [CODE, NEIGHBOUR]
    assert again.sole() is None
    again.close()


async def test_every_table_is_kept_by_town(cloud: Cloud) -> None:
    assert cloud.towns.codes() == [CODE, NEIGHBOUR]
    for table in storage.metadata.tables.values():
        assert next(iter(table.primary_key.columns)).name == "municipality", table.name

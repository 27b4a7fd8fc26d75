"""The town changes its keys: what is old still opens, what is new uses the new ones, what is foreign is not read."""

from base64 import b64decode
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest

from cloud import storage
from cloud.app import create_app
from cloud.keys import add_keys, open_keys
from tests.cloud.cloud_builders import START, Site, Terminal, a_tenant, open_envelope
from tests.cloud.test_cloud_authors import lines, reasons

pytestmark = pytest.mark.asyncio
FEED = "/v1/feeds/register/digest"


def opened_anew(site: Site) -> Site:
    """The same cloud after a restart, at its clock's time."""
    tenant = a_tenant(site.tenant.folder, site.clock, site.url)
    app = create_app(tenant, training=True)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://cloud.test")
    site.terminal.client = client
    return Site(tenant, app, site.clock, client, site.terminal, site.url)


async def test_both_keys_change_and_nothing_sealed_or_signed_is_lost(site: Site) -> None:
    old_feed, old_command = site.tenant.keys.feed[0], site.tenant.keys.command[0]
    written_before = site.terminal.issued(1)
    add_keys(site.tenant.folder / "keys", START + timedelta(days=1))
    site = opened_anew(site)

    # told of ahead of time, and not used before it
    told = (await Terminal(site.client, site.clock).enrol(site.tenant.terminals.new_token())).json()
    feed_keys = {one["id"]: b64decode(one["key"]) for one in told["feed_keys"]}
    assert [one["from"] for one in told["command_keys"]] == ["2026-11-20T05:00:00Z", "2026-11-21T05:00:00Z"]
    assert told["command_keys"][0]["id"] == old_command.key_id
    assert (await signed_by(site, feed_keys)) == old_feed.key_id

    site.clock.forward(days=1)
    new_feed = site.tenant.keys.feed[1]
    assert (await signed_by(site, feed_keys)) == new_feed.key_id != old_feed.key_id
    manifest = await site.terminal.call("GET", "/v1/snapshot")
    assert msgspec.msgpack.decode(manifest.content)["key_id"] == new_feed.key_id

    (answer,) = await site.terminal.send(written_before)  # sealed to the key of the day before
    assert answer["outcome"] == "accepted"
    site.terminal.use_key(told["command_keys"][1])
    (answer,) = await site.terminal.send(site.terminal.issued(2))
    assert answer["outcome"] == "accepted"
    assert [line.serial for line in lines(site, storage.issue_book)] == [1, 2]
    assert not lines(site, storage.quarantine)
    await site.client.aclose()
    site.tenant.close()


async def signed_by(site: Site, feed_keys: dict[str, bytes]) -> str:
    answer = await site.terminal.call("GET", FEED)
    assert open_envelope(answer.content, feed_keys)["feed"] == "register"
    return str(msgspec.msgpack.decode(answer.content)["key_id"])


async def test_an_envelope_under_a_key_of_nobodys_is_not_read(site: Site) -> None:
    site.terminal.command_key_id = "00" * 8
    noted, refused = await site.terminal.send(site.terminal.issued(1), site.terminal.tenkyo())
    assert noted["outcome"] == "accepted"
    assert (refused["outcome"], refused["reason"]) == ("refused", "unknown_key")
    assert reasons(site) == ["unknown_key", "unknown_key"]


async def test_an_envelope_under_another_of_our_keys_does_not_open(site: Site) -> None:
    """The key's id is bound into the seal: it cannot be exchanged for the id of another key."""
    add_keys(site.tenant.folder / "keys", START + timedelta(days=1))
    site = opened_anew(site)
    site.terminal.command_key_id = site.tenant.keys.command[1].key_id
    (refused,) = await site.terminal.send(site.terminal.tenkyo())
    assert refused["reason"] == "unreadable"
    await site.client.aclose()
    site.tenant.close()


async def test_keys_are_made_once_and_never_overwritten(tmp_path: Path) -> None:
    first = open_keys(tmp_path, START)
    assert open_keys(tmp_path, START + timedelta(days=9)).feed[0].public == first.feed[0].public
    with pytest.raises(FileExistsError):
        add_keys(tmp_path, START)
    add_keys(tmp_path, START + timedelta(days=1))
    again = open_keys(tmp_path, START)
    assert [key.since for key in again.command] == [START, START + timedelta(days=1)]
    assert again.feed_at(START - timedelta(days=1)) == again.feed[0]  # a clock set back signs all the same
    assert again.feed_at(START + timedelta(days=1)) == again.feed[1]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}

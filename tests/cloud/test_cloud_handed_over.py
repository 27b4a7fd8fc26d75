"""What a terminal hands over before it forgets it: a no is no end, for nobody is left to write it anew."""

import pytest

from cloud import storage
from tests.cloud.cloud_builders import TARO, Site
from tests.cloud.test_cloud_authors import lines

pytestmark = pytest.mark.asyncio


async def test_what_was_answered_with_no_is_put_aside_once_for_a_person(site: Site) -> None:
    refused = site.terminal.tenkyo({"ido_date": "2099-01-01"})
    accepted, fact = site.terminal.tenkyo(), site.terminal.issued(1)
    (first,) = await site.terminal.send(refused)
    assert first["outcome"] == "refused"
    assert lines(site, storage.quarantine) == [], "its own terminal can still write it anew"
    body = {"commands": [refused, accepted, fact], "handing_over": True}
    for _ in range(2):
        answer = await site.terminal.call("POST", "/v1/commands", body)
        assert answer.status_code == 200
    (kept,) = lines(site, storage.quarantine)
    assert (kept.command_key, kept.reason) == (refused["key"], "handed_over")
    assert [line.serial for line in lines(site, storage.issue_book)] == [1]


async def test_a_conflict_of_a_terminal_revoked_later_is_not_lost_with_it(site: Site) -> None:
    conflict = site.terminal.tenkyo(base={TARO: 1})
    (first,) = await site.terminal.send(conflict)
    assert first["outcome"] == "conflict"
    await site.office("POST", f"/terminals/{site.terminal.number}/revocation")
    answer = await site.terminal.call("POST", "/v1/commands", {"commands": [conflict], "handing_over": True})
    (told,) = answer.json()["answers"]
    assert (told["outcome"], told["first"]) == ("already", "conflict")
    (kept,) = lines(site, storage.quarantine)
    assert (kept.command_key, kept.reason) == (conflict["key"], "handed_over")

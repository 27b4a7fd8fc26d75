"""What the cloud will hold at most, and the keys it remembers answers by."""

import json
from uuid import uuid4

import pytest

from cloud import storage
from cloud.routes.commands import MOST_SEALED
from tests.cloud.cloud_builders import TARO, Row, Site
from tests.cloud.test_cloud_commands import lines

pytestmark = pytest.mark.asyncio


def padded(site: Site, size: int) -> Row:
    """Make an issue whose envelope has a size: HPKE and msgpack add a fixed number of bytes."""
    payload = {
        "serial": f"{site.terminal.number}-000001",
        "kind": "juminhyo_copy",
        "day": "2026-11-20",
        "subject": TARO,
        "pages": 1,
        "fee_yen": 0,
    }
    from base64 import b64decode

    bare = site.terminal.command("fact.issued", payload | {"padding": b"x" * 100_000})
    beside = len(b64decode(str(bare["sealed"]))) - 100_000
    return site.terminal.command("fact.issued", payload | {"padding": b"x" * (size - beside)})


async def test_an_envelope_of_a_million_bytes_is_heard_and_a_larger_one_is_put_aside(site: Site) -> None:
    (heard,) = await site.terminal.send(padded(site, MOST_SEALED))
    assert heard["outcome"] == "accepted"
    assert len(lines(site, storage.issue_book)) == 1
    (kept,) = await site.terminal.send(padded(site, MOST_SEALED + 1))
    assert kept["outcome"] == "accepted"
    assert [line.reason for line in lines(site, storage.quarantine)] == ["malformed"]


async def test_a_request_too_large_is_refused(site: Site) -> None:
    payload = site.terminal.tenkyo_payload() | {"filer": "x" * MOST_SEALED}
    request = site.terminal.command("todoke.tenkyo", payload, residents=[TARO], base={TARO: 2})
    (answer,) = await site.terminal.send(request)
    assert (answer["outcome"], answer["code"]) == ("refused", "refused.input")


async def test_a_key_that_is_no_uuid_of_version_7_is_no_key(site: Site) -> None:
    for key in (
        str(uuid4()),
        "019A9F6E-5B1C-1C3A-9C55-0A4B5A1F7D21",
        "7",
        "{019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d21}",
    ):
        request, fact = site.terminal.tenkyo(key=key), site.terminal.issued(1, key=key)
        (refused,) = await site.terminal.send(request)
        assert (refused["code"], refused["reason"]) == ("refused.by_cloud", "bad_key")
        (noted,) = await site.terminal.send(fact)
        assert (noted["outcome"], noted["quarantined"], noted["remembered"]) == ("accepted", True, False)
    assert lines(site, storage.intake_case) == []
    assert {line.reason for line in lines(site, storage.quarantine)} == {"bad_key", "key_taken"}


async def test_facts_of_a_day_are_kept_as_they_were_told(site: Site) -> None:
    serial = f"{site.terminal.number}-000001"
    close: Row = {
        "day": "2026-11-20",
        "lines": [{"certificate": "juminhyo_copy", "copies": 1, "yen": 300, "offline": 1}],
        "cash_expected": 300,
        "cash_counted": 290,
        "difference_reason": "釣銭の誤り",
        "closed_by": "s002",
    }
    release: Row = {
        "residents": [TARO],
        "process": "issue",
        "officer": "s002",
        "second": "s001",
        "reason": "本人と確認",
        "until": "2026-11-20T06:00:00Z",
    }
    end = {"serial": serial, "reason": "記載の誤り"}
    sent = [
        site.terminal.command("fact.void", end),
        site.terminal.command("fact.handed_over", {"serial": serial}),
        site.terminal.issued(1),
        site.terminal.command("fact.day_close", close),
        site.terminal.command("fact.day_close", close | {"cash_counted": 300}),
        site.terminal.command("fact.release", release),
        site.terminal.command("fact.release", release | {"second": "s002"}),
    ]
    assert {answer["outcome"] for answer in await site.terminal.send(*sent)} == {"accepted"}
    assert [line.state for line in lines(site, storage.issue_book)] == ["void"]
    counted = [json.loads(line.payload)["cash_counted"] for line in lines(site, storage.day_close)]
    assert sorted(counted) == [290, 300]
    (released,) = lines(site, storage.block_release)
    assert (released.officer, released.second) == ("s002", "s001")
    assert [line.reason for line in lines(site, storage.quarantine)] == ["one_officer"]

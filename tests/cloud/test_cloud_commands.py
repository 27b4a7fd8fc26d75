"""Commands take effect exactly once by their key; requests may be refused, facts never are."""

import asyncio
import json
from typing import Any

import pytest
import sqlalchemy as sa

from cloud import storage
from cloud.command import Command
from tests.cloud.cloud_builders import HANAKO, JIRO, KIMI, TARO, Row, Site

pytestmark = pytest.mark.asyncio


def lines(site: Site, table: sa.Table) -> list[Any]:
    with site.tenant.register.reading() as connection:
        return list(connection.execute(sa.select(table)).all())


def heads(site: Site) -> tuple[int, int]:
    with site.tenant.register.reading() as connection:
        as_of = site.tenant.register.as_of(connection)
    return int(str(as_of["register_version"])), int(str(as_of["blocks_version"]))


async def test_a_tenkyo_becomes_one_intake_and_one_version_and_the_record_stays(site: Site) -> None:
    before = lines(site, storage.rows["resident"])
    (answer,) = await site.terminal.send(site.terminal.tenkyo())
    assert answer["outcome"] == "accepted"
    assert answer["receipt"]["register_version"] == heads(site)[0] == 2
    assert lines(site, storage.rows["resident"]) == before
    (intake,) = lines(site, storage.rows["intake"])
    assert (intake.atena_no, intake.state) == (TARO, "received")


async def test_a_key_sent_again_gets_the_first_answer_and_no_second_effect(site: Site) -> None:
    tenkyo, fact = site.terminal.tenkyo(), site.terminal.issued(1)
    first = await site.terminal.send(tenkyo, fact)
    site.clock.forward(days=300)
    again = await site.terminal.send(fact, tenkyo, fact)
    assert [answer["outcome"] for answer in again] == ["already"] * 3
    assert again[1] == {**first[0], "outcome": "already", "first": "accepted"}
    assert len(lines(site, storage.rows["intake"])) == len(lines(site, storage.issue_book)) == 1
    assert heads(site)[0] == 2


async def test_a_refusal_is_remembered_too(site: Site) -> None:
    tenkyo = site.terminal.tenkyo({"ido_date": "2026-12-01"})
    (first,) = await site.terminal.send(tenkyo)
    site.clock.forward(days=30)
    (again,) = await site.terminal.send(tenkyo)
    assert (first["outcome"], first["code"], first["reason"]) == ("refused", "refused.date", "ido_date")
    assert (again["outcome"], again["first"], again["code"]) == ("already", "refused", "refused.date")


async def test_an_unknown_key_is_not_found_and_a_known_one_is_told(site: Site) -> None:
    command = site.terminal.issued(7)
    path = f"/v1/commands/{command['key']}"
    assert (await site.terminal.call("GET", path)).status_code == 404
    (answer,) = await site.terminal.send(command)
    assert (await site.terminal.call("GET", path)).json() == answer | {"terminal": site.terminal.number}


async def test_the_same_batch_from_many_threads_takes_effect_once(site: Site) -> None:
    batch = [site.terminal.tenkyo(), *(site.terminal.issued(serial) for serial in range(1, 8))]
    calls = [site.terminal.send(*batch) for _ in range(6)]
    answers = await asyncio.gather(*calls)
    outcomes = [answer["outcome"] for batch_answers in answers for answer in batch_answers]
    assert outcomes.count("accepted") == len(batch)
    assert outcomes.count("already") == 5 * len(batch)
    assert len(lines(site, storage.issue_book)) == 7
    assert not lines(site, storage.quarantine)
    assert heads(site)[0] == 2


async def test_versions_have_no_gaps_under_many_writers(site: Site) -> None:
    others = [await site.another_terminal() for _ in range(3)]
    requests = [
        terminal.tenkyo({"subject": subject, "ido_date": f"2026-11-{day:02d}"})
        for day, terminal in enumerate([site.terminal, *others], start=10)
        for subject in (TARO, HANAKO)
    ]
    terminals = [site.terminal, site.terminal, *(one for other in others for one in (other, other))]
    sent = [terminal.send(request) for terminal, request in zip(terminals, requests, strict=True)]
    revoked = [
        site.office("POST", f"/terminals/{(await site.another_terminal()).number}/revocation")
        for _ in range(3)
    ]
    answers = await asyncio.gather(*sent)
    await asyncio.gather(*revoked)
    assert all(answer["outcome"] == "accepted" for (answer,) in answers)
    versions = sorted(answer["receipt"]["register_version"] for (answer,) in answers)
    assert versions == list(range(2, 2 + len(requests)))
    past = lines(site, storage.feed_version)
    assert sorted(line.version for line in past if line.feed == "register") == list(
        range(1, 2 + len(requests))
    )
    assert sorted(line.version for line in past if line.feed == "blocks") == [1, 2, 3, 4]


async def test_a_request_on_an_old_version_is_a_conflict_that_tells_the_present_one(site: Site) -> None:
    (answer,) = await site.terminal.send(site.terminal.tenkyo(base={TARO: 1}))
    assert (answer["outcome"], answer["code"], answer["current"]) == (
        "conflict",
        "conflict.version",
        {TARO: 2},
    )
    (answer,) = await site.terminal.send(site.terminal.tenkyo(base={}))
    assert answer["outcome"] == "conflict"
    assert heads(site)[0] == 1


@pytest.mark.parametrize(
    ("more", "code", "reason"),
    [
        ({"ido_date": "2026-11-21"}, "refused.date", "ido_date"),
        ({"todoke_date": "2026-11-21"}, "refused.date", "todoke_date"),
        ({"todoke_date": "2026-11-17"}, "refused.date", "todoke_date"),
        ({"ido_date": "yesterday"}, "refused.input", "ido_date"),
        ({"to": {"town": "", "banchi": "1"}}, "refused.input", "town"),
        ({"to": "nowhere"}, "refused.input", "to"),
        ({"members": []}, "refused.input", "members"),
        ({"members": [TARO, KIMI]}, "refused.input", "members"),
        ({"subject": JIRO, "members": [JIRO]}, "refused.not_resident", None),
        ({"subject": "9999999999", "members": ["9999999999"]}, "refused.not_found", None),
        ({"whole_household": "yes"}, "refused.input", "whole_household"),
    ],
)
async def test_what_no_law_or_register_allows_is_refused(
    site: Site, more: dict[str, object], code: str, reason: str | None
) -> None:
    payload = site.terminal.tenkyo_payload(**more)
    movers = list(dict.fromkeys([payload["subject"], *payload["members"]]))
    bases = {TARO: 2, JIRO: 1, KIMI: 1}
    request = site.terminal.command("todoke.tenkyo", payload, residents=movers, base=bases)
    (answer,) = await site.terminal.send(request)
    assert (answer["outcome"], answer["code"], answer.get("reason")) == ("refused", code, reason)
    assert heads(site)[0] == 1


async def test_one_move_told_at_two_counters_is_posted_once(site: Site) -> None:
    other = await site.another_terminal()
    await site.terminal.send(site.terminal.tenkyo())
    (answer,) = await other.send(other.tenkyo())
    assert (answer["outcome"], answer["code"]) == ("refused", "refused.duplicate_intake")


async def test_an_envelope_bound_to_other_words_is_not_opened(site: Site) -> None:
    tenkyo, fact = site.terminal.tenkyo(), site.terminal.issued(1)
    tenkyo["key"], fact["kind"] = fact["key"], "fact.spoiled"
    fact["key"] = "01890a5d-ac96-774b-bcce-b302099a8057"
    refused, noted = await site.terminal.send(site.terminal.signed(tenkyo), site.terminal.signed(fact))
    assert (refused["outcome"], refused["reason"]) == ("refused", "unreadable")
    assert noted["outcome"] == "accepted"
    assert sorted(line.reason for line in lines(site, storage.quarantine)) == ["unreadable", "unreadable"]
    assert not lines(site, storage.issue_book)


async def test_a_number_used_twice_stands_once_in_the_book_and_once_in_quarantine(site: Site) -> None:
    answers = await site.terminal.send(site.terminal.issued(11), site.terminal.issued(11))
    assert [answer["outcome"] for answer in answers] == ["accepted", "accepted"]
    assert [line.serial for line in lines(site, storage.issue_book)] == [11]
    assert [line.reason for line in lines(site, storage.quarantine)] == ["serial_twice"]


async def test_two_terminals_may_use_the_same_serial(site: Site) -> None:
    other = await site.another_terminal()
    await site.terminal.send(site.terminal.issued(1))
    await other.send(other.issued(1))
    assert len(lines(site, storage.issue_book)) == 2
    assert not lines(site, storage.quarantine)


async def test_facts_settle_in_any_order(site: Site) -> None:
    serial = f"{site.terminal.number}-000001"
    handed = site.terminal.command("fact.handed_over", {"serial": serial})
    fee = site.terminal.command("fact.fee", {"serial": serial, "yen": 300})
    journal = site.terminal.journal(1, 9, bytes(32))[0]
    await site.terminal.send(handed, fee, journal, site.terminal.issued(1), site.terminal.issued(2))
    spoiled = site.terminal.command(
        "fact.spoiled", {"serial": f"{site.terminal.number}-000002", "reason": "紙詰まり"}
    )
    await site.terminal.send(spoiled)
    assert [(line.serial, line.state) for line in lines(site, storage.issue_book)] == [
        (1, "handed_over"),
        (2, "spoiled"),
    ]
    assert [line.yen for line in lines(site, storage.fee_book)] == [300]
    (segment,) = lines(site, storage.journal_segment)
    assert (segment.first, segment.last, segment.links[-32:]) == (1, 9, segment.head)


async def test_a_fact_that_cannot_be_understood_is_kept_not_refused(site: Site) -> None:
    empty = site.terminal.command("fact.issued", {})
    unknown = site.terminal.command("fact.from_the_future", {"x": 1})
    answers = await site.terminal.send(empty, unknown)
    assert [answer["outcome"] for answer in answers] == ["accepted", "accepted"]
    assert sorted(line.reason for line in lines(site, storage.quarantine)) == ["incomplete", "unknown_kind"]


async def test_a_request_of_an_unknown_kind_is_refused(site: Site) -> None:
    (answer,) = await site.terminal.send(site.terminal.command("todoke.marriage", {}))
    assert (answer["outcome"], answer["code"], answer["reason"]) == (
        "refused",
        "refused.by_cloud",
        "unknown_kind",
    )


async def test_envelopes_of_a_revoked_terminal_can_be_handed_over_into_quarantine(site: Site) -> None:
    gone = await site.another_terminal()
    fact, tenkyo = gone.issued(1), gone.tenkyo()
    await site.office("POST", f"/terminals/{gone.number}/revocation")
    for answer in await site.terminal.send(fact, tenkyo):
        assert (answer["outcome"], answer["quarantined"]) == ("accepted", True)
    assert len(lines(site, storage.quarantine)) == 2
    assert not lines(site, storage.issue_book)
    assert not lines(site, storage.intake_case)


async def test_a_revoked_terminal_hands_over_its_own_envelopes_and_can_ask_for_the_answers(
    site: Site,
) -> None:
    before, fact, tenkyo = site.terminal.issued(1), site.terminal.issued(2), site.terminal.tenkyo()
    (heard,) = await site.terminal.send(before)
    await site.office("POST", f"/terminals/{site.terminal.number}/revocation")
    first, *others = await site.terminal.send(before, fact, tenkyo)
    assert (first["outcome"], first["first"], first.get("quarantined")) == ("already", heard["outcome"], None)
    for answer in others:
        assert (answer["outcome"], answer["quarantined"]) == ("accepted", True)
        told = (await site.terminal.call("GET", f"/v1/commands/{answer['key']}")).json()
        assert told == answer | {"terminal": site.terminal.number}
    assert [line.reason for line in lines(site, storage.quarantine)] == ["refused.terminal_revoked"] * 2
    assert [line.serial for line in lines(site, storage.issue_book)] == [1]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"sealed": "%%%"},
        {"made_at": "yesterday"},
        {"made_at": "2026-11-20T05:31:40"},
        {"made_at": "0001-01-01T00:00:00+23:00"},
        {"clock_offset_ms": 10**30},
        {"base": {TARO: 2**63}},
        {"residents": TARO},
        {"signature": ""},
        {"signature": None},
        {"key": 7},
    ],
    ids="-".join,
)
async def test_a_fact_not_of_the_contract_is_kept_as_it_came(site: Site, spoilt: Row) -> None:
    fact = site.terminal.issued(1) | spoilt
    answers = await site.terminal.send(fact, site.terminal.issued(2)) + await site.terminal.send(fact)
    assert [answer["outcome"] for answer in answers] == ["accepted"] * 3
    (kept,) = lines(site, storage.quarantine)
    assert (kept.reason, kept.terminal, kept.kind) == ("malformed", site.terminal.number, "fact.issued")
    assert json.loads(kept.words) == fact
    assert [line.serial for line in lines(site, storage.issue_book)] == [2]


async def test_a_malformed_fact_takes_no_key_from_the_one_it_belongs_to(site: Site) -> None:
    fact = site.terminal.issued(1)
    other = await site.another_terminal()
    await other.send({"key": fact["key"], "kind": "fact.issued"})
    (answer,) = await site.terminal.send(fact)
    assert answer["outcome"] == "accepted"
    assert [line.serial for line in lines(site, storage.issue_book)] == [1]


async def test_facts_that_cannot_be_read_count_in_the_size_of_a_batch(site: Site) -> None:
    many = {"commands": [{"kind": "fact.issued", "key": str(place)} for place in range(501)]}
    assert (await site.terminal.call("POST", "/v1/commands", many)).json()["code"] == "request.too_many"
    assert not lines(site, storage.quarantine)


async def test_a_request_not_of_the_contract_spoils_no_other(site: Site) -> None:
    bad: Row = {"key": "0190aaaa-0000-7000-8000-000000000001", "kind": "todoke.tenkyo", "sealed": "%%%"}
    answers = await site.terminal.send(bad, site.terminal.issued(1))
    by_key = {answer["key"]: answer for answer in answers}
    assert by_key[str(bad["key"])]["code"] == "refused.input"
    assert len(lines(site, storage.issue_book)) == 1


async def test_a_batch_that_fails_in_its_middle_leaves_nothing(site: Site) -> None:
    """Effect and answer are one transaction: what raises between them takes both back."""
    commands = site.tenant.commands
    good = _command(site, site.terminal.tenkyo())
    broken = _command(site, site.terminal.issued(1))
    object.__setattr__(broken, "made_at", object())  # no database can write this
    with pytest.raises(sa.exc.StatementError):
        commands.take([good, broken])
    assert not lines(site, storage.command)
    assert not lines(site, storage.rows["intake"])
    assert heads(site)[0] == 1
    assert commands.take([good])[0]["outcome"] == "accepted"


def _command(site: Site, wire: dict[str, object]) -> Command:
    from base64 import b64decode

    residents, base = wire["residents"], wire["base"]
    assert isinstance(residents, list)
    assert isinstance(base, dict)
    return Command(
        key=str(wire["key"]),
        kind=str(wire["kind"]),
        residents=tuple(residents),
        base=base,
        made_at=str(wire["made_at"]),
        written_at=str(wire["made_at"]),
        clock_offset_ms=0,
        made_by="s001",
        terminal=site.terminal.number,
        sealed=b64decode(str(wire["sealed"])),
        signature=b64decode(str(wire["signature"])),
    )

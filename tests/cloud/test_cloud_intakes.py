"""Requests of every kind: taken in once, touching no record, and what must stop stops at once."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.cloud.cloud_builders import HANAKO, JIRO, KIMI, TARO, Row, Site
from tests.cloud.intake_builders import (
    AHEAD,
    DAY,
    NEW,
    NO,
    PAYLOADS,
    YES,
    a_newcomer,
    decided,
    holds,
    newest,
    request,
    rows,
    taken,
    tennyu,
)
from tests.cloud.test_cloud_commands import heads

pytestmark = pytest.mark.asyncio
RESTRICTIVE = (
    "seal.abolish",
    "seal.card_lost",
    "todoke.death",
    "todoke.tenshutsu",
    "shien_sochi.application",
)


@pytest.mark.parametrize("kind", sorted(PAYLOADS))
async def test_a_request_becomes_one_intake_and_touches_no_record(site: Site, kind: str) -> None:
    before, blocks = rows(site, "resident"), heads(site)[1]
    command = request(site.terminal, kind)
    (first,) = await site.terminal.send(command)
    (again,) = await site.terminal.send(command)
    assert (first["outcome"], first["receipt"]["text"]) == ("accepted", "仮受付")
    assert (again["outcome"], again["first"]) == ("already", "accepted")
    (intake,) = rows(site, "intake")
    assert (intake["kind"], intake["atena_no"], intake["state"]) == (kind, TARO, "received")
    assert rows(site, "resident") == before
    assert heads(site) == (2, blocks + (kind in RESTRICTIVE))
    (case,) = (await site.office("GET", "/intakes?state=received&by=s002")).json()["intakes"]
    assert (case["payload"]["subject"], case["todoke_date"]) == (TARO, DAY)


@pytest.mark.parametrize("kind", sorted(PAYLOADS))
async def test_the_same_event_told_at_another_counter_is_not_posted_twice(site: Site, kind: str) -> None:
    other = await site.another_terminal()
    await taken(site, request(site.terminal, kind))
    (answer,) = await other.send(request(other, kind))
    assert (answer["outcome"], answer["code"]) == ("refused", "refused.duplicate_intake")
    assert answer["duplicate_of"]["terminal"] == site.terminal.number


@pytest.mark.parametrize("kind", sorted(PAYLOADS))
async def test_nothing_is_filed_ahead_of_its_day(site: Site, kind: str) -> None:
    (answer,) = await site.terminal.send(request(site.terminal, kind, todoke_date=AHEAD))
    assert (answer["code"], answer["reason"]) == ("refused.date", "todoke_date")


@pytest.mark.parametrize(
    ("made_at", "outcome"),
    [
        ("2026-11-20T15:10:00Z", "accepted"),  # by a clock that is fast it is the 21st already
        ("2026-11-20T14:50:00Z", "refused"),
        ("2027-01-05T02:00:00Z", "accepted"),  # a clock gone wild is worth a day, no more
    ],
)
async def test_whoever_files_after_midnight_by_a_fast_clock_is_not_refused(
    site: Site, made_at: str, outcome: str
) -> None:
    site.clock.moment = datetime(2026, 11, 20, 14, 20, tzinfo=UTC)
    filed = request(site.terminal, "todoke.death", todoke_date="2026-11-21", made_at=made_at)
    (answer,) = await site.terminal.send(filed)
    assert answer["outcome"] == outcome


async def test_a_clock_gone_wild_files_nothing_days_ahead(site: Site) -> None:
    filed = request(site.terminal, "todoke.death", todoke_date=AHEAD, made_at="2027-01-05T02:00:00Z")
    (answer,) = await site.terminal.send(filed)
    assert answer["code"] == "refused.date"


@pytest.mark.parametrize(
    ("kind", "more", "code", "reason"),
    [
        ("todoke.death", {"died_on": AHEAD}, "refused.date", "died_on"),
        ("nhi.lose", {"lost": AHEAD}, "refused.date", "lost"),
        ("nhi.change", {"changed": AHEAD}, "refused.date", "changed"),
        ("nhi.change", {"what": "転出"}, "refused.input", "what"),
        ("tax.reduction", {"since": AHEAD}, "refused.date", "since"),
        ("tax.reduction", {"fiscal_year": 8}, "refused.input", "fiscal_year"),
        ("tax.reduction", {"subject": "9999999999"}, "refused.not_found", None),
        ("tax.reduction", {"subject": NEW}, "refused.not_found", None),
        ("contact.change", {"phone": {"number": "電話", "use": "home"}}, "refused.input", "number"),
        ("koseki.memo", {"received_at": "2026-11-21T00:00:00Z"}, "refused.date", "received_at"),
        ("koseki.memo", {"received_at": "2026-11-31T00:00:00Z"}, "refused.input", "received_at"),
        ("koseki.memo", {"members": ["9999999999"]}, "refused.not_found", None),
        ("seal.abolish", {"subject": JIRO}, "refused.not_resident", None),
        ("seal.card_lost", {"subject": "9999999999"}, "refused.not_found", None),
        ("todoke.tenshutsu", {"members": [TARO, KIMI]}, "refused.input", "members"),
        ("disaster.application", {"damage": " "}, "refused.input", "damage"),
        ("shien_sochi.application", {"scope": ["everything"]}, "refused.input", "scope"),
        ("nhi.acquire", {"kojin_bango": "1"}, "refused.input", "unknown_field"),
    ],
)
async def test_what_no_law_or_register_allows_is_refused(
    site: Site, kind: str, more: Row, code: str, reason: str | None
) -> None:
    (answer,) = await site.terminal.send(request(site.terminal, kind, **more))
    assert (answer["code"], answer.get("reason")) == (code, reason)
    assert heads(site) == (1, 1)


async def test_those_in_the_clear_are_those_inside(site: Site) -> None:
    payload = {"subject": TARO, "todoke_date": DAY}
    command = site.terminal.command("seal.abolish", payload, residents=[HANAKO], base={HANAKO: 1})
    (answer,) = await site.terminal.send(command)
    assert (answer["code"], answer["reason"]) == ("refused.input", "residents")


async def test_a_lost_card_stops_the_seal_alone_and_at_once(site: Site) -> None:
    for kind in ("seal.card_lost", "seal.abolish"):
        key = await taken(site, request(site.terminal, kind))
        assert holds(site, key) == [(TARO, "seal", "error", DAY)]


async def test_a_death_stops_every_paper_of_the_one_who_died(site: Site) -> None:
    key = await taken(site, request(site.terminal, "todoke.death"))
    assert holds(site, key) == [(TARO, "issue", "error", DAY), (TARO, "seal", "error", DAY)]


async def test_who_will_leave_has_papers_until_the_day(site: Site) -> None:
    """Until 転出予定日 the record is open (住基法 第24条): papers are warned of, then stopped."""
    key = await taken(site, request(site.terminal, "todoke.tenshutsu"))
    assert holds(site, key)[:3] == [
        (TARO, "issue", "alert", DAY),
        (TARO, "issue", "error", AHEAD),
        (TARO, "seal", "error", AHEAD),
    ]
    assert {one for one, *_ in holds(site, key)} == {TARO, HANAKO}


async def test_who_asks_for_protection_is_protected_before_anybody_decides(site: Site) -> None:
    key = await taken(site, request(site.terminal, "shien_sochi.application"))
    mine = [row for row in rows(site, "shien_sochi") if row["measure_id"].startswith(key)]
    assert [(row["atena_no"], row["provisional"]) for row in mine] == [(TARO, True), (HANAKO, True)]
    await site.terminal.sign_in()
    found = await site.terminal.call("POST", "/v1/residents/search", {"typed": "わたなべ"})
    assert [hit["address"] for hit in found.json()["hits"]] == [None, None]


@pytest.mark.parametrize("kind", RESTRICTIVE)
@pytest.mark.parametrize("decision", [YES, NO], ids=["registered", "returned"])
async def test_what_was_stopped_for_the_while_stands_no_more_after_the_decision(
    site: Site, kind: str, decision: Row
) -> None:
    key = await taken(site, request(site.terminal, kind))
    await decided(site, key, decision)
    assert holds(site, key) == []
    provisional = [row for row in rows(site, "shien_sochi") if row["provisional"]]
    assert provisional == []
    batch = site.opened(await site.terminal.call("GET", "/v1/feeds/blocks?after=1"))
    assert (batch["to"], heads(site)[1]) == (3, 3)


async def test_a_conflict_brings_the_present_record_and_hides_a_sheltered_home(site: Site) -> None:
    stale = request(site.terminal, "seal.abolish")
    (told,) = await site.terminal.send(site.terminal.signed(stale | {"base": {TARO: 1}}))
    assert (told["outcome"], told["current"]) == ("conflict", {TARO: 2})
    assert told["rows"] == [newest(site, TARO)]
    hidden = request(site.terminal, "seal.abolish", subject=KIMI)
    (told,) = await site.terminal.send(site.terminal.signed(hidden | {"base": {}}))
    (row,) = told["rows"]
    assert (row["full_name"], row["address_town"]) == ("髙島　君代", "")
    assert not {"address_banchi", "honseki", "postcode"} & set(row)


async def test_a_conflict_told_again_does_not_tell_where_somebody_lives_who_is_protected_since(
    site: Site,
) -> None:
    stale = request(site.terminal, "seal.abolish")
    signed = site.terminal.signed(stale | {"base": {TARO: 1}})
    (first,) = await site.terminal.send(signed)
    assert first["rows"][0]["address_banchi"] == "2番3号"
    await taken(site, request(site.terminal, "shien_sochi.application"))
    (again,) = await site.terminal.send(signed)
    asked = (await site.terminal.call("GET", f"/v1/commands/{signed['key']}")).json()
    for told in (again, asked):
        assert told["current"] == {TARO: 2}
        assert (told["rows"][0]["address_town"], "address_banchi" in told["rows"][0]) == ("", False)


async def test_a_card_holder_without_paper_is_kept_not_accepted(site: Site) -> None:
    command = tennyu(site.terminal, certificate="card", azukari=True)
    (answer,) = await site.terminal.send(command)
    assert (answer["outcome"], answer["receipt"]["text"]) == ("accepted", "預かり")
    (answer,) = await site.terminal.send(tennyu(site.terminal, certificate="card", azukari=False))
    assert (answer["code"], answer["reason"]) == ("refused.input", "azukari")


async def test_a_newcomer_is_of_one_notification(site: Site) -> None:
    await taken(site, tennyu(site.terminal))
    (answer,) = await site.terminal.send(tennyu(site.terminal, ido_date="2026-11-17"))
    assert answer["code"] == "refused.duplicate_intake"


@pytest.mark.parametrize(
    ("newcomers", "more", "reason"),
    [
        ([a_newcomer(former=TARO)], {}, "former"),
        ([a_newcomer(former="9999999999")], {}, "former"),
        ([a_newcomer(full_name="")], {}, "full_name"),
        ([a_newcomer()], {"subject": "p:019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d99"}, "subject"),
    ],
)
async def test_a_newcomer_must_be_new(site: Site, newcomers: list[Row], more: Any, reason: str) -> None:
    (answer,) = await site.terminal.send(tennyu(site.terminal, *newcomers, **more))
    assert (answer["code"], answer["reason"]) == ("refused.input", reason)


async def test_a_request_about_a_newcomer_waits_with_the_notification(site: Site) -> None:
    early = request(site.terminal, "nhi.acquire", subject=NEW, members=[NEW])
    (answer,) = await site.terminal.send(early)
    assert answer["code"] == "refused.not_found", "nobody has told of this person yet"
    await taken(site, tennyu(site.terminal))
    key = await taken(site, request(site.terminal, "nhi.acquire", subject=NEW, members=[NEW]))
    changes = [{"table": "nhi_member", "row": {"atena_no": TARO, "acquired": DAY}}]
    told = await site.office("POST", f"/intakes/{key}/decision", YES | {"changes": changes})
    assert (told.status_code, told.json()["code"]) == (409, "office.newcomer_waits")

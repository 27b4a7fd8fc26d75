"""One edits, the others look: a lease is held by one, for a few minutes, and nobody waits for it for ever."""

import asyncio

import pytest

from cloud.leases import Holder
from cloud.problems import ProblemError
from tests.cloud.cloud_builders import HANAKO, KIMI, TARO, Site, Terminal
from tests.cloud.intake_builders import YES, request, taken

pytestmark = pytest.mark.asyncio
PATH = f"/v1/residents/{TARO}/lease"


async def two(site: Site) -> tuple[Terminal, Terminal]:
    """Sign s001 in at one terminal and s002 at another."""
    other = await site.another_terminal()
    await site.terminal.sign_in("s001")
    await other.sign_in("s002")
    return site.terminal, other


async def test_one_holds_it_and_the_others_see_who(site: Site) -> None:
    mine, other = await two(site)
    held = (await mine.call("POST", PATH, {})).json()
    assert (held["held"], held["until"]) == (True, "2026-11-20T05:05:00Z")
    answer = await other.call("POST", PATH, {})
    told = {"by": "山﨑　美咲", "section": "市民課", "terminal": mine.number, "until": held["until"]}
    assert answer.status_code == 409
    assert answer.json() == answer.json() | told | {"code": "lease.held"}
    assert (await other.call("GET", PATH)).json()["leases"] == [{"atena_no": TARO, **told}]
    household = (await other.call("GET", f"/v1/residents/{HANAKO}/household")).json()
    assert household["leases"] == [{"atena_no": TARO, **told}]


async def test_it_goes_on_while_it_is_renewed_and_ends_by_itself(site: Site) -> None:
    mine, other = await two(site)
    token = (await mine.call("POST", PATH, {})).json()["token"]
    site.clock.forward(minutes=4)
    renewed = (await mine.call("POST", PATH, {"token": token})).json()
    assert (renewed["token"], renewed["until"]) == (token, "2026-11-20T05:09:00Z")
    site.clock.forward(minutes=4)
    assert (await other.call("POST", PATH, {})).status_code == 409
    site.clock.forward(minutes=1)
    assert (await other.call("GET", PATH)).json()["leases"] == []
    assert (await other.call("POST", PATH, {})).status_code == 200
    assert (await mine.call("POST", PATH, {"token": token})).status_code == 409


async def test_it_is_given_back_by_its_token_alone(site: Site) -> None:
    mine, other = await two(site)
    token = (await mine.call("POST", PATH, {})).json()["token"]
    assert (await other.call("DELETE", PATH, madoguchi_lease="guessed")).status_code == 204
    assert (await other.call("POST", PATH, {})).status_code == 409
    assert (await mine.call("DELETE", PATH, madoguchi_lease=token)).status_code == 204
    assert (await other.call("POST", PATH, {})).status_code == 200


async def test_whose_answer_was_lost_gets_it_again(site: Site) -> None:
    mine, _ = await two(site)
    first = (await mine.call("POST", PATH, {})).json()["token"]
    second = (await mine.call("POST", PATH, {})).json()["token"]
    assert first != second


async def test_who_may_take_nothing_in_edits_nothing(site: Site) -> None:
    await site.terminal.sign_in("s009")
    answer = await site.terminal.call("POST", PATH, {})
    assert (answer.status_code, answer.json()["code"]) == (403, "refused.right_missing")


async def test_nobody_edits_whom_nobody_knows(site: Site) -> None:
    await site.terminal.sign_in()
    assert (await site.terminal.call("POST", "/v1/residents/9999999999/lease", {})).status_code == 404


async def test_of_many_at_once_one_holds_it(site: Site) -> None:
    def take(place: int) -> str:
        try:
            site.tenant.leases.take(TARO, Holder(f"s{place}", "誰か", "市民課", f"T{place:04d}"))
        except ProblemError as problem:
            return problem.code
        return "held"

    outcomes = await asyncio.gather(*(asyncio.to_thread(take, place) for place in range(12)))
    assert sorted(outcomes) == ["held", *["lease.held"] * 11]


async def test_a_request_from_elsewhere_is_taken_in_and_warned_of(site: Site) -> None:
    """It may have been written where nobody could ask."""
    mine, other = await two(site)
    await mine.call("POST", PATH, {})
    (own,) = await mine.send(request(mine, "seal.abolish"))
    (theirs,) = await other.send(other.tenkyo(made_by="s002"))
    assert "warnings" not in own
    assert (theirs["outcome"], theirs["warnings"]) == ("accepted", ["warning.leased"])
    asked = (await other.call("GET", f"/v1/commands/{theirs['key']}")).json()
    assert asked == {**theirs, "terminal": "T0002"}


async def test_the_office_does_not_decide_under_somebodys_hands(site: Site) -> None:
    mine, _ = await two(site)
    key = await taken(site, request(mine, "todoke.death", subject=KIMI))
    token = (await mine.call("POST", PATH.replace(TARO, KIMI), {})).json()["token"]
    answer = await site.office("POST", f"/intakes/{key}/decision", YES)
    assert (answer.status_code, answer.json()["code"]) == (409, "lease.held")
    await mine.call("DELETE", PATH.replace(TARO, KIMI), madoguchi_lease=token)
    assert (await site.office("POST", f"/intakes/{key}/decision", YES)).status_code == 200


async def test_a_review_holds_it_for_the_officer_until_it_is_decided(site: Site) -> None:
    mine, _ = await two(site)
    key = await taken(site, request(mine, "seal.abolish"))
    ours = YES | {"decided_by": "o001"}
    await site.office("POST", f"/intakes/{key}/decision", ours | {"decision": "review"})
    answer = await mine.call("POST", PATH, {})
    assert (answer.json()["by"], answer.json()["section"]) == ("o001", "office")
    another = await site.office("POST", f"/intakes/{key}/decision", YES | {"decided_by": "o002"})
    assert another.json()["code"] == "lease.held"
    assert (await site.office("POST", f"/intakes/{key}/decision", ours)).status_code == 200
    assert (await mine.call("POST", PATH, {})).status_code == 200

"""Attachments come in parts, in any order, over a line that breaks, and stand with their command."""

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud import storage
from cloud.attachments import Announced, Attachments, Limits
from cloud.problems import ProblemError
from tests.cloud.attachment_builders import SCAN, Bundle, a_bundle, put_part
from tests.cloud.cloud_builders import TARO, Site, a_site, a_tenant
from tests.cloud.intake_builders import PAST, decided, request, tennyu
from tests.cloud.test_cloud_commands import lines

pytestmark = pytest.mark.asyncio


async def content(site: Site, bundle: Bundle) -> bytes:
    answer = await site.office("POST", f"/attachments/{bundle.key}/opening", {"by": "s002"})
    assert answer.status_code == 200, answer.text
    return answer.content


async def standing(site: Site, bundle: Bundle) -> str:
    return str((await bundle.state())["state"])


async def test_parts_come_in_any_order_and_again(site: Site) -> None:
    tenkyo = site.terminal.tenkyo()
    await site.terminal.send(tenkyo)
    bundle = a_bundle(site.terminal, str(tenkyo["key"]))
    begun = await bundle.begin()
    assert (begun.status_code, begun.json()["have"], begun.json()["state"]) == (201, [], "open")
    for place, have in ((3, [3]), (1, [1, 3]), (3, [1, 3]), (4, [1, 3, 4])):
        told = (await bundle.put(place)).json()
        assert (told["have"], told["state"]) == (have, "open")
    assert (await bundle.put(2)).json()["state"] == "attached"
    assert (await bundle.put(2)).json()["have"] == [1, 2, 3, 4]
    assert await content(site, bundle) == SCAN
    (line,) = lines(site, storage.office_act)
    assert (line.who, line.what, line.subject) == ("s002", "attachment.opened", bundle.key)


async def test_what_was_brought_survives_a_restart(tmp_path: Path) -> None:
    site = await a_site(tmp_path / "cloud")
    bundle = a_bundle(site.terminal)
    await bundle.begin()
    await bundle.put(2)
    site.tenant.close()
    tenant = a_tenant(tmp_path / "cloud", site.clock)
    told: Any = tenant.attachments.status(site.terminal.number, bundle.key)
    assert told["have"] == [2]
    for place in (1, 3, 4):
        part = bundle.parts[place - 1]
        told = tenant.attachments.put_part(
            site.terminal.number, bundle.key, place, part, sha256(part).hexdigest()
        )
    assert told["state"] == "waiting"
    assert tenant.attachments.opened(bundle.key, "s002") == SCAN
    tenant.close()
    await site.client.aclose()


async def test_a_part_changed_on_the_way_is_refused_and_the_others_stay(site: Site) -> None:
    bundle = a_bundle(site.terminal)
    await bundle.begin()
    await bundle.put(1)
    right = sha256(bundle.parts[1]).digest()
    answer = await bundle.put(2, bundle.parts[1][:-1] + bytes([bundle.parts[1][-1] ^ 1]), right)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")
    assert (await bundle.state())["have"] == [1]


async def test_swapped_parts_make_no_whole_and_are_put_right_without_beginning_anew(site: Site) -> None:
    bundle = a_bundle(site.terminal, cuts=4)
    await bundle.begin()
    first, second = bundle.parts[0], bundle.parts[1]
    await bundle.put(1, second)
    await bundle.put(2, first)
    await bundle.put(3)
    answer = await bundle.put(4)
    assert (answer.status_code, answer.json()["code"]) == (409, "attachment.whole_hash")
    assert (await bundle.state())["have"] == [1, 2, 3]
    await bundle.put(1)
    await bundle.put(2)
    assert (await bundle.put(4)).json()["state"] == "waiting"
    assert await content(site, bundle) == SCAN


async def test_more_than_was_announced_is_refused(site: Site) -> None:
    bundle = a_bundle(site.terminal)
    await bundle.begin()
    for place in (1, 2):
        await bundle.put(place)
    assert (await bundle.put(3, b"x" * len(bundle.sealed))).json()["code"] == "attachment.size"
    for place in (0, 5):
        assert (await bundle.put(place, b"x")).status_code == 404
    assert (await bundle.put(3, b"")).json()["code"] == "attachment.part_size"
    assert (await bundle.put(3, b"x" * (256 * 1024 + 1))).json()["code"] == "attachment.part_size"
    assert (await bundle.state())["have"] == [1, 2]


async def test_what_is_whole_is_not_changed(site: Site) -> None:
    bundle = a_bundle(site.terminal)
    await bundle.bring()
    assert (await bundle.put(1, b"other")).json()["code"] == "attachment.other"
    assert await content(site, bundle) == SCAN


async def test_the_same_words_begin_nothing_new_and_other_words_are_refused(site: Site) -> None:
    bundle = a_bundle(site.terminal)
    await bundle.begin()
    await bundle.put(1)
    assert (await bundle.begin()).json()["have"] == [1]
    for more in ({"size": 7, "parts": 1}, {"media_type": "image/png"}, {"sha256": "0" * 64}):
        assert (await bundle.begin(**more)).json()["code"] == "attachment.other"


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"key": "not-a-uuid"}, 422, "request.malformed"),
        ({"key": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"}, 422, "request.malformed"),
        ({"size": 0}, 422, "request.malformed"),
        ({"parts": 0}, 422, "request.malformed"),
        ({"size": 600_000, "parts": 2}, 422, "request.malformed"),
        ({"size": 3, "parts": 4}, 422, "request.malformed"),
        ({"size": 1_000_000, "parts": 2001}, 422, "request.malformed"),
        ({"size": 20_000_001, "parts": 100}, 413, "attachment.too_large"),
    ],
)
async def test_what_no_attachment_can_be_is_not_begun(site: Site, more: Any, status: int, code: str) -> None:
    answer = await a_bundle(site.terminal).begin(**more)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert lines(site, storage.attachment) == []


async def test_another_terminal_neither_sees_nor_feeds_it(site: Site) -> None:
    bundle, other = a_bundle(site.terminal), await site.another_terminal()
    await bundle.begin()
    part = bundle.parts[0]
    for answer in (
        await put_part(other, bundle.key, 1, part, sha256(part).digest()),
        await other.call("GET", f"/v1/attachments/{bundle.key}"),
        await other.call("POST", "/v1/attachments", bundle.announced()),
        await other.call("DELETE", f"/v1/attachments/{bundle.key}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "attachment.not_yours")
    assert (await bundle.state())["have"] == []


async def test_it_waits_for_its_command(site: Site) -> None:
    tenkyo = site.terminal.tenkyo()
    bundle = a_bundle(site.terminal, str(tenkyo["key"]))
    assert (await bundle.bring())["state"] == "waiting"
    await site.terminal.send(tenkyo)
    assert await standing(site, bundle) == "attached"
    (told,) = (await site.office("GET", f"/attachments?command_key={tenkyo['key']}")).json()["attachments"]
    assert (told["key"], told["terminal"], told["state"]) == (bundle.key, site.terminal.number, "attached")


async def test_what_belongs_to_a_refused_command_can_be_taken_back(site: Site) -> None:
    tenkyo = site.terminal.tenkyo({"ido_date": "2026-12-01"})
    await site.terminal.send(tenkyo)
    bundle = a_bundle(site.terminal, str(tenkyo["key"]))
    assert (await bundle.bring())["state"] == "refused"
    path = f"/v1/attachments/{bundle.key}"
    assert (await site.terminal.call("DELETE", path)).status_code == 204
    assert (await site.terminal.call("GET", path)).status_code == 404
    assert lines(site, storage.attachment_part) == []


async def test_what_lies_with_its_command_stays(site: Site) -> None:
    tenkyo = site.terminal.tenkyo()
    await site.terminal.send(tenkyo)
    bundle = a_bundle(site.terminal, str(tenkyo["key"]))
    await bundle.bring()
    answer = await site.terminal.call("DELETE", f"/v1/attachments/{bundle.key}")
    assert answer.json()["code"] == "attachment.whole"


async def test_a_revoked_terminals_attachment_goes_aside_with_its_command(site: Site) -> None:
    gone = await site.another_terminal()
    command = request(gone, "seal.abolish")
    bundle = a_bundle(site.terminal, str(command["key"]))  # carried by another, as the command is
    await site.office("POST", f"/terminals/{gone.number}/revocation")
    await site.terminal.send(command)
    assert (await bundle.bring())["state"] == "quarantine"
    (item,) = (await site.office("GET", "/quarantine")).json()["items"]
    await site.office("POST", f"/quarantine/{item['item_id']}/release", {"by": "o001"})
    assert await standing(site, bundle) == "quarantine", "its author has not named it"


async def test_a_terminal_revoked_in_the_middle_hands_its_own_over_and_it_lies_aside(site: Site) -> None:
    gone = await site.another_terminal()
    command = request(gone, "seal.abolish")
    bundle = a_bundle(gone, str(command["key"]))
    await bundle.begin()
    await bundle.put(1)
    await site.office("POST", f"/terminals/{gone.number}/revocation")
    await gone.send(command)
    for place in range(2, len(bundle.parts) + 1):
        await bundle.put(place)
    assert (await bundle.begin()).json()["state"] == "quarantine"
    for method, path in (
        ("GET", f"/v1/attachments/{bundle.key}"),
        ("DELETE", f"/v1/attachments/{bundle.key}"),
    ):
        answer = await gone.call(method, path)
        assert (answer.status_code, answer.json()["code"]) == (403, "terminal.revoked")


async def test_one_that_its_author_names_is_taken_from_any_carrier_and_no_other_is(site: Site) -> None:
    author, carrier = await site.another_terminal(), site.terminal
    key = "019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d41"
    named, other = a_bundle(carrier, key), a_bundle(author, key)
    command = author.command(
        "seal.abolish",
        {"subject": TARO, "todoke_date": PAST, "attachments": [named.note()]},
        key=key,
        residents=[TARO],
        base={TARO: 2},
    )
    await carrier.send(command)
    assert (await named.bring())["state"] == "attached"
    assert (await other.bring())["state"] == "quarantine"


async def test_a_fact_may_have_one_too(site: Site) -> None:
    fact = site.terminal.issued(1)
    await site.terminal.send(fact)
    assert (await a_bundle(site.terminal, str(fact["key"])).bring())["state"] == "attached"


async def test_what_was_sealed_for_another_key_is_not_opened_and_not_lost(site: Site) -> None:
    bundle = a_bundle(site.terminal)
    other = a_bundle(site.terminal)
    bundle.sealed, bundle.parts = other.sealed, other.parts
    await bundle.bring()
    answer = await site.office("POST", f"/attachments/{bundle.key}/opening", {"by": "s002"})
    assert (answer.status_code, answer.json()["code"]) == (409, "attachment.unreadable")


async def test_a_terminal_cannot_fill_the_cloud(site: Site) -> None:
    desk = Attachments(
        site.tenant.register, site.tenant.keys, site.clock, Limits(outstanding=1000, of_command=3)
    )
    command = site.terminal.tenkyo()
    await site.terminal.send(command)

    def begin(bundle: Bundle, size: int) -> str:
        told = Announced(bundle.key, bundle.command_key, "image/png", size, "0" * 64, 1)
        try:
            desk.announce(site.terminal.number, told)
        except ProblemError as problem:
            return problem.code
        return "begun"

    assert [begin(a_bundle(site.terminal), 400) for _ in range(3)] == ["begun", "begun", "attachment.no_room"]
    key = str(command["key"])
    small = [begin(a_bundle(site.terminal, key), 1) for _ in range(4)]
    assert small == ["begun", "begun", "begun", "attachment.too_many"]
    other = await site.another_terminal()
    assert desk.announce(other.number, Announced(a_bundle(other).key, key, "image/png", 900, "0" * 64, 1))


async def test_what_has_taken_effect_makes_room(site: Site) -> None:
    command = tennyu(site.terminal)
    bundle = a_bundle(site.terminal, str(command["key"]))
    size = len(bundle.sealed)
    desk = Attachments(site.tenant.register, site.tenant.keys, site.clock, Limits(outstanding=size))
    site.tenant.attachments.limits = desk.limits
    await bundle.bring()
    assert (await a_bundle(site.terminal).begin()).json()["code"] == "attachment.no_room"
    await site.terminal.send(command)
    assert (await a_bundle(site.terminal).begin()).status_code == 201
    await decided(site, str(command["key"]), {"decision": "register", "decided_by": "o001"})
    assert await standing(site, bundle) == "attached"


@pytest.mark.parametrize(
    ("more", "base", "outcome"), [({}, {TARO: 9}, "conflict"), ({"ido_date": "2099-01-01"}, None, "refused")]
)
async def test_what_was_answered_with_no_makes_room_once_it_is_whole(
    site: Site, more: Any, base: Any, outcome: str
) -> None:
    command = site.terminal.tenkyo(more, **({"base": base} if base else {}))
    (said,) = await site.terminal.send(command)
    assert said["outcome"] == outcome
    bundle = a_bundle(site.terminal, str(command["key"]))
    site.tenant.attachments.limits = Limits(outstanding=len(bundle.sealed))
    await bundle.begin()
    assert (await a_bundle(site.terminal).begin()).json()["code"] == "attachment.no_room"
    assert (await bundle.bring())["state"] == "refused"
    assert (await a_bundle(site.terminal).begin()).status_code == 201


async def test_what_lies_aside_makes_no_room(site: Site) -> None:
    fact = site.terminal.issued(1)
    await site.terminal.send(fact, again := site.terminal.issued(1))
    bundle = a_bundle(site.terminal, str(again["key"]))
    site.tenant.attachments.limits = Limits(outstanding=len(bundle.sealed))
    assert (await bundle.bring())["state"] == "quarantine"
    assert (await a_bundle(site.terminal).begin()).json()["code"] == "attachment.no_room"


async def test_many_parts_at_once_make_one_whole(site: Site) -> None:
    bundle = a_bundle(site.terminal, cuts=8)
    await bundle.begin()
    answers = await asyncio.gather(*(bundle.put(place) for place in (*range(1, 9), *range(8, 0, -1))))
    assert {answer.status_code for answer in answers} == {200}
    assert (await bundle.state())["state"] == "waiting"
    assert await content(site, bundle) == SCAN


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_whatever_breaks_on_the_way_it_ends_whole(site: Site, data: st.DataObject) -> None:
    """Bad parts, repeats and foreign parts between the good ones leave no trace in the whole."""
    bundle = a_bundle(site.terminal, cuts=5)
    await bundle.begin()
    steps = st.tuples(st.integers(1, 5), st.sampled_from(["good", "bad", "foreign"]))
    for place, what in data.draw(st.lists(steps, max_size=12)):
        part = bundle.parts[place - 1] if what != "foreign" else bundle.parts[place % 5]
        digest = b"?" * 32 if what == "bad" else sha256(part).digest()
        await bundle.put(place, part, digest)
    for place in (*range(1, 6), *range(1, 6)):
        await bundle.put(place)
    assert (await bundle.state())["state"] == "waiting"
    assert await content(site, bundle) == SCAN


async def test_a_town_does_not_see_anothers(site: Site) -> None:
    bundle = a_bundle(site.terminal)
    await bundle.bring()
    for table in (storage.attachment, storage.attachment_part):
        with site.tenant.register.reading() as connection:
            towns = connection.execute(sa.select(table.c.municipality).distinct()).scalars().all()
        assert towns == [site.tenant.municipality]

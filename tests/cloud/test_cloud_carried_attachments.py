"""What a dead PC had sealed is brought by another terminal, as its author's; no terminal blocks or changes another's."""

from collections.abc import Mapping

import pytest

from cloud import storage
from cloud.attachments import Limits
from tests.cloud.attachment_builders import SCAN, Bundle, a_bundle
from tests.cloud.cloud_builders import HANAKO, Site, Terminal, new_key
from tests.cloud.test_cloud_attachments import content, standing
from tests.cloud.test_cloud_commands import lines

pytestmark = pytest.mark.asyncio


async def an_intake(
    author: Terminal, *more: Mapping[str, object], key: str = "", beside: int = 1
) -> list[Bundle]:
    """Let a terminal take in a move that names what lies beside it, and have it heard."""
    key = key or new_key()
    scans = [a_bundle(author, key) for _ in range(beside)]
    notes = [*(one.note() for one in scans), *more]
    command = author.tenkyo({"subject": HANAKO, "attachments": notes}, key=key)
    (said,) = await author.send(command)
    assert said["outcome"] == "accepted", said
    return scans


def carried(scan: Bundle, by: Terminal) -> Bundle:
    return Bundle(by, scan.key, scan.command_key, scan.sealed, scan.parts)


async def brought(scan: Bundle, **more: object) -> str:
    """Bring a scan for its author and return how the cloud answered the last part, or the first no."""
    answer = await scan.begin(**{"named_in": scan.command_key} | more)
    missing = [] if answer.is_error else sorted({*range(1, len(scan.parts) + 1)} - {*answer.json()["have"]})
    for place in missing:
        answer = await scan.put(place)
        if answer.is_error:
            break
    return str(answer.json().get("code") or answer.json()["state"])


async def at_the_office(site: Site) -> list[tuple[str, str, str]]:
    told = (await site.office("GET", "/attachments")).json()["attachments"]
    return [(one["key"], one["terminal"], one["state"]) for one in told]


async def test_what_another_brings_lies_under_its_authors_name_and_opens(site: Site) -> None:
    author = await site.another_terminal()
    (scan,) = await an_intake(author)
    assert await brought(carried(scan, site.terminal)) == "attached"
    assert await at_the_office(site) == [(scan.key, author.number, "attached")]
    assert await content(site, scan) == SCAN
    assert await brought(carried(scan, site.terminal)) == "attached"  # the bundle again
    assert (await scan.begin()).json()["state"] == "attached"  # the PC comes back
    assert len(lines(site, storage.attachment)) == 1
    assert len(lines(site, storage.attachment_part)) == len(scan.parts)


async def test_it_goes_on_where_its_author_stopped_and_is_no_matter_of_who_ends_first(site: Site) -> None:
    author, carrier = await site.another_terminal(), site.terminal
    one, other = await an_intake(author, beside=2)
    for scan in (one, other):
        await scan.begin()
        await scan.put(2)
        told = await carried(scan, carrier).begin(named_in=scan.command_key)
        assert (told.json()["have"], told.json()["terminal"]) == ([2], author.number)
        await carried(scan, carrier).put(1)
        assert (await carried(scan, carrier).state())["have"] == [1, 2]
        assert (await scan.state())["have"] == [2], "the author's is as the author left it"
    assert await brought(one) == "attached"
    assert await brought(carried(one, carrier)) == "attached"
    assert await brought(carried(other, carrier)) == "attached"
    assert (await other.put(1)).json()["state"] == "attached"
    for scan in (one, other):
        assert await content(site, scan) == SCAN
    assert {line.key for line in lines(site, storage.attachment)} == {one.key, other.key}
    assert len(lines(site, storage.attachment_part)) == 2 * len(one.parts)


async def test_what_lay_beside_an_intake_before_it_was_written_again_is_brought_too(site: Site) -> None:
    author = await site.another_terminal()
    before = author.tenkyo({"subject": HANAKO}, base={HANAKO: 99})
    scan = a_bundle(author, str(before["key"]))
    (said,) = await author.send(before)
    assert said["outcome"] == "conflict"
    assert await brought(carried(scan, site.terminal)) == "attachment.not_yours"
    again = author.tenkyo({"subject": HANAKO, "attachments": [scan.note()]}, supersedes=before["key"])
    await author.send(again)
    assert await brought(carried(scan, site.terminal), named_in=again["key"]) == "refused"
    assert await content(site, scan) == SCAN


async def test_only_what_an_accepted_request_of_its_author_names_is_taken(site: Site) -> None:
    author, carrier = await site.another_terminal(), site.terminal
    (scan,) = await an_intake(author)
    unnamed, odd = a_bundle(author, scan.command_key), carried(a_bundle(author, scan.command_key), carrier)
    odd.key = scan.key  # the right key over other words
    waiting = author.tenkyo({"subject": HANAKO})
    for wrong in (
        await brought(carried(unnamed, carrier)),
        await brought(odd),
        await brought(carried(scan, carrier), media_type="image/png"),
        await brought(carried(scan, carrier), named_in=new_key()),
        await brought(carried(scan, carrier), named_in=waiting["key"]),
    ):
        assert wrong == "attachment.not_yours"
    assert await brought(carried(scan, carrier), named_in="no key") == "request.malformed"
    refused = author.tenkyo(
        {"ido_date": "2099-01-01", "attachments": [unnamed.note()]}, key=unnamed.command_key
    )
    await author.send(refused)
    assert await brought(carried(unnamed, carrier), named_in=refused["key"]) == "attachment.not_yours"
    assert lines(site, storage.attachment) == []


async def test_what_lies_in_quarantine_is_brought_once_the_office_has_released_it(site: Site) -> None:
    author = await site.another_terminal()
    key = new_key()
    scan = a_bundle(author, key)
    command = author.tenkyo({"subject": HANAKO, "attachments": [scan.note()]}, key=key)
    await site.office("POST", f"/terminals/{author.number}/revocation")
    await site.terminal.send(command)
    assert await brought(carried(scan, site.terminal)) == "attachment.not_yours"
    (item,) = (await site.office("GET", "/quarantine")).json()["items"]
    await site.office("POST", f"/quarantine/{item['item_id']}/release", {"by": "o001"})
    assert await brought(carried(scan, site.terminal)) == "attached"
    assert await content(site, scan) == SCAN


async def test_a_revoked_carrier_brings_nothing(site: Site) -> None:
    author, carrier = await site.another_terminal(), await site.another_terminal()
    (scan,) = await an_intake(author)
    await carried(scan, carrier).begin(named_in=scan.command_key)
    await site.office("POST", f"/terminals/{carrier.number}/revocation")
    for answer in (
        await carried(scan, carrier).begin(named_in=scan.command_key),
        await carried(scan, carrier).put(1),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "terminal.revoked")
    assert await brought(scan) == "attached"


async def test_rubbish_that_another_brings_holds_its_author_up_for_no_moment(site: Site) -> None:
    author, rogue = await site.another_terminal(), site.terminal
    (scan,) = await an_intake(author)
    rubbish = Bundle(
        rogue, scan.key, scan.command_key, scan.sealed, [b"?" * len(part) for part in scan.parts]
    )
    wrong_cut = Bundle(rogue, scan.key, scan.command_key, scan.sealed, [scan.sealed[:9], scan.sealed[9:]])
    assert await brought(rubbish) == "attachment.whole_hash"
    await scan.begin()
    for place in range(1, len(scan.parts)):
        assert (await scan.put(place)).json()["have"] == [*range(1, place + 1)]
        await rubbish.put(place)
    assert (await wrong_cut.begin(named_in=scan.command_key)).json()["code"] == "attachment.other"
    assert (await scan.put(len(scan.parts))).json()["state"] == "attached"
    assert await content(site, scan) == SCAN
    assert [line.key for line in lines(site, storage.attachment)] == [scan.key]
    assert (await rubbish.put(1)).json()["code"] == "attachment.not_yours"


async def test_cut_otherwise_and_whole_it_is_there_for_its_author_too(site: Site) -> None:
    author = await site.another_terminal()
    (scan,) = await an_intake(author)
    await scan.begin()
    await scan.put(1)
    cut = Bundle(site.terminal, scan.key, scan.command_key, scan.sealed, [scan.sealed[:9], scan.sealed[9:]])
    assert await brought(cut) == "attached"
    assert (await scan.begin()).json()["state"] == "attached"
    assert await content(site, scan) == SCAN


async def test_who_says_it_was_sealed_for_another_command_gets_nothing_under_its_authors_name(
    site: Site,
) -> None:
    author = await site.another_terminal()
    (scan,) = await an_intake(author)
    lying = carried(scan, site.terminal)
    lying.command_key = new_key()
    assert await brought(lying, named_in=scan.command_key) == "attachment.unreadable"
    assert await at_the_office(site) == []
    assert await brought(scan) == "attached"


async def test_who_was_first_under_anothers_key_does_not_keep_it(site: Site) -> None:
    author, rogue = await site.another_terminal(), site.terminal
    one, other = await an_intake(author, beside=2)
    for scan in (one, other):  # as whoever opened a bundle could: the very bytes, under its own name
        assert (await carried(scan, rogue).bring())["state"] == "attached"
    assert (await one.begin()).json()["have"] == []
    assert await brought(one, named_in=None) == "attached"
    carrier = await site.another_terminal()
    assert await brought(carried(other, carrier)) == "attached"
    assert sorted(await at_the_office(site)) == sorted(
        (one.key, author.number, "attached") for one in (one, other)
    )
    for scan in (one, other):
        assert await content(site, scan) == SCAN


async def test_what_is_carried_counts_for_who_carries_it_and_may_be_given_up(site: Site) -> None:
    author, carrier = await site.another_terminal(), site.terminal
    one, other = await an_intake(author, beside=2)
    site.tenant.attachments.limits = Limits(outstanding=len(one.sealed))
    assert (await carried(one, carrier).begin(named_in=one.command_key)).status_code == 201
    assert await brought(carried(other, carrier)) == "attachment.no_room"
    assert await brought(other) == "attached"
    path = f"/v1/attachments/{one.key}"
    assert (await carrier.call("DELETE", path)).status_code == 204
    assert (await carrier.call("DELETE", path)).status_code == 404
    third = await site.another_terminal()
    assert await brought(carried(one, third)) == "attached"
    assert await standing(site, one) == "attached"
    site.tenant.attachments.limits = Limits(of_command=1)
    (scan,) = await an_intake_of_another(author)
    assert await brought(carried(scan, carrier)) == "attached"


async def an_intake_of_another(author: Terminal) -> list[Bundle]:
    key = new_key()
    scan = a_bundle(author, key)
    (said,) = await author.send(author.tenkyo({"attachments": [scan.note()]}, key=key))
    assert said["outcome"] == "accepted"
    return [scan]

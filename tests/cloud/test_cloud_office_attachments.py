"""Attachments in the office: opened one by one, in the log, and with the request that took another's place."""

import pytest

from tests.cloud.attachment_builders import SCAN, a_bundle
from tests.cloud.cloud_builders import HANAKO, Site
from tests.cloud.intake_builders import (
    taken,
)
from tests.cloud.office_builders import acts, officer, words_of

pytestmark = [pytest.mark.asyncio, pytest.mark.long]


async def test_an_attachment_is_handed_out_as_a_file_and_that_is_written_down(site: Site) -> None:
    command = site.terminal.tenkyo({"subject": HANAKO})
    bundle, absent = (
        a_bundle(site.terminal, str(command["key"])),
        a_bundle(site.terminal, str(command["key"])),
    )
    command = site.terminal.tenkyo(
        {"subject": HANAKO, "attachments": [bundle.note(), absent.note()]}, key=command["key"]
    )
    key = await taken(site, command)
    await bundle.bring()
    browser = await officer(site)
    page = words_of(await browser.get(f"/intakes/{key}"))
    for told in ("添付1を開く", "届いています", "まだ届いていません"):
        assert told in page
    answer = await browser.get(f"/intakes/{key}/attachments/{bundle.key}")
    assert (answer.content, answer.headers["content-type"]) == (SCAN, "image/jpeg")
    assert answer.headers["content-disposition"] == f'attachment; filename="{bundle.key}.jpg"'
    assert acts(site)[-1] == ("s002", "attachment.opened", bundle.key)
    for wrong in (f"/intakes/{key}/attachments/{absent.key}", f"/intakes/nothing/attachments/{bundle.key}"):
        assert (await browser.get(wrong)).status_code == 404
    assert acts(site)[-1] == ("s002", "attachment.opened", bundle.key)


async def test_what_was_attached_to_a_command_in_conflict_lies_with_the_one_that_takes_its_place(
    site: Site,
) -> None:
    before = site.terminal.tenkyo({"subject": HANAKO}, base={HANAKO: 99})
    bundle, other = (a_bundle(site.terminal, str(before["key"])) for _ in range(2))
    (said,) = await site.terminal.send(before)
    assert said["outcome"] == "conflict"
    for one in (bundle, other):
        await one.bring()
    stranger = {**other.note(), "sha256": "0" * 64}  # named, and not with its hash
    again = site.terminal.tenkyo(
        {"subject": HANAKO, "attachments": [bundle.note(), stranger]}, supersedes=before["key"]
    )
    key = await taken(site, again)
    browser = await officer(site)
    page = words_of(await browser.get(f"/intakes/{key}"))
    assert ("添付1を開く" in page, "添付2を開く" in page) == (True, False)
    for told in ("届いています", "まだ届いていません"):
        assert told in page
    answer = await browser.get(f"/intakes/{key}/attachments/{bundle.key}")
    assert answer.content == SCAN
    assert (await browser.get(f"/intakes/{key}/attachments/{other.key}")).status_code == 404

"""What an application for 支援措置 tells of the other side (相手方) is for those in charge of measures [STD j440]."""

from typing import Any

import pytest

from cloud import storage
from cloud.office.notified import SEALED
from tests.cloud.attachment_builders import SCAN, a_bundle
from tests.cloud.cloud_builders import HANAKO, TARO, Site, new_key
from tests.cloud.intake_builders import BASES, DAY, PAYLOADS, request, taken
from tests.cloud.office_builders import Browser, acts, form_of, officer, words_of
from tests.cloud.test_cloud_commands import lines

pytestmark = pytest.mark.asyncio
OTHER_SIDE = "黒田剛"
HIS_TOWN = "ほしぞら市"
TOLD: dict[str, dict[str, Any]] = {  # wherever a counter can type words, or put what was sealed there
    "shien_sochi.application": {
        "filer": f"{OTHER_SIDE}の妻",
        "office_note": f"{OTHER_SIDE}が窓口に来た",
        "first_town": f"{HIS_TOWN}で受付",
        "opponent_sealed": OTHER_SIDE.encode(),
    },
    "shien_sochi.end": {"office_note": f"{OTHER_SIDE}が同行", "reason": f"{OTHER_SIDE}は{HIS_TOWN}へ転居"},
}
ASKED_OF = "支援措置責任者だけが見られます"
REFUSED = "支援措置責任者に依頼"


async def applied(site: Site, kind: str = "shien_sochi.application") -> tuple[str, str]:
    """Take in an application with the police's opinion beside it; returns its key and the attachment's."""
    command_key = new_key()
    bundle = a_bundle(site.terminal, command_key)
    payload = {"subject": TARO, "todoke_date": DAY, **PAYLOADS[kind], **TOLD[kind]}
    payload["attachments"] = [bundle.note()]
    persons = [TARO, *(payload.get("members") or [])]
    more = {"residents": persons, "base": {one: BASES[one] for one in persons}, "todoke_date": DAY}
    key = await taken(site, site.terminal.command(kind, payload, key=command_key, **more))
    await bundle.bring()
    return key, bundle.key


async def without_the_right(site: Site) -> Browser:
    site.tenant.personnel.revoke("s002-shien_sochi", done_by="o001")
    return await officer(site)


@pytest.mark.parametrize("kind", ["shien_sochi.application", "shien_sochi.end"])
async def test_who_is_not_in_charge_reads_no_word_of_it_and_opens_nothing_beside_it(
    site: Site, kind: str
) -> None:
    key, attachment = await applied(site, kind)
    browser = await without_the_right(site)
    shown = await browser.get(f"/intakes/{key}")
    assert (shown.status_code, ASKED_OF in words_of(shown)) == (200, True)
    before = acts(site)
    answer = await browser.get(f"/intakes/{key}/attachments/{attachment}")
    assert (answer.status_code, REFUSED in words_of(answer)) == (403, True)
    assert acts(site) == [
        *before,
        ("s002", "measures.refused", key),
    ]  # that they tried, not that they opened it
    csrf = form_of(shown, "/sign-out").fields["csrf"]
    pages = [shown, answer, await browser.get("/intakes?state=all")]
    for act in ("address", "reviewing", "decision"):
        typed = {"csrf": csrf, "decision": "return", "reason": "x"}
        pages.append(
            await site.client.post(f"/office/intakes/{key}/{act}", data=typed, follow_redirects=True)
        )
    assert pages[-1].status_code == 403  # nobody decides on what they may not read
    for page in pages:
        for word in (OTHER_SIDE, HIS_TOWN, attachment, SEALED, "<p>ありません。</p>"):
            assert word not in page.text, (page.url, word)


async def test_nobody_is_told_that_there_is_nothing_to_read(site: Site) -> None:
    bare = await taken(site, request(site.terminal, "shien_sochi.application", subject=HANAKO, members=[]))
    full, _ = await applied(site)
    browser = await without_the_right(site)
    for key in (bare, full):
        page = await browser.get(f"/intakes/{key}")
        shown = words_of(page)
        assert ASKED_OF in shown
        for told in ("相手方", "添付1", "届いています", "後方事務に回されました"):
            assert told not in shown
        assert "<p>ありません。</p>" not in page.text


async def test_those_in_charge_read_it_and_open_what_lies_beside_it(site: Site) -> None:
    key, attachment = await applied(site)
    browser = await officer(site)
    assert "添付1を開く" in words_of(await browser.get(f"/intakes/{key}"))
    assert OTHER_SIDE in (await browser.fill(f"/intakes/{key}", "/address")).text
    assert (await browser.get(f"/intakes/{key}/attachments/{attachment}")).content == SCAN


async def test_every_other_request_is_read_as_before_by_who_is_not_in_charge(site: Site) -> None:
    key = await taken(site, request(site.terminal, "nhi.change", subject=HANAKO, memo="保険証を紛失"))
    browser = await without_the_right(site)
    assert "保険証を紛失" in words_of(await browser.get(f"/intakes/{key}"))


async def test_what_was_put_aside_is_opened_by_those_in_charge_alone(site: Site) -> None:
    gone = await site.another_terminal()
    await site.office("POST", f"/terminals/{gone.number}/revocation")
    kind = "shien_sochi.application"
    await site.terminal.send(request(gone, kind, subject=TARO, **TOLD[kind]))
    (item,) = lines(site, storage.quarantine)
    page, opening = f"/quarantine/{item.item_id}", f"/quarantine/{item.item_id}/opening"
    told = words_of(await (await officer(site)).fill(page, opening))
    assert "相手方" in told
    before = acts(site)
    answer = await (await without_the_right(site)).fill(page, opening)
    assert (answer.status_code, REFUSED in words_of(answer)) == (403, True)
    assert (OTHER_SIDE in answer.text, HIS_TOWN in answer.text) == (False, False)
    tried = [one for one in acts(site)[len(before) :] if one[2] == item.item_id]
    assert tried == [("s002", "measures.refused", item.item_id)]

"""相手方 of a measure: written by those in charge, sealed in the row, opened by their key alone [STD j160, j440]."""

from base64 import b64decode

import pytest

from client.domain.record import shien_sochi_from_row
from offline.store.other_side import opened_other_side
from tests.cloud.cloud_builders import CODE, KIMI, PASSWORD, Site
from tests.cloud.office_builders import acts, form_of, officer, words_of

pytestmark = pytest.mark.asyncio
HIM = {"other_name": "黒田　剛", "other_reading": "クロダ　ツヨシ", "other_birth": "S55.3.4"}


async def row_of(site: Site, measure_id: str = "m1") -> dict[str, object]:
    with site.tenant.register.reading() as connection:
        row = site.tenant.register.row(connection, "shien_sochi", (measure_id,))
    assert row is not None
    return row


async def told(site: Site) -> dict[str, object]:
    browser = await officer(site)
    page = await browser.get("/measures/m1")
    answer = await browser.send(form_of(page, "/measures/m1"), **HIM, act="other_side")
    assert answer.status_code == 303, words_of(answer)
    return await row_of(site)


async def test_the_row_of_the_feed_has_it_sealed_and_the_key_of_a_sign_in_opens_it(site: Site) -> None:
    row = await told(site)
    assert "黒田" not in str(row)
    assert acts(site)[-1][1:] == ("measure.other_side", KIMI)
    site.clock.forward(seconds=30)
    answer = (await site.terminal.sign_in("s002", PASSWORD)).json()
    key = b64decode(answer["measures_key"])
    side = opened_other_side(shien_sochi_from_row(row), key, CODE)
    assert side is not None
    assert (side.name, side.reading, str(side.birth)) == ("黒田　剛", "クロダ　ツヨシ", "1980-03-04")


async def test_who_has_not_the_right_is_given_no_key_and_no_page(site: Site) -> None:
    await told(site)
    assert "measures_key" not in (await site.terminal.sign_in("s001", PASSWORD)).json()
    site.tenant.personnel.revoke("s002-shien_sochi", done_by="o001")
    site.clock.forward(seconds=30)
    assert "measures_key" not in (await site.terminal.sign_in("s002", PASSWORD)).json()
    page = await (await officer(site)).get("/measures/m1")
    assert "黒田" not in words_of(page)


async def test_no_answer_on_line_carries_it(site: Site) -> None:
    await told(site)
    site.clock.forward(seconds=30)
    await site.terminal.sign_in("s002", PASSWORD)
    about = {"household_no": "2000000028", "atena_nos": [KIMI]}
    answer = await site.terminal.call("POST", "/v1/restrictions", about)
    assert [row["measure_id"] for row in answer.json()["shien_sochi"]] == ["m1"]
    assert "other_side" not in answer.text


async def test_it_stays_when_the_measure_is_extended_and_goes_when_it_is_emptied(site: Site) -> None:
    before = await told(site)
    browser = await officer(site)
    page = await browser.get("/measures/m1")
    assert "黒田　剛" in page.text
    await browser.send(form_of(page, "/measures/m1"), ends="R20.1.1", act="extend")
    assert (await row_of(site))["other_side"] == before["other_side"]
    page = await browser.get("/measures/m1")
    await browser.send(form_of(page, "/measures/m1"), **dict.fromkeys(HIM, ""), act="other_side")
    assert "other_side" not in await row_of(site)

"""Guessing at the office's page: it stops by person and browser, and keeps nobody else out, nor a clerk from a counter."""

import httpx
import pytest

from cloud.routes.pages.entry import KNOWN
from tests.cloud.cloud_builders import PASSWORD, Site
from tests.cloud.office_builders import SEE_OTHER, Browser, officer, words_of

pytestmark = pytest.mark.asyncio


def stranger(site: Site) -> Browser:
    """Return a browser nobody has signed in with."""
    client = httpx.AsyncClient(transport=httpx.ASGITransport(site.app), base_url="https://cloud.test")
    return Browser(client, site.clock)


async def guess(browser: Browser, staff_id: str = "s002", times: int = 5) -> str:
    for _ in range(times):
        answer = await browser.sign_in(staff_id, password="guess")
    return words_of(answer)


async def test_guessing_at_a_person_is_stopped(site: Site) -> None:
    browser = stranger(site)
    assert "5分はサインインできません" in await guess(browser)
    locked = await browser.sign_in()
    assert (locked.status_code, "サインインできません" in words_of(locked)) == (401, True)
    site.clock.forward(minutes=6)
    assert (await browser.sign_in()).status_code == SEE_OTHER


async def test_guesses_at_everybody_lock_nobody_else_out(site: Site) -> None:
    browser = stranger(site)
    for number in range(30):  # more than a terminal is allowed
        await guess(browser, f"x{number:03d}", times=1)
    await guess(browser, "s001")
    assert (await browser.sign_in()).status_code == SEE_OTHER


async def test_guesses_at_the_page_keep_no_clerk_from_the_counter(site: Site) -> None:
    await guess(stranger(site))
    assert (await site.terminal.sign_in("s002")).status_code == httpx.codes.CREATED


async def test_a_strangers_guesses_keep_no_officer_from_the_own_browser(site: Site) -> None:
    own = await officer(site)
    await guess(stranger(site), times=12)
    assert (await own.sign_in()).status_code == SEE_OTHER
    assert "サインインできません" in await guess(own), "and guessing there is stopped as well"
    assert (await own.sign_in()).status_code == 401


async def test_what_a_browser_is_known_by_is_of_one_person_and_cannot_be_made_up(site: Site) -> None:
    own = await officer(site)
    (known,) = [one for one in own.client.cookies.jar if one.name == KNOWN]
    assert (known.secure, known.path) == (True, "/office")
    assert known.value is not None
    for made_up in (known.value[:-1] + "x", "0" * 80, "é", known.value[:16]):
        browser = stranger(site)
        await guess(browser)
        answer = await browser.client.post(
            "/office/sign-in",
            data={"staff_id": "s002", "password": "x", "code": "000000"},
            headers=[(b"cookie", f"{KNOWN}={made_up}".encode())],
        )
        assert "サインインできません" in words_of(answer)
        site.clock.forward(hours=2)
    await guess(own, "s001")
    assert "サインインできません" in words_of(await stranger(site).sign_in("s001"))


async def test_a_new_password_ends_the_lock_and_the_pages_that_are_open(site: Site) -> None:
    own, other = await officer(site), stranger(site)
    await guess(other)
    site.tenant.personnel.reset_password("s002", "yuki no hi no machi", done_by="o001")
    assert (await own.get("/intakes")).status_code == SEE_OTHER
    assert (await other.sign_in(password="yuki no hi no machi")).status_code == SEE_OTHER


async def test_a_password_changed_at_the_counter_ends_the_pages_too(site: Site) -> None:
    own = await officer(site)
    site.clock.forward(seconds=60)
    await site.terminal.sign_in("s002")
    words = {"old": PASSWORD, "new": "yuki no hi no machi"}
    answer = await site.terminal.call("POST", "/v1/sessions/current/password", words)
    assert answer.status_code == httpx.codes.NO_CONTENT, answer.text
    assert (await own.get("/intakes")).status_code == SEE_OTHER

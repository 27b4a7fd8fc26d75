"""The office in a real Chromium, against a really served cloud: a working day by keyboard."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from selenium.webdriver.common.keys import Keys

from cloud.clock import day_in_tokyo, utc_now
from cloud.totp import code_at, step_at
from tests.cloud.chromium import Window, chromium, spki_of
from tests.cloud.cloud_builders import Terminal, open_envelope
from tests.cloud.test_cloud_served import Program, WallClock, a_client

pytestmark = [pytest.mark.service, pytest.mark.asyncio]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait(20)


def person_of(ready: dict[str, Any], staff_id: str) -> tuple[str, str]:
    """Return a training person's password and present code."""
    (person,) = [one for one in ready["staff"] if one["staff_id"] == staff_id]
    return person["password"], code_at(base64.b32decode(person["totp_seed"]), step_at(utc_now()))


def sign_in(window: Window, ready: dict[str, Any]) -> None:
    window.open(f"{ready['url']}/office/")
    window.look("sign-in")
    password, code = person_of(ready, "s002")
    before = window.page
    window.type("s002", Keys.TAB, password, Keys.TAB, code, Keys.ENTER)
    window.arrive(before)


async def a_household(terminal: Terminal) -> list[dict[str, Any]]:
    """Return the rows of a household that nothing restricts."""
    found = await terminal.call("POST", "/v1/residents/search", {"typed": "ア", "limit": 200})
    for hit in found.json()["hits"]:
        if not (hit["blocked"] or hit["protected"] or hit["address"] is None):
            rows = (await terminal.call("GET", f"/v1/residents/{hit['atena_no']}/household")).json()["rows"]
            if not await restricted(terminal, rows):
                return list(rows)
    raise AssertionError("everybody is restricted")


async def restricted(terminal: Terminal, rows: list[dict[str, Any]]) -> bool:
    asked = {"household_no": rows[0]["household_no"], "atena_nos": [row["atena_no"] for row in rows]}
    told = (await terminal.call("POST", "/v1/restrictions", asked)).json()
    return bool(told["blocks"] or told["shien_sochi"])


async def refusals(terminal: Terminal, rows: list[dict[str, Any]]) -> list[str]:
    asked = {
        "kind": "juminhyo_copy",
        "subject": rows[0]["atena_no"],
        "members": [row["atena_no"] for row in rows],
        "options": {},
        "requester": "self",
        "identity": "photo",
        "purpose": "",
        "on": day_in_tokyo(utc_now()).isoformat(),
    }
    answer = await terminal.call("POST", "/v1/eligibility", asked)
    return [refusal["code"] for refusal in answer.json()["refusals"]]


async def moved(terminal: Terminal, rows: list[dict[str, Any]]) -> str:
    """Let a whole household move, as a counter sends it; returns the intake's key."""
    numbers, today = [row["atena_no"] for row in rows], day_in_tokyo(utc_now()).isoformat()
    payload = terminal.tenkyo_payload(subject=numbers[0]) | {
        "members": numbers,
        "whole_household": True,
        "ido_date": today,
        "todoke_date": today,
    }
    base = {row["atena_no"]: row["history_no"] for row in rows}
    (answer,) = await terminal.send(terminal.command("todoke.tenkyo", payload, residents=numbers, base=base))
    assert answer["outcome"] == "accepted", answer
    return str(answer["key"])


async def intake_states(terminal: Terminal, keys: dict[str, bytes]) -> list[str]:
    answer = await terminal.call("GET", "/v1/feeds/register?after=1")
    changes = open_envelope(answer.content, keys)["changes"]
    return [row["state"] for table, _, row in changes if table == "intake"]


async def test_a_day_in_the_office_by_keyboard(program: Program, tmp_path: Path) -> None:
    ready = await program.start()
    spki = spki_of("127.0.0.1", ready["port"], ready["ca_file"])
    async with a_client(ready) as client:
        terminal = Terminal(client, WallClock())  # type: ignore[arg-type]  # any clock will do
        enrolled = await terminal.enrol(ready["enrolment_tokens"][0])
        keys = {one["id"]: base64.b64decode(one["key"]) for one in enrolled.json()["feed_keys"]}
        await terminal.sign_in("s001", *person_of(ready, "s001"))
        rows = await a_household(terminal)
        key = await moved(terminal, rows)
        with chromium(tmp_path / "profile", spki) as window:
            sign_in(window, ready)
            assert "仮受付 1件" in window.words
            window.look("intakes")
            window.press(f"a[href$='{key}']")
            window.look("intake")
            window.together(Keys.ALT, "s")
            assert "審査中にしました" in window.words
            window.together(Keys.ALT, "r")
            assert "本登録しました" in window.words
            window.look("intake-decided")
            assert await intake_states(terminal, keys) == ["registered"]
            assert await refusals(terminal, rows) == []
            raise_block(window, rows[0]["atena_no"])
            assert await refusals(terminal, rows) == ["refused.blocked"]
            look_around(window, rows[0]["atena_no"])
            window.together(Keys.ALT, "4")
            window.look("terminals")
            window.press("a[href$='/terminals/T0001']")
            window.look("terminal")
            window.press("button.danger")
            assert "失効させました" in window.words
            refused = await terminal.call("GET", "/v1/orders")
            assert (refused.status_code, refused.json()["code"]) == (
                httpx.codes.FORBIDDEN,
                "terminal.revoked",
            )
            window.together(Keys.ALT, "5")
            window.look("log")
            window.together(Keys.ALT, "0")
            assert "サインアウトしました" in window.words
            window.driver.back()
            window.driver.refresh()
            assert "もう一度サインイン" in window.words
            assert window.complaints == []
    log = (program.folder / "log").read_text("utf-8")
    assert rows[0]["atena_no"] not in log
    assert "Traceback" not in log


def raise_block(window: Window, atena_no: str) -> None:
    window.together(Keys.ALT, "3")
    window.write("#block-number", "12")
    window.write("#f-reason", "実態調査中")
    window.press("form[action$='/blocks'] button.main")
    assert "「宛名番号」を確かめてください" in window.words
    window.look("block-wrong")
    window.write("#block-number", atena_no)
    window.press("form[action$='/blocks'] button.main")
    assert "抑止を登録しました" in window.words
    window.look("restrictions")
    window.press("a[href*='/blocks/']")
    window.look("block")


def look_around(window: Window, atena_no: str) -> None:
    window.together(Keys.ALT, "2")
    window.write("#typed", "ワ")
    window.press("main button.main")
    window.look("residents")
    window.write("#typed", atena_no)
    window.press("main button.main")
    window.press(f"main a[href$='{atena_no}']")
    window.look("resident")
    window.together(Keys.ALT, "e")
    window.look("edit")
    window.write("#f-ido_date", "あした")
    window.press("form[action$='/edit'] button.main")
    assert "「異動日」を確かめてください" in window.words

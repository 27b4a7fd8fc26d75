"""What a person at the office's desk does in a browser, and whom she meets."""

import base64
from typing import Any

from selenium.webdriver.common.keys import Keys

from cloud.clock import day_in_tokyo, utc_now
from cloud.totp import code_at, step_at
from tests.cloud.chromium import Window
from tests.cloud.cloud_builders import Terminal


def person_of(ready: dict[str, Any], staff_id: str) -> tuple[str, str]:
    """Return a training person's password and present code."""
    (person,) = [one for one in ready["staff"] if one["staff_id"] == staff_id]
    return person["password"], code_at(base64.b32decode(person["totp_seed"]), step_at(utc_now()))


def sign_in(window: Window, ready: dict[str, Any]) -> None:
    window.open(f"{ready['url']}/office/")
    password, code = person_of(ready, "s002")
    before = window.page
    window.type("s002", Keys.TAB, password, Keys.TAB, code, Keys.ENTER)
    window.arrive(before)


async def a_household(terminal: Terminal, fewest: int = 1) -> list[dict[str, Any]]:
    """Return the rows of a household that nothing restricts."""
    found = await terminal.call("POST", "/v1/residents/search", {"typed": "ア", "limit": 200})
    for hit in found.json()["hits"]:
        if not (hit["blocked"] or hit["protected"] or hit["address"] is None):
            rows = await household(terminal, hit["atena_no"])
            if len(rows) >= fewest and not await restricted(terminal, rows):
                return rows
    raise AssertionError("everybody is restricted")


async def household(terminal: Terminal, atena_no: str) -> list[dict[str, Any]]:
    return list((await terminal.call("GET", f"/v1/residents/{atena_no}/household")).json()["rows"])


async def restricted(terminal: Terminal, rows: list[dict[str, Any]]) -> bool:
    asked = {"household_no": rows[0]["household_no"], "atena_nos": [row["atena_no"] for row in rows]}
    told = (await terminal.call("POST", "/v1/restrictions", asked)).json()
    return bool(told["blocks"] or told["shien_sochi"])


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


def raise_block(window: Window, atena_no: str) -> None:
    window.together(Keys.ALT, "3")
    window.write("#block-number", "12")
    window.write("#f-reason", "実態調査中")
    window.press("form[action$='/blocks'] button.main")
    assert "「宛名番号」を確かめてください" in window.words
    window.write("#block-number", atena_no)
    window.press("form[action$='/blocks'] button.main")
    assert "抑止を登録しました" in window.words

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
from cloud.town.resident_seal import resident_seal
from tests.cloud.chromium import Window, chromium, spki_of
from tests.cloud.cloud_builders import Row, Terminal, open_envelope
from tests.cloud.intake_builders import a_newcomer, tennyu
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


async def setai_henko(terminal: Terminal, rows: list[dict[str, Any]]) -> None:
    """Let somebody leave a household for one of her own: of this the officer types the rows."""
    numbers, today = [row["atena_no"] for row in rows], day_in_tokyo(utc_now()).isoformat()
    payload = {"subject": numbers[-1], "members": numbers[-1:], "todoke_date": today, "ido_date": today}
    command = terminal.command(
        "todoke.setai_henko",
        payload | {"what": "bunri"},
        residents=numbers[-1:],
        base={row["atena_no"]: row["history_no"] for row in rows[-1:]},
    )
    (answer,) = await terminal.send(command)
    assert answer["outcome"] == "accepted", answer


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
            window.press(f"a[href$='{key}']")
            window.together(Keys.ALT, "s")
            assert "審査中にしました" in window.words
            window.together(Keys.ALT, "r")
            assert "本登録しました" in window.words
            assert await intake_states(terminal, keys) == ["registered"]
            assert await refusals(terminal, rows) == []
            raise_block(window, rows[0]["atena_no"])
            assert await refusals(terminal, rows) == ["refused.blocked"]
            window.together(Keys.ALT, "4")
            window.press("a[href$='/terminals/T0001']")
            window.together(Keys.ALT, "w")
            assert "元に戻せません" in window.words
            window.together(Keys.ALT, "y")
            assert "消去を指示しました" in window.words
            (order,) = (await terminal.call("GET", "/v1/orders")).json()["orders"]
            assert '"kind": "wipe"' in order["words"]
            window.together(Keys.ALT, "x")
            window.together(Keys.ALT, "y")
            assert "失効させました" in window.words
            refused = await terminal.call("GET", "/v1/snapshot")
            assert (refused.status_code, refused.json()["code"]) == (
                httpx.codes.FORBIDDEN,
                "terminal.revoked",
            )
            window.together(Keys.ALT, "0")
            assert "サインアウトしました" in window.words
            window.driver.back()
            window.driver.refresh()
            assert window.driver.current_url.endswith("/office/sign-in")
            assert window.complaints == []
    log = (program.folder / "log").read_text("utf-8")
    assert rows[0]["atena_no"] not in log
    assert "Traceback" not in log


async def test_every_page_is_legible_and_reached_by_keys(program: Program, tmp_path: Path) -> None:
    ready = await program.start()
    spki = spki_of("127.0.0.1", ready["port"], ready["ca_file"])
    async with a_client(ready) as client:
        terminal = Terminal(client, WallClock())  # type: ignore[arg-type]  # any clock will do
        await terminal.enrol(ready["enrolment_tokens"][0])
        gone = Terminal(client, WallClock())  # type: ignore[arg-type]  # any clock will do
        await gone.enrol(ready["enrolment_tokens"][1])
        await terminal.sign_in("s001", *person_of(ready, "s001"))
        rows = await a_household(terminal, fewest=3)
        await moved(terminal, rows)
        state = {"program": "1.2.0", "register_version": 1, "blocks_version": 1, "clock_offset_ms": 480}
        long_ago = {"waiting": 3, "oldest_waiting": "2026-01-05T00:00:00Z"}
        await terminal.call("PUT", "/v1/terminals/self/state", state | long_ago)
        fact, _ = terminal.journal(4, 2, bytes(32))
        await terminal.send(fact)
        with chromium(tmp_path / "profile", spki) as window:
            window.open(f"{ready['url']}/office/")
            seen(window, "sign-in")
            sign_in(window, ready)
            look_at_terminals(window, gone.number)
            await gone.send(gone.issued(1))
            look_at_intakes(window)
            rows = await household(terminal, rows[0]["atena_no"])
            await setai_henko(terminal, rows)
            await terminal.send(tennyu(terminal, a_newcomer(), **a_move()))
            await terminal.send(a_seal(terminal, rows[0]))
            for place in (1, 2, 3):
                window.together(Keys.ALT, "1")
                window.press(f"tbody tr:nth-child({place}) a")
                seen(window, f"intake-{window.heading}")
            look_at_residents(window, rows[0]["atena_no"])
            look_at_quarantine(window)
            look_at_staff(window)
            window.together(Keys.ALT, "7")
            seen(window, "log")
            assert window.complaints == []


def seen(window: Window, name: str) -> None:
    """Look at a page in every manner, and go through it with Tab."""
    window.look(name)
    assert window.walk() == [], name


def look_at_intakes(window: Window) -> None:
    window.together(Keys.ALT, "1")
    seen(window, "intakes")
    window.press("tbody a")
    seen(window, "intake")
    window.together(Keys.ALT, "r")
    seen(window, "intake-decided")


def look_at_terminals(window: Window, gone: str) -> None:
    window.together(Keys.ALT, "4")
    seen(window, "terminals")
    window.together(Keys.ALT, "t")
    window.look("terminals-token")
    window.press(f"a[href$='/terminals/{gone}']")
    window.together(Keys.ALT, "l")
    seen(window, "terminal")
    window.together(Keys.ALT, "w")
    seen(window, "terminal-wipe")
    window.together(Keys.ALT, "n")
    window.together(Keys.ALT, "x")
    seen(window, "terminal-revoke")
    window.together(Keys.ALT, "y")
    window.look("terminal-revoked")


def look_at_residents(window: Window, atena_no: str) -> None:
    raise_block(window, atena_no)
    seen(window, "restrictions")
    window.press("a[href*='/blocks/']")
    seen(window, "block")
    window.together(Keys.ALT, "2")
    window.write("#typed", "ワ")
    window.press("main button.main")
    window.look("residents")
    window.write("#typed", atena_no)
    window.press("main button.main")
    window.press(f"main a[href$='{atena_no}']")
    seen(window, "resident")
    window.together(Keys.ALT, "e")
    window.write("#f-ido_date", "あした")
    window.press("form[action$='/edit'] button.main")
    assert "「異動日」を日付として読めません" in window.words
    seen(window, "edit")


def look_at_quarantine(window: Window) -> None:
    window.together(Keys.ALT, "5")
    seen(window, "quarantine")
    window.press("tbody a")
    window.together(Keys.ALT, "o")
    seen(window, "quarantine-item")


def look_at_staff(window: Window) -> None:
    window.together(Keys.ALT, "6")
    seen(window, "staff")
    window.together(Keys.ALT, "a")
    seen(window, "staff-new")
    typed = {"staff_id": "x101", "name": "応援　花", "section": "税務課", "lent_by": "海辺町"}
    for name, text in typed.items():
        window.write(f"#f-{name}", text)
    window.press("main button.main")
    assert "「最後の日」を確かめてください" in window.words
    window.write("#f-until_day", "R20.3.31")
    window.press("main button.main")
    assert "otpauth://totp/" in window.words
    seen(window, "staff-one")


def raise_block(window: Window, atena_no: str) -> None:
    window.together(Keys.ALT, "3")
    window.write("#block-number", "12")
    window.write("#f-reason", "実態調査中")
    window.press("form[action$='/blocks'] button.main")
    assert "「宛名番号」を確かめてください" in window.words
    window.write("#block-number", atena_no)
    window.press("form[action$='/blocks'] button.main")
    assert "抑止を登録しました" in window.words


def a_move() -> dict[str, str]:
    today = day_in_tokyo(utc_now()).isoformat()
    return {"ido_date": today, "todoke_date": today}


def a_seal(terminal: Terminal, row: dict[str, Any]) -> Row:
    """Ask for a seal to be registered, with an image."""
    payload = {"subject": row["atena_no"], "todoke_date": day_in_tokyo(utc_now()).isoformat()}
    payload |= {"registered_name": row["full_name"], "identity": "photo", "image": resident_seal(7)}
    base = {row["atena_no"]: row["history_no"]}
    return terminal.command("seal.register", payload, residents=[row["atena_no"]], base=base)

"""Every page of the office in a real Chromium: legible in each manner, and gone through with Tab."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from cloud.clock import day_in_tokyo, utc_now
from cloud.town.resident_seal import resident_seal
from tests.cloud.chromium import Window, chromium, spki_of
from tests.cloud.cloud_builders import Row, Terminal
from tests.cloud.intake_builders import a_newcomer, tennyu
from tests.cloud.office_desk import a_household, household, moved, person_of, raise_block, sign_in
from tests.cloud.test_cloud_served import Program, WallClock, a_client

pytestmark = [pytest.mark.service, pytest.mark.asyncio]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait(20)


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


@pytest.mark.slow
@pytest.mark.timeout(900)
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


def a_move() -> dict[str, str]:
    today = day_in_tokyo(utc_now()).isoformat()
    return {"ido_date": today, "todoke_date": today}


def a_seal(terminal: Terminal, row: dict[str, Any]) -> Row:
    """Ask for a seal to be registered, with an image."""
    payload = {"subject": row["atena_no"], "todoke_date": day_in_tokyo(utc_now()).isoformat()}
    payload |= {"registered_name": row["full_name"], "identity": "photo", "image": resident_seal(7)}
    base = {row["atena_no"]: row["history_no"]}
    return terminal.command("seal.register", payload, residents=[row["atena_no"]], base=base)

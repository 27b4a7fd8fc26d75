"""The office in a real Chromium, against a really served cloud: a working day by keyboard."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from selenium.webdriver.common.keys import Keys

from cloud.clock import day_in_tokyo, utc_now
from offline.factors.introduction import Introduction, card_signs, of_card
from tests.cloud.chromium import chromium, spki_of
from tests.cloud.cloud_builders import Terminal, open_envelope
from tests.cloud.office_desk import a_household, moved, person_of, raise_block, sign_in
from tests.cloud.test_cloud_served import Program, WallClock, a_client

pytestmark = [pytest.mark.service, pytest.mark.asyncio]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait(20)


def introduced() -> Introduction:
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signature = key.sign(card_signs("s001"), padding.PKCS1v15(), SHA256())
    return of_card("s001", public, signature)


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
            window.press(f"a[href$='{key}']")
            window.together(Keys.ALT, "s")
            assert "審査中にしました" in window.words
            window.together(Keys.ALT, "r")
            assert "本登録しました" in window.words
            assert await intake_states(terminal, keys) == ["registered"]
            assert await refusals(terminal, rows) == []
            raise_block(window, rows[0]["atena_no"])
            assert await refusals(terminal, rows) == ["refused.blocked"]
            window.together(Keys.ALT, "6")
            window.press("a[href$='/staff/s001']")
            told = introduced()
            window.write("#f-factor", told.text)
            window.together(Keys.ALT, "k")
            assert told.fingerprint in window.words
            await terminal.sign_in("s001", *person_of(ready, "s001"))
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

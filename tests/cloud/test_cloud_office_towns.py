"""Two towns in one cloud: the office of one neither sees nor changes what the other holds; and the same by command line."""

import argparse
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from cloud.app import create_app
from cloud.office.desk import desk_of
from cloud.program import office
from cloud.routes.pages.frame import COOKIE
from cloud.tenant import Tenant
from cloud.tenants import Tenants
from tests.cloud.cloud_builders import (
    CODE,
    HANAKO,
    HOME,
    KIMI,
    TARO,
    SetClock,
    Terminal,
    staff,
    tiny_town,
)
from tests.cloud.office_builders import SEE_OTHER, Browser, form_of, words_of
from tests.cloud.test_cloud_tenants import NEIGHBOUR, neighbour

pytestmark = pytest.mark.asyncio


class Cloud:
    """Both towns, a browser at the first and one at the second, each with cookies of its own."""

    def __init__(self, towns: Tenants, clock: SetClock) -> None:
        self.towns = towns
        self.clock = clock
        self.ours = towns.open(CODE, town=tiny_town, staff=staff())
        self.theirs = towns.open(NEIGHBOUR, town=neighbour, staff=staff())
        self.transport = httpx.ASGITransport(create_app(towns))
        self.clients: list[httpx.AsyncClient] = []

    def browser(self, code: str) -> Browser:
        client = httpx.AsyncClient(transport=self.transport, base_url="https://cloud.test")
        self.clients.append(client)
        return Browser(client, self.clock, f"/{code}")

    async def terminal(self, tenant: Tenant) -> Terminal:
        base = f"https://cloud.test/{tenant.municipality}"
        client = httpx.AsyncClient(transport=self.transport, base_url=base)
        self.clients.append(client)
        terminal = Terminal(client, self.clock)
        await terminal.enrol(tenant.terminals.new_token())
        return terminal


@pytest_asyncio.fixture
async def cloud(tmp_path: Path, database: str | None) -> AsyncIterator[Cloud]:
    clock = SetClock()
    made = Cloud(Tenants(tmp_path / "data", database, clock), clock)
    yield made
    for client in made.clients:
        await client.aclose()
    made.towns.close()


async def test_each_office_stands_below_its_own_code_and_shows_its_own(cloud: Cloud) -> None:
    for code, name, person in ((CODE, "あおぞら市", "渡邉󠄐 太郎"), (NEIGHBOUR, "となり市", "隣 人")):
        browser = cloud.browser(code)
        assert name in words_of(await browser.get("/sign-in"))
        answer = await browser.sign_in()
        assert answer.headers["location"] == f"/{code}/office/intakes"
        assert f"Path=/{code}/office;" in answer.headers["set-cookie"]
        record = await browser.get(f"/residents/{TARO}")
        assert person in words_of(record)
        assert f'href="/{code}/office/style.css"' in record.text


async def test_a_cookie_of_one_town_opens_no_page_of_the_other(cloud: Cloud) -> None:
    ours, theirs = cloud.browser(CODE), cloud.browser(NEIGHBOUR)
    await ours.sign_in()
    (cookie,) = [one for one in ours.client.cookies.jar if one.name == COOKIE]
    stolen = {"cookie": f"{cookie.name}={cookie.value}"}
    answer = await theirs.client.get(f"/{NEIGHBOUR}/office/residents/{TARO}", headers=stolen)
    assert (answer.status_code, answer.headers["location"]) == (
        SEE_OTHER,
        f"/{NEIGHBOUR}/office/sign-in?said=expired",
    )
    assert (await theirs.client.get(f"/{CODE}/office/intakes", headers=stolen)).status_code == 200


async def test_a_form_of_one_town_does_nothing_in_the_other(cloud: Cloud) -> None:
    terminal = await cloud.terminal(cloud.theirs)
    (sent,) = await terminal.send(terminal.tenkyo({"subject": HANAKO}))
    ours, theirs = cloud.browser(CODE), cloud.browser(NEIGHBOUR)
    await ours.sign_in()
    await theirs.sign_in()
    assert (await ours.get(f"/intakes/{sent['key']}")).status_code == 404
    form = form_of(await theirs.get(f"/intakes/{sent['key']}"), "/decision")
    csrf = form_of(await ours.get("/intakes"), "/sign-out").fields["csrf"]
    assert (await theirs.send(form, csrf=csrf, decision="register")).status_code == 403
    form.action = form.action.replace(NEIGHBOUR, CODE)
    assert (await ours.send(form, csrf=csrf, decision="register")).status_code == 404
    block_id, _ = desk_of(cloud.theirs).blocks.raise_block(*a_block(), household_no=HOME)
    assert (await ours.get(f"/blocks/{block_id}")).status_code == 404
    assert "照会中" not in words_of(await ours.get("/restrictions"))
    assert "block.raised" not in {act["what"] for act in desk_of(cloud.ours).log.acts()}


def a_block() -> tuple[Any, Any]:
    from cloud.office.blocks import BlockForm
    from cloud.office.log import By

    return By("s002"), BlockForm("issue", "error", "照会中", "2026-11-20")


async def test_a_cloud_of_several_towns_has_no_office_without_a_code(cloud: Cloud) -> None:
    browser = cloud.browser(CODE)
    browser.prefix = ""
    for page in ("/sign-in", "/intakes"):
        assert (await browser.get(page)).status_code == 404
    for code in ("990027", "../etc", "９９０００１"):
        assert (await browser.client.get(f"/{code}/office/sign-in")).status_code == 404


class Line:
    """The command line of the office on one data directory."""

    def __init__(self, cloud: Cloud, url: str | None, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = cloud.towns.folder
        self.more = ["--url", url] if url else []
        self.capsys = capsys

    def says(self, *words: str, who: str = "s002", code: int = 0) -> str:
        places = ["--data", str(self.folder), *self.more, "--as", who, "--town", CODE]
        parser = argparse.ArgumentParser()
        office.add_to(parser.add_subparsers())
        chosen = parser.parse_args(["office", words[0], *places, *words[1:]])
        assert chosen.run(chosen) == code
        told = self.capsys.readouterr()
        return told.err if code else told.out

    def rows(self, *words: str) -> list[dict[str, Any]]:
        return list(json.loads(self.says(*words, "--json")))


async def test_the_same_on_the_command_line(
    cloud: Cloud, database: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = await cloud.terminal(cloud.ours)
    (sent,) = await terminal.send(terminal.tenkyo({"subject": HANAKO}))
    line = Line(cloud, database, capsys)
    assert sent["key"] in line.says("intakes", "--state", "received")
    (decided,) = line.rows("decide", sent["key"], "review")
    assert decided["state"] == "reviewing"
    (decided,) = line.rows("decide", sent["key"], "register")
    assert decided["state"] == "registered"
    assert "すでに決定されています（本登録）" in line.says("decide", sent["key"], "return", code=1)
    (raised,) = line.rows("block", TARO, "--reason", "照会中", "--starts", "R8.11.1")
    assert "渡邉󠄐　太郎" in line.says("blocks")
    line.says("unblock", raised["block_id"])
    (begun,) = line.rows("measure", "begin", TARO, "--starts", "2026-11-01", "--ends", "2027-10-31")
    line.says("measure", "extend", begun["measure_id"], "--ends", "2028-10-31")
    line.says("measure", "end", begun["measure_id"])
    line.says("resident", KIMI, "--set", "remarks=あ", "--reason", "職権修正", "--ido-date", "2026-11-01")
    assert line.rows("terminals")[0]["terminal_no"] == terminal.number
    (token,) = line.rows("token")
    assert cloud.ours.terminals.is_unused(token["token"])
    line.says("revoke", terminal.number)
    whats = [act["what"] for act in reversed(line.rows("log"))]
    assert whats == [
        *("intake.reviewing", "intake.registered", "block.raised", "block.lifted"),
        *("measure.begun", "measure.extended", "measure.ended", "resident.changed"),
        *("terminal.token", "terminal.revoked"),
    ]
    assert {act["who"] for act in line.rows("log")} == {"s002"}
    words = [sys.executable, "-P", "-m", "cloud", "office", "log", "--as", "s002", "--town", CODE]
    words += ["--data", str(line.folder), *line.more]
    program = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert program.stdout.splitlines()[0].split() == ["act_no", "at", "who", "what", "subject"]
    assert len(program.stdout.splitlines()) == 1 + len(whats)


async def test_the_command_line_asks_for_the_right_too(
    cloud: Cloud, database: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    line = Line(cloud, database, capsys)
    for who in ("s001", "s009", "nobody"):
        assert "no right" in line.says("terminals", who=who, code=1)
    assert "見つかりません" in line.says("revoke", "T9999", code=1)
    with pytest.raises(SystemExit):
        line.says("block", TARO, "--reason", "x", "--starts", "あした")

"""What those who run the cloud see: which call, how long, how it ended; never whom it was about."""

import json
import logging
import re
import subprocess
import sys

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cloud.cloud_builders import CODE, HANAKO, HIDDEN_STREET, KIMI, PASSWORD, TARO, Site

pytestmark = pytest.mark.asyncio
PERSONAL = (
    "渡邉",
    "花子",
    "ワタナベ",
    "Taro",
    "葛",
    HIDDEN_STREET,
    TARO,
    HANAKO,
    KIMI,
    PASSWORD,
    "1983-04-12",
)


async def a_day(site: Site) -> None:
    """Make calls of every kind, good and bad, full of names."""
    await site.terminal.sign_in(password=f"{PASSWORD}x")
    await site.terminal.sign_in()
    for typed in ("わたなべ はなこ", "渡邉", "S58.4.12", TARO):
        await site.terminal.call("POST", "/v1/residents/search", {"typed": typed})
    for one in (TARO, KIMI, "渡邉", "1 OR 1=1"):
        await site.terminal.call("GET", f"/v1/residents/{one}/household")
    await site.terminal.call("POST", "/v1/restrictions", {"household_no": HANAKO, "atena_nos": "渡邉"})
    await site.terminal.send(
        site.terminal.tenkyo(), site.terminal.tenkyo({"subject": HANAKO, "filer": "渡邉"})
    )
    await site.terminal.call("GET", f"/nowhere/{HANAKO}?name=渡邉")
    await site.client.get("/v1/orders", headers={"madoguchi-terminal": HANAKO})


async def test_the_log_names_routes_and_times_and_nobody(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await a_day(site)
    ours = [record for record in caplog.records if record.name.startswith("cloud")]
    told = " ".join(str(vars(record)) for record in ours)
    assert "/v1/residents/{atena_no}/household" in told
    assert [word for word in PERSONAL if word in told] == []


async def figures(site: Site) -> dict[tuple[str, ...], float]:
    token = {"authorization": f"Bearer {site.tenant.keys.office_token}"}
    answer = await site.client.get("/metrics", headers=token)
    assert answer.status_code == httpx.codes.OK
    assert [word for word in PERSONAL if word in answer.text] == []
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_figures_count_calls_by_route_and_tell_versions_and_what_waits(site: Site) -> None:
    await a_day(site)
    seen = await figures(site)
    assert seen["madoguchi_calls_total", "POST", CODE, "/v1/residents/search", "200"] == 4
    assert seen["madoguchi_calls_total", "POST", CODE, "/v1/sessions", "401"] == 1
    assert seen["madoguchi_call_seconds_count", "GET", "/v1/residents/{atena_no}/household"] == 4
    assert seen["madoguchi_feed_version", CODE, "register"] == 3
    assert seen["madoguchi_intakes", CODE, "received"] == 2
    assert seen["madoguchi_terminals", CODE, "enrolled"] == 1
    assert not any(re.search(r"nowhere|渡", label) for labels in seen for label in labels)


async def test_figures_are_for_those_who_run_the_cloud(site: Site) -> None:
    for headers in ({}, {"authorization": "Bearer guess"}):
        answer = await site.client.get("/metrics", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (httpx.codes.UNAUTHORIZED, "office.unknown")


async def test_health_says_down_where_the_database_does_not_answer(site: Site) -> None:
    good = (await site.client.get("/v1/health")).json()["services"]
    assert set(good.values()) == {"ok"}
    if site.tenant.engine.dialect.name == "postgresql":
        return  # the server is other tests' too
    site.tenant.engine.dispose()
    (site.tenant.folder / "cloud.db").unlink()
    (site.tenant.folder / "cloud.db").mkdir()
    assert set((await site.client.get("/v1/health")).json()["services"].values()) == {"down"}


async def test_every_line_of_the_programs_log_is_json() -> None:
    words = "from cloud.logs import log_as_json; import logging; log_as_json();"
    words += "logging.getLogger('uvicorn.error').info('a %s', 'b');"
    words += "logging.getLogger('cloud.call').info('call', extra={'route': '/v1'})"
    said = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stderr
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["event"] for line in lines] == ["a b", "call"]
    assert lines[1]["route"] == "/v1"
    assert all({"timestamp", "level", "logger"} <= set(line) for line in lines)

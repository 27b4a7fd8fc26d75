"""The same cloud on a real PostgreSQL server: same answers, same sums, exactly once under many writers."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud import storage
from tests.cloud.cloud_builders import HANAKO, TARO, Site, a_site
from tests.cloud.test_cloud_commands import heads, lines
from tests.cloud.test_cloud_feeds import proved, standing

pytestmark = pytest.mark.service
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def as_postgres(*words: str) -> None:
    """Run a tool of the server; root may not, so root becomes user postgres for it."""
    ahead = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*ahead, *words], check=True, capture_output=True, cwd="/")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if not POSTGRES:
        pytest.skip("no PostgreSQL server is installed")
    tools = POSTGRES[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="madoguchi-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    as_postgres(str(tools / "initdb"), "-D", f"{folder}/data", "-U", "madoguchi", "-A", "trust", "-E", "UTF8")
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
    as_postgres(
        str(tools / "pg_ctl"), "-D", f"{folder}/data", "-o", options, "-l", f"{folder}/log", "-w", "start"
    )
    yield f"postgresql://madoguchi@127.0.0.1:{port}/postgres"
    as_postgres(str(tools / "pg_ctl"), "-D", f"{folder}/data", "-m", "immediate", "-w", "stop")
    shutil.rmtree(folder, ignore_errors=True)


async def clean_site(server: str, folder: Path) -> Site:
    engine = storage.open_engine(server)
    storage.metadata.drop_all(engine)
    engine.dispose()
    return await a_site(folder / "cloud", server)


@pytest.mark.asyncio
async def test_commands_take_effect_once_and_versions_have_no_gaps(server: str, tmp_path: Path) -> None:
    site = await clean_site(server, tmp_path)
    requests = [
        site.terminal.tenkyo({"subject": subject, "ido_date": f"2026-11-{day}"})
        for day in range(10, 15)
        for subject in (TARO, HANAKO)
    ]
    facts = [site.terminal.issued(serial) for serial in range(20)]
    calls = [site.terminal.send(request, *facts) for request in requests for _ in range(2)]
    answers = [answer for batch in await asyncio.gather(*calls) for answer in batch]
    outcomes = [answer["outcome"] for answer in answers]
    assert outcomes.count("accepted") == len(requests) + len(facts)
    assert set(outcomes) == {"accepted", "already"}
    assert heads(site) == (1 + len(requests), 1)
    past = sorted(line.version for line in lines(site, storage.feed_version) if line.feed == "register")
    assert past == list(range(1, 2 + len(requests)))
    assert len(lines(site, storage.issue_book)) == len(facts)
    assert not lines(site, storage.quarantine)
    await site.client.aclose()
    site.tenant.close()


@pytest.mark.asyncio
async def test_search_decision_snapshot_and_sums_are_the_same_there(server: str, tmp_path: Path) -> None:
    site = await clean_site(server, tmp_path)
    await site.terminal.sign_in()
    found = await site.terminal.call("POST", "/v1/residents/search", {"typed": "わたなべ", "limit": 9})
    assert [hit["atena_no"] for hit in found.json()["hits"]] == [TARO, HANAKO]
    (answer,) = await site.terminal.send(site.terminal.tenkyo({"subject": HANAKO}))
    decided = {"decision": "register", "decided_by": "o001"}
    told = await site.office("POST", f"/intakes/{answer['key']}/decision", decided)
    assert told.json()["register_version"] == 3
    manifest = site.opened(await site.terminal.call("GET", "/v1/snapshot"))
    root = proved(standing(site.tenant.register, "register"), site.tenant.keys.digest)[0]
    batch = site.opened(await site.terminal.call("GET", "/v1/feeds/register?after=1"))
    assert batch["root"] == manifest["register_root"] == root
    await site.client.aclose()
    site.tenant.close()

"""One small cloud a test, in its own folder; each test of it twice, on SQLite and on a real PostgreSQL."""

import asyncio
import inspect
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa

from cloud import storage
from cloud.database import open_engine
from cloud.tenant import open_tenant
from tests.cloud import postgres
from tests.cloud.cloud_builders import CODE, QUICK, SetClock, Site, a_site, served, tiny_town
from tests.cloud.town_builders import Town


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    with postgres.running() as running:
        yield running


@pytest.fixture(scope="session")
def founded_in_a_file(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return _founded(tmp_path_factory, None)


@pytest.fixture(scope="session")
def founded_on_the_server(tmp_path_factory: pytest.TempPathFactory, server: postgres.Server) -> Site:
    return _founded(tmp_path_factory, server.keep("founded"))


def _founded(folders: pytest.TempPathFactory, url: str | None) -> Site:
    """Found what each test is given a copy of: a small cloud, and a terminal enrolled at it."""

    async def made() -> Site:
        site = await a_site(folders.mktemp("founded") / "cloud", url)
        await site.client.aclose()
        site.tenant.close()
        return site

    return asyncio.run(made())


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.database)])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Give the URL of a database, an empty one but for the site's own; None is the file a cloud makes for itself."""
    if request.param == "sqlite":
        yield None
        return
    server: postgres.Server = request.getfixturevalue("server")
    holds_a_site = "site" in request.fixturenames
    if holds_a_site:
        request.getfixturevalue("founded_on_the_server")
    with server.database("founded" if holds_a_site else "shape") as url:
        yield url


@pytest.fixture
def founded(request: pytest.FixtureRequest, database: str | None) -> Site:
    kept: Site = request.getfixturevalue("founded_on_the_server" if database else "founded_in_a_file")
    return kept


@pytest_asyncio.fixture
async def site(tmp_path: Path, founded: Site, database: str | None) -> AsyncIterator[Site]:
    built = _copied(founded, tmp_path / "cloud", database)
    yield built
    await built.client.aclose()
    built.tenant.close()


def _copied(founded: Site, folder: Path, url: str | None) -> Site:
    """Return the site once more, its terminal enrolled: in another folder, on a database that is a copy."""
    shutil.copytree(founded.tenant.folder, folder)
    engine, clock = open_engine(url or f"sqlite:///{folder / 'cloud.db'}"), SetClock()
    tenant = open_tenant(folder, CODE, town=tiny_town, rules=QUICK, engine=engine, now=clock)
    site = served(tenant, clock, url)
    site.terminal = replace(founded.terminal, client=site.client, now=clock)
    return site


@pytest.fixture(scope="session")
def ten_thousand() -> Town:
    return Town(10_000, 7)


@pytest.fixture(autouse=True)
def no_statement_forgets_the_town() -> Iterator[None]:
    """Fail a test in which the cloud asked its database for rows without saying of which town."""
    forgotten: list[str] = []

    def look(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asks = statement.split(maxsplit=1)[0] in {"SELECT", "UPDATE", "DELETE", "INSERT"} and _is_ours(
            statement
        )
        if asks and not _names_town(statement) and _is_asked_by_the_cloud():
            forgotten.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", look)
    yield
    sa.event.remove(sa.Engine, "before_cursor_execute", look)
    assert forgotten == []


def _is_asked_by_the_cloud() -> bool:
    """Tell whether the cloud's own code asks: a test may look at a whole table."""
    rooms = (str(Path(storage.__file__).parent), str(Path(__file__).parents[1]))
    frame = inspect.currentframe()
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(rooms) and name != __file__:
            return name.startswith(rooms[0]) and "migrations" not in name  # those are of all towns at once
        frame = frame.f_back
    return False


@cache
def _is_ours(statement: str) -> bool:
    found = re.findall(r"(?:FROM|JOIN|INTO|UPDATE) \(?(\w+)", statement)
    return any(name in storage.metadata.tables for name in found)


@cache
def _names_town(statement: str) -> bool:
    if statement.startswith("INSERT"):
        return "municipality" in statement
    everyone = statement.startswith("SELECT tenant.municipality")  # which towns there are
    return everyone or bool(re.search(r"municipality = (?!\w+\.)", statement))

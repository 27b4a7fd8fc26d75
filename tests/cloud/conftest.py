"""One small cloud a test, in its own folder; each test of it twice, on SQLite and on a real PostgreSQL."""

import inspect
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa

from cloud import storage
from tests.cloud import postgres
from tests.cloud.cloud_builders import Site, a_site
from tests.cloud.town_builders import Town


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    with postgres.running() as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.database)])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Give the URL of an empty database; None is the file a cloud makes for itself."""
    if request.param == "sqlite":
        yield None
        return
    server: postgres.Server = request.getfixturevalue("server")
    with server.database() as url:
        yield url


@pytest_asyncio.fixture
async def site(tmp_path: Path, database: str | None) -> AsyncIterator[Site]:
    built = await a_site(tmp_path / "cloud", database)
    yield built
    await built.client.aclose()
    built.tenant.close()


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


def _is_ours(statement: str) -> bool:
    found = re.findall(r"(?:FROM|JOIN|INTO|UPDATE) \(?(\w+)", statement)
    return any(name in storage.metadata.tables for name in found)


def _names_town(statement: str) -> bool:
    if statement.startswith("INSERT"):
        return "municipality" in statement
    everyone = statement.startswith("SELECT tenant.municipality")  # which towns there are
    return everyone or bool(re.search(r"municipality = (?!\w+\.)", statement))

"""One small cloud a test, in its own folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.cloud.cloud_builders import Site, a_site
from tests.cloud.town_builders import Town


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    built = await a_site(tmp_path / "cloud")
    yield built
    await built.client.aclose()
    built.tenant.close()


@pytest.fixture(scope="session")
def ten_thousand() -> Town:
    return Town(10_000, 7)

"""A terminal enrolled and filled once, and a copy of it for each trial."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from offline.store.terminal_file import read_facts
from tests.journeys.given import Given
from tests.journeys.real_terminal import Secrets, Staff, Terminal, Visit
from ui.cli import exit_codes


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Given:
    """Enrol, fill, and let two clerks in once: what every trial begins with."""
    if not os.environ.get("DBUS_SESSION_BUS_ADDRESS") and not os.environ.get("CI"):
        pytest.skip("no session bus with a keyring here; see installer/dev/with-session")
    root = tmp_path_factory.mktemp("first")
    terminal = Terminal(root)
    asyncio.run(terminal.serve())
    try:
        given = Given(terminal, Staff(terminal.cloud))
        token = root / "token"
        token.write_text(terminal.cloud.ready["enrolment_tokens"][0], "utf-8")

        async def first_day(visit: Visit) -> None:
            await visit.enter(given.staff, "s001")
            await visit.filled()
            await visit.lock()
            await visit.enter(given.staff, "s002")

        assert given.open(first_day, enrolment_token_file=str(token)) == exit_codes.OK
    finally:
        terminal.cloud.close()
    facts = read_facts(terminal.folder / "terminal.json")
    return replace(given, secrets=Secrets(facts) if facts else None)


@pytest.fixture
def given(first: Given, tmp_path: Path) -> Iterator[Given]:
    copied = first.copy_to(tmp_path)
    asyncio.run(copied.terminal.serve())
    yield copied
    copied.terminal.cloud.close()

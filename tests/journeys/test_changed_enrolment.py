"""Somebody changed where the terminal's cloud is: the counter stays shut, says so, and calls nobody."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.journeys.given import Given
from tests.journeys.real_terminal import Visit
from ui.cli import exit_codes

pytestmark = [pytest.mark.service, pytest.mark.qt_log_ignore("propagateSizeHints")]


@contextmanager
def stranger() -> Iterator[tuple[str, list[object]]]:
    """Listen where the changed file leads; yields the address and who called."""
    callers: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            with suppress(OSError):
                while True:
                    line, _ = server.accept()
                    callers.append(line.getpeername())
                    line.close()

        threading.Thread(target=listen, daemon=True).start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}", callers


def test_a_changed_address_keeps_the_counter_shut_and_calls_nobody(given: Given) -> None:
    path = given.terminal.folder / "terminal.json"
    sound = path.read_bytes()

    async def read(visit: Visit) -> None:
        told.append(await visit.refused())

    async def works(visit: Visit) -> None:
        await visit.enter(given.staff, "s001")

    told: list[str] = []
    assert given.open(works, cloud_url="") == exit_codes.OK
    with stranger() as (address, callers):
        # Another town's code leads to nothing in the keyring, which is no lost keyring all the same.
        changes = {"cloud_url": address}, {"municipality": {**json.loads(sound)["municipality"], "code": "1"}}
        for changed in changes:
            path.write_text(json.dumps(json.loads(sound) | changed), "utf-8")
            before = given.terminal.contents()
            assert given.open(read, cloud_url="") == exit_codes.CHANGED
            assert "terminal.json" in told[-1]
            assert "パスワードは送られていません" in told[-1]
            assert (callers, given.terminal.contents()) == ([], before)
    path.write_bytes(sound)
    assert given.open(works, cloud_url="") == exit_codes.OK

"""An officer changes the device secret by a verb; then one signs in, off line and on. Cloud and keyring are real."""

import pytest

from tests.journeys.given import Given
from tests.journeys.real_terminal import Visit
from ui.cli import exit_codes

pytestmark = [
    pytest.mark.service,
    pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints"),  # Qt's offscreen platform
]
OFFICER, CLERK = "s002", "s001"


def test_after_it_the_officer_opens_off_line_and_a_clerk_after_one_sign_in_on_line(given: Given) -> None:
    staff, cloud = given.staff, given.terminal.cloud
    typed = f"{OFFICER}\n{staff.password(OFFICER)}\n{staff.code(OFFICER)}\n"
    before = (given.terminal.folder / "wraps.json").read_bytes()
    ended = given.program("keys", "rotate", typed=typed)
    assert ended.returncode == exit_codes.OK, ended.stderr
    assert "sign_in_on_line_again: 1" in ended.stdout
    assert (given.terminal.folder / "wraps.json").read_bytes() != before

    async def script(visit: Visit) -> None:
        await visit.enter(staff, CLERK)  # the cloud's deposit is under the new one
        await visit.lock()
        cloud.kill()
        await visit.line_is("オフライン")
        await visit.enter(staff, CLERK)
        await visit.find_resident()
        await visit.lock()
        await visit.enter(staff, OFFICER)
        await visit.find_resident()

    assert given.open(script) == exit_codes.OK


def test_without_a_line_nothing_changes_and_it_says_so(given: Given) -> None:
    staff = given.staff
    given.terminal.cloud.kill()
    typed = f"{OFFICER}\n{staff.password(OFFICER)}\n{staff.code(OFFICER)}\n"
    ended = given.program("keys", "rotate", typed=typed)
    assert ended.returncode == exit_codes.CLOUD

    async def script(visit: Visit) -> None:
        await visit.line_is("オフライン")
        await visit.enter(staff, CLERK)
        await visit.find_resident()

    assert given.open(script) == exit_codes.OK

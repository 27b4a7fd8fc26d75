"""A town's own letters at the real counter: from the cloud's rows through the replica to the screen, at sign-in."""

import pytest
from PySide6.QtWidgets import QApplication

from tests.journeys.given import Given
from tests.journeys.real_terminal import Visit
from ui.cli import exit_codes
from ui.screens.counter.view import CounterView
from ui.screens.counter.zoom import ZoomDialog

pytestmark = [
    pytest.mark.service,
    pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints"),  # Qt's offscreen platform
]


def test_after_a_sign_in_off_line_the_towns_letters_are_drawn(given: Given) -> None:
    staff = given.staff
    given.terminal.cloud.kill()

    async def script(visit: Visit) -> None:
        await visit.line_is("オフライン")
        await visit.enter(staff, "s001")
        (view,) = (found for top in QApplication.topLevelWidgets() for found in top.findChildren(CounterView))
        view.zoom_text("\ue001山\ue0ff")
        await visit.until(lambda: isinstance(QApplication.activeModalWidget(), ZoomDialog), "the letters", 5)
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, ZoomDialog)
        visit.photograph("own_letters")
        assert [tile.line.missing == "" for tile in dialog.tiles] == [True, True, False]
        assert dialog.tiles[0].line.called == ("外字 E001",)
        dialog.close()

    assert given.open(script) == exit_codes.OK

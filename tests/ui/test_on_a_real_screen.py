"""On a real X screen: the window is there and painted, real keys move the focus, every letter has its glyph."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QImage, QTextLayout
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QMessageBox, QWidget

from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from tests.ui import states
from tests.ui.drive import Counter
from tests.ui.x_keys import ALT, SHIFT, XKeys
from ui.theme import tokens
from ui.widgets.name_label import NameLabel

pytestmark = pytest.mark.screen
Drive = Callable[..., None]
ROOT = Path(__file__).resolve().parents[2]
LARGER = """
import json, time
from PySide6.QtWidgets import QApplication
from client.config import Config
from ui.window import paint_window
app = QApplication([])
window = paint_window(Config(theme="light", municipality="あおぞら市"), app)
window.shell.activateWindow()  # what a window manager does; this screen has none
shell, until = window.shell, time.monotonic() + 20
while time.monotonic() < until and not (shell.windowHandle().isExposed() and app.focusWidget()):
    app.processEvents()
picture = shell.grab()
print(json.dumps({
    "platform": app.platformName(), "ratio": shell.devicePixelRatio(), "exposed": shell.windowHandle().isExposed(),
    "logical": shell.width(), "physical": picture.width(),
    "focus": app.focusWidget().objectName() if app.focusWidget() else "",
}))
"""


@pytest.fixture(autouse=True)
def _on_x(qapp: QApplication) -> None:
    if qapp.platformName() != "xcb":
        pytest.skip("not on an X screen: the gate starts one")


def on_the_screen(counter: Counter) -> QImage:
    """Return what the X server shows of the window."""
    return counter.shell.screen().grabWindow(counter.shell.winId()).toImage()


async def focused(counter: Counter, name: str) -> None:
    def there() -> bool:
        widget = QApplication.focusWidget()
        return widget is not None and widget.objectName() == name

    await counter.hands.until(there, f"the focus at {name}", 5)


async def ready(counter: Counter) -> None:
    await counter.hands.until(counter.shell.windowHandle().isExposed, "the window", 5)
    await counter.hands.until(counter.shell.isActiveWindow, "the keyboard", 5)


def test_the_window_is_exposed_and_the_server_shows_what_was_painted(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await ready(counter)
        await counter.sign_in()
        bar = QColor(tokens("light")["bar"])

        def painted() -> bool:
            return on_the_screen(counter).pixelColor(QPoint(500, 8)) == bar

        await counter.hands.until(painted, "the bar in its colour", 5)
        picture = on_the_screen(counter)
        assert picture.width() == counter.shell.width()
        seen = {picture.pixel(x, y) for x in range(0, 1366, 7) for y in range(0, 768, 7)}
        assert len(seen) > 20

    drive(play)


def test_real_keys_move_the_focus_and_type(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await ready(counter)
        with XKeys(int(counter.shell.winId())) as keys:
            await focused(counter, "logInStaff")
            for key in ("s", "0", "0", "1"):
                keys.press(key)
            await counter.hands.until(
                lambda: counter.hands.find(QLineEdit, "logInStaff").text() == "s001", "what was typed", 5
            )
            for name in ("logInPassword", "logInCode", "logInButton"):
                keys.press("Tab")
                await focused(counter, name)
            keys.press("Tab", SHIFT)
            await focused(counter, "logInCode")

    drive(play)


def test_real_function_keys_and_mnemonics_work(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await ready(counter)
        await states.resident(counter)
        with XKeys(int(counter.shell.winId())) as keys:
            keys.press("1", ALT)
            await counter.hands.until(lambda: counter.face.counter.basket.juminhyo, "the paper", 5)
            keys.press("F6")
            await counter.hands.until(lambda: counter.shell.present == "choose", "the procedures", 5)
            keys.press("1")
            await counter.hands.until(lambda: counter.shell.present == "change", "the form", 5)
            await focused(counter, "tenkyoTown")
            keys.press("Escape")
            await counter.hands.until(lambda: counter.shell.present == "counter", "the counter", 5)
            keys.press("F2")
            await focused(counter, "search")

    drive(play)


def test_a_dialog_has_the_keyboard_and_escape_closes_it(drive: Drive) -> None:
    """Without the offscreen platform's word about size hints, which tests/ui/test_start.py has to ignore."""

    async def play(counter: Counter) -> None:
        await ready(counter)
        await states.resident(counter)
        counter.face.help()
        box = counter.hands.find(QMessageBox, "help")
        await counter.hands.until(box.isActiveWindow, "the dialog", 5)
        with XKeys(int(box.winId())) as keys:
            keys.press("Escape")
            await counter.hands.until(lambda: QApplication.activeModalWidget() is None, "its end", 5)

    drive(play)


@pytest.mark.parametrize(
    "state", ["log-in", "counter-ready", "counter-offline", "change-form", "outbox-empty"]
)
def test_no_word_on_the_screen_is_a_row_of_empty_boxes(drive: Drive, state: str) -> None:
    async def play(counter: Counter) -> None:
        await ready(counter)
        await states.STATES[state](counter)
        words = [one for one in counter.shell.findChildren(QWidget) if one.isVisible()]
        checked = 0
        for one in words:
            if isinstance(one, QLabel | QAbstractButton) and one.text().strip():
                assert boxes(one) == [], f"{one.objectName()} {one.text()!r}"
                checked += 1
        assert checked > 5
        chain = FontChain(find_fonts())
        for name in (one.text for one in words if isinstance(one, NameLabel)):
            assert chain.missing(name) == ()

    drive(play)


def boxes(widget: QLabel | QAbstractButton) -> list[str]:
    """Return the letters that would be drawn as the font's 'missing' glyph, by number or by shape."""
    layout = QTextLayout(widget.text().replace("\n", " "), widget.font())
    layout.beginLayout()
    layout.createLine()
    layout.endLayout()
    found = []
    for run in layout.glyphRuns():
        font = run.rawFont()
        empty = font.pathForGlyph(0)
        for gid in run.glyphIndexes():
            shape = font.pathForGlyph(gid)
            if gid == 0 or (not shape.isEmpty() and shape == empty):
                found.append(f"{font.familyName()}:{gid}")
    return found


def test_a_screen_of_larger_pixels_shows_the_same_window_in_more_of_them() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", LARGER],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "QT_SCALE_FACTOR": "1.5"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert (found["platform"], found["ratio"], found["exposed"]) == ("xcb", 1.5, True)
    assert found["physical"] == round(found["logical"] * 1.5)
    assert found["focus"] == "logInStaff"


def test_the_enlarged_letters_are_the_variants_of_the_record(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await ready(counter)
        await states.resident(counter)
        address = counter.hands.find(NameLabel, "residentAddress")
        exact = address.grab().toImage()
        address.set_text(re.sub("[\U000e0100-\U000e01ef]", "", address.text))
        assert address.grab().toImage() != exact, "a variant is drawn as its base letter"

    drive(play)

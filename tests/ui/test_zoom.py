"""The large-letter view: each letter with its code points and number, or that no font here has it ([STD j370])."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from printing.layout.own_font import build
from tests.ui import states
from tests.ui.cut import cut_texts
from tests.ui.drive import Counter
from ui.marks import Mark
from ui.screens.counter.zoom import LetterTile, ZoomDialog
from ui.screens.counter.zoom_lines import LetterLine, letter_lines
from ui.text import Words
from ui.widgets.letters import Letters

pytestmark = [
    pytest.mark.long,
    pytest.mark.qt_log_ignore("propagateSizeHints"),
]  # offscreen has no window manager

Drive = Callable[..., None]
Key = Qt.Key
WORDS = Words("ja")
CHAIN = FontChain(find_fonts(), strict=False)
CHAIN.take_own(build(states.GAIJI))


def lines(text: str) -> tuple[LetterLine, ...]:
    return letter_lines(text, CHAIN, WORDS)


def test_a_letter_is_named_by_code_points_and_number() -> None:
    first, second = lines("渡　邉\U000e0110")
    assert (first.letter, first.points, first.called, first.missing) == ("渡", "U+6E21", ("MJ015547",), "")
    assert (second.points, second.called) == ("U+9089 U+E0110", ("MJ060248",))
    assert second.spoken == "2文字中2文字目　邉\U000e0110 U+9089 U+E0110 MJ060248"


def test_a_letter_of_the_towns_own_is_named_by_the_towns_code() -> None:
    (own, numbered) = lines("\ue001\ue003")
    assert (own.called, own.missing) == (("外字 E001",), "")
    assert numbered.called == ("外字 E003", "MJ010541")


@pytest.mark.parametrize(
    "letter", ["邉\U000e0100", "\ue00a", "\ue0ff", "か\u3099", "\ud800", "\x00", "\n", "\u202e"]
)
def test_a_letter_no_font_has_says_so_in_shape_and_word(letter: str) -> None:
    (line,) = lines(letter)
    assert line.missing == "この端末の書体にない文字"
    assert line.mark is Mark.TRIANGLE
    assert line.missing in line.spoken
    line.spoken.encode()


def test_kana_has_no_number_and_is_not_missing() -> None:
    assert [(line.called, line.missing, line.mark) for line in lines("あA")] == [((), "", None)] * 2


@pytest.mark.parametrize("language", ["ja", "en"])
def test_both_languages_have_the_words(language: str) -> None:
    (line,) = letter_lines("\ue00a", CHAIN, Words(language))
    assert line.missing
    assert line.called[0].endswith("E00A")


def dialog() -> ZoomDialog:
    found = QApplication.activeModalWidget()
    assert isinstance(found, ZoomDialog)
    return found


async def opened(counter: Counter) -> None:
    await counter.hands.wait_for("zoom")
    await counter.hands.until(
        lambda: isinstance(QApplication.focusWidget(), LetterTile), "a letter in focus", 5
    )


def focused() -> LetterTile:
    found = QApplication.focusWidget()
    assert isinstance(found, LetterTile)
    return found


def test_the_view_is_gone_through_by_keys(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.resident(counter)
        await counter.hands.press(Key.Key_Z, modifier=Qt.KeyboardModifier.AltModifier)
        await opened(counter)
        assert focused().line.letter == "渡"
        for key, letter in ((Key.Key_Right, "邉\U000e0110"), (Key.Key_End, "郎"), (Key.Key_Right, "郎")):
            QTest.keyClick(focused(), key)
            assert focused().line.letter == letter
        QTest.keyClick(focused(), Key.Key_Home)
        QTest.keyClick(focused(), Key.Key_Right)
        QTest.keyClick(focused(), Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        assert QGuiApplication.clipboard().text() == "U+9089 U+E0110"
        assert "MJ060248" in focused().accessibleName()
        QTest.keyClick(focused(), Key.Key_Escape)
        await counter.hands.until(lambda: QApplication.activeModalWidget() is None, "the end", 5)

    drive(play)


def test_a_long_name_wraps_and_scrolls_and_the_focus_stays_in_sight(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.zoom_long(counter)
        await opened(counter)
        shown = dialog()
        assert len(shown.tiles) == 59
        assert shown.width() <= counter.shell.width()
        assert shown.height() <= counter.shell.height()
        QTest.keyClick(focused(), Key.Key_Down)
        assert focused() is shown.tiles[6]
        QTest.keyClick(focused(), Key.Key_End)
        await counter.hands.until(
            lambda: not focused().visibleRegion().isEmpty(), "the last letter in sight", 5
        )

    drive(play)


def test_any_text_can_be_shown(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.resident(counter)
        for text in ("", " 　", "\ud800山\udfff", "\U000e0110\u200d\x00", "👨\u200d👩\u200d👧"):
            counter.face.counter_view.zoom_text(text)
            await counter.hands.wait_for("zoom")
            dialog().close()
            await counter.hands.until(lambda: QApplication.activeModalWidget() is None, "the end", 5)

    drive(play)


@pytest.mark.parametrize("state", ["counter-zoom", "counter-zoom-gaiji", "counter-zoom-long"])
@pytest.mark.parametrize(
    ("size", "percent", "language"),
    [((1168, 620), 100, "ja"), ((1366, 768), 200, "ja"), ((1366, 768), 150, "en")],
)
def test_nothing_is_cut(drive: Drive, state: str, size: tuple[int, int], percent: int, language: str) -> None:
    async def play(counter: Counter) -> None:
        await states.STATES[state](counter)
        await counter.hands.wait_for("zoom")
        assert cut_texts(dialog()) == []
        assert dialog().width() <= counter.shell.width()
        assert dialog().height() <= counter.shell.height()

    drive(play, size=size, percent=percent, language=language)


@pytest.mark.parametrize("px", [40.0, 100.0])
def test_where_two_strokes_of_an_outline_cross_is_ink(qapp: QApplication, px: float) -> None:
    """Small letters are drawn as glyphs, large ones as paths: both as SVG and fonts mean an outline."""
    image = QImage(200, 160, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    Letters(CHAIN).draw(painter, 10, 120, "\ue001", px)
    painter.end()
    crossing = image.pixelColor(10 + int(px * 0.5), 120 - int(px * (0.88 - 0.46)))
    inside_nothing = image.pixelColor(10 + int(px * 0.3), 120 - int(px * (0.88 - 0.7)))
    assert crossing.lightness() < 80
    assert inside_nothing.lightness() > 200


def test_the_towns_letters_change_with_the_font_handed_in(qapp: QApplication) -> None:
    letters = Letters(FontChain(find_fonts(), strict=False))
    assert letters.missing("\ue001山") == ("\ue001",)
    letters.take_own(build(states.GAIJI))
    assert letters.missing("\ue001\ue00a山") == ("\ue00a",)
    assert letters.mj_name("\ue003") == "MJ010541"

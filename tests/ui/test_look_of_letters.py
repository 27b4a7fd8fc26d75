"""Names on the screen are the names of the register, to the last variation selector (P14)."""

import pytest
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from ui import theme
from ui.widgets.letters import Letters
from ui.widgets.name_label import NameLabel

pytestmark = pytest.mark.long

CHAIN = FontChain(find_fonts(), strict=False)


def drawn(text: str, px: float = 48) -> bytes:
    image = QImage(400, 160, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    Letters(CHAIN).draw(painter, 10, 120, text, px)
    painter.end()
    return bytes(image.constBits())


def blank() -> bytes:
    image = QImage(400, 160, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    return bytes(image.constBits())


def test_a_variation_sequence_is_not_drawn_as_its_base_letter(qapp: QApplication) -> None:
    assert drawn("邉󠄐") != drawn("邉")
    assert drawn("葛󠄂") != drawn("葛󠄀")


def test_a_letter_no_font_has_is_a_visible_box(qapp: QApplication) -> None:
    assert drawn("\U000f0000") not in {blank(), drawn("一")}
    assert drawn("亜\U000e01ee") != drawn("亜")


@pytest.mark.parametrize("px", [12, 60, 61, 80, 110])
def test_letters_are_drawn_at_every_size(qapp: QApplication, px: float) -> None:
    assert drawn("𠮷", px) != blank()


def test_a_long_address_takes_more_lines_and_loses_no_letter(qapp: QApplication) -> None:
    theme.apply(qapp, "light")
    letters = Letters(CHAIN)
    text = "みどり県あおぞら市葛󠄂城町一丁目2番3号　辻󠄂ハイツ𠮷田301号"
    lines = letters.lines(text, 16, 120)
    assert "".join(lines) == text
    assert len(lines) > 2
    assert all(letters.width(line, 16) <= 120 for line in lines)
    label = NameLabel(letters, 12, wrap=True)
    label.set_text(text)
    assert label.height_for(120) > label.height_for(2000)


def test_a_screen_reader_hears_the_reading(qapp: QApplication) -> None:
    label = NameLabel(Letters(CHAIN), 24)
    label.set_text("渡邉󠄐", spoken="氏名 わたなべ")
    assert label.accessibleName() == "氏名 わたなべ"
    assert label.text == "渡邉󠄐"


@pytest.mark.parametrize("name", theme.THEMES)
def test_every_theme_has_every_token(name: str) -> None:
    assert theme.style_sheet(name)
    assert theme.tokens(name).keys() == theme.tokens("light").keys()


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("name", theme.THEMES)
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *(
            ("ink", "card"),
            ("ink", "ground"),
            ("quiet", "card"),
            ("quiet", "ground"),
            ("on_accent", "accent"),
        ),
        *(("bad", "bad_ground"), ("warn", "warn_ground"), ("ok", "card"), ("bad", "card"), ("warn", "card")),
        *(("ink", "chosen"), ("on_bar", "bar"), ("off_ink", "off_ground"), ("on_stripe", "stripe")),
    ],
)
def test_text_stands_out_from_its_ground(name: str, ink: str, ground: str) -> None:
    tokens = theme.tokens(name)
    light, dark = sorted((luminance(tokens[ink]), luminance(tokens[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5

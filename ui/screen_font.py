"""The letters of the screen: a PC that lacks BIZ UDPGothic gets the one that came with the program."""

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication

from client.domain.errors import PaperError
from printing.layout.fonts import SCREEN_FONT, find_font

_FAMILIES = ("BIZ UDPGothic", "BIZ UDPゴシック")  # one font; Windows calls it by either name


def bring_screen_font(app: QApplication) -> bool:
    """Register the font where the desk has none; returns whether it was. Called once the first window is painted."""
    if any(map(QFontDatabase.hasFamily, _FAMILIES)):
        return False
    try:
        path = find_font(SCREEN_FONT)
    except PaperError:
        return False  # the next family of the list is shown; `madoguchi doctor` names what is missing
    if QFontDatabase.addApplicationFont(str(path)) < 0:
        return False
    app.setFont(app.font())  # resolved anew, now that the family is known
    app.setStyleSheet(app.styleSheet())
    return True

"""The look: tokens of a theme → palette and style sheet. Sizes are points, so they grow with the screen."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from string import Template

from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

import resources
from resources import read_text

SCREEN_FAMILIES = ("BIZ UDPGothic", "BIZ UDPゴシック", "Yu Gothic UI", "Meiryo", "Noto Sans CJK JP")
BASE_PT = 10.5
THEMES = ("light", "dark", "high_contrast")
_SIZES = {"pt_small": 9.5, "pt_heading": 11.5, "pt_search": 13.0, "pt_title": 14.0, "pt_total": 22.0}
_ROLES = {
    QPalette.ColorRole.Window: "ground",
    QPalette.ColorRole.Base: "field",
    QPalette.ColorRole.AlternateBase: "card",
    QPalette.ColorRole.Text: "ink",
    QPalette.ColorRole.WindowText: "ink",
    QPalette.ColorRole.Button: "card",
    QPalette.ColorRole.ButtonText: "ink",
    QPalette.ColorRole.Highlight: "accent",
    QPalette.ColorRole.HighlightedText: "on_accent",
    QPalette.ColorRole.PlaceholderText: "quiet",
    QPalette.ColorRole.ToolTipBase: "card",
    QPalette.ColorRole.ToolTipText: "ink",
    QPalette.ColorRole.Link: "accent",
    QPalette.ColorRole.BrightText: "bad",  # the two tones painted by hand in lists
    QPalette.ColorRole.LinkVisited: "warn",
    QPalette.ColorRole.Mid: "line",
}


def tokens(theme: str) -> Mapping[str, str]:
    """Return a theme's tokens."""
    return {name: str(value) for name, value in tomllib.loads(read_text("theme", f"{theme}.toml")).items()}


def style_sheet(theme: str, scale: float = 1.0) -> str:
    """Return the one sheet with a theme's tokens and sizes filled in; KeyError for a token it lacks."""
    sizes = {name: f"{points * scale:g}" for name, points in _SIZES.items()}
    marks = (Path(resources.__file__).parent / "theme" / "marks").as_posix()  # Qt reads them by their path
    return Template(read_text("theme", "base.qss")).substitute(tokens(theme), **sizes, marks_dir=marks)


def apply(app: QApplication, theme: str, *, percent: int = 100) -> str:
    """Give the whole application a look; returns the theme chosen, where ``system`` asked for the desk's own."""
    chosen = _desk_theme(app) if theme == "system" else theme
    scale = percent / 100
    app.setStyle("Fusion")
    font = QFont(list(SCREEN_FAMILIES))
    font.setPointSizeF(BASE_PT * scale)
    app.setFont(font)
    app.setPalette(_palette(tokens(chosen)))
    app.setStyleSheet(style_sheet(chosen, scale))
    return chosen


def _desk_theme(app: QApplication) -> str:
    from PySide6.QtCore import Qt  # costs 14 ms of the first paint, and most desks name their theme

    hints = app.styleHints()
    if hints.accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast:
        return "high_contrast"
    return "dark" if hints.colorScheme() == Qt.ColorScheme.Dark else "light"


def _palette(named: Mapping[str, str]) -> QPalette:
    palette = QPalette()
    for role, token in _ROLES.items():
        palette.setColor(role, QColor(named[token]))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(named["off_ink"]))
    return palette

"""BIZ UDPGothic on a PC that has none: it comes from the program, after the first paint, and nothing breaks without."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from printing.layout.fonts import SCREEN_FONT, find_font

ROOT = Path(__file__).resolve().parents[2]
# A desk with one other font only, as fontconfig sees it.
BARE_DESK = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""
PROGRAM = """
import json
from PySide6.QtGui import QFontDatabase, QFontInfo
from PySide6.QtWidgets import QApplication, QLabel
from ui import theme
from ui.screen_font import bring_screen_font
app = QApplication([])
theme.apply(app, "light")
label = QLabel("窓口")
label.show()
app.processEvents()
def family():
    label.ensurePolished()
    return QFontInfo(label.font()).family()
before, brought = family(), bring_screen_font(app)
again = bring_screen_font(app)
app.processEvents()
print(json.dumps({"before": before, "brought": brought, "again": again, "after": family()}))
"""


def told(tmp_path: Path, **more: str) -> dict[str, object]:
    """Run the program on a desk with nothing but the font of the papers."""
    fonts = tmp_path / "fonts"
    fonts.mkdir()
    (fonts / "ipamjm.ttf").symlink_to(find_font("ipamjm.ttf"))
    settings = tmp_path / "fonts.conf"
    settings.write_text(BARE_DESK.format(fonts=fonts, cache=tmp_path / "cache"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM],
        cwd=ROOT,
        env={
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": str(ROOT),
            "FONTCONFIG_FILE": str(settings),
            **more,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.skipif(
    sys.platform != "linux", reason="the desk's fonts are hidden by fontconfig's own settings"
)
def test_a_desk_without_the_font_gets_it_from_the_program(tmp_path: Path) -> None:
    found = told(tmp_path, MADOGUCHI_FONT_DIR=str(find_font(SCREEN_FONT).parent))
    assert "BIZ UD" not in str(found["before"])
    assert found["brought"] is True
    assert found["after"] == "BIZ UDPGothic"
    assert found["again"] is False


@pytest.mark.skipif(sys.platform != "linux", reason="as above")
def test_a_desk_that_has_it_is_left_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["brought"] is False

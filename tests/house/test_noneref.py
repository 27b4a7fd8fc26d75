"""PySide6 keeps the reference count of None: 6.12.0 drops one per void call and aborts Python 3.11 after some thousand."""

import subprocess
import sys

import pytest

COUNT = """
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QLabel
app, font = QApplication([]), QFont()
label = QLabel("x")
lost = 0
for call in (lambda: label.setText("a"), lambda: label.setFont(font), app.processEvents):
    call()
    before = sys.getrefcount(None)
    for _ in range(300):
        call()
    lost += before - sys.getrefcount(None)
print(lost)
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_void_calls_do_not_eat_none() -> None:
    counted = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True)
    assert int(counted.stdout) < 100

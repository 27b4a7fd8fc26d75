"""``start.*``: from the start of the process to the painted sign-in window, against a bare PySide6 window.

    python -P tests/bench/start.py [--quick] [--json]

Both are started in turn, each in a process of its own; the medians are compared. The memory is that of our
process once the window is painted, and once everything behind it has been imported.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGETS = {"start.ratio": 1.5, "start.rss_mb": 120.0}
_TELL = """
import time
def told():
    painted = time.monotonic()  # one clock for all processes
    rss = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))
    print(f"{painted} {rss / 1024:.1f}", flush=True)
"""
# Four fields and a button, as anybody would write them: no theme, no texts, no model.
BARE = (
    _TELL
    + """
import sys
from PySide6.QtWidgets import QApplication, QFormLayout, QLineEdit, QMainWindow, QPushButton, QWidget
app = QApplication(sys.argv[:1])
window = QMainWindow()
page = QWidget()
form = QFormLayout(page)
for name in ("a", "b", "c"):
    form.addRow(name, QLineEdit())
form.addRow(QPushButton("ok"))
window.setCentralWidget(page)
window.resize(1366, 768)
window.show()
app.processEvents()
told()
"""
)
OURS = (
    _TELL
    + """
import sys
import ui.cli.verbs
from ui.config_file import load
from ui.window import paint_window
from PySide6.QtWidgets import QApplication
app = QApplication(sys.argv[:1])
window = paint_window(load().config, app)
told()
import ui.loop, ui.assembly
rss = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))
print(f"{rss / 1024:.1f}")
"""
)


def started(program: str, environment: dict[str, str]) -> list[float]:
    """Start a program and return what it told: milliseconds since its start, megabytes, and those after all."""
    command = [sys.executable, "-P", "-c", program]
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    painted, *sizes = (float(word) for word in done.stdout.split())
    return [(painted - began) * 1000, *sizes]


def measure(rounds: int) -> dict[str, float]:
    """Start both in turn and return the figures."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"MADOGUCHI_DATA_DIR": folder, "MADOGUCHI_CONFIG": "/dev/null", "MADOGUCHI_THEME": "light"}
        environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ, **settings, "PYTHONPATH": str(ROOT)}
        for program in (BARE, OURS):
            started(program, environment)  # once for the file cache and the byte code
        bare, ours = [], []
        for _ in range(rounds):
            bare.append(started(BARE, environment))
            ours.append(started(OURS, environment))
    bare_ms = statistics.median(one[0] for one in bare)
    ours_ms = statistics.median(one[0] for one in ours)
    return {
        "start.ratio": ours_ms / bare_ms,
        "start.rss_mb": statistics.median(one[1] for one in ours),
        "start.ms": ours_ms,
        "start.bare_ms": bare_ms,
        "start.rss_after_mb": statistics.median(one[2] for one in ours),
    }


def main() -> int:
    """Measure, print a table, and with --json one last line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="five starts of each instead of fifteen")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measure(5 if asked.quick else 15)
    figures = [
        {
            "name": name,
            "value": round(value, 2),
            "target": TARGETS.get(name),
            "better": "lower",
            "scale": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
            "ok": name not in TARGETS or value <= TARGETS[name],
        }
        for name, value in found.items()
    ]
    for one in figures:
        target = f"  (target {one['target']})" if one["target"] else ""
        print(f"{one['name']:<20} {one['value']:>9}{target}")
    if asked.json:
        machine = {"python": platform.python_version(), "cpus": os.cpu_count(), "system": platform.platform()}
        peers = {"bare_pyside6_ms": round(found["start.bare_ms"], 1)}
        print(json.dumps({"bench": "start", "figures": figures, "peers": peers, "machine": machine}))
    return 0 if all(one["ok"] for one in figures) else 1


if __name__ == "__main__":
    sys.exit(main())

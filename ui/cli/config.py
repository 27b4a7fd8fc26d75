"""``madoguchi config``: every setting, its value and where it was set, and the bad lines of a file that one names.

``--sample`` writes a settings file.
"""

import argparse
import sys
from dataclasses import asdict

from msgspec import json as wire

from ui.cli import exit_codes
from ui.config_file import Loaded, sample
from ui.place_readings import read_file


def run(loaded: Loaded, asked: argparse.Namespace) -> int:
    """Print the settings."""
    if asked.sample:
        print(sample(), end="")
        return exit_codes.OK
    values = {
        name: value if isinstance(value, (bool, int)) else str(value)
        for name, value in asdict(loaded.config).items()
    }
    problems = [
        {"name": "place_readings_file", "line": one.number, "why": one.why}
        for one in read_file(loaded.config.place_readings_file).bad_lines
    ]
    if asked.json:
        settings = {name: {"value": value, "source": loaded.sources[name]} for name, value in values.items()}
        print(wire.encode({"ok": not problems, "settings": settings, "problems": problems}).decode())
    else:
        for name, value in values.items():
            print(f"{name} = {value}    # {loaded.sources[name]}")
        for one in problems:
            print(f"{one['name']}: line {one['line']}: {one['why']}", file=sys.stderr)
    return exit_codes.FAILED if problems else exit_codes.OK

"""``madoguchi config``: every setting, its value and where it was set; ``--sample`` writes a settings file."""

import argparse
from dataclasses import asdict

from msgspec import json as wire

from client.config import Loaded, sample
from ui.cli import exit_codes


def run(loaded: Loaded, asked: argparse.Namespace) -> int:
    """Print the settings."""
    if asked.sample:
        print(sample(), end="")
        return exit_codes.OK
    values = {
        name: value if isinstance(value, (bool, int)) else str(value)
        for name, value in asdict(loaded.config).items()
    }
    if asked.json:
        settings = {name: {"value": value, "source": loaded.sources[name]} for name, value in values.items()}
        print(wire.encode({"ok": True, "settings": settings}).decode())
        return exit_codes.OK
    for name, value in values.items():
        print(f"{name} = {value}    # {loaded.sources[name]}")
    return exit_codes.OK

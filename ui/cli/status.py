"""``madoguchi status``: how this terminal stands, without opening anything that is encrypted."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from msgspec import json as wire

from client.config import Config
from client.domain.calendar import tokyo_day
from client.domain.errors import StoreError
from offline.store.files import InstanceLock
from offline.store.terminal_file import read_facts
from offline.store.usage_file import read_usage
from ui.cli import exit_codes
from ui.config_file import Loaded
from ui.upkeep_file import read_upkeep

_FILES = ("replica.db", "ledger.db", "ledger.slots", "wraps.json")


def run(loaded: Loaded, asked: argparse.Namespace) -> int:
    """Print the state; 13 where this PC is not a terminal."""
    found = state_of(loaded.config)
    if asked.json:
        print(wire.encode({"ok": found["enrolled"], **found}).decode())
    else:
        for name, value in found.items():
            print(f"{name}: {value}")
    return exit_codes.OK if found["enrolled"] else exit_codes.NOT_ENROLLED


def state_of(config: Config) -> dict[str, object]:
    """Return what can be said of a terminal from outside its encrypted files."""
    folder = config.terminal_dir
    facts = read_facts(folder / "terminal.json")
    used, upkeep = read_usage(folder), read_upkeep(folder)
    attachments = upkeep.pop("attachments", {"waiting": 0, "lost": 0})
    journal = upkeep.pop(
        "journal", {"entries": 0, "received": 0}
    )  # and how much of it the cloud has receipted
    return {
        "environment": config.environment,
        "folder": str(folder),
        "enrolled": facts is not None,
        "terminal_no": facts.terminal_no if facts else "",
        "terminal_name": facts.terminal_name if facts else config.terminal_name,
        "municipality": facts.municipality_name if facts else config.municipality,
        "cloud_url": config.cloud_url or (facts.cloud_url if facts else ""),
        "open": in_use(folder),
        "bytes_today": {
            uplink: {"sent": count.sent, "received": count.received}
            for uplink, count in used.on(tokyo_day(datetime.now(UTC))).items()
        },
        "bytes_by_day": {
            f"{day}": sum(count.all for count in counts.values()) for day, counts in used.days.items()
        },
        "journal": journal,
        "replica": upkeep,
        "attachments": attachments,
        "files": {name: _size(folder / name) for name in _FILES},
    }


def in_use(folder: Path) -> bool:
    """Tell whether a counter is open on a folder."""
    if not (folder / "lock").exists():
        return False
    try:
        with InstanceLock(folder / "lock"):
            return False
    except StoreError as error:
        return error.code == "store.in_use"


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None

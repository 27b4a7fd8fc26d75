"""Where a play leaves things on its machine, and who is in its register: what to search, and for whom (P10)."""

import sqlite3
from contextlib import closing
from pathlib import Path

# The town, the printer, our camera.
NOT_SEARCHED = ("cloud.db", "out/state/cloud/", "out/papers/", "out/screens/")
# Where programs of a desk keep things, and where a core would be.
FOLDERS = ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")


def own_folders(machine: Path) -> dict[str, str]:
    """Make a machine's folders; returns the variables that lead there."""
    for name in FOLDERS:
        (machine / name.lower()).mkdir(exist_ok=True)
    return {name: str(machine / name.lower()) for name in FOLDERS}


def people_of(database: Path) -> set[str]:
    """Return what says who somebody is or where they live, of everybody the register has."""
    with closing(sqlite3.connect(database)) as base:
        rows = base.execute(
            "SELECT full_name, furigana, latin_name, tsusho, householder_name FROM resident"
        ).fetchall()
        homes = base.execute("SELECT address_town, address_banchi FROM resident").fetchall()
    said = {value for row in rows for value in row if value}
    return said | {town + banchi for town, banchi in homes if town and banchi}

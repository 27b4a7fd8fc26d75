"""Searches what a play left on its machine for everybody the register has (P10)."""

import base64
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

SHORTEST = 8  # bytes; shorter ones come up by chance
# The town, the printer, our camera.
NOT_SEARCHED = ("cloud.db", "out/state/cloud/", "out/papers/", "out/screens/")
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le")
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
    said |= {value.replace("　", "") for value in said}
    return said | {town + banchi for town, banchi in homes if town and banchi}


def forms_of(texts: set[str]) -> Mapping[str, bytes]:
    """Return the texts in every form they might be written in."""
    forms: dict[str, bytes] = {}
    for text in texts:
        forms |= {f"{encoding} {text}": text.encode(encoding) for encoding in ENCODINGS}
        forms[f"escaped {text}"] = text.encode("unicode_escape")
        forms[f"base64 {text}"] = base64.b64encode(text.encode())[:-4]
        forms[f"percent {text}"] = "".join(f"%{byte:02X}" for byte in text.encode()).encode()
    return {name: form for name, form in forms.items() if len(form) >= SHORTEST}


def leaks(folder: Path, forms: Mapping[str, bytes]) -> Iterator[str]:
    """Yield where a text is written, in a file or in its name."""
    by_head: dict[bytes, list[tuple[str, bytes]]] = {}
    for form, text in forms.items():
        by_head.setdefault(text[:SHORTEST], []).append((form, text))
    for path in folder.rglob("*"):
        place = path.relative_to(folder).as_posix()
        if place.startswith(NOT_SEARCHED):
            continue
        content = os.fsencode(path.name) + b"\0" + (path.read_bytes() if path.is_file() else b"")
        for at in range(len(content) - SHORTEST + 1):
            for form, text in by_head.get(content[at : at + SHORTEST], ()):
                if content.startswith(text, at):
                    yield f"{place}: {form}"

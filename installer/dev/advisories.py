"""Holds what is pinned against known weaknesses, with no internet: the advisories come as a file.

    ./dev advisories PATH…     an export of OSV for PyPI (all.zip), a folder of its JSON files, or single ones

Prints each pin that an advisory names, and the version that mends it; ends with 1 where there is one, with 2 where nothing
could be read. Withdrawn advisories do not count. OSV schema 1.6: https://ossf.github.io/osv-schema/
"""

import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

LOCKS = Path(__file__).resolve().parents[1] / "requirements"
Advisory = dict[str, Any]


@dataclass(frozen=True, order=True)
class Found:
    """A pin that an advisory names."""

    package: str
    version: str
    advisory: str
    mended_in: str

    def __str__(self) -> str:
        return f"{self.package}=={self.version}  {self.advisory}  mended in: {self.mended_in or 'none yet'}"


def pins(folder: Path = LOCKS) -> dict[str, set[str]]:
    """Return by package every version the locks pin."""
    found: dict[str, set[str]] = {}
    for lock in sorted(folder.glob("*.txt")):
        for name, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock.read_text("utf-8")):
            found.setdefault(plain(name), set()).add(version)
    return found


def plain(name: str) -> str:
    """Return a package's name as all of its spellings compare (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def advisories(paths: Iterable[Path]) -> Iterator[Advisory]:
    """Yield every advisory in some files, folders and zips. OSError, ValueError."""
    for path in paths:
        if path.is_dir():
            yield from advisories(sorted(path.rglob("*.json")))
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                for name in sorted(packed.namelist()):
                    if name.endswith(".json"):
                        yield json.loads(packed.read(name))
        else:
            yield json.loads(path.read_text("utf-8"))


def held_against(pinned: dict[str, set[str]], told: Iterable[Advisory]) -> list[Found]:
    """Return every pin that is named."""
    found = set()
    for advisory in told:
        if advisory.get("withdrawn"):
            continue
        for affected in advisory.get("affected", ()):
            package = affected.get("package", {})
            name = plain(package.get("name", ""))
            if package.get("ecosystem") != "PyPI" or name not in pinned:
                continue
            for version in pinned[name]:
                if is_hit(affected, version):
                    found.add(Found(name, version, advisory["id"], mended(affected, version)))
    return sorted(found)


def is_hit(affected: Advisory, version: str) -> bool:
    """Tell whether a version is named one by one, or lies in a range of versions."""
    if version in affected.get("versions", ()):
        return True
    return any(_in_range(one.get("events", ()), version) for one in _ranges(affected))


def mended(affected: Advisory, version: str) -> str:
    """Return the first version after this one that is said to be whole, or nothing."""
    fixed = [
        event["fixed"] for one in _ranges(affected) for event in one.get("events", ()) if "fixed" in event
    ]
    later = [one for one in fixed if _key(one) > _key(version)]
    return min(later, key=_key) if later else ""


def _ranges(affected: Advisory) -> list[Advisory]:
    return [one for one in affected.get("ranges", ()) if one.get("type") in {"ECOSYSTEM", "SEMVER"}]


def _in_range(events: Iterable[dict[str, str]], version: str) -> bool:
    """Walk the events in the order of their versions, as the schema's own algorithm does."""
    at, inside = _key(version), False
    for kind, told in sorted(
        ((kind, told) for event in events for kind, told in event.items()), key=lambda one: _key(one[1])
    ):
        if kind == "introduced" and at >= _key(told):
            inside = True
        elif (kind == "fixed" and at >= _key(told)) or (kind == "last_affected" and at > _key(told)):
            inside = False
    return inside


def _key(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0")


def main(words: list[str]) -> int:
    """Look, and tell."""
    if not words:
        print(__doc__)
        return 2
    try:
        told = list(advisories(map(Path, words)))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        print(f"[advisories] Cannot be read: {error}", file=sys.stderr)
        return 2
    if not any(advisory.get("affected") for advisory in told):
        print("[advisories] No advisory in there: is it an export of OSV?", file=sys.stderr)
        return 2
    pinned = pins()
    found = held_against(pinned, told)
    print(*found, sep="\n", end="\n" if found else "")
    print(f"[advisories] {len(told)} advisories, {len(pinned)} packages pinned, {len(found)} named.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

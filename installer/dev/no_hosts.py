"""Fails when the tree holds the address of a package index: what a machine uses to fetch things is its own affair.

The addresses looked for are never written here: they are asked of pip, npm and apt on the machine this runs on.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

INDEX_OPTION = re.compile(r'^\s*(--(extra-)?index-url|--find-links|-f )|"resolved": *"http', re.MULTILINE)
LOCKS_WITH_ADDRESSES = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "package-lock.json")
VARIABLES = re.compile(r"^(pip|uv|npm_config|twine)_", re.IGNORECASE)


def output_of(*command: str) -> str:
    """Return what a program prints, or nothing where there is no such program."""
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def hosts_in(text: str) -> Iterator[str]:
    """Yield the host of every address in a text."""
    for address in re.findall(r"""https?://[^\s"',]+""", text):
        host = urlsplit(address).hostname
        if host and "." in host:
            yield host


def index_hosts() -> frozenset[str]:
    """Return the hosts from which this machine's pip, npm and apt fetch."""
    told = [
        output_of(sys.executable, "-m", "pip", "config", "list"),
        output_of("npm", "config", "get", "registry"),
        output_of("apt-get", "indextargets", "--format", "$(SITE)"),
        *(value for name, value in os.environ.items() if VARIABLES.match(name)),
    ]
    return frozenset(host for text in told for host in hosts_in(text)) | pip_defaults()


def pip_defaults() -> frozenset[str]:
    """Return the hosts pip would use if nobody told it anything, from pip itself."""
    ask = "from pip._internal.models.index import PyPI as p; print(p.netloc, p.file_storage_domain)"
    return frozenset(output_of(sys.executable, "-c", ask).split())


def tracked_files(root: Path) -> list[Path]:
    """Return the files git knows or would take in."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [root / name for name in listed.split("\0") if name and (root / name).is_file()]


def findings(root: Path, files: Iterable[Path], hosts: frozenset[str]) -> list[str]:
    """Return a line for each file that gives an address away."""
    found = []
    for file in files:
        name = file.relative_to(root).as_posix()
        if file.name in LOCKS_WITH_ADDRESSES:
            found.append(f"{name}: this kind of lock records addresses and must not be tracked")
        text = file.read_bytes().decode("utf-8", errors="replace")
        if any(host in text for host in hosts):  # the address itself is not repeated
            found.append(f"{name}: the address of a package index stands in it")
        if INDEX_OPTION.search(text):
            found.append(f"{name}: an option that names a package index stands in it")
    return found


def main() -> int:
    """Say what was found; 1 when anything was."""
    root = Path(__file__).resolve().parents[2]
    files = tracked_files(root)
    found = findings(root, files, index_hosts())
    for line in found:
        print(line)
    print(f"no-hosts: {len(files)} files, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

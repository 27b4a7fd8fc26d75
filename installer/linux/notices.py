"""Writes the notices of everything a package contains: each library's name, version, licence, and its own texts.

notices.py LOCK FILE    the libraries the lock names, as installed here
"""

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", re.MULTILINE)
TEXT = re.compile(r"(licen[cs]e|notice|copying|authors)", re.IGNORECASE)
FONTS = """BIZ UD Gothic, BIZ UD Mincho (Morisawa Inc.): SIL Open Font License 1.1, see fonts-OFL.txt beside this file.
IPAmj Mincho is not inside; it comes with the package fonts-ipamj-mincho (IPA Font License 1.0).
resources/contract/variants.tsv is derived from the MJ Shrink Map (MJ縮退マップ) of IPA and the Character Information
Technology Promotion Council, by way of jntajis-python (BSD-3-Clause, Open Collector, Inc.): CC BY-SA 2.1 JP, see its head.
resources/contract/mj_letters.tsv is as the MJ Character List (MJ文字情報一覧表) of the same has it: CC BY-SA 2.1 JP.
"""


def said(found: Distribution, field: str) -> list[str]:
    """Return every value a library gives for a field."""
    return [str(value) for value in found.metadata.get_all(field) or ()]


def licence_of(found: Distribution) -> str:
    """Return what a library says its licence is, in one line."""
    told = [*said(found, "License-Expression"), *said(found, "License"), ""][0]
    classifiers = [
        line.rsplit("::", 1)[1].strip() for line in said(found, "Classifier") if line.startswith("License ::")
    ]
    return told.strip().split("\n")[0] or "; ".join(classifiers) or "see its texts"


def texts_of(found: Distribution) -> list[str]:
    """Return the licence texts a library brings along."""
    return [
        Path(str(found.locate_file(file))).read_text("utf-8", errors="replace")
        for file in found.files or ()
        if ".dist-info" in str(file) and TEXT.search(Path(str(file)).name)
    ]


def notices(lock: Path) -> str:
    """Return the whole page."""
    parts = ["Madoguchi contains or uses the following works of others.\n", FONTS]
    for name in sorted(set(PIN.findall(lock.read_text("utf-8"))), key=str.lower):
        try:
            found = distribution(name)
        except PackageNotFoundError:  # for another operating system
            continue
        parts.append(f"{'=' * 78}\n{name} {found.version}: {licence_of(found)}\n")
        parts += texts_of(found)
    return "\n".join(parts)


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(notices(Path(sys.argv[1])), encoding="utf-8")

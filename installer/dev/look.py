"""Pictures for a person to look at: every paper and every screen in every state, in out/look/.

look.py               both
look.py papers        the papers alone, as PDF and as pictures
look.py screens WORD  the screens alone, all states or those named
look.py --approve     takes the papers as they are now for the golden pages; look at them first
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "out" / "look"
DPI = 150


def papers() -> int:
    """Draw every paper of the golden pages, as PDF and at a size one can read."""
    from printing.desk.draw import Drawer  # heavy, and not needed for the screens
    from printing.desk.picture import pictures
    from printing.layout.fonts import find_fonts
    from printing.layout.glyphs import FontChain
    from printing.papers import doubtful_list, drill_report, intake_slip, juminhyo_copy
    from tests.printing import goldens, test_golden

    chain = FontChain(find_fonts())
    drawer = Drawer(chain)
    laid = {name: juminhyo_copy.pages(asked, chain) for name, asked in test_golden.DECIDED.items()}
    laid["slip"] = intake_slip.pages(test_golden.SLIP, chain)
    laid["doubtful-list"] = doubtful_list.pages(test_golden.DOUBTFUL, chain)
    laid["drill-report"] = drill_report.pages(test_golden.REPORT, chain)
    folder = OUT / "papers"
    folder.mkdir(parents=True, exist_ok=True)
    for name, pages in laid.items():
        pdf = drawer.pdf(pages, title=name)
        (folder / f"{name}.pdf").write_bytes(pdf)
        for number, picture in enumerate(pictures(pdf, dpi=DPI), start=1):
            goldens.image_of(picture).save(folder / f"{name}-{number}.png")
    print(f"{len(laid)} papers in {folder}")
    return 0


def screens(words: list[str]) -> int:
    """Save the screens, and once more at 150 % of the size."""
    folder = OUT / "screens"
    command = [sys.executable, "-P", "-m", "tests.ui.look", *words, "--out", str(folder)]
    plain = subprocess.run(command, cwd=ROOT, check=False).returncode
    larger = ["--scale", "1.5", "--theme", "light", "--size", "1366"]
    return plain or subprocess.run([*command, *larger], cwd=ROOT, check=False).returncode


def approve() -> int:
    """Make the papers of now the golden pages, and say which changed."""
    tests = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:randomly", "tests/printing/test_golden.py"]
    code = subprocess.run(
        tests, cwd=ROOT, env={**os.environ, "MADOGUCHI_APPROVE": "1"}, check=False
    ).returncode
    subprocess.run(["git", "status", "--short", "tests/golden"], cwd=ROOT, check=False)
    return code


def main(words: list[str]) -> int:
    """Do what was asked."""
    if words == ["--approve"]:
        return approve()
    if words and words[0] not in {"papers", "screens"}:
        print("usage: ./dev look [papers | screens [STATE …]]", file=sys.stderr)
        return 64
    code = papers() if not words or words[0] == "papers" else 0
    if not words or words[0] == "screens":
        code = screens(words[1:]) or code
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

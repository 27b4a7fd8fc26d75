"""Runs the benches of tests/bench/ one after the other: all of them, or those named; options are passed on."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main(words: list[str]) -> int:
    """Run what was named; returns the number of benches that failed."""
    options = [word for word in words if word.startswith("-")]
    named = [word for word in words if not word.startswith("-")]
    benches = {path.stem: path for path in sorted((ROOT / "tests/bench").glob("*.py")) if path.stem[0] != "_"}
    unknown = [name for name in named if name not in benches]
    if unknown:
        print(f"no bench {', '.join(unknown)}; there are: {' '.join(benches)}", file=sys.stderr)
        return 64
    failed = 0
    for name in named or benches:
        print(f"\n== {name}", flush=True)
        command = [sys.executable, "-P", str(benches[name]), *options]
        failed += subprocess.run(command, cwd=ROOT, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Ask the auditor: a program of its own, which knows nothing of the product."""

import subprocess
import sys
from pathlib import Path

AUDITOR = Path(__file__).resolve().parents[1] / "auditor" / "audit.py"


def audit(stage: str, database: Path, out: Path, plays: tuple[str, ...]) -> int:
    """Return the auditor's exit code for a stage: 0 is consent."""
    words = [sys.executable, "-P", str(AUDITOR), stage, "--out", str(out)]
    return subprocess.run(
        [*words, "--database", str(database), "--plays", ",".join(plays)], check=False
    ).returncode

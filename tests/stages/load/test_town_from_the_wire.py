"""A town of a hundred thousand comes over the wire, and the encryption costs no more of it than its target."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_town_is_searchable_and_its_encryption_costs_little() -> None:
    call = [sys.executable, "-P", str(ROOT / "tests/bench/replica_load.py"), "--rounds", "2", "--json"]
    done = subprocess.run(call, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    print(done.stdout)
    figures = {one["name"]: one for one in json.loads(done.stdout.splitlines()[-1])["figures"]}
    assert figures["load.ratio_plain_cpu"]["ok"], figures

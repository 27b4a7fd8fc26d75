"""The figures over a line are still taken, with a hall server and without, and the hall server spares the line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.net.line import why_not

pytestmark = [pytest.mark.slow, pytest.mark.root, pytest.mark.timeout(280)]
ROOT = Path(__file__).resolve().parents[3]


def test_a_house_costs_its_line_less_with_a_hall_server() -> None:
    if why := why_not():
        pytest.skip(why)
    words = [sys.executable, "-P", str(ROOT / "tests" / "bench" / "thin.py"), "--quick", "--json"]
    told = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert told.stdout, told.stderr
    figures = {one["name"]: one["value"] for one in json.loads(told.stdout.splitlines()[-1])["figures"]}
    assert figures["thin.mobile.hall_delta_ratio"] < 0.9
    assert figures["thin.mobile.hall_fill_ratio"] < 0.6
    assert figures["thin.mobile.issue_bytes"] <= 10_000

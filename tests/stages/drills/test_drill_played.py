"""P13: the first drill, played from the command a person types; its report says that everything arrived."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
STEPS = ["sign_in", "fill", "start", "issue_online", "cut", "issue_offline", "intake", "restored", "report"]

pytestmark = [pytest.mark.slow, pytest.mark.service, pytest.mark.timeout(400)]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Type ./run in a folder, at a desk without a display."""
    desk = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    return subprocess.run(
        [ROOT / "run", *words], cwd=folder, env=desk, capture_output=True, text=True, check=False, timeout=300
    )


def text_of(paper: Path) -> str:
    """Return what a paper says, without white space."""
    read = subprocess.run(["pdftotext", "-raw", paper, "-"], capture_output=True, text=True, check=True)
    return "".join(read.stdout.split())


def held(out: Path) -> dict[str, Any]:
    """Hold what a drill left against what it promises; returns its summary."""
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text("utf-8"))
    assert summary["ok"]
    assert [step["name"] for step in summary["steps"]] == STEPS
    assert all(step["ok"] for step in summary["steps"])
    papers = {path.name: text_of(path) for path in (out / "papers").glob("*.pdf")}
    copies = [text for name, text in papers.items() if name.startswith("訓練1-")]
    assert len(copies) == 2
    assert all("訓" in text and "練" in text for text in papers.values())
    (report,) = [text for name, text in papers.items() if name.startswith("訓練記録")]
    for word in ("受け付けたものと届いたもの", "業務再開まで", "回線が切れる", "合格"):
        assert word in report
    return summary


def test_the_drill_cut_is_played_without_a_person(tmp_path: Path) -> None:
    done = run(tmp_path, "--unattended", "--drill", "cut", "--out", "drill")
    assert done.returncode == 0, done.stdout + done.stderr
    held(tmp_path / "drill")
    assert [entry.name for entry in tmp_path.iterdir()] == ["drill"]


def test_where_there_is_no_display_the_drill_is_played_too_and_that_is_said(tmp_path: Path) -> None:
    done = run(tmp_path, "--drill", "cut")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No display here" in done.stdout
    held(tmp_path / "out")


def test_an_unknown_drill_is_answered_with_those_there_are(tmp_path: Path) -> None:
    done = run(tmp_path, "--unattended", "--drill", "flood")
    assert done.returncode == 64
    assert "there are: cut" in done.stderr
    assert list(tmp_path.iterdir()) == []

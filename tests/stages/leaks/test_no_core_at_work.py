"""No core is left of a program of ours that ends in native code while it is at work, whichever way it was begun."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="how Linux dumps")]
# The surroundings allow a core; after a while the program ends as native code does, whatever it is doing then.
ENDS = """
import ctypes, resource, runpy, sys, threading
hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
threading.Timer(4, ctypes.string_at, (0,)).start()
sys.argv = sys.argv[1:]
"""
WAITS = f"{ENDS}import time; time.sleep(60)"
BEGINS = f"{ENDS}runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"


def dumped(folder: Path, script: str, *words: str) -> bool:
    """Tell whether the system wrote a core of a process that ended by a bad address while it was at work."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen", "HOME": str(folder)}
    env |= {"MADOGUCHI_CONFIG": os.devnull, "MADOGUCHI_DATA_DIR": str(folder / "data")}
    with subprocess.Popen(
        [sys.executable, "-P", "-c", script, *words], cwd=folder, env=env, stdin=subprocess.PIPE
    ) as child:
        _, status = os.waitpid(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert os.WIFSIGNALED(status), f"it ended by itself with {child.returncode}"
    return os.WCOREDUMP(status)


@pytest.mark.parametrize(
    "words",
    [("ui",), ("ui", "open"), ("ui", "drill"), ("ui", "card"), ("cloud", "serve", "--data", "town")],
    ids=" ".join,
)
def test_no_core_is_left_of_it_at_work(tmp_path: Path, words: tuple[str, ...]) -> None:
    if not dumped(tmp_path, WAITS, "x"):
        pytest.skip("here no process leaves a core")
    for core in tmp_path.glob("core*"):
        core.unlink()
    assert not dumped(tmp_path, BEGINS, *words)
    assert list(tmp_path.glob("**/core*")) == []

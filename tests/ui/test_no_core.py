"""A program of ours that ends in the middle of native code leaves no copy of its memory on the disk."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="how Linux dumps")
ROOT = Path(__file__).resolve().parents[2]
ALLOWED = (
    "import resource as r; hard = r.getrlimit(r.RLIMIT_CORE)[1]; r.setrlimit(r.RLIMIT_CORE, (hard, hard)); "
)
ABORTS = f"{ALLOWED}import os; os.abort()"
# Every verb reads its settings.
OURS = f"{ALLOWED}from ui.cli import verbs; import os; verbs.load = os.abort; verbs.main([])"
TELLS = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"  # PR_GET_DUMPABLE
OURS_TELLS = f"from ui.no_core import keep_memory_off_the_disk as keep; keep(); {TELLS}"


CLOUDS = (
    f"{ALLOWED}from cloud import __main__ as program; import os; program.log_as_json = lambda _: os.abort();"
    " program.main(['code', '--ready', 'x', 's001'])"
)


# What is started by it, as a print command is, is another program: it may be dumped again, and has to be told otherwise.
STARTS = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import os; os.abort()'])"
KEEPS = "from {}.no_core import keep_memory_off_the_disk as keep; keep(); "


def dumped(script: str, folder: Path) -> bool:
    """Tell whether the system wrote a core of a process that was allowed to leave one."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen([sys.executable, "-c", script], cwd=folder, env=env)
    _, status = os.waitpid(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert os.WIFSIGNALED(status)
    return os.WCOREDUMP(status)


def test_a_program_of_ours_that_aborts_leaves_no_core(tmp_path: Path) -> None:
    if not dumped(ABORTS, tmp_path):
        pytest.skip("here no process leaves a core")
    for core in tmp_path.iterdir():
        core.unlink()
    for ours in (OURS, CLOUDS):
        assert not dumped(ours, tmp_path)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("program", ["ui", "cloud"])
def test_nor_does_a_program_it_starts(tmp_path: Path, program: str) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}

    def cores(script: str) -> int:
        subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=env, check=False)
        return len(list(tmp_path.glob("core*")))

    if not cores(ALLOWED + STARTS):
        pytest.skip("here no process leaves a core in its folder")
    for core in tmp_path.glob("core*"):
        core.unlink()
    assert cores(ALLOWED + KEEPS.format(program) + STARTS) == 0


def test_another_process_of_the_same_user_reads_nothing_of_its_memory() -> None:
    """The kernel lets a user read the memory of their own processes only while these may be dumped (ptrace(2))."""

    def told(script: str) -> str:
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True
        ).stdout

    assert told(TELLS).strip() == "1"
    assert told(OURS_TELLS).strip() == "0"

"""What nobody caught is told by class and place: neither the log nor standard error, which a desktop keeps, has a name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.leak_search import LeakSearch

ROOT = Path(__file__).resolve().parents[2]
NAME, LATIN = "渡邉󠄀 鸕鶿之助", "Zyxwvuts Qponmlkj"
SEARCH = LeakSearch([NAME, LATIN])
DIES = """
import sys
from ui import __main__ as program
from ui.cli import verbs
from client import logs
from pathlib import Path

NAME = sys.argv.pop()

def as_the_counter():
    logs.set_up(Path("logs"))
    {act}
    return 0

verbs.main = as_the_counter
program.main()
"""
IN_A_SLOT = """
    from PySide6.QtCore import QCoreApplication, QTimer
    def serves():
        raise ValueError(NAME)
    app = QCoreApplication([])
    QTimer.singleShot(0, serves)
    QTimer.singleShot(20, app.quit)
    app.exec()
"""
IN_A_THREAD = """
    import threading
    def serves():
        raise ValueError(NAME)
    one = threading.Thread(target=serves, name=NAME)
    one.start(); one.join()
"""
IN_A_TASK = """
    import asyncio, gc
    async def serves():
        raise ValueError(NAME)
    async def main():
        task = asyncio.create_task(serves(), name=NAME)
        await asyncio.sleep(0.01)
        del task
        gc.collect()
    asyncio.run(main())
"""
AT_ITS_END = """
    class Serves:
        def __init__(self): self.name = NAME
        def __repr__(self): return NAME
        def __del__(self): raise ValueError(NAME)
    Serves()
"""
IN_A_LIBRARY = """
    import logging
    try:
        raise ValueError(NAME)
    except ValueError:
        logging.getLogger("somebody.else").exception("could not serve %s", NAME)
    logging.getLogger("somebody.else").warning(NAME)
"""
IN_A_WARNING = """
    import warnings
    warnings.warn(f"ValueError is near: {NAME}", RuntimeWarning)
"""
OUT_OF_THE_DOOR = """
    def serves():
        try:
            raise KeyError(NAME)
        except KeyError as error:
            raise ValueError(NAME) from error
    serves()
"""
WAYS = {
    "slot": (IN_A_SLOT, "ValueError"),
    "thread": (IN_A_THREAD, "ValueError"),
    "task": (IN_A_TASK, "ValueError"),
    "end of an object": (AT_ITS_END, "ValueError"),
    "library": (IN_A_LIBRARY, "somebody.else"),
    "warning": (IN_A_WARNING, "py.warnings"),
    "out of the door": (OUT_OF_THE_DOOR, "cause=KeyError"),
}


def said(act: str, name: str, folder: Path) -> str:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", DIES.format(act=act.strip()), name],
        cwd=folder, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [NAME, LATIN])
def test_what_nobody_caught_tells_no_name(way: str, name: str, tmp_path: Path) -> None:
    act, tells = WAYS[way]
    told = said(act, name, tmp_path)
    assert SEARCH.in_bytes(told.encode()) == []
    assert list(SEARCH.in_folder(tmp_path)) == []
    assert tells in told
    log = (tmp_path / "logs/madoguchi.log").read_text("utf-8")
    assert tells.removeprefix("cause=") in log  # and where it was is kept for who has to mend it
    assert '"where": "' in log


def test_what_qt_has_to_say_is_told_without_its_words(tmp_path: Path) -> None:
    act = """
    from ui.last_words import keep_names_out_of_qt
    from PySide6.QtCore import qWarning
    keep_names_out_of_qt()
    qWarning("QImageReader::read: /media/" + NAME)
    """
    for name in (NAME, LATIN):
        told = said(act, name, tmp_path)
        assert SEARCH.in_bytes(told.encode()) == []
        assert "QImageReader::read" in told
        assert "QImageReader::read" in (tmp_path / "logs/madoguchi.log").read_text("utf-8")

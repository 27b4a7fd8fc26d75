"""Cycles with Qt objects in them die on the window's thread, whatever the others allocate."""

import gc
import threading
import weakref

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from ui.collector import Collector


class Knot(QObject):
    """A Qt object that holds itself."""

    def __init__(self, where: list[int]) -> None:
        super().__init__()
        self.itself = self
        self._end = weakref.finalize(self, lambda: where.append(threading.get_ident()))


def test_a_busy_thread_collects_no_qt_object(qapp: QApplication) -> None:
    collector = Collector()
    collector.start()
    died_on: list[int] = []
    try:
        Knot(died_on)
        busy = threading.Thread(target=lambda: [[] for _ in range(200_000)])
        busy.start()
        busy.join()
        assert died_on == []
        collector.collect()
        assert died_on == [threading.get_ident()]
    finally:
        collector.stop()


def test_afterwards_python_collects_by_itself_again(qapp: QApplication) -> None:
    collector = Collector()
    collector.start()
    assert not gc.isenabled()
    collector.stop()
    assert gc.isenabled()

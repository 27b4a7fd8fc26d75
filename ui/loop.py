"""asyncio on the Qt event loop; the only place that knows qasync."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import shiboken6
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop  # type: ignore[import-untyped]  # has no types; this file is its door

from ui.collector import Collector


class Loop(QEventLoop):  # type: ignore[misc]  # qasync has no types
    """asyncio's event loop on Qt's, which leaves nothing of Qt behind that another thread could destroy."""

    def close(self) -> None:
        """Close, and end what waits for a time.

        qasync lets its timers run on. A thread that outlives the loop may be the last to hold it, and would destroy
        them away from the window's own thread, where Qt ends at the next event.
        """
        if not self.is_closed():
            super().close()
            shiboken6.delete(self._timer)

    def _add_callback(self, handle: asyncio.Handle, delay: float = 0) -> asyncio.Handle:
        """Drop what a thread has to say after the end: nobody is there to hear it."""
        if self.is_closed():
            return handle
        added: asyncio.Handle = super()._add_callback(handle, delay)
        return added


def run(app: QApplication, main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run the program's one coroutine on the application's loop until it ends; returns its exit code."""
    app.setQuitOnLastWindowClosed(False)  # closing a window is a wish; main decides when all is put away
    collector = Collector(lambda: app.activePopupWidget() is None)
    collector.start()
    try:
        with asyncio.Runner(loop_factory=lambda: Loop(app)) as runner:
            return runner.run(main())
    finally:
        collector.stop()

"""asyncio on the Qt event loop; the only place that knows qasync."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop  # type: ignore[import-untyped]  # has no types; this file is its door

from ui.collector import Collector


def run(app: QApplication, main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run the program's one coroutine on the application's loop until it ends; returns its exit code."""
    app.setQuitOnLastWindowClosed(False)  # closing a window is a wish; main decides when all is put away
    collector = Collector(lambda: app.activePopupWidget() is None)
    collector.start()
    try:
        with asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner:
            return runner.run(main())
    finally:
        collector.stop()

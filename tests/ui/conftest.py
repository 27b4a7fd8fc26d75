"""The fixture ``drive``: a counter on the real loop, with hands to use it."""

import asyncio
import gc
import os
from collections.abc import Awaitable, Callable, Iterator

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from tests.ui.drive import Counter, open_counter
from ui.loop import Loop

Play = Callable[[Counter], Awaitable[None]]
Drive = Callable[..., None]


@pytest.fixture(scope="session", autouse=True)
def _what_was_there_before_stays() -> Iterator[None]:
    """Look through modules and tests loaded once: to do it after every test took longer than most of them."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _nothing_of_qt_left() -> Iterator[None]:
    """Collect cycles here: left to chance they would be collected on some other test's thread, where Qt aborts."""
    yield
    gc.collect()


@pytest.fixture
def drive(qapp: QApplication) -> Iterator[Drive]:
    """Run a play on the real loop, against a counter opened for it; ``before`` is awaited first."""

    def run(play: Play, *, before: Callable[[], Awaitable[None]] | None = None, **how: object) -> None:
        async def whole() -> None:
            if before is not None:
                await before()
            counter = await open_counter(qapp, **how)  # type: ignore[arg-type]  # passed through as it came
            try:
                await play(counter)
            finally:
                await counter.close()

        with asyncio.Runner(loop_factory=lambda: Loop(qapp)) as runner:
            runner.run(whole())

    qapp.setQuitOnLastWindowClosed(False)
    yield run
    qapp.setStyleSheet("")

"""The town's own letters (外字) on their way to screen and paper: one font of them for both."""

import asyncio
from collections.abc import Callable

from client import logs
from client.domain.gaiji import Gaiji
from printing.layout.own_font import build
from ui.watched_press import WatchedPress
from ui.widgets.letters import Letters


class DrawLetters:
    """Makes the font off the loop and hands it to both; what cannot be drawn is in the log, by the town's codes."""

    def __init__(self, letters: Letters, press: WatchedPress, repaint: Callable[[], None]) -> None:
        self._letters = letters
        self._press = press
        self._repaint = repaint

    async def __call__(self, gaiji: tuple[Gaiji, ...]) -> None:
        """Draw by these from now on."""
        own = await asyncio.to_thread(build, gaiji)
        for code in own.faults:
            logs.logger().warning("gaiji left out", code=code[:8] if code.isascii() else "")
        await self._press.take_own(own)
        self._letters.take_own(own)
        self._repaint()

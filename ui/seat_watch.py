"""This PC goes to sleep, or its user locks or leaves the session: the counter is locked first, its keys gone."""

import asyncio
import sys
from collections.abc import Callable
from typing import Protocol

from PySide6.QtWidgets import QWidget

from client import logs
from client.jobs.log_in import LogIn
from offline.seat.signs import Done, Heard, Sign
from ui.face import Face
from ui.leaving import leave
from ui.tasks import Tasks

_SHEET_S = 2.5  # seconds a sheet on its way is waited for; logind lets a PC sleep after 5, Windows after 2
_LOOK_S = 0.05


class Seat(Protocol):
    """The operating system as far as it tells of the seat."""

    def start(self, heard: Heard) -> None:
        """Begin to tell, from any thread."""
        ...

    def close(self) -> None:
        """Tell nothing more."""
        ...


class SeatWatch:
    """Heeds the signs of a seat."""

    def __init__(
        self,
        seat: Seat,
        face: Face,
        log_in: LogIn,
        tasks: Tasks,
        *,
        forget_typed: Callable[[], None],
        sheet: float = _SHEET_S,
    ) -> None:
        self._seat = seat
        self._face = face
        self._log_in = log_in
        self._tasks = tasks
        self._forget_typed = forget_typed
        self._sheet = sheet

    async def run(self) -> None:
        """Heed without end."""
        loop = asyncio.get_running_loop()

        def heard(sign: Sign, done: Done) -> None:
            try:
                loop.call_soon_threadsafe(self._heed, sign, done)
            except RuntimeError:  # the loop has ended: everything is put away
                done()

        self._seat.start(heard)
        try:
            await asyncio.Event().wait()
        finally:
            self._seat.close()

    def _heed(self, sign: Sign, done: Done) -> None:
        work = self._before_sleep if sign is Sign.SLEEP else self._lock

        async def heeded() -> None:
            try:
                await work()
            finally:
                done()

        if not self._tasks.start(sign.value, heeded):  # the program ends, or it was said twice
            done()

    async def _before_sleep(self) -> None:
        """Cover the screen, then close the files: a sheet that does not come out in time is asked about afterwards."""
        for _ in range(round(self._sheet / _LOOK_S)):
            if not self._face.busy:
                break
            await asyncio.sleep(_LOOK_S)
        await self._tasks.cancel("sign_in")  # whoever opens the lid is not let in by what was typed before
        self._face.lock(even_busy=True)
        self._forget_typed()
        self._face.shell.repaint()  # now, not with the next events: what is painted last is seen at the waking
        await leave(self._log_in, self._tasks)
        logs.logger().info("put away for sleep")

    async def _lock(self) -> None:
        """Lock as F9 does; a sheet on its way comes out first."""
        here = self._face.present_clerk
        while here is not None and self._face.present_clerk is here:
            self._face.lock()
            await asyncio.sleep(_LOOK_S)


def seat_of_this_pc(window: QWidget) -> Seat | None:
    """Return what tells of the seat on this operating system; None where nothing does."""
    found: Seat | None = None
    if sys.platform == "linux":
        from offline.seat.logind import Logind  # jeepney is there on Linux only

        found = Logind()
    elif sys.platform == "win32":
        from ui.windows_seat import WindowsSeat

        found = WindowsSeat(window)
    return found

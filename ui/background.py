"""The loops under the face: line and clock always, sending and following while the stores are open; and the
last catch for what nobody answered.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from client import logs
from client.domain.errors import CounterError, RefusedError, SignInNeededError
from client.jobs.log_in import LogIn
from client.jobs.ports import Now
from client.jobs.watch_link import LinkWatch
from ui.clipboard import Copied
from ui.face import Face
from ui.rounds import Rounds
from ui.session import IdleLock, SessionWatch

_KEEP_EVERY = 5.0  # seconds; far below half of any token's life
Loop = Coroutine[Any, Any, None]


class Reporter:
    """Hears of failures: a bug of ours is recorded under a number, and the number is shown."""

    def __init__(self) -> None:
        self.face: Face | None = None

    def report(self, name: str, error: BaseException) -> None:
        """Hear of a failure nobody answered."""
        if isinstance(error, CounterError):
            self.known(error)
            return
        number = f"{int(time.time()) % 1_000_000:06d}"
        logs.logger().error("bug", task=name, number=number, **logs.facts_of(error))
        if self.face is not None:
            self.face.show_bug(number)

    def known(self, error: CounterError) -> None:
        """Hear of known trouble found in the background."""
        logs.logger().warning("trouble", **logs.facts_of(error))
        if self.face is not None:
            self.face.show_error(error)


class Background:
    """Starts and ends the loops."""

    def __init__(
        self,
        *,
        watch: LinkWatch,
        log_in: LogIn,
        face: Face,
        rounds: Rounds,
        reporter: Reporter,
        now: Now,
        idle: timedelta,
        copied: Copied,
        tell_hint: Callable[[datetime], None],
    ) -> None:
        self._watch = watch
        self._log_in = log_in
        self._face = face
        self._rounds = rounds
        self._reporter = reporter
        self._now = now
        self._tell_hint = tell_hint
        self._always: list[asyncio.Task[None]] = []
        self._signed: list[asyncio.Task[None]] = []
        self._night: list[asyncio.Task[None]] = []
        self._idle = IdleLock(idle, face.lock)
        self._copied = copied
        face.covered = self._clear_copies
        self._session = SessionWatch(
            watch,
            now=now,
            stop=face.stop,
            offer=face.offer_sign_in,
            has_session=lambda: log_in.has_session,
        )

    def start(self, *more: Loop) -> None:
        """Begin; ``more`` is work to be done once beside the loops."""
        self._face.shell.touched.connect(self._idle.touched)
        self._face.shell.watch_gestures()
        self._always = [
            self._task(work)
            for work in (
                self._watch.run(),
                self._tick(),
                self._rounds.keep_counts(),
                self._rounds.heed_orders(),
                *more,
            )
        ]

    async def close(self) -> None:
        """End every loop and wait until it has ended; nothing copied here outlives the program."""
        self._copied.clear()
        tasks = (*self._always, *self._signed, *self._night)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            self._follow_sign_in()
            self._follow_rights()
            self._session.look(self._face.present_clerk)
            self._rounds.note_session(sign_in_again=self._session.sign_in_again)
            self._rounds.tell()
            self._idle.look(self._face.present_clerk)
            self._copied.look()
            self._tell_hint(self._now())
            await asyncio.sleep(1)

    def _follow_rights(self) -> None:
        """Let the screens know that the town gives whoever is here more or less than at the sign-in."""
        present, here = self._log_in.present, self._face.present_clerk
        if present is None or here is None or present.clerk.staff_id != here.clerk.staff_id:
            return
        if present.clerk != here.clerk:
            self._face.follow(present)
            self._face.counter.refresh()  # what is shown was read with the rights of before

    def _clear_copies(self) -> None:
        """Take what was copied off the clipboard as the counter is locked: the next clerk may be quick."""
        self._copied.clear()

    async def _keep_session(self) -> None:
        """Take the session at the cloud on while somebody is signed in; a locked screen asks for nothing."""
        while True:
            try:
                await self._log_in.keep_session()
            except SignInNeededError as error:
                self._face.stop(error)  # said again until there is no sheet on its way
            except RefusedError:
                return  # a terminal taken out: the rounds hear it too, and say so
            await asyncio.sleep(_KEEP_EVERY)

    def follow(self) -> None:
        """Begin or end the loops of the open stores at once, not only at the next second."""
        self._follow_sign_in()

    def _follow_sign_in(self) -> None:
        signed_in = self._log_in.present is not None
        if signed_in and not self._signed:
            rounds = self._rounds
            loops = (
                rounds.send,
                rounds.send_attachments,
                rounds.sync,
                rounds.check_papers,
                rounds.mend,
                rounds.scrub,
                rounds.look,
                rounds.tell_cloud,
            )
            self._night = _ended(self._night)
            self._signed = [self._task(work()) for work in (*loops, self._keep_session)]
        elif not signed_in and not self._night:
            self._signed = _ended(self._signed)
            self._night = [self._task(self._rounds.keep_at_night())]

    def _task(self, work: Loop) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._reporter.report("background", error)


def _ended(tasks: list["asyncio.Task[None]"]) -> list["asyncio.Task[None]"]:
    """End some tasks; none is left."""
    for task in tasks:
        task.cancel()
    return []

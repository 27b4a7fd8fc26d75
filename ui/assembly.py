"""The roof: config → doors → jobs → face, opened and closed in order; the only file that may know everyone.

It is imported after the sign-in window is painted (``ui.window``), on a thread.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox

from client import logs
from client.api.http import Http
from client.api.training import TrainingLine
from client.config import Config
from client.domain.clerk import SignIn
from client.domain.drill import DrillReport
from client.domain.errors import CounterError, StoreError
from client.jobs.log_in import LogIn
from client.jobs.send_outbox import SendOutbox
from client.jobs.sync_replica import SyncReplica
from client.jobs.take_chunks import Progress
from client.jobs.take_letters import TakeLetters
from client.jobs.watch_link import LinkWatch
from offline.store.files import InstanceLock, make_folder, open_own, trouble
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from ui.background import Background, Loop, Reporter
from ui.book_desk import BookDesk, book_jobs_of
from ui.card_watch import CardWatch
from ui.cli import exit_codes
from ui.clipboard import Copied
from ui.declared import declare_of, deputy_of
from ui.doors import Doors, open_doors, utc_now
from ui.doubtful import DoubtfulDesk
from ui.drill import Director, DoorsToADrill, Place
from ui.face import Face
from ui.indexing import IndexingNote
from ui.line_box import LineBox
from ui.neighbours import Neighbourhood
from ui.notices import Note, note_of_repair
from ui.own_letters import DrawLetters
from ui.policy import limits_of
from ui.releasing import ReleaseDesk, at_release
from ui.renewal import kept_certificate
from ui.rounds import Rounds
from ui.seat_watch import SeatWatch, seat_of_this_pc
from ui.settling import SettleDesk
from ui.status import Facts
from ui.tasks import Tasks
from ui.text import Words
from ui.training_hint import watch_hint
from ui.two import TwoDesk, let_in_of
from ui.widgets.letters import Letters
from ui.window import Driver, Window
from ui.wiping import Wiping
from ui.wiring import CloudLine, jobs_of, line_of, upkeep_of


async def nothing() -> None:
    """Do nothing."""


_TRY_ENDED = 0.2  # seconds, after which nobody holds what was typed in vain


@dataclass(slots=True)
class Counter:
    """An open counter, as whoever drives it holds it."""

    window: Window
    config: Config
    doors: Doors
    face: Face
    rounds: Rounds
    watch: LinkWatch
    log_in: LogIn
    send: SendOutbox
    sync: SyncReplica
    tasks: Tasks
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    take_letters: Callable[[], Awaitable[None]] = (
        nothing  # the town's own, from the replica to screen and paper
    )
    wipe: Callable[[], Loop] = nothing  # this terminal, once it is ordered
    kept_shut_by: StoreError | None = None  # a sign-in that was right, and files that could not be opened

    async def let_in(self, staff_id: str, password: str, code: str) -> SignIn:
        """Sign in; what keeps the files shut is the exit code, should the window be closed over it."""
        try:
            sign_in = await self.log_in(staff_id, password, code)
        except CounterError as error:
            self.kept_shut_by = error if isinstance(error, StoreError) else self.kept_shut_by
            self.tasks.replace("forget_try", self._forget_try)
            raise
        self.kept_shut_by = None
        await self.take_letters()
        return sign_in

    async def _forget_try(self) -> None:
        """Overwrite what was typed, as a lock does: with nobody let in no stores are shut after it."""
        await asyncio.sleep(_TRY_ENDED)
        await self.doors.stores.overwrite_freed()

    @property
    def sign_in(self) -> SignIn | None:
        """Return who is at the counter."""
        return self.face.present_clerk

    def close(self) -> None:
        """Close as if the window had been closed."""
        self.closed.set()


async def serve(window: Window, config: Config, driver: Driver | None = None) -> int:
    """Open everything behind a painted window, stay until it is closed, put everything away."""
    logs.set_up(None)
    try:
        async with AsyncExitStack() as stack:
            stack.enter_context(InstanceLock(config.terminal_dir / "lock"))
            _write_logs(stack, config)
            counter = await open_behind(stack, window, config)
            if driver is not None:
                return await driver(counter)
            await counter.closed.wait()
            return exit_codes.of(counter.kept_shut_by) if counter.kept_shut_by else exit_codes.OK
    except CounterError as error:
        logs.logger().error("not opened", **logs.facts_of(error))
        if driver is None:
            await _say_and_leave(window, error)
        return exit_codes.of(error)
    finally:
        window.shell.close_for_good()


def _write_logs(stack: AsyncExitStack, config: Config) -> None:
    folder = config.terminal_dir / "logs"
    try:
        make_folder(folder)
        logs.set_up(folder, opener=open_own)
        if stack.enter_context(logs.keeping_crashes(folder, opener=open_own)):
            logs.logger().error("ended in a crash")
    except OSError as error:
        raise trouble(error) from error


async def open_behind(stack: AsyncExitStack, window: Window, config: Config) -> Counter:
    """Open doors, jobs and face behind a painted window; the stack closes them in turn."""
    tell_hint = watch_hint(config.training_hint, window.log_in_view.show_training, officer=bool(config.drill))
    tell_hint(utc_now())

    def enrolling() -> None:
        window.log_in.refuse(Note("info", window.words("log_in.enrolling")))

    doors = await open_doors(stack, config, enrolling=enrolling)
    window.log_in.dismiss()
    reporter = Reporter()
    tasks = Tasks(asyncio.get_running_loop(), reporter.report)
    stack.push_async_callback(tasks.close)
    counter = _join(window, config, doors, tasks, reporter)
    loop = asyncio.get_running_loop()

    def tell_at_sign_in(note: Note) -> None:
        loop.call_soon_threadsafe(window.log_in.tell, note)

    doors.stores.replica.indexing = IndexingNote(window.words, tell_at_sign_in)
    letters = Letters(await asyncio.to_thread(lambda: FontChain(find_fonts(), strict=False)))
    draw = DrawLetters(letters, doors.press, window.shell.update)
    counter.take_letters = take_letters = TakeLetters(doors.stores.replica, draw, now=utc_now)
    counter.rounds.followed = lambda: tasks.start("take_letters", take_letters)
    counter.face.replica.carry.followed = counter.rounds.followed
    counter.face.replica.carried = partial(tell_carried, counter.face)
    for _ in counter.face.build(letters):
        await asyncio.sleep(0)  # the window is repainted between two screens
    stack.push_async_callback(counter.log_in.sign_out)
    background = Background(
        watch=counter.watch,
        log_in=counter.log_in,
        face=counter.face,
        rounds=counter.rounds,
        reporter=reporter,
        now=utc_now,
        idle=timedelta(minutes=config.idle_lock_minutes),
        copied=Copied(QGuiApplication.clipboard(), timedelta(seconds=config.clipboard_seconds)),
        tell_hint=tell_hint,
    )
    stack.push_async_callback(background.close)

    def changed_outbox() -> None:
        background.follow()
        counter.rounds.wake()

    counter.face.changed_outbox = changed_outbox
    window.log_in_view.show_town(doors.facts.municipality_name)
    window.shell.header.show_town(f"{doors.facts.municipality_name}　{window.words('app.title')}")
    window.shell.close_wished.connect(lambda: _close_wished(counter))
    window.log_in.serve(counter.let_in, tasks)
    tasks.start("declared", lambda: _show_declared(window, doors))
    doors.press.tell = counter.rounds.printer_wants
    neighbourhood = Neighbourhood(config, doors, counter.watch)
    stack.push_async_callback(neighbourhood.close)
    lends = partial(at_release, window.shell)
    cards = [CardWatch(doors.card, counter.face, lends=lends).run()] if doors.card else []
    certificate = kept_certificate(
        config, doors, usable=lambda: counter.watch.usable, show=neighbourhood.show
    )
    seat = seat_of_this_pc(window.shell)
    watch = partial(SeatWatch, forget_typed=window.log_in_view.clear)
    seats = [watch(seat, counter.face, counter.log_in, tasks).run()] if seat else []
    more = (*neighbourhood.loops(), *cards, *seats, counter.wipe(), certificate.for_ever())
    background.start(doors.press.warm(), doors.press.watch(), *more)
    return counter


def tell_carried(face: Face, note: Note) -> None:
    """Tell what became of a bundle also where the clerk has gone on with other work."""
    if face.shell.present != "replica":
        face.show_note(note)


def _join(window: Window, config: Config, doors: Doors, tasks: Tasks, reporter: Reporter) -> Counter:
    def filling(progress: Progress) -> None:
        counter.rounds.filling(progress)

    def show(facts: Facts, now: datetime) -> None:
        window.shell.show_status(facts, now)
        face.replica.told(facts)

    line = line_of(config, doors, filling)
    director = _director(window, config, doors, tasks, lambda: line.log_in.present) if config.drill else None
    town = doors.facts.prefecture + doors.facts.municipality_name
    jobs = jobs_of(config, doors, line, town, director.jobs() if director else DoorsToADrill().jobs())
    screens = (window.log_in, window.log_in_view)
    face = Face(window.shell, window.words, screens, jobs=jobs, starter=tasks, now=utc_now, town=town)
    face.counter.alert_days = config.measure_alert_days
    face.counter.limits = limits_of(config)
    reporter.face = face
    if director:
        director.show = face.drill.show
    rounds = Rounds(
        upkeep_of(config, doors, line),
        printer=config.printer_name,
        show=show,
        trouble=reporter.known,
        repaired=lambda report: face.show_note(note_of_repair(report, window.words)),
    )
    LineBox(face, jobs.fill, tasks, lambda: rounds.facts)
    DoubtfulDesk(face, jobs.doubtful, tasks, utc_now)
    BookDesk(face, book_jobs_of(config, doors), tasks)
    cards = doors.card is not None
    ReleaseDesk(face, jobs.release, jobs.offline, config.release_minutes, tasks, cards=cards)
    declare = declare_of(config, doors, line.log_in, lambda: line.watch.usable)
    deputy = deputy_of(config, doors, line.log_in, lambda: line.watch.usable, lambda: face.letters)
    TwoDesk(face, window.log_in_view, let_in_of(doors, line.log_in), declare, tasks, deputy=deputy)
    SettleDesk(face, jobs.compare, jobs.settle, tasks, utc_now, returned=jobs.returned)
    counter: Counter = Counter(
        window, config, doors, face, rounds, line.watch, line.log_in, line.send, line.sync, tasks
    )
    counter.wipe = Wiping(line.wipe, line.orders, line.watch, is_shut=lambda: _is_shut(doors, line)).run
    return counter


async def _show_declared(window: Window, doors: Doors) -> None:
    await doors.vault.declarations.load()
    await doors.vault.declarations.deputies.known()
    window.log_in_view.show_declared()


def _is_shut(doors: Doors, line: CloudLine) -> bool:
    return line.log_in.present is None and doors.stores.is_shut


def _director(
    window: Window, config: Config, doors: Doors, tasks: Tasks, who: Callable[[], SignIn | None]
) -> Director:
    async def print_report(report: DrillReport) -> str:
        return (await doors.press.print_drill_report(report)).words

    return Director(
        config.drill,
        line=TrainingLine(Http(config.cloud_url, None, now=utc_now, ca_file=config.ca_file or None)),
        ledger=doors.stores.ledger,
        tasks=tasks,
        words=window.words,
        place=Place(doors.facts.prefecture + doors.facts.municipality_name, doors.facts.terminal_name),
        who=who,
        now=utc_now,
        print_report=print_report,
    )


# -- closing


def _close_wished(counter: Counter) -> None:
    """Close, but not while a sheet is on its way; what is unsent is named first."""
    if counter.face.busy:
        return
    facts = counter.rounds.facts
    if (facts.waiting or facts.attachments) and counter.sign_in is not None:
        counter.tasks.start("quit", lambda: _ask_to_quit(counter))
    else:
        counter.close()


async def _ask_to_quit(counter: Counter) -> None:
    words = counter.window.words
    box = QMessageBox(counter.window.shell)
    box.setObjectName("quit")
    box.setWindowTitle(words("quit.title"))
    facts = counter.rounds.facts
    box.setText(words("quit.text", n=facts.waiting) + quit_attachments(facts, words))
    leave = box.addButton(words("quit.quit"), QMessageBox.ButtonRole.AcceptRole)
    box.addButton(words("common.back"), QMessageBox.ButtonRole.RejectRole)
    await _answered(box)
    if box.clickedButton() is leave:
        counter.close()


def quit_attachments(facts: Facts, words: Words) -> str:
    """Return what is said of attachments that have not gone up."""
    return words("quit.attachments", n=facts.attachments) if facts.attachments else ""


async def _say_and_leave(window: Window, error: CounterError) -> None:
    said = window.words.error(error.code, error.facts)
    box = QMessageBox(window.shell)
    box.setObjectName("cannotOpen")
    box.setWindowTitle(window.words("app.title"))
    box.setText(said.what)
    box.setInformativeText("\n".join(filter(None, (said.why, said.do, said.safe))))
    box.addButton(window.words("common.close"), QMessageBox.ButtonRole.AcceptRole)
    await _answered(box)


async def _answered(box: QMessageBox) -> None:
    """Show a question without stopping the loop, and wait for the answer."""
    answered = asyncio.Event()
    box.finished.connect(lambda _result: answered.set())
    box.open()
    await answered.wait()

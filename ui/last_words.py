"""What nobody caught, and what libraries say: told by class and place alone, for a message may name a resident.

What a program writes on its standard error a desktop keeps in the clear (``.xsession-errors``, the system's journal).
The log is loaded when there is something to say: the first window does not wait for it.
"""

import logging
import re
import sys
import threading
from types import TracebackType

_QT_PLACE = re.compile(r"Q[A-Za-z]+(?:::[A-Za-z]+)?")  # what a message of Qt begins with, where it says so


def keep_names_out() -> None:
    """Let neither Python nor a library write a message of theirs on standard error, for the rest of this process."""
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _in_thread
    logging.getLogger().addHandler(_PlaceOnly())
    logging.captureWarnings(True)


def keep_names_out_of_qt() -> None:
    """Do so with what Qt has to say; but what it dies of (no screen, no plug-in) is told whole."""
    from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

    def told(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        if kind is QtMsgType.QtFatalMsg:
            _say(message)
        elif kind in {QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg}:
            found = _QT_PLACE.match(message)
            _tell("qt", {"source": str(context.category or ""), "where": found.group() if found else ""})

    qInstallMessageHandler(told)


class _PlaceOnly(logging.Handler):
    """Hears what libraries log, from a warning on."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Tell which library, and where in it; of an error what it is."""
        error = record.exc_info[1] if record.exc_info else None
        _tell("library", {"source": record.name, "where": f"{record.module}:{record.lineno}"}, error)


def _uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None, task: str = "main"
) -> None:
    if isinstance(error, KeyboardInterrupt):
        _say("interrupted")
        return
    _tell("uncaught", {"task": task}, error.with_traceback(trace))


def _unraisable(what: "sys.UnraisableHookArgs") -> None:
    if what.exc_value is not None:
        _uncaught(what.exc_type, what.exc_value, what.exc_traceback, task="unraisable")


def _in_thread(what: threading.ExceptHookArgs) -> None:
    if what.exc_value is not None:
        _uncaught(what.exc_type, what.exc_value, what.exc_traceback, task="thread")


def _tell(event: str, facts: dict[str, str | int], error: BaseException | None = None) -> None:
    from client import logs

    told = {**facts, **(logs.facts_of(error) if error else {})}
    if logging.getLogger(
        "madoguchi"
    ).handlers:  # else there is no log yet, and no verb of the command line has one
        logs.logger().error(event, **told)
    _say(" ".join((event, *(f"{name}={value}" for name, value in told.items() if str(value).isascii()))))


def _say(words: str) -> None:
    if sys.stderr is not None:  # a window's program of Windows has none
        sys.stderr.write(f"madoguchi: {words.encode('ascii', 'backslashreplace').decode()}\n")

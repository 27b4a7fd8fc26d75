"""Logging set-up: JSON lines, ids only; personal data cannot pass.

A line has an event (a fixed English word) and fields from a short list. A field that is not on the list, or a
text with anything but ASCII in it, is refused: in tests by an error, at the counter by leaving it out and
naming it. Messages of exceptions are never written, only their class, our code and where they were raised.
"""

import faulthandler
import logging
import logging.handlers
import os
import traceback
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

import structlog

FIELDS = frozenset(
    [
        "event",
        "level",
        "time",
        "version",
        "staff_id",
        "terminal_no",
        "key",
        "serial",
        "kind",
        "state",
        "code",
        "number",
        "feed",
        "after",
        "to",
        "head",
        "rows",
        "bytes",
        "seconds",
        "ms",
        "attempts",
        "status",
        "method",
        "route",
        "request_id",
        "mode",
        "service",
        "count",
        "pages",
        "step",
        "source",
        "error",
        "cause",
        "where",
        "task",
        "theme",
        "environment",
        "refused",
    ]
)
Opener = Callable[[str, int], int]
_LONGEST = 300
_KEPT_FILES = 5
_FILE_BYTES = 2_000_000


class LogFieldError(ValueError):
    """A log line carried something that is not on the list."""


class OnlyListed:
    """The processor that lets listed fields pass and nothing else."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict

    def __call__(
        self, _logger: object, _method: str, line: MutableMapping[str, object]
    ) -> MutableMapping[str, object]:
        """Return the line with what may be written."""
        refused = sorted(name for name, value in line.items() if not _may_pass(name, value))
        if refused and self._strict:
            raise LogFieldError(", ".join(refused))
        passed = {name: value for name, value in line.items() if name not in refused}
        if refused:
            passed["refused"] = ",".join(name for name in refused if name.isascii())[:_LONGEST]
        return passed


def _may_pass(name: str, value: object) -> bool:
    if name not in FIELDS:
        return False
    if isinstance(value, str):
        return value.isascii() and len(value) <= _LONGEST
    return value is None or isinstance(value, (bool, int, float))


def facts_of(error: BaseException) -> Mapping[str, str | int]:
    """Return what may be written of an error: its class and its cause's, our code where it has one, and where."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    where = " < ".join(f"{Path(frame.filename).stem}:{frame.lineno}" for frame in reversed(frames))
    code = getattr(error, "code", None)
    return {
        "error": type(error).__name__,
        "where": where[:_LONGEST],
        **({"cause": type(error.__cause__).__name__} if error.__cause__ else {}),
        **({"code": code} if isinstance(code, str) else {}),
    }


def _open_own(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class _OwnFiles(logging.handlers.RotatingFileHandler):
    """Makes its files through an opener, which decides who may read them."""

    def __init__(self, path: Path, opener: Opener) -> None:
        self._opener = opener
        super().__init__(path, maxBytes=_FILE_BYTES, backupCount=_KEPT_FILES, encoding="utf-8")

    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        return TextIOWrapper(open(self._opener(self.baseFilename, flags), "ab"), encoding=self.encoding)


def set_up(
    folder: Path | None, *, strict: bool = False, level: int = logging.INFO, opener: Opener = _open_own
) -> None:
    """Send our lines to ``folder``/madoguchi.log, rotated; None keeps them off the disk (first start, tests)."""
    handler: logging.Handler = logging.NullHandler()
    if folder is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler = _OwnFiles(folder / "madoguchi.log", opener)
    handler.setFormatter(logging.Formatter("%(message)s"))
    ours = logging.getLogger("madoguchi")
    for old in tuple(ours.handlers):
        ours.removeHandler(old)
        old.close()
    ours.addHandler(handler)
    ours.setLevel(level)
    ours.propagate = False
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            OnlyListed(strict=strict),
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )


def logger() -> structlog.typing.FilteringBoundLogger:
    """Return the one logger of the program."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger("madoguchi")
    return bound


@contextmanager
def keeping_crashes(folder: Path, *, opener: Opener) -> Iterator[Path | None]:
    """Have the place of a crash written into a folder meanwhile; yields what an earlier life left there, if it crashed.

    Names of files and functions of the program, with line numbers; no values. Who starts the program with a handler
    of their own (``PYTHONFAULTHANDLER``) keeps it. OSError where the folder cannot be written.
    """
    path, before = folder / "crash.txt", folder / "crash_before.txt"
    crashed = path.exists() and path.stat().st_size > 0
    if crashed:
        path.replace(before)
    if faulthandler.is_enabled():
        yield before if crashed else None
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    with open(opener(str(path), flags), "ab") as file:
        faulthandler.enable(file)
        try:
            yield before if crashed else None
        finally:
            faulthandler.disable()

"""The program's log: one JSON object a line on standard error, for whatever collects logs in a data centre."""

import logging
import sys
import traceback
from pathlib import Path

import structlog

_STEPS = 8  # of a call stack, the innermost


def log_as_json(level: int = logging.INFO) -> None:
    """Let every log line of this program be one JSON object, with the facts it was given beside its words."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_without_words)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.stdlib.ExtraAdder(),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def _without_words(record: logging.LogRecord) -> bool:
    """Let an exception be told by its kind and where it came from: its words may quote a record."""
    if record.exc_info:
        kind, _, trace = record.exc_info
        steps = traceback.extract_tb(trace)[-_STEPS:]
        record.kind = kind.__name__ if kind else ""
        record.where = [f"{Path(step.filename).name}:{step.lineno}" for step in steps]
    record.exc_info = record.exc_text = record.stack_info = None
    return True

"""Logging: to standard error, in ids and kinds. A second net keeps out what an exception or a library would quote."""

import asyncio
import logging
import sys
import threading
from collections.abc import Mapping
from typing import Any

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
OURS = ("bot", "adapters", "storage")

log = logging.getLogger(__name__)


class KindsOnly(logging.Filter):
    """Leaves of an exception its kind, and of a library's words their place: both may quote what somebody wrote."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] not in OURS:
            record.msg, record.args = f"{record.funcName} in {record.filename}, line {record.lineno}", ()
        if isinstance(record.msg, BaseException):
            record.msg, record.args = type(record.msg).__name__, ()
        if isinstance(record.args, Mapping):
            record.args = {name: _harmless(value) for name, value in record.args.items()}
        elif record.args:
            record.args = tuple(_harmless(value) for value in record.args)
        if record.exc_info and record.exc_info[0]:
            record.msg = f"{record.msg} ({record.exc_info[0].__name__})"
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def begin_logging(level: str) -> None:
    """Log to standard error from this level up, and let no uncaught exception speak for itself."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.addFilter(KindsOnly())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    logging.raiseExceptions = False  # a record that cannot be written would print its arguments
    logging.captureWarnings(capture=True)
    threading.excepthook = _of_thread


def of_loop(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What an event loop does with an exception that nobody awaited."""
    trouble = context.get("exception")
    log.error("a task failed: %s", type(trouble).__name__ if trouble else "no exception")


def _of_thread(args: threading.ExceptHookArgs) -> None:
    log.error("a thread failed: %s", args.exc_type.__name__)


def _harmless(value: object) -> object:
    return type(value).__name__ if isinstance(value, BaseException) else value

"""Logging: to standard error, in ids and kinds. A second net keeps out what an exception would quote."""

import asyncio
import logging
import sys
import threading
from types import TracebackType
from typing import Any

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
OURS = frozenset({"bot", "adapters", "storage"})

log = logging.getLogger(__name__)


class KindsOnly(logging.Filter):
    """Leaves of an exception its kind: its text and its traceback may quote what somebody wrote."""

    def filter(self, record: logging.LogRecord) -> bool:
        kind = _kind(record.exc_info)
        if isinstance(record.args, tuple):
            record.args = tuple(_harmless(arg) for arg in record.args)
        if isinstance(record.msg, BaseException):
            record.msg, record.args = type(record.msg).__name__, ()
        if kind and record.name.partition(".")[0] not in OURS:
            record.msg, record.args = "failed", ()  # others write the exception into their message
        if kind:
            record.msg = f"{record.msg} ({kind})"
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def begin_logging(level: str) -> None:
    """Log to standard error from this level up, and let no uncaught exception speak for itself."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.addFilter(KindsOnly())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.raiseExceptions = False  # a record that cannot be written would print its arguments
    logging.captureWarnings(capture=True)
    threading.excepthook = _of_thread


def of_loop(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What an event loop does with an exception that nobody awaited."""
    trouble = context.get("exception")
    log.error("a task failed: %s", type(trouble).__name__ if trouble else "no exception")


def _of_thread(args: threading.ExceptHookArgs) -> None:
    log.error("a thread failed: %s", args.exc_type.__name__)


def _harmless(argument: object) -> object:
    return type(argument).__name__ if isinstance(argument, BaseException) else argument


def _kind(info: "tuple[type[BaseException] | None, BaseException | None, TracebackType | None] | None") -> str:
    return info[0].__name__ if info and info[0] else ""

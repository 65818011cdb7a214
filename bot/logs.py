"""Logging: to standard error, in ids and kinds. A second net keeps out what a record should not have held.

Of our own records the template stays if it stands so in the file that logs it, and of the values those that are a
reference, a kind or a small number; any other value becomes a mark that is the same for the same value until the
programme ends, and tells nothing of it. Of a library's records the place alone stays, of an exception its kind and
where in our code it came from. Nothing else of a record is written, whatever hangs on it.
"""

import asyncio
import hashlib
import json
import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
LAYOUTS = ("auto", "text", "json")
OURS = ("bot", "adapters", "storage")
ROOT = Path(__file__).parent.parent
MOST_OF_A_NUMBER = 10_000_000  # a record number or a telephone number is longer than an id of ours
_KEY = os.urandom(32)  # of this process: a mark without a key could be guessed from all possible numbers
_REFERENCE = re.compile(r"[A-Z]{1,3}-[0-9A-Z]{1,10}")
_KIND = re.compile(
    r"[a-z]+(_[a-z0-9]+)+"  # rate_limited
    r"|(agenda|case|consent|meeting|poll|series|task)-[a-z-]+"  # a timer's
    r"|(apps|auth|chat|conversations|files|oauth|reactions|users|views)\.[A-Za-z0-9.]+"  # Slack's methods
)
_CLASS = re.compile(r"[A-Z][A-Za-z]+")
_WORDS = frozenset(
    ["closed", "console", "matrix", "memory", "paced", "ratelimited", "slack", "unconfirmed", "unreachable", "zones"]
)

log = logging.getLogger(__name__)


class KindsOnly(logging.Filter):
    """The second net."""

    def filter(self, record: logging.LogRecord) -> bool:
        where = f"{record.filename}, line {record.lineno}"
        record.name = _module(record.name)
        if record.name.partition(".")[0] not in OURS:
            record.msg, record.args = f"{record.funcName} in {where}", ()
        elif isinstance(record.msg, BaseException):
            record.msg, record.args = _kind(record.msg), ()
        elif f'"{record.msg}"' not in _source(record.pathname):  # it was put together, and may quote anything
            record.msg, record.args = f"words that are not the programme's, in {where}", ()
        if isinstance(record.args, Mapping):
            record.args = {name: _harmless(value) for name, value in record.args.items()}
        elif record.args:
            record.args = tuple(_harmless(value) for value in record.args)
        if record.exc_info and record.exc_info[1]:
            record.msg = f"{record.msg} ({_kind(record.exc_info[1])})"
        record.exc_info = record.exc_text = record.stack_info = None
        return True


class Json(logging.Formatter):
    """A JSON object a record: ``time``, ``level``, ``logger``, ``message``, and no other field."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {"time": at, "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        return json.dumps(said)


def begin_logging(level: str, layout: str = "auto") -> None:
    """Log to standard error from this level up, and let no uncaught exception speak for itself.

    ``layout`` is ``text``, ``json``, or ``auto``: text on a terminal, JSON elsewhere.
    """
    is_text = sys.stderr.isatty() if layout == "auto" else layout == "text"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(FORMAT) if is_text else Json())
    handler.addFilter(KindsOnly())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    logging.raiseExceptions = False  # a record that cannot be written would print its arguments
    logging.captureWarnings(capture=True)
    threading.excepthook = _of_thread


def of_loop(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What an event loop does with an exception that nobody awaited."""
    log.error("a task failed: %s", context.get("exception"))


def _of_thread(args: threading.ExceptHookArgs) -> None:
    log.error("a thread failed: %s", args.exc_value or args.exc_type.__name__)


def _harmless(value: object) -> object:
    """The value if it can be nothing but a reference, a kind or a measure, else its mark."""
    match value:
        case BaseException():
            return _kind(value)
        case bool() | None:
            return value
        case int() | float() if abs(value) < MOST_OF_A_NUMBER:
            return value
        case str() if _REFERENCE.fullmatch(value) or _KIND.fullmatch(value) or value in _WORDS or _is_exception(value):
            return str(value)
        case str() | int() | float():
            return Mark(value)
        case _:
            return type(value).__name__


class Mark:
    """Stands for a value; the same for the same value until the programme ends."""

    def __init__(self, value: str | float) -> None:
        self._digest = hashlib.blake2b(str(value).encode(errors="replace"), digest_size=4, key=_KEY).digest()

    def __str__(self) -> str:
        return f"#{self._digest.hex()}"

    __repr__ = __str__

    def __int__(self) -> int:  # for a template that wants a number
        return int.from_bytes(self._digest, "big")

    def __float__(self) -> float:
        return float(int(self))


def _kind(trouble: BaseException) -> str:
    """The kind of an exception, and the last place in our code that it came through."""
    ours = [f for f in traceback.extract_tb(trouble.__traceback__, limit=-50) if _is_ours(f.filename)]
    place = f" in {Path(ours[-1].filename).name}, line {ours[-1].lineno}" if ours else ""
    return type(trouble).__name__ + place


def _module(name: str) -> str:
    """As much of a logger's name as names a module: a library may put anything behind it."""
    while name and name not in sys.modules:
        name = name.rpartition(".")[0]
    return name or "unnamed"


def _is_ours(filename: str) -> bool:
    return Path(filename).is_relative_to(ROOT) and Path(filename).relative_to(ROOT).parts[0] in (*OURS, "conference")


def _is_exception(text: str) -> bool:
    return bool(_CLASS.fullmatch(text)) and text in {kind.__name__ for kind in _subclasses(BaseException)}


def _subclasses(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _subclasses(below)


@lru_cache(maxsize=64)
def _source(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return ""

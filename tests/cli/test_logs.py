"""The log: ids and kinds. What an exception says stays out of it, whoever logs it."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bot.logs import KindsOnly, of_loop
from tests.cli.conftest import environment

SECRET = "Zebra"


@pytest.fixture
def record(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    net = KindsOnly()
    caplog.handler.addFilter(net)
    caplog.set_level(logging.DEBUG)
    yield caplog
    caplog.handler.removeFilter(net)


def fail() -> None:
    raise ValueError(SECRET)


@pytest.mark.parametrize("name", ["bot.dispatch", "sqlalchemy.pool", "asyncio"])
def test_of_an_exception_its_kind_is_logged(record: pytest.LogCaptureFixture, name: str) -> None:
    log = logging.getLogger(name)
    try:
        fail()
    except ValueError as failure:
        log.exception("it failed")
        log.error("it failed: %s", failure)
        log.error(failure)
        log.error("it failed", exc_info=failure, stack_info=True)
    assert "ValueError" in record.text
    assert SECRET not in record.text
    assert "Traceback" not in record.text


def test_a_task_that_nobody_awaits_is_logged_by_kind(record: pytest.LogCaptureFixture) -> None:
    """The event loop would put the exception's text into its message."""

    async def begin() -> None:
        asyncio.get_running_loop().set_exception_handler(of_loop)
        task = asyncio.ensure_future(asyncio.to_thread(fail))
        await asyncio.wait([task])
        del task

    asyncio.run(begin())
    assert "a task failed: ValueError" in record.text
    assert SECRET not in record.text


def test_a_programme_that_logs_lets_no_thread_and_no_warning_speak_for_itself() -> None:
    """In a process of its own, because it is the whole process that is set up."""
    said = subprocess.run([sys.executable, "-c", PROGRAMME], env=environment(), capture_output=True, text=True)
    assert said.returncode == 0
    assert "ERROR bot.logs: a thread failed: ValueError" in said.stderr
    assert "WARNING bot.delivery: notice 7 not delivered" in said.stderr
    assert "WARNING nio.client: <module> in <string>, line" in said.stderr
    assert "debug" not in said.stderr
    assert SECRET not in said.stderr
    assert said.stdout == ""


PROGRAMME = """
import logging, threading
from bot.logs import begin_logging
begin_logging("info")
def fail(): raise ValueError("Zebra")
thread = threading.Thread(target=fail); thread.start(); thread.join()
logging.getLogger("bot.delivery").debug("debug")
logging.getLogger("bot.delivery").warning("notice %s not delivered", 7)
logging.getLogger("bot.delivery").warning("notice %s %s", 7, ValueError("Zebra"))
logging.getLogger("bot.delivery").warning("notice %(why)s", {"why": ValueError("Zebra")})
logging.getLogger("bot.delivery").warning("too few %s %s", "Zebra")
logging.getLogger("nio.client").warning("cannot read Zebra")
logging.getLogger("nio.client").info("debug")
"""

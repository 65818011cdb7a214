"""The log: ids and kinds. What an exception says stays out of it, whoever logs it."""

import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.platform import NotDelivered
from bot.fire import _ACTIONS
from bot.logs import Json, KindsOnly, Mark, of_loop
from tests.cli.conftest import Command, StartBot, environment
from tests.security.test_byte_scan import CLINICAL, IDENTIFIERS

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


PLANTED = (*IDENTIFIERS.values(), *CLINICAL.values(), "anilotniuq"[::-1], "elpmaxe@luosiram"[::-1], "eno\nowt"[::-1])
"""They stand in no constant of this file: what does would pass for the programme's own words."""
LIBRARIES = (
    "nio.client",
    "slack_bolt.AsyncApp",
    "slack_sdk.web",
    "sqlalchemy.engine.Engine",
    "aiohttp.server",
    "py.warnings",
)


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a bot's own handler writes, in JSON."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Json())
    handler.addFilter(KindsOnly())
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG)
    yield stream
    root.handlers[:] = before[1]
    root.setLevel(before[0])


@pytest.mark.parametrize("words", PLANTED)
@pytest.mark.parametrize("name", [*LIBRARIES, "bot.delivery", "adapters.matrix.sync", "adapters.slack.bolt", "storage"])
def test_planted_words_are_in_no_line(written: io.StringIO, name: str, words: str) -> None:
    """As template, as value, as a field, in an exception, in what hangs on a record; in one's own and in libraries'."""
    log = logging.getLogger(name)
    logger = logging.getLogger(name if name not in LIBRARIES else f"{name}.{words}")
    level = log.level
    log.setLevel(logging.DEBUG)
    log.warning(words)
    log.warning(f"it says {words}")  # noqa: G004 - what nobody should do, and somebody will
    log.warning("it says %s", words)
    log.warning("it says %s and %.1f", words, float(IDENTIFIERS["mrn"]))
    log.warning("it says %(words)s", {"words": words})
    log.warning("it says %s", [words])
    log.warning("it failed: %s", ValueError(words))
    log.warning("it failed", extra={"patient": words})
    log.warning("it failed", exc_info=ValueError(words), stack_info=True)
    logger.warning("it failed")
    try:
        fail_with(words)
    except NotDelivered as failure:
        log.exception("it failed: %s", failure)  # noqa: TRY401 - as somebody will
    log.setLevel(level)
    lines = written.getvalue().splitlines()
    assert len(lines) == 11
    for line in map(json.loads, lines):
        assert set(line) == {"time", "level", "logger", "message"}
        assert words not in line["message"] + line["logger"]
        assert not any(part in line["message"] for part in words.split() if len(part) > 5)
        assert IDENTIFIERS["mrn"] not in line["message"]


def fail_with(words: str) -> None:
    raise NotDelivered(words)


def test_what_helps_an_operator_stays(written: io.StringIO) -> None:
    """References, kinds, small numbers; where in our code an exception arose."""
    log = logging.getLogger("bot.delivery")
    log.warning("timer %s %s failed: %s", "meeting-lock", "M-12", "ValueError")
    log.warning("notice %s not delivered: %s; next try in %.1f s", 4711, "rate_limited", 2.5)
    log.warning("the store says %s", _trouble_of_ours())
    log.warning("invocation %s failed", "msg:T01:C02:1712345678.000200")
    log.warning("invocation %s failed", "msg:T01:C02:1712345678.000200")
    said = [json.loads(line)["message"] for line in written.getvalue().splitlines()]
    assert said[0] == "timer meeting-lock M-12 failed: ValueError"
    assert said[1] == "notice 4711 not delivered: rate_limited; next try in 2.5 s"
    assert said[2].startswith("the store says ValueError in seal.py, line ")
    assert said[3] == said[4] == f"invocation {Mark('msg:T01:C02:1712345678.000200')} failed"


def _trouble_of_ours() -> Exception:
    from storage.seal import Cell, seal

    with pytest.raises(ValueError) as caught:
        seal(b"short", 1, Cell("t", "t", "c", "r"), b"")
    return caught.value


def test_every_timer_is_called_by_its_name(written: io.StringIO) -> None:
    for kind in _ACTIONS:
        logging.getLogger("bot.app").error("timer %s failed", kind)
        assert f"timer {kind} failed" in written.getvalue()


def test_a_machine_reads_json_and_a_wrong_layout_is_refused(house: Path, start: StartBot, command: Command) -> None:
    """Standard error is no terminal here, so that `auto` means JSON."""
    bot = start(house, CONFER_LOG_FORMAT="auto")
    bot.says('"running"', bot.err)
    assert bot.stops() == 0
    lines = [line for line in bot.err.read_text().splitlines() if not line.startswith("confer: ")]
    assert [json.loads(line)["message"] for line in lines] == ["running", "stopping", "stopped"]
    (house / "confer.toml").write_text('[log]\nformat = "xml"\n')
    said = command("run", "--config", house / "confer.toml")
    assert (said.status, said.err) == (
        2, f"confer: {house / 'confer.toml'}: [log] format: expected one of auto, text, json\n"
    )  # fmt: skip


def test_a_programme_that_logs_lets_no_thread_and_no_warning_speak_for_itself(tmp_path: Path) -> None:
    """In a process of its own, because it is the whole process that is set up."""
    (tmp_path / "programme.py").write_text(PROGRAMME)
    words = [sys.executable, str(tmp_path / "programme.py")]
    said = subprocess.run(words, env=environment(), capture_output=True, text=True)
    assert said.returncode == 0
    assert "ERROR bot.logs: a thread failed: ValueError" in said.stderr
    assert "WARNING bot.delivery: notice 7 not delivered" in said.stderr
    assert "WARNING nio.client: <module> in programme.py, line" in said.stderr
    assert "debug" not in said.stderr
    assert SECRET not in said.stderr
    assert said.stdout == ""


PROGRAMME = """
import logging, threading
import bot.delivery, nio.client
from bot.logs import begin_logging
begin_logging("info", "text")
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

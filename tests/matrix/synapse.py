"""A real homeserver on loopback: the one of ``confer sandbox``, once for everything in this process."""

import atexit
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from bot.cli.sandbox import LocalHomeserver, running_homeserver

SECRET = "for-tests-only"
SERVER = "clinic.test"


@cache
def shared_synapse() -> LocalHomeserver:
    """It ends with the process."""
    stack = ExitStack()
    folder = Path(
        stack.enter_context(tempfile.TemporaryDirectory(prefix="confer-synapse-", ignore_cleanup_errors=True))
    )
    atexit.register(stack.close)
    return stack.enter_context(running_homeserver(folder, server=SERVER, secret=SECRET))

"""``confer run``: the bot, until it is told to stop."""

import argparse
import ctypes
from contextlib import suppress

from bot.cli.arguments import add_config

M_ARENA_MAX = -8  # of <malloc.h>


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "run",
        help="run the bot until it is told to stop",
        description="Run the bot. SIGTERM or Ctrl-C stops it: what is being said is finished first. Until a chat "
        "service is configured it listens to standard input, as `confer chat` does in a pipe, and goes on after its "
        "end.",
        epilog="example: confer run --config /srv/confer/confer.toml",
    )
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from bot.cli.opened import configuration, opened

    config = configuration(args)
    _share_one_heap()
    with opened(config, exclusive=True) as (database, ring):
        import asyncio  # what a bot weighs is loaded once it is clear that it can run

        from bot.cli.serve import serve
        from bot.config import ConfigTrouble
        from bot.logs import LAYOUTS, begin_logging
        from bot.watch import address_of

        address = address_of(config)
        if config.settings.log.format not in LAYOUTS:
            raise ConfigTrouble(f"{config.file}: [log] format: expected one of {', '.join(LAYOUTS)}")
        begin_logging(config.settings.log.level, config.settings.log.format)
        asyncio.run(serve(config, database, ring, address))
    return 0


def _share_one_heap() -> None:
    """Let all threads allocate from one heap: glibc gives each its own, and gives nothing back of what they hold."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)

"""``confer run``: the bot, until it is told to stop."""

import argparse

from bot.cli.arguments import add_config


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
    import asyncio

    from bot.cli.opened import configuration, opened
    from bot.cli.serve import serve
    from bot.logs import begin_logging

    config = configuration(args)
    begin_logging(config.settings.log.level)
    with opened(config, exclusive=True) as (database, ring):
        asyncio.run(serve(config, database, ring))
    return 0

"""The command line: ``confer --help``."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Never

ABOUT = "A secure chat bot that organizes case conferences."
EXAMPLES = """examples:
  confer demo                one week of an invented team
  confer chat                talk to the bot in this terminal; nothing is kept
  confer init /srv/confer    make a configuration, a key and a database
  confer run --config /srv/confer/confer.toml

`confer COMMAND --help` says more about one command. Exit status: 0 done, 1 refused or found something, 2 wrong usage
or configuration."""

COMMANDS = {
    "demo": "play one week of an invented team, narrated",
    "chat": "talk to the bot in this terminal, or run a script of lines",
    "init": "make a configuration, a key and a database",
    "run": "run the bot until it is told to stop",
    "doctor": "check configuration, key, database, files, clock and zones",
    "migrate": "bring the database to the schema of this version",
    "backup": "write a sealed and verified backup while the bot goes on",
    "restore": "put a backup in the database's place",
    "db": "move to PostgreSQL",
    "keys": "show, change the teams' keys or the root key",
    "notices": "list, retry, drop and explain messages that were not delivered",
    "audit": "verify the audit trail",
    "slack": "print the app manifest, install, look at the connection",
    "matrix": "log in, verify, look at the login, log out",
    "sandbox": "start a throw-away Matrix homeserver with an invented team and the bot",
    "deid": "hide the identifiers of HIPAA Safe Harbor in texts",
    "version": "say which version this is, and of what it is made",
}
"""Every command with its line of help; ``bot.cli.NAME`` is loaded only when it is asked for."""

REFUSED, WRONG_USAGE, INTERRUPTED = 1, 2, 130
PIPE_CLOSED = 141  # what a shell shows for a programme that a closed pipe has ended


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every message of the programme is said."""

    def error(self, message: str) -> Never:
        sys.stderr.write(f"confer: {message}\nconfer: `{self.prog} --help` shows how it is used\n")
        sys.exit(WRONG_USAGE)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 refused or found something, 2 wrong usage."""
    words = list(sys.argv[1:] if argv is None else argv)
    if argv is None and words[:1] != ["run"]:  # a bot outlives those who talk to it
        signal.signal(signal.SIGPIPE, _hush)
    parser = _parser(words)
    if not words:
        parser.print_help(sys.stderr)
        return WRONG_USAGE
    args = parser.parse_args(words)
    try:
        status: int = args.run(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _hush()
    except Exception as trouble:
        from bot.cli.trouble import explain  # only a failure needs it

        return explain(trouble)
    return status


def _parser(words: Sequence[str]) -> Parser:
    """The parser, with the arguments of the one command that was typed."""
    parser = Parser(prog="confer", description=ABOUT, epilog=EXAMPLES, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--version", action=_Version, nargs=0, help="say which version this is")
    typed = next((word for word in words if not word.startswith("-")), "")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=bool(typed))  # else a wrong option is told
    for name, about in COMMANDS.items():
        if name == typed:
            import_module(f"bot.cli.{name}").register(subparsers)
        else:
            subparsers.add_parser(name, help=about, add_help=False)
    if typed and typed not in COMMANDS:
        near = get_close_matches(typed, COMMANDS, n=1)
        parser.error(f"there is no command {typed!r}" + (f"; did you mean {near[0]}?" if near else ""))
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> Never:
        from importlib.metadata import version  # slow to load, and seldom wanted

        sys.stdout.write(f"confer {version('confer')}\n")
        parser.exit()


def _hush(*_: object) -> Never:
    """Whoever read our output has gone: end without a word, and tidy up on the way."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(PIPE_CLOSED)

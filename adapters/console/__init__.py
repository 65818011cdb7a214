"""The console: a chat for one terminal, and what scripts and tests drive."""

from adapters.console.platform import ConsoleHooks, ConsolePlatform
from adapters.console.script import run_script

__all__ = ["ConsoleHooks", "ConsolePlatform", "run_script"]

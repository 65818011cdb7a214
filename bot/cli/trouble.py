"""What a failure is called on standard error, and which exit status it has."""

import sys
import traceback
from pathlib import Path

from bot.config import ConfigTrouble
from bot.secret_reference import SecretUnreadable
from storage.database import DatabaseMissing, DatabaseTrouble
from storage.keys import KeyTrouble
from storage.sealed_file import BackupBroken


def complain(*sentences: str) -> None:
    """Say it on standard error, each on a line of its own."""
    for sentence in sentences:
        sys.stderr.write(f"confer: {sentence}\n")


def explain(trouble: Exception) -> int:
    """Say what went wrong and give the exit status: 2 for the configuration, 1 for all else."""
    match trouble:
        case ConfigTrouble():
            complain(*trouble.problems)
            return 2
        case DatabaseMissing():
            complain(f"{trouble} `confer init` makes one.")
        case BackupBroken() | DatabaseTrouble() | KeyTrouble() | SecretUnreadable():
            complain(str(trouble))
        case OSError(strerror=str(reason)):
            complain(f"{trouble.filename or 'a file'}: {reason}")
        case _:
            # Its text may quote a patient, so only its kind and its place are said.
            complain(f"this is a fault in Confer: {type(trouble).__name__} in {_place(trouble)}")
    return 1


def _place(trouble: Exception) -> str:
    frames = traceback.extract_tb(trouble.__traceback__)
    last = frames[-1]
    return f"{Path(last.filename).name}, line {last.lineno}, {last.name}"

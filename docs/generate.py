"""Write the pages that are made from the code: ``python -m docs.generate``. ``--check`` only says what is stale."""

import argparse
import sys
from collections.abc import Callable, Mapping, Set
from dataclasses import fields
from datetime import time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from bot.commands import TABLE
from bot.config import variable
from bot.config_values import example, hints_of, show_value
from bot.grammar.command import Command
from bot.settings import Form, sections
from conference import case, meeting, task
from conference.people import Role
from conference.policy import RIGHTS, Action, Relation, holders

ROOT = Path(__file__).parent.parent
MADE = "<!-- Made by `make docs`; change the code instead. -->"
KINDS: Mapping[object, str] = {
    timedelta: "length of time",
    time | None: "time of day, or empty",
    tuple[str, ...]: "list",
    int: "number",
}
FORMS = {
    Form.DATABASE: "file or address",
    Form.PATH: "file",
    Form.SECRET: "reference",
    Form.ZONE: "zone",
    Form.LEVEL: "level",
    Form.WORD: "word",
}

State = TypeVar("State", bound=StrEnum)


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the generated pages.")
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 where a page is stale")
    only_check = parser.parse_args().check
    old = stale()
    for name in old:
        if not only_check:
            (ROOT / name).write_text(PAGES[name](), encoding="utf-8")
        sys.stdout.write(f"{'stale' if only_check else 'written'}: {name}\n")
    return 1 if old and only_check else 0


def stale() -> list[str]:
    """The pages that are not as the code would have them."""
    return [name for name, page in PAGES.items() if _text(ROOT / name) != page()]


def settings_page() -> str:
    """``docs/settings.md``: every setting with its variable and default."""
    lines = [
        "# Settings",
        MADE,
        "",
        "Confer reads one TOML file: the one of `--config FILE`, else of `CONFER_CONFIG`, else `./confer.toml`. Relative",
        "paths begin in its folder. A setting that is left out has its default. A variable of the environment goes before",
        "the file; lists have commas between. Unknown sections, settings and variables are refused, so that a slip is seen.",
        "",
        "Lengths of time are written `30s`, `45m`, `1h30`, `12 hours`, `2 days`; times of day `08:00`. Secrets are never",
        "written down here, only where they are: `file:PATH` (mode 0600), `env:NAME` or `keyring:SERVICE/NAME`.",
    ]
    for name, section in sections():
        hints, defaults = hints_of(section), section()
        lines += ["", f"## [{name}]", (section.__doc__ or "").strip(), ""]
        lines += ["| setting | is a | default | variable | |", "|---|---|---|---|---|"]
        for setting in fields(section):
            kind = KINDS.get(hints[setting.name]) or FORMS.get(setting.metadata["form"], "text")
            default = show_value(getattr(defaults, setting.name))
            cells = (f"`{setting.name}`", kind, f"`{default}`", f"`{variable(name, setting.name)}`")
            lines.append(_row(*cells, _cell(setting.metadata["about"])))
    return _page(lines)


def commands_page() -> str:
    """``docs/commands.md``: every command as the table has it."""
    lines = [
        "# Commands",
        MADE,
        "",
        "In a room begin with `!confer` or `@confer`; in private just type. `[…]` may be left out. `help task done` says the",
        "same in the chat. ↶: `undo` takes it back.",
    ]
    groups: dict[str, list[Command]] = {}
    for command in TABLE.commands:
        groups.setdefault(command.group, []).append(command)
    for group, commands in groups.items():
        lines += ["", f"## {group}", "| command | does | who | for example |", "|---|---|---|---|"]
        lines += [_command_row(command) for command in commands]
    return _page(lines)


def _command_row(command: Command) -> str:
    right = command.asks or command.action
    does = command.summary + (" ↶" if command.undoable else "")
    who = holders(right) if right else "anyone"
    return _row(f"`{_cell(command.usage)}`", _cell(does), who, f"`{_cell(command.example)}`")


def rights_page() -> str:
    """``docs/rights.md``: which role or relation may do what."""
    used = [relation for relation in Relation if any(relation in right.relations for right in RIGHTS.values())]
    heads = [*Role, *used]
    lines = [
        "# Rights",
        MADE,
        "",
        "A right is held by a role, or by how somebody stands to the thing. What is not granted here is refused. A guest has",
        "rights about one case only, and only until a day.",
        "",
        _row("to …", *(head.value for head in heads)),
        _row(*("---" for _ in range(len(heads) + 1))),
    ]
    for action in Action:
        held = RIGHTS[action].roles | RIGHTS[action].relations
        lines.append(_row(action.value, *("✓" if head in held else "" for head in heads)))
    return _page(lines)


def states_page() -> str:
    """``docs/states.md``: the states of case, meeting and action item, and the moves between them."""
    lines = [
        "# States",
        MADE,
        "",
        "What is not an arrow here is refused. An arrow from a state to itself is a change that leaves it.",
    ]
    lines += _diagram("Case", case.NEXT, case.CaseState.DRAFT)
    lines += _diagram("Meeting", meeting.NEXT, meeting.MeetingState.POLLING, meeting.MeetingState.PLANNED)
    lines += _diagram("Action item", task.NEXT, task.TaskState.OPEN)
    return _page(lines)


def _diagram(title: str, table: Mapping[State, Set[State]], *starts: State) -> list[str]:
    names = [f'    state "{state.value}" as {state.name}' for state in table]
    begins = [f"    [*] --> {state.name}" for state in starts]
    moves = [f"    {a.name} --> {b.name}" for a, after in table.items() for b in table if b in after]
    ends = [f"    {state.name} --> [*]" for state, after in table.items() if not after]
    return ["", f"## {title}", "```mermaid", "stateDiagram-v2", *names, *begins, *moves, *ends, "```"]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _page(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


PAGES: Mapping[str, Callable[[], str]] = {
    "config.example.toml": example,
    "docs/settings.md": settings_page,
    "docs/commands.md": commands_page,
    "docs/rights.md": rights_page,
    "docs/states.md": states_page,
}

if __name__ == "__main__":
    sys.exit(main())

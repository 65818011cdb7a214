"""Tables of forms: patterns kept as data, each with its reason."""

import re
from dataclasses import dataclass

from conference.deid.lexicon import read
from conference.deid.patterns import Rule, Table, compiled

_PART = re.compile(r"([A-Z_]+) = (.*)")
_USE = re.compile(r"\{([A-Z_]+)\}")
_SURE = {"sure": True, "maybe": False}
_ANY_CASE = {"any-case": True, "as-written": False}


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which something is written."""

    reason: str
    rank: int
    sure: bool
    group: int | str  # of the match, that is marked


def forms(file: str, **parts: str) -> Table[Form]:
    """The forms of a packaged table in their order; `parts` are patterns that its rows may use by name."""
    found, reason = list[tuple[Form, Rule]](), ""
    for line in read(file).replace("\n    ", "").split("\n"):
        if not line or line.startswith("#"):
            continue
        text = _USE.sub(lambda use: parts[use[1]], line)
        if part := _PART.fullmatch(text):
            parts[part[1]] = part[2]
        elif line.startswith("["):
            reason = line.strip("[]")
        else:
            found.append(_form(reason, text))
    return tuple(found)


def _form(reason: str, row: str) -> tuple[Form, Rule]:
    rank, certainty, case, pattern = row.split(" ", 3)
    rule = compiled(pattern) if _ANY_CASE[case] else Rule(re.compile(pattern))
    group = "v" if "v" in rule.pattern.groupindex else 0
    return Form(reason, int(rank), _SURE[certainty], group), rule

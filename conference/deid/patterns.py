"""Patterns without regard to letter case, run on the lowered text where that is the same: it halves their time."""

import re
from dataclasses import dataclass

_ESCAPES = re.compile(r"\\.|A-Za-z|\(\?P<\w+>|\(\?i\)")


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled pattern and whether it reads the lowered text."""

    pattern: re.Pattern[str]
    low: bool

    def of(self, text: str, lowered_text: str) -> str:
        """The text to run the pattern on."""
        return lowered_text if self.low else text


def compiled(rule: str) -> Rule:
    """The pattern; one whose own letters are all small needs no case folding on a lowered text."""
    plain = _ESCAPES.sub("", rule)
    if plain == plain.lower() and "(?-i" not in rule:
        return Rule(re.compile(rule.replace("(?i)", "")), low=True)
    return Rule(re.compile(rule, re.IGNORECASE), low=False)


def lowered(text: str) -> str:
    """The text in lower case, character for character: a letter whose lower case is longer stays."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)

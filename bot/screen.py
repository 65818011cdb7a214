"""Short texts that the bot will repeat in a room: what identifies somebody is taken out before it is kept."""

from dataclasses import dataclass

from bot.request import Request
from conference.case import Case
from conference.deid import Known, screen
from conference.record import known_people


@dataclass(frozen=True, slots=True)
class Screened:
    """The text as it is kept and repeated. ``note`` tells its author what was taken out, "" where nothing was."""

    text: str
    note: str = ""


def screened(request: Request, text: str, case: Case | None = None) -> Screened:
    """The text without the case's people and without anything that has the form of an identifier."""
    draft = screen(text, known_people(case) if case else Known())
    if not draft.findings:
        return Screened(text)
    kinds = ", ".join(sorted({f.kind.value.lower().replace("_", " ") for f in draft.findings}))
    return Screened(draft.safe, f"I left out what identifies somebody ({kinds}).")

"""Short texts that the bot will repeat in a room: what identifies somebody is taken out before it is kept."""

from collections.abc import Iterable
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


def screened(request: Request, text: str, *cases: Case | None) -> Screened:
    """The text without the cases' people and without anything that has the form of an identifier.

    What was typed in a shared room with such a thing in it leaves the room.
    """
    if not text:
        return Screened("")
    draft = screen(text, _everyone(c for c in cases if c is not None))
    if not draft.findings:
        return Screened(text)
    kinds = ", ".join(sorted({f.kind.value.lower().replace("_", " ") for f in draft.findings}))
    also = "; I take your message out of the room where this chat lets me" if request.take_out() else ""
    return Screened(draft.safe, f"I left out what identifies somebody ({kinds}){also}.")


def _everyone(cases: Iterable[Case]) -> Known:
    known = [known_people(c) for c in cases]
    if len(known) == 1:
        return known[0]
    return Known(
        people=tuple(p for k in known for p in k.people),
        birth_on=next((k.birth_on for k in known if k.birth_on), None),
        numbers=tuple(n for k in known for n in k.numbers),
        emails=tuple(e for k in known for e in k.emails),
        addresses=tuple(a for k in known for a in k.addresses),
        organisations=tuple(o for k in known for o in k.organisations),
    )

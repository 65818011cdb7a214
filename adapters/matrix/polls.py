"""Polls as MSC3381 has them: the event that asks, what an answer chooses, and the event that ends it.

Clients send and show the form with the unstable prefix; the stable one is understood too. nheko and Hydrogen show
neither, so a poll only ever repeats what the card's words ask.
"""

import re
from dataclasses import dataclass

from adapters.card import Card, Poll
from adapters.matrix.http import JSON
from adapters.words import harmless

UNSTABLE = "org.matrix.msc3381.poll"
TEXT = "org.matrix.msc1767.text"
START, END = f"{UNSTABLE}.start", f"{UNSTABLE}.end"
RESPONSES = (f"{UNSTABLE}.response", "m.poll.response")
LONGEST_ANSWER = 300  # characters
MOST_ANSWERS = 20  # clients show no more


@dataclass(frozen=True, slots=True)
class Response:
    """A person's answer to the poll of that event; nothing is chosen where it names what the poll does not offer."""

    poll: str
    answers: tuple[str, ...]


def open_poll(card: Card) -> Poll | None:
    """The poll that the card asks with, if it is one that clients can show."""
    found = next((block for block in card.blocks if isinstance(block, Poll)), None)
    return found if found and found.is_open and 1 <= len(found.answers) <= MOST_ANSWERS else None


def start(card: Card, poll: Poll) -> JSON:
    """The content of the event that asks. Each answer's id is its number."""
    words = _words(card.title)
    return {
        TEXT: words,  # what a client shows that knows extensible events and no polls
        START: {
            "kind": f"{UNSTABLE}.disclosed",
            "max_selections": len(poll.answers),
            "question": {TEXT: words},
            "answers": [{"id": str(n), TEXT: _words(row.text)} for n, row in enumerate(poll.answers, 1)],
        },
        "m.mentions": {},
    }


def end(event: str) -> JSON:
    """The content of the event after which no answer counts."""
    return {
        TEXT: "The poll has ended.",
        END: {},
        "m.relates_to": {"rel_type": "m.reference", "event_id": event},
        "m.mentions": {},
    }


def response(content: JSON) -> Response | None:
    """What an event of one of the kinds ``RESPONSES`` says."""
    relation = content.get("m.relates_to")
    event = relation.get("event_id") if isinstance(relation, dict) else None
    unstable = content.get(RESPONSES[0])
    chosen = unstable.get("answers") if isinstance(unstable, dict) else content.get("m.selections")
    if not isinstance(event, str) or not isinstance(chosen, list):
        return None
    return Response(event, tuple(dict.fromkeys(str(one) for one in chosen)))


def vote(command: str, answers: int, response: Response) -> str:
    """The command that the answer stands for; one with an unknown choice chooses nothing, as clients count it."""
    offered = {str(n) for n in range(1, answers + 1)}
    known = response.answers if offered.issuperset(response.answers) else ()
    return f"{command} {' '.join(sorted(known, key=int)) or 'none'}"


def _words(text: str) -> str:
    # Clients look for "@room" in words; a poll calls nobody.
    return re.sub(r"@(?=room\b)", "@\u200d", " ".join(harmless(text).split()), flags=re.IGNORECASE)[:LONGEST_ANSWER]

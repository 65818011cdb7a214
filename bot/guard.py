"""The guard in rooms: free chat that identifies a patient gets its author a private hint, once."""

from adapters.card import encode
from bot.present import house as present
from bot.request import Request
from conference.case import OPEN
from conference.deid import Known, screen
from conference.record import known_people
from storage.notices import Act, Notice

LONGEST = 4_000


def guard_key(platform: str, message: str) -> str:
    """Names the one hint that a message can get."""
    return f"guard:{platform}:{message}"


def watch(request: Request) -> None:
    """Hint to the author, in private, where the team wants it; the words are looked at and not kept."""
    said, text = request.invocation.message, request.invocation.text
    if not request.team.is_guarded or said is None or request.invocation.place.direct or not text.strip():
        return
    draft = screen(text[:LONGEST], _everyone(request))
    if not draft.findings:
        return
    kinds = ", ".join(sorted({f.kind.value.lower().replace("_", " ") for f in draft.findings}))
    card = present.guard_hint(kinds, said.message, known=any(f.known for f in draft.findings))
    place = request.invocation.place
    request.store.notices.add(
        Notice(
            key=guard_key(place.platform, said.message),
            team=request.team.id,
            kind="guard",
            act=Act.WHISPER,
            platform=place.platform,
            room=place.room,
            thread=place.thread or "",
            account=request.account,
            card=encode(card),
            words={"room": place.room},
        ),
        request.now,
    )


def _everyone(request: Request) -> Known:
    """The people, numbers and places of all open cases as one record."""
    records = [known_people(case) for case in request.store.cases_in(*OPEN)]
    births = {r.birth_on.isoformat() for r in records if r.birth_on}
    return Known(
        people=tuple(p for r in records for p in r.people),
        numbers=tuple({n for r in records for n in r.numbers} | births),
        emails=tuple({e for r in records for e in r.emails}),
        addresses=tuple({a for r in records for a in r.addresses}),
        organisations=tuple({o for r in records for o in r.organisations}),
    )

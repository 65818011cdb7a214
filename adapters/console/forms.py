"""Forms at a keyboard: which one is open, what its fields are called, what was filled in so far."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from adapters.card import Field, Form
from adapters.console.lines import LONGEST_TEXT, Mistake, bare
from adapters.console.render import field_hint
from adapters.console.world import Message, World

EMPTIED = "-"


@dataclass(frozen=True, slots=True)
class Offer:
    """A form that a message offers to whoever sees it."""

    message: Message
    form: Form

    @property
    def key(self) -> tuple[int, str]:
        return self.message.number, self.form.label


class Forms:
    """Which forms are open to whom. What one filled in stays until the bot takes it, so no slip loses it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._answered: set[tuple[str, tuple[int, str]]] = set()
        self._opened: dict[tuple[str, tuple[int, str]], int] = {}
        self._drafts: dict[tuple[str, tuple[int, str]], dict[str, str]] = {}

    def newest(self, account: str, here: str) -> Offer:
        """The newest form that is open to the person. Raises :class:`Mistake` where there is none."""
        offers = [
            Offer(message, form)
            for message in self._world.newest_first(account, here)
            if message.card
            for form in message.card.forms
        ]
        still_open = [offer for offer in offers if (account, offer.key) not in self._answered]
        if still_open:
            return max(still_open, key=lambda offer: self._shown_at(account, offer))
        if offers:
            raise Mistake(f'No form is open. /press "{offers[0].form.label}" opens that one again.')
        raise Mistake("No form is open.")

    def _shown_at(self, account: str, offer: Offer) -> tuple[int, bool]:
        opened = self._opened.get((account, offer.key), 0)
        return max(offer.message.number, opened), opened > 0

    def reopen(self, account: str, offer: Offer) -> None:
        """What pressing the form's own button does: it is the newest until a newer message brings another."""
        self._answered.discard((account, offer.key))
        self._opened[account, offer.key] = self._world.last_number

    def offered_anew(self, message: Message) -> None:
        """The bot has put other words into the message: its forms are open again, old drafts are gone."""
        number = message.number
        self._answered = {entry for entry in self._answered if entry[1][0] != number}
        self._drafts = {entry: draft for entry, draft in self._drafts.items() if entry[1][0] != number}

    def keep(self, account: str, offer: Offer, given: Mapping[str, str]) -> Mapping[str, str]:
        """Keep what was given so far. Raises :class:`Mistake` at a value that its field cannot have."""
        draft = self._drafts.setdefault((account, offer.key), {})
        wrong: list[Mistake] = []
        for field in offer.form.fields:
            if field.name in given:
                try:
                    draft[field.name] = _checked(field, given[field.name])
                except Mistake as mistake:
                    wrong.append(mistake)
        if wrong:
            raise Mistake(f"{wrong[0]} Nothing was sent.")
        return draft

    def fields(self, account: str, offer: Offer, given: Mapping[str, str]) -> dict[str, str]:
        """All the form's fields with what they hold now. Raises :class:`Mistake` if that cannot be sent."""
        draft = self.keep(account, offer, given)
        filled = {field.name: draft.get(field.name, field.value) for field in offer.form.fields}
        missing = [f.name for f in offer.form.fields if f.required and not filled[f.name].strip()]
        if missing:
            raise Mistake(f'Still needed: {", ".join(missing)}. Add it with /fill {missing[0]}="…"')
        return filled

    def present_value(self, account: str, offer: Offer, field: Field) -> str:
        return self._drafts.get((account, offer.key), {}).get(field.name, field.value)

    def taken(self, account: str, offer: Offer) -> None:
        """The bot took the form: it is closed for this person, and nothing of it is kept here."""
        self._answered.add((account, offer.key))
        self._opened.pop((account, offer.key), None)
        self._drafts.pop((account, offer.key), None)


def named_field(form: Form, name: str) -> Field:
    """The form's field of that name. Raises :class:`Mistake` with the nearest name."""
    called = {_plain(other): f for f in reversed(form.fields) for other in (f.label, *f.other_names)}
    called |= {_plain(field.name): field for field in form.fields}
    if found := called.get(_plain(name)):
        return found
    near = get_close_matches(_plain(name), called, n=1)
    hint = f"did you mean {called[near[0]].name}?" if near else f"it has {', '.join(f.name for f in form.fields)}."
    shown = name if len(name) <= 30 else name[:29] + "…"
    raise Mistake(f"The form has no field {shown}; {hint} Nothing was sent.")


def question(field: Field) -> str:
    """The line that asks for the field."""
    return f"? {field.name}: {field_hint(field)}".rstrip(": ")


def problem(field: Field, text: str) -> str:
    """Why the text cannot answer the field, which has its present value; "" where it can."""
    typed = answer(text)
    if field.required and not (field.value if typed is None else typed).strip():
        return f"{field.name} is required."
    try:
        _checked(field, typed or "")
    except Mistake as mistake:
        return str(mistake)
    return ""


def answer(text: str) -> str | None:
    """What a typed answer gives its field: None keeps the value, a dash empties it."""
    if not text.strip():
        return None
    if text.strip() == EMPTIED:
        return ""
    return bare(text)


def _checked(field: Field, value: str) -> str:
    if len(value) > LONGEST_TEXT:
        raise Mistake(f"{field.name} has {len(value):,} characters; at most {LONGEST_TEXT:,} fit.")
    if not field.choices or not value:
        return value
    for choice in field.choices:
        if _plain(value) in (_plain(choice.value), _plain(choice.label)):
            return choice.value
    raise Mistake(f"{field.name} is one of {', '.join(c.value for c in field.choices)}.")


def _plain(name: str) -> str:
    return re.sub(r"[-_\s]+", "", name).casefold()

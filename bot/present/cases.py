"""How cases are said: to their author with everything that is hidden, to others as approved."""

from collections.abc import Iterable, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from adapters.card import Actions, Block, Button, Card, Fact, Facts, Form, Row, Rows, Text, Tone
from bot.forms import case_fields
from bot.present.common import count, day, note, person, when
from conference.case import Case, CaseState, Part, Section
from conference.consent import not_covered
from conference.meeting import Meeting
from conference.panel import SMALL_CELL, Profile
from conference.people import Account, Discipline, Member, Team
from conference.record import Preview

TAKEN_FROM_ROOM = (
    "I take this out of the room where this chat lets me: case talk belongs here, in private, until you approve it."
)
_MOST_WORDS = 12


def same_person(other: Case) -> str:
    return f"{other.ref} has the same record number and is open already."


def form(case: Case | None) -> Card:
    if case is None:
        how = Text("Names and numbers go into their own fields: I use them to hide them.")
        empty = Form("Fill in", "Submit a case", "case submit", case_fields(None), submit="Preview")
        return Card("Submit a case. Only you see this.", (how, empty))
    fields = case_fields(case)
    return Card(
        f"Edit {case.ref}", (Form("Fill in", f"Edit {case.ref}", f"case edit {case.ref}", fields, submit="Preview"),)
    )


def preview(case: Case, shown: Preview, held: Sequence[Section], panel: tuple[Profile, int], hint: str = "") -> Card:
    """What the room would see, and beside it each hidden thing with its kind and each doubtful word."""
    blocks: list[Block] = [Text(hint, Tone.STRONG)] if hint else []
    blocks += [_part(s.section, s.safe) for s in shown.sections]
    if held:
        categories = ", ".join(dict.fromkeys(s.category.value for s in held))
        blocks.append(
            Text(
                f"Not for the room yet: {', '.join(held)}. The patient's consent is recorded with "
                f"`consent {case.ref} allow {categories} to …`.",
                Tone.WARNING,
            )
        )
    if not shown.sections:
        blocks.append(Text("It says nothing yet.", Tone.QUIET))
    sure, doubtful = _rows(shown)
    if sure:
        blocks += [Text("Hidden:", Tone.STRONG), Rows(sure)]
    if doubtful:
        blocks += [
            Text(f'Doubtful, hidden unless you keep them (`case keep {case.ref} "…"`):', Tone.STRONG),
            Rows(doubtful),
        ]
    quasi = {
        (q.reason, s.text[q.start : q.end].casefold()): Row(
            "•", f"“{s.text[q.start : q.end]}”", (q.reason, q.suggestion)
        )
        for s in shown.sections
        for q in s.quasi
    }
    if quasi:
        together = " Together they may point to one person." if len(quasi) > 2 else ""
        blocks += [
            Text(f"Could still point to somebody; consider wider words.{together}", Tone.WARNING),
            Rows(tuple(quasi.values())),
        ]
    blocks += _small_cell(*panel)
    if not case.identifiers:
        blocks.append(
            Text("You named no identifiers, so I only hide what looks like one. Add them with Edit.", Tone.WARNING)
        )
    if Section.QUESTION not in case.texts:
        blocks.append(Text("No question yet: the case is not ready for an agenda until it asks one.", Tone.WARNING))
    if shown.sections:
        blocks.append(Text("Please read it through once: I find most of what names somebody, not all.", Tone.QUIET))
    blocks.append(Actions(_preview_buttons(case, shown)))
    blocks.append(Form("Edit", f"Edit {case.ref}", f"case edit {case.ref}", case_fields(case), submit="Preview"))
    return Card(f"Preview of {case.ref}: nothing is posted yet. Only you see this.", tuple(blocks))


def corrected(case: Case, shown: Preview, before: Preview) -> Card:
    """What a correction changed, for the author to look at again; the rest was seen already."""
    changed = Preview(tuple(s for s in shown.sections if s not in before.sections))
    blocks: list[Block] = [_part(s.section, s.safe) for s in changed.sections]
    gone = [s.section for s in before.sections if s.section not in {n.section for n in shown.sections}]
    if gone:
        blocks.append(Text(f"Taken out: {', '.join(gone)}."))
    sure, doubtful = _rows(changed)
    if sure or doubtful:
        blocks += [Text("Hidden:", Tone.STRONG), Rows((*sure, *doubtful))]
    if Section.QUESTION not in case.texts:
        blocks.append(Text("No question yet: the case is not ready for an agenda until it asks one.", Tone.WARNING))
    if len(changed.sections) < len(shown.sections):
        blocks.append(
            Text("The rest is as you saw it." if blocks else "Nothing changed in what the room would see.", Tone.QUIET)
        )
    whole = Button("Whole preview", f"case preview {case.ref}")
    blocks.append(Actions((*_preview_buttons(case, shown), whole)))
    blocks.append(Form("Edit", f"Edit {case.ref}", f"case edit {case.ref}", case_fields(case), submit="Preview"))
    return Card(f"Preview of {case.ref}, what changed: nothing is posted yet. Only you see this.", tuple(blocks))


def _part(section: Section, text: str) -> Facts:
    """One part of a summary, a paragraph of its own."""
    return Facts((Fact(section.value.capitalize(), text),))


def _rows(shown: Preview) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    sure: dict[str, Row] = {}
    doubtful: dict[str, Row] = {}
    for section in shown.sections:
        for f in section.findings:
            words = section.text[f.start : f.end]
            into = sure if f.sure else doubtful
            into.setdefault(
                words.casefold(),
                Row("•", f"“{words}”", (f.kind.value.lower().replace("_", " "), f"shown as {f.replacement}", f.reason)),
            )
    return tuple(sure.values()), tuple(doubtful.values())


def _small_cell(profile: Profile, count: int) -> list[Block]:
    """A warning where few open cases of the team fit what the words tell; two traits are the least that narrow."""
    if profile.told < 2 or count >= SMALL_CELL:
        return []
    fits = "Only this case" if count == 1 else f"Only {count} open cases"
    return [
        Text(
            f"{fits} of your team fits: {profile.words}."
            if count == 1
            else f"{fits} of your team fit: {profile.words}.",
            Tone.QUIET,
        )
    ]


def _preview_buttons(case: Case, shown: Preview) -> tuple[Button, ...]:
    # It posts: a reaction, which a homeserver could forge, must not press it.
    buttons = [Button("Approve", f"case approve {case.ref} as {shown.token}", danger=True)]
    seen: set[str] = set()
    for section in shown.sections:
        for f in section.findings:
            words = " ".join(section.text[f.start : f.end].split())
            if not f.sure and words.casefold() not in seen and '"' not in words and len(seen) < _MOST_WORDS:
                seen.add(words.casefold())
                buttons.append(Button(f"Keep {words}", f'case keep {case.ref} "{words}"'))
    return tuple(buttons)


def approved(case: Case, team: Team, *, again: bool) -> Card:
    where = f"it replaces the one before in “{team.name}”" if again else f"it goes to the room of “{team.name}”"
    missing = f"It still waits for {' and '.join(case.missing)}." if case.missing else ""
    return note(
        f"{case.ref} is approved; {where}.", missing, buttons=[Button("Present it", f"case present {case.ref}")]
    )


def summary(case: Case, parts: Iterable[Part], held: Sequence[Section]) -> Card:
    """The approved words to the letter, for the room."""
    blocks: list[Block] = [_part(p.section, p.text) for p in parts]
    if held:
        blocks.append(Text(f"Held back for want of consent: {', '.join(held)}.", Tone.QUIET))
    return Card(f"Case {case.ref}", tuple(blocks))


def aside(answer: Card, why: str) -> Card:
    """An answer that was meant for the room, for its asker alone."""
    return replace(answer, blocks=(Text(f"Only you see this: {why}.", Tone.WARNING), *answer.blocks))


def held_back(case: Case, why: str) -> Card:
    return note(f"{case.ref}: {why}", tone=Tone.WARNING)


def case(
    it: Case, reader: Member, today: date, members: Sequence[Member], meetings: Sequence[Meeting], zone: ZoneInfo
) -> Card:
    """What this reader may see of the case."""
    people = {m.account: m for m in members}
    facts = [Fact("State", state(it)), Fact("Author", person(people.get(it.author), it.author))]
    facts += [Fact("On the agenda of", f"{m.ref} {m.title}, {when(m.start_at, zone)}") for m in meetings]
    if it.missing:
        facts.append(Fact("Waits for", " and ".join(it.missing)))
    if it.review_on:
        facts.append(Fact("Review", day(it.review_on)))
    blocks: list[Block] = [Facts(tuple(facts))]
    parts, held = visible(it, [reader.discipline], today) if it.author != reader.account else (_all(it), ())
    blocks += [_part(p.section, p.text) for p in parts]
    if held:
        blocks.append(Text(f"Not shown for want of consent: {', '.join(held)}.", Tone.QUIET))
    return Card(f"Case {it.ref}", (*blocks, Actions(_case_buttons(it, reader))))


def _all(it: Case) -> tuple[Part, ...]:
    return it.summary.parts if it.summary else ()


def visible(it: Case, disciplines: Iterable[Discipline], today: date) -> tuple[tuple[Part, ...], tuple[Section, ...]]:
    """The approved parts that all these disciplines may see today, and the sections that are held back."""
    them = tuple(disciplines)
    parts = it.summary.parts if it.summary else ()
    held = {p.section for p in parts if not_covered(p.section.category, it.consents, them, today)}
    return tuple(p for p in parts if p.section not in held), tuple(p.section for p in parts if p.section in held)


def _case_buttons(it: Case, reader: Member) -> tuple[Button, ...]:
    buttons = [Button("Action items", f"tasks case {it.ref}"), Button("Present it", f"case present {it.ref}")]
    if it.author == reader.account:
        buttons.append(Button("Preview and edit", f"case preview {it.ref}"))
    return tuple(buttons)


def listing(cases: Sequence[Case], which: str, account: Account, members: Sequence[Member], *, more: bool) -> Card:
    people = {m.account: m for m in members}
    if not cases:
        return note(f"No cases ({which}). `case submit` takes one in private.")
    rows = []
    for it in cases:
        mine = it.author == account
        question = (
            it.summary.part(Section.QUESTION) if it.summary else (it.texts.get(Section.QUESTION, "") if mine else "")
        )
        waits = f"waits for {' and '.join(it.missing)}" if it.missing else "ready"
        rows.append(
            Row(it.ref, question or "(no question yet)", (state(it), person(people.get(it.author), it.author), waits))
        )
    hint = (Text("These are the first; `cases mine` and `cases ready` narrow them down.", Tone.QUIET),) if more else ()
    return Card(f"{count(len(cases), 'case')} ({which})", (Rows(tuple(rows)), *hint))


def state(it: Case) -> str:
    if it.state is CaseState.DEFERRED:
        until = f" until {day(it.deferred_until)}" if it.deferred_until else ""
        return f"deferred{until}" + (f": {it.why}" if it.why else "")
    return it.state.value


def deferred(it: Case, hint: str) -> Card:
    until = f" until {day(it.deferred_until)}" if it.deferred_until else " to the next agenda"
    return note(f"{it.ref} is deferred{until}" + (f": {it.why}" if it.why else "."), hint)


def withdrawn(it: Case) -> Card:
    return note(f"{it.ref} is withdrawn and taken out of the rooms" + (f": {it.why}" if it.why else "."))


def closed(it: Case) -> Card:
    return note(f"{it.ref} is closed.")


def really_erase(it: Case) -> Card:
    return note(
        f"Erase {it.ref}? Its key is destroyed: nothing of it, its decisions and its action items can be read again, in backups either.",
        buttons=[Button("Erase for ever", f'case erase {it.ref} sure "for ever"', danger=True)],
        tone=Tone.WARNING,
    )


def erased(ref: str) -> Card:
    return note(f"{ref} is erased: its key is destroyed.")

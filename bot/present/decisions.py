"""How decisions are said."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from adapters.card import Block, Card, Fact, Facts, Field, Form, Text, Tone
from bot.present.common import note, person, when
from conference.decision import Decision, DecisionKind
from conference.people import Member


def decided(decision: Decision, held: Sequence[str], goals: str, members: Sequence[Member], hint: str) -> Card:
    blocks: list[Block] = [Facts(facts(decision, members))]
    if decision.kind is not DecisionKind.PLAIN:
        effect = f"Holds back {', '.join(held)}." if held else "No open action item is held back by it."
        blocks.append(Text(effect if decision.kind is not DecisionKind.RESUME else "Therapy items go on.", Tone.STRONG))
    if hint:
        blocks.append(Text(hint, Tone.QUIET))
    if not decision.prefers:
        blocks.append(Text("What does the patient prefer?", Tone.STRONG))
        blocks += [Text(f"The summary says: “{goals}”")] if goals else []
        field = Field("preference", "What the patient prefers", "in the patient's words", required=True)
        blocks.append(Form("Add the preference", f"Preference for {decision.ref}", f"prefer {decision.ref}", (field,)))
    return Card(f"{decision.ref} on {decision.case}: {decision.text}", tuple(blocks))


def preferred(decision: Decision, hint: str) -> Card:
    return note(f"{decision.ref}: the patient prefers “{decision.prefers}”.", hint)


def dissented(decision: Decision, by: Member, hint: str) -> Card:
    return note(
        f"{decision.ref}: {person(by)} dissents: “{decision.dissents[-1].text}”. It stands in the minutes.", hint
    )


def decision(it: Decision, members: Sequence[Member], zone: ZoneInfo) -> Card:
    when_ = Fact("Recorded", when(it.decided_at, zone))
    return Card(f"{it.ref} on {it.case}: {it.text}", (Facts((*facts(it, members), when_)),))


def facts(it: Decision, members: Sequence[Member]) -> tuple[Fact, ...]:
    people = {m.account: m for m in members}
    found = [Fact("Kind", it.kind.value)] if it.kind is not DecisionKind.PLAIN else []
    found += [Fact("Because", it.because)] if it.because else []
    found += [Fact("Options", "; ".join(it.options))] if it.options else []
    found += [Fact("Patient prefers", it.prefers)] if it.prefers else []
    found += [Fact("Dissent", f"{person(people.get(d.by), d.by)}: {d.text}") for d in it.dissents]
    found.append(Fact("Recorded by", person(people.get(it.recorded_by), it.recorded_by)))
    return tuple(found)

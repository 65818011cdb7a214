"""Words that belong to no single noun."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from adapters.card import Actions, Block, Button, Card, Text, Tone
from adapters.platform import Invocation
from bot.grammar.clocks import zone_label
from bot.grammar.times import show_date, show_duration, show_moment
from conference.people import Discipline, Member
from conference.refusal import Refusal


def when(at: datetime, zone: ZoneInfo) -> str:
    """Weekday, date, time and zone: never one without the others."""
    return show_moment(at, zone)


def when_for(at: datetime, members: Iterable[Member], zone: ZoneInfo) -> str:
    """The time in the team's zone, and after it in the other zones that members live in."""
    shown, here = [], at.astimezone(zone)
    for name in dict.fromkeys(m.attention.zone for m in members if m.attention.zone):
        there = at.astimezone(ZoneInfo(name))
        if there.utcoffset() != here.utcoffset():
            day = "" if there.date() == here.date() else f"{there:%a} "
            shown.append(f"{day}{there:%H:%M} {zone_label(there)}")
    others = ", ".join(dict.fromkeys(shown))
    return f"{when(at, zone)} ({others})" if others else when(at, zone)


def day(on: date) -> str:
    return show_date(on)


def length(delta: timedelta) -> str:
    return show_duration(delta)


def person(member: Member | None, account: str = "") -> str:
    """How somebody is named in a card."""
    return f"@{(member.name if member else account).removeprefix('@')}"


def disciplines(them: Iterable[Discipline]) -> str:
    return ", ".join(them)


def count(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"


def note(title: str, *lines: str, buttons: Iterable[Button] = (), tone: Tone = Tone.PLAIN) -> Card:
    """A short card: a line, perhaps a few more, perhaps buttons."""
    blocks: list[Block] = [Text(line) for line in lines if line]
    them = tuple(buttons)
    return Card(title, (*blocks, Actions(them)) if them else tuple(blocks), tone=tone)


TAKEN_OUT = "I take your message out of the room where this chat lets me. Say it to me here, in private."


def not_taken_out() -> Card:
    return note("I could not take your message out of the room. Please delete it there yourself.", tone=Tone.WARNING)


def refusal(said: Refusal, also: str = "") -> Card:
    buttons = tuple(Button(f"{hint}", hint) for hint in said.hints)
    return note(said.text, also, buttons=buttons, tone=Tone.WARNING)


def failure() -> Card:
    return note(
        "Something went wrong on my side; nothing was changed. Please try again, and tell whoever runs me if it stays.",
        tone=Tone.WARNING,
    )


def too_old(invocation: Invocation, zone: ZoneInfo) -> Card:
    return note(
        f"I was away when you wrote on {when(invocation.at, zone)}; that was not carried out. Send it again if it still holds.",
        tone=Tone.WARNING,
    )


def hello(name: str, *, has_team: bool, direct: bool) -> Card:
    """Two lines: what the bot is for, and what to type next, here."""
    said = "" if direct else f"!{name} "
    if has_team:
        then = f"Type `{said}help` to see what I do, or `{said}meetings` to see what is planned."
    elif direct:
        then = 'Type `help` to see what I do; `team create "North clinic"` in your team\'s room begins.'
    else:
        then = f'Type `{said}team create "North clinic" zone Europe/Berlin` to begin, or `{said}help` to see what I do.'
    return Card(
        f"I am {name}: I organize your team's case conferences, from the agenda to the last follow-up, and keep patients unnamed.",
        (Text(then),),
    )

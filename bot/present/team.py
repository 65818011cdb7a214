"""How the team and one's own settings are said."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from adapters.card import Actions, Button, Card, Fact, Facts, Row, Rows, Text, Tone
from bot.present.common import note, person, when
from bot.present.series import days, refs
from bot.series_plan import Planned
from conference.people import Member, Role, Team
from conference.policy import Action, may
from conference.recurrence import WEEKDAY_NAMES


def created(team: Team, coordinator: Member, zone_given: bool) -> Card:
    zone = (
        f"Times are read in {team.zone}."
        if zone_given
        else f"Times are read in {team.zone}; `team zone …` changes that, `me zone …` for yourself."
    )
    return note(
        f"This room is now the care team “{team.name}”. {person(coordinator)} is its coordinator.",
        zone,
        'Next: `team add @dana psychiatry` for everyone, then `meeting schedule "Case conference" tue 08:00 for 60m`.',
    )


def added(member: Member, *, is_new: bool) -> Card:
    roles = ", ".join(sorted(r.value for r in member.roles))
    verb = "joins" if is_new else "is now in"
    return note(f"{person(member)} {verb} the team: {member.discipline}, {roles}.")


def guest(member: Member, zone: ZoneInfo) -> Card:
    assert member.until is not None
    return note(f"{person(member)} is a guest for case {member.case} alone, until {when(member.until, zone)}.")


def removed(member: Member, tasks: int) -> Card:
    left = f"{tasks} open action item(s) are still in that name; `tasks team` shows them." if tasks else ""
    return note(f"{person(member)} has left the team.", left)


def guarded(team: Team) -> Card:
    if not team.is_guarded:
        return note("Free chat in this room is not looked at.")
    return note(
        "From now on I look at free chat in this room for what identifies a patient.",
        "Whoever writes such a thing gets a private hint, and an offer to remove it. Nobody else is told; nothing is kept.",
    )


def rezoned(team: Team, planned: Planned) -> Card:
    moved = [*planned.moved, *planned.made]
    return note(
        f"Times are read in {team.zone} from now on.",
        f"Series that went by the old zone keep their hour on the clock: {refs(moved)}." if moved else "",
    )


def holidays(team: Team, planned: Planned) -> Card:
    lines = (
        f"The team's own: {days(team.days_off)}." if team.days_off else "",
        f"Cancelled: {refs(planned.dropped)}." if planned.dropped else "",
        f"Planned: {refs(planned.made)}." if planned.made else "",
    )
    return note(f"Series skip the public holidays of {team.holidays or 'nobody'}.", *lines)


def days_off(team: Team, dates: Sequence[date]) -> Card:
    """What the coming year leaves out."""
    return note(
        f"Series skip the public holidays of {team.holidays or 'nobody'}.",
        f"In the coming year: {days(dates)}." if dates else "No days off in the coming year.",
        "`team holidays US-NY` sets whose; `team holidays add 24 dec to 2 jan` adds the team's own.",
    )


def using(team: Team) -> Card:
    return note(f"Here we now speak about “{team.name}”.")


def roster(team: Team, members: Sequence[Member], now: datetime, zone: ZoneInfo) -> Card:
    by_discipline: dict[str, list[Member]] = {}
    for member in sorted(members, key=lambda m: (m.discipline, m.name.casefold())):
        by_discipline.setdefault(member.discipline, []).append(member)
    rows = tuple(
        Row(discipline, "; ".join(_who(m, now, zone) for m in them)) for discipline, them in by_discipline.items()
    )
    return Card(
        f"{team.name}: {len(members)} people, {len(by_discipline)} disciplines ({team.zone})",
        (Rows(rows), Actions((Button("Meetings", "meetings"), Button("Tasks", "tasks team")))),
    )


def _who(member: Member, now: datetime, zone: ZoneInfo) -> str:
    roles = sorted(r.value for r in member.roles - {Role.CLINICIAN})
    more = [*roles]
    if member.until:
        more.append(f"for {member.case} until {when(member.until, zone)}")
    if member.is_away(now) and member.attention.away_until:
        more.append(f"away until {when(member.attention.away_until, zone)}")
    return person(member) + (f" ({', '.join(more)})" if more else "")


def settings(member: Member, zone: ZoneInfo, cover: Member | None) -> Card:
    attention = member.attention
    quiet = f"{attention.quiet[0]:%H:%M}-{attention.quiet[1]:%H:%M}" if attention.quiet else "none"
    away = "no"
    if attention.away_until:
        away = f"until {when(attention.away_until, zone)}" + (f", {person(cover)} covers" if cover else "")
    facts = (
        Fact("Zone", f"{attention.zone or zone.key}" + ("" if attention.zone else " (the team's)")),
        Fact("Quiet hours", quiet),
        Fact("Days off", weekdays(attention.days_off) or "none"),
        Fact("Digest", f"{attention.digest:%H:%M}" if attention.digest else "none: reminders come one by one"),
        Fact("Away", away),
    )
    hint = "Change them: `me zone Europe/Berlin`, `me quiet 18:00-08:00`, `me off sat,sun`, `me digest 08:00`, `me away until 5 dec cover @lee`."
    return Card(f"Your settings, {person(member)}", (Facts(facts), Text(hint, Tone.QUIET)))


def weekdays(days: Iterable[int]) -> str:
    return ", ".join(WEEKDAY_NAMES[day].title() for day in sorted(days))


def changed(what: str) -> Card:
    return note(what)


def whoami(account: str, member: Member | None, team: Team | None, now: datetime) -> Card:
    if member is None or team is None:
        return note(f"You are {account}. You are in no care team here; a coordinator adds you with `team add`.")
    granted: Iterable[str] = (a.value for a in Action if may(member, a, now, case=member.case))
    facts = (
        Fact("Account", account),
        Fact("Team", team.name),
        Fact("Discipline", member.discipline),
        Fact("Roles", ", ".join(sorted(r.value for r in member.roles))),
        Fact("You may", "; ".join(granted)),
    )
    return Card(f"You are {person(member)}", (Facts(facts),))

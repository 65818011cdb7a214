"""The team and its people."""

import secrets
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot import series_plan
from bot.grammar.params import Args
from bot.grammar.times import Moment
from bot.handlers import series
from bot.present import team as present
from bot.request import Audience, Reply, Request
from conference.people import Account, Attention, CaseId, Discipline, Member, Role, Team, TeamId, own_part
from conference.policy import Action
from conference.refusal import Refusal

AHEAD = timedelta(days=366)


def create(request: Request, args: Args) -> Reply:
    place = request.invocation.place
    if place.direct:
        raise Refusal("A team needs a room for everyone. Say this in the room where the team meets.")
    if request.team_or_none is not None:
        raise Refusal("This room is a care team's room already. `team` shows it.")
    allowed = request.settings.teams.creators
    if allowed and request.account not in allowed:
        raise Refusal("You may not create a team here. Ask whoever runs this bot to allow it.")
    zone = args.opt("zone", ZoneInfo)
    team = Team(
        TeamId(secrets.token_hex(6)),
        args.text("name"),
        zone.key if zone else request.settings.bot.zone,
        place.platform,
        place.room,
        request.now,
        request.account,
        zones=series_plan.zones_version(),
    )
    request.store = request.house_store.begin_team(team, request.now)
    request.team_or_none = team
    request.member = Member(
        team.id,
        request.account,
        request.invocation.account_name or request.account,
        Discipline("care-coordination"),
        frozenset({Role.COORDINATOR}),
        request.now,
    )
    request.store.members.save(request.member)
    request.house_store.work_in(place.platform, request.account, team.id)
    request.subjects.append("team")
    return Reply(present.created(team, request.member, zone is not None), Audience.ROOM)


def add(request: Request, args: Args) -> Reply:
    account = _account(request, args.one("person", str))
    known = request.store.members.get(account)
    member = Member(
        request.team.id,
        account,
        args.text("name") or (known.name if known else _called(request, account)),
        args.one("discipline", str),  # type: ignore[arg-type]
        _roles(request, known, args.text("role")),
        known.joined_at if known else request.now,
        known.attention if known else Attention(),
    )
    request.store.members.save(member)
    return Reply(present.added(member, is_new=known is None or known.left_at is not None), Audience.ROOM)


def _roles(request: Request, known: Member | None, role: str) -> frozenset[Role]:
    """The role that is given, else those that the member has; the last coordinator stays one."""
    active = known if known and known.is_active(request.now) and not known.has(Role.GUEST) else None
    if not role:
        return active.roles if active else frozenset({Role.CLINICIAN})
    coordinators = [m.account for m in request.members if m.has(Role.COORDINATOR)]
    stays = {Role.COORDINATOR} if active and coordinators == [active.account] else set()
    return frozenset({Role(role), *stays})


def guest(request: Request, args: Args) -> Reply:
    account = _account(request, args.one("person", str))
    case = request.case(args.opt("case", str), to=Action.TRIAGE_CASE)
    until = args.one("until", Moment).at
    known = request.store.members.get(account)
    if known and known.is_active(request.now) and not known.has(Role.GUEST):
        raise Refusal(f"{account} is in the team already and sees the case as such.")
    discipline = args.opt("discipline", str) or "guest"  # of no discipline that a consent could name
    member = Member(
        request.team.id,
        account,
        known.name if known else _called(request, account),
        Discipline(discipline),
        frozenset({Role.GUEST}),
        request.now,
        case=CaseId(case.ref),
        until=until,
    )
    request.store.members.save(member)
    return Reply(present.guest(member, request.zone))


def remove(request: Request, args: Args) -> Reply:
    member = args.one("person", Member)
    coordinators = [m for m in request.members if m.has(Role.COORDINATOR)]
    if coordinators == [member]:
        raise Refusal(
            "A team keeps one coordinator. Make somebody else coordinator first: `team add @… … role coordinator`."
        )
    request.store.members.save(member.leave(request.now))
    left = request.store.tasks_of(member.account)
    return Reply(present.removed(member, len(left)), Audience.ROOM)


def show(request: Request, args: Args) -> Reply:
    request.check(Action.READ_TEAM)
    return Reply(present.roster(request.team, request.members, request.now, request.zone))


def guard(request: Request, args: Args) -> Reply:
    """Whether free chat in the room is looked at for identifiers of patients."""
    team = replace(request.team, is_guarded=args.text("switch") == "on")
    request.store.teams.save(team)
    return Reply(present.guarded(team), Audience.ROOM)


def zone(request: Request, args: Args) -> Reply:
    """Another zone for the team, and for the series that went by the old one: their hour on the clock stays."""
    before, to = request.team.zone, args.one("zone", ZoneInfo)
    if to.key == before:
        raise Refusal(f"The team is in {before} already.")
    request.store.teams.save(replace(request.team, zone=to.key))
    request.team_or_none = replace(request.team, zone=to.key)
    planned = series.rezone_all(request, before, to)
    return Reply(present.rezoned(request.team, planned), Audience.ROOM)


def holidays(request: Request, args: Args) -> Reply:
    """Whose public holidays the team's series skip; without words, which dates that makes."""
    where = args.text("where").upper()
    if not where:
        request.check(Action.READ_TEAM)
        ahead = series_plan.holidays(request.team, request.now, request.now + AHEAD)
        today = request.now.astimezone(request.team_zone).date()
        return Reply(present.days_off(request.team, sorted(d for d in ahead if today <= d <= today + AHEAD)))
    request.check(Action.MANAGE_TEAM)
    if where != "NONE":
        series_plan.check_holidays(where)
    return _days_off(request, replace(request.team, holidays="" if where == "NONE" else where))


def add_holidays(request: Request, args: Args) -> Reply:
    """Days off that are the team's own."""
    return _days_off(request, replace(request.team, days_off=request.team.days_off | set(args.one("on", tuple))))


def drop_holidays(request: Request, args: Args) -> Reply:
    dates = set(args.one("on", tuple))
    if not dates & request.team.days_off:
        raise Refusal(
            "None of these is a day off of the team's own. `team holidays` lists them; `series keep` overrides a public one."
        )
    return _days_off(request, replace(request.team, days_off=request.team.days_off - dates))


def _days_off(request: Request, team: Team) -> Reply:
    """Keep them; series that are planned already follow."""
    request.store.teams.save(team)
    request.team_or_none = team
    planned = series.replan_all(request, "a day off")
    return Reply(present.holidays(team, planned), Audience.ROOM)


def use(request: Request, args: Args) -> Reply:
    """Choose the team that the direct room speaks for, where somebody is in several."""
    mine = [request.house_store.of_team(t).team() for t in request.house_store.teams_of_account(request.account)]
    wanted = args.text("name").casefold()
    found = [t for t in mine if t.name.casefold() == wanted] or [t for t in mine if wanted in t.name.casefold()]
    if len(found) != 1:
        raise Refusal(f"Your teams are: {', '.join(t.name for t in mine) or 'none'}. Say one of them.")
    request.house_store.work_in(request.invocation.place.platform, request.account, found[0].id)
    return Reply(present.using(found[0]))


def _called(request: Request, account: Account) -> str:
    """The name that the platform knows, else the account's own."""
    return request.invocation.names.get(account) or own_part(account)


def _account(request: Request, words: str) -> Account:
    """The account as the platform spells it: a member's by any of its names, a newcomer's as typed."""
    bare = words.removeprefix("@").casefold()
    known = [m for m in request.store.members.all() if m.account.removeprefix("@").casefold() == bare]
    if known:
        return known[0].account
    if ":" in request.account and ":" not in words:
        raise Refusal(f"I cannot tell whom “{words[:40]}” means. Mention the person, so that the name lights up.")
    return Account(words if ":" in words else words.removeprefix("@").casefold() if words.startswith("@") else words)

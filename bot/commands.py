"""The one table of commands: words, parameters, right, sentence, example, handler."""

from dataclasses import replace

from bot.grammar.command import Command, CommandTable
from bot.grammar.params import Args, Param, Type
from bot.grammar.tokens import tokenize
from bot.handlers import (
    agenda,
    calendar,
    cases,
    conduct,
    consent,
    decisions,
    house,
    me,
    meetings,
    minutes,
    series,
    tasks,
    team,
    undo,
)
from bot.present import house as present_house
from bot.request import Reply, Request
from conference.consent import Category
from conference.meeting import Answer, MeetingKind
from conference.people import Role
from conference.policy import Action
from conference.refusal import Refusal
from conference.task import TaskKind

LONG = 8_000
MOST_IN_TITLE = 200

CASE = Param("case", Type.CASE, context=True)
THE_CASE = Param("case", Type.CASE, keyword="case", optional=True, context=True)
MEETING = Param("meeting", Type.MEETING, optional=True, context=True)
TO_MEETING = Param("meeting", Type.MEETING, keyword="meeting", optional=True, context=True)
TASK = Param("task", Type.TASK, context=True)
DECISION = Param("decision", Type.DECISION)
SERIES = Param("series", Type.SERIES)
A_SERIES = Param("series", Type.SERIES, optional=True, context=True)
DATES = Param("on", Type.DATES)
STARTING = Param("starting", Type.DATE, keyword="starting", optional=True)
UNTIL = Param("until", Type.DATE, keyword="until", optional=True)
IN_ZONE = Param("zone", Type.ZONE, keyword="zone", optional=True)
KIND = Param("kind", Type.CHOICE, keyword="kind", optional=True, choices=tuple(MeetingKind))
QUORUM = Param("quorum", Type.DISCIPLINES, keyword="quorum", optional=True)
CLOSES = Param("closes", Type.DURATION, keyword="closes", optional=True)
LENGTH = Param("length", Type.DURATION, keyword="for", optional=True)
BECAUSE = Param("because", Type.TEXT, keyword="because")
MAYBE_BECAUSE = Param("because", Type.TEXT, keyword="because", optional=True)
POSITION = Param("position", Type.NUMBER)


def _text(name: str, most: int = 500, *, optional: bool = False) -> Param:
    return Param(name, Type.TEXT, optional=optional, most=most)


def show_help(request: Request, args: Args) -> Reply:
    """All of it, a group, or one command, made from this table."""
    words = tuple(args.text("topic").casefold().split())
    found = TABLE.under(words) if words else TABLE.commands
    if not words:
        return Reply(present_house.overview(TABLE.commands, request.settings.bot.name))
    exact = next((c for c in found if c.path == words), None)
    if exact and (len(found) == 1 or len(words) > 1):
        return Reply(present_house.command(exact))
    if not found:
        meant = TABLE.nearest(tokenize(" ".join(words)[:80].replace('"', "").replace("`", "")))
        hint = f"Did you mean `help {meant}`?" if meant else "`help` shows them all."
        raise Refusal(f"There is no command “{' '.join(words)[:40]}”. {hint}", *([f"help {meant}"] if meant else []))
    return Reply(present_house.group(" ".join(words), found))


_TEAM = (
    Command(
        "team create", "make this room a care team's room", 'team create "North clinic" zone America/New_York', team.create,
        params=(_text("name", MOST_IN_TITLE), Param("zone", Type.ZONE, keyword="zone", optional=True)),
    ),
    Command(
        "team add", "add somebody, or change discipline or role", "team add @dana psychiatry role facilitator", team.add,
        Action.MANAGE_TEAM,
        (
            Param("person", Type.NEWCOMER),
            Param("discipline", Type.DISCIPLINE),
            Param("role", Type.CHOICE, keyword="role", optional=True, choices=tuple(r for r in Role if r is not Role.GUEST)),
            Param("name", Type.TEXT, keyword="name", optional=True, most=80),
        ),
        undoable=True,
    ),
    Command("team remove", "take somebody out of the team", "team remove @dana", team.remove, Action.MANAGE_TEAM, (Param("person", Type.PERSON),), undoable=True),
    Command(
        "team guest", "let a consultant see one case for a while", "team guest @lee C-7K2P until fri", team.guest, Action.MANAGE_TEAM,
        (Param("person", Type.NEWCOMER), CASE, Param("until", Type.DUE, keyword="until"), Param("discipline", Type.DISCIPLINE, keyword="as", optional=True)),
        undoable=True,
    ),
    Command(
        "team guard", "have free chat looked at for what identifies a patient", "team guard on", team.guard, Action.MANAGE_TEAM,
        (Param("switch", Type.CHOICE, choices=("on", "off")),), undoable=True,
    ),
    Command("team zone", "the zone for everything said without one", "team zone America/New_York", team.zone, Action.MANAGE_TEAM, (Param("zone", Type.ZONE),), undoable=True),
    Command("team holidays add", "days off of the team's own", "team holidays add 24 dec to 2 jan", team.add_holidays, Action.MANAGE_TEAM, (DATES,), undoable=True),
    Command("team holidays drop", "own days off that are none after all", "team holidays drop 24 dec", team.drop_holidays, Action.MANAGE_TEAM, (DATES,), undoable=True),
    Command("team holidays", "whose public holidays series skip; alone, which days that makes", "team holidays US-NY", team.holidays, params=(Param("where", Type.WORDS, optional=True),), asks=Action.MANAGE_TEAM, undoable=True),
    Command("team use", "choose which of your teams is meant in private", 'team use "North clinic"', team.use, params=(_text("name", MOST_IN_TITLE),)),
    Command("team", "the roster, by discipline", "team", team.show, Action.READ_TEAM),
    Command("me zone", "the zone in which times are read and shown to you", "me zone Europe/Berlin", me.zone, Action.SET_OWN, (Param("zone", Type.ZONE),), undoable=True),
    Command("me quiet off", "no quiet hours", "me quiet off", me.quiet_off, Action.SET_OWN, undoable=True),
    Command("me quiet", "hours in which only safety reaches you", "me quiet 18:00-08:00", me.quiet, Action.SET_OWN, (Param("hours", Type.SPAN),), undoable=True),
    Command("me off none", "no days off", "me off none", me.off_none, Action.SET_OWN, undoable=True),
    Command("me off", "weekdays on which only what is urgent or about safety reaches you", "me off sat,sun", me.off, Action.SET_OWN, (Param("days", Type.WEEKDAYS),), undoable=True),
    Command("me digest off", "reminders one by one", "me digest off", me.digest_off, Action.SET_OWN, undoable=True),
    Command("me digest", "get what is not urgent gathered at one hour", "me digest 08:00", me.digest, Action.SET_OWN, (Param("hour", Type.CLOCK),), undoable=True),
    Command(
        "me away", "be away, with somebody who covers", "me away until 5 dec cover @lee", me.away, Action.SET_OWN,
        (Param("until", Type.DUE, keyword="until"), Param("cover", Type.PERSON, keyword="cover", optional=True)), undoable=True,
    ),
    Command("me back", "be back before the time", "me back", me.back, Action.SET_OWN, undoable=True),
    Command("me", "your own settings", "me", me.show, Action.SET_OWN),
    Command("why", "why you got a message: answer it with `why`, or name the thing", "why T-12", me.why, Action.SET_OWN, (Param("about", Type.WORDS, optional=True),)),
    Command("whoami", "your account, discipline, roles and rights", "whoami", me.whoami),
)  # fmt: skip

_MEETINGS = (
    Command(
        "meeting schedule", "plan a single meeting", 'meeting schedule "Chest pain huddle" tomorrow 12:15 for 15m kind huddle', meetings.schedule,
        Action.PLAN_MEETING, (_text("title", MOST_IN_TITLE), Param("start", Type.MOMENT), LENGTH, KIND, QUORUM, CLOSES), undoable=True,
    ),
    Command(
        "meeting poll", "find a time together", 'meeting poll "MDT" tue 09:00, wed 14:00, thu 12:30', meetings.poll, Action.PLAN_MEETING,
        (Param("title", Type.TEXT, most=MOST_IN_TITLE), Param("times", Type.MOMENTS), LENGTH, KIND, QUORUM), undoable=True,
    ),
    Command(
        "meeting fix", "make one of the polled times the time", "meeting fix M-9 2", meetings.fix, Action.PLAN_MEETING,
        (MEETING, Param("choice", Type.NUMBER)), undoable=True,
    ),
    Command("vote", "say which polled times suit you", "vote M-9 1 3", meetings.vote, Action.ANSWER_MEETING, (MEETING, Param("choices", Type.NUMBERS, optional=True), Param("also", Type.NUMBER, keyword="also", optional=True)), undoable=True),
    Command("meetings", "what is planned", "meetings", meetings.listing, Action.READ_TEAM),
    Command("meeting move", "another time for a meeting", "meeting move M-8 thu 09:00", meetings.move, Action.PLAN_MEETING, (MEETING, Param("start", Type.MOMENT)), undoable=True),
    Command("meeting cancel", "call a meeting off", "meeting cancel M-8 because two are ill", meetings.cancel, Action.PLAN_MEETING, (MEETING, BECAUSE), undoable=True),
    Command("meeting start", "begin the meeting", "meeting start", conduct.start, params=(MEETING,), group="In the meeting", asks=Action.LEAD_MEETING),
    Command("meeting end", "end the meeting; what was not reached is carried over", "meeting end", conduct.end, group="In the meeting", asks=Action.LEAD_MEETING),
    Command("meeting", "one meeting: when, who comes, quorum", "meeting M-8", meetings.show, Action.READ_TEAM, (MEETING,)),
    Command(
        "rsvp", "say whether you come", "rsvp M-8 yes", meetings.rsvp, Action.ANSWER_MEETING,
        (MEETING, Param("answer", Type.CHOICE, choices=tuple(Answer))), undoable=True,
    ),
    Command(
        "calendar", "a calendar file: a meeting, a series, all of the team's, or your own", "calendar S-2", calendar.calendar, Action.READ_TEAM,
        (MEETING, A_SERIES, Param("which", Type.WORDS, optional=True)),
    ),
    Command(
        "series create", "a recurring meeting", 'series create "Weekly case conference" every tue 08:00 for 60m', series.create, Action.PLAN_MEETING,
        (_text("title", MOST_IN_TITLE), Param("rhythm", Type.RECURRENCE), LENGTH, KIND, QUORUM, CLOSES, STARTING, UNTIL, IN_ZONE), undoable=True,
    ),
    Command(
        "series change", "another rhythm, hour, length, name or end", "series change S-2 every thu 09:00", series.change, Action.PLAN_MEETING,
        (SERIES, Param("rhythm", Type.RECURRENCE, optional=True), LENGTH, KIND, QUORUM, CLOSES, STARTING, UNTIL, IN_ZONE, Param("title", Type.TEXT, keyword="title", optional=True, most=MOST_IN_TITLE)),
        undoable=True,
    ),
    Command("series skip", "leave dates out", "series skip S-2 24 dec to 2 jan", series.skip, Action.PLAN_MEETING, (A_SERIES, DATES, MAYBE_BECAUSE), undoable=True),
    Command("series keep", "meet on dates that were left out, holidays too", "series keep S-2 24 dec", series.keep, Action.PLAN_MEETING, (A_SERIES, DATES), undoable=True),
    Command(
        "series move", "one date of it to another time", "series move S-2 24 dec to 23 dec 10:00", series.move, Action.PLAN_MEETING,
        (A_SERIES, Param("on", Type.DATE), Param("start", Type.MOMENT, keyword="to")), undoable=True,
    ),
    Command("series stop", "no more meetings of this series", "series stop S-2", series.stop, Action.PLAN_MEETING, (SERIES, MAYBE_BECAUSE), undoable=True),
    Command("series", "the recurring meetings, or the dates of one", "series S-2", series.show, Action.READ_TEAM, (A_SERIES,)),
)  # fmt: skip

_AGENDA = (
    Command(
        "agenda add", "suggest a topic", 'agenda add "New triage form" 10m', agenda.add, Action.SUGGEST_ITEM,
        (_text("topic", MOST_IN_TITLE), Param("length", Type.DURATION, optional=True), TO_MEETING), undoable=True,
    ),
    Command("agenda drop", "take an item off", "agenda drop 3", agenda.drop, Action.SUGGEST_ITEM, (POSITION, TO_MEETING), undoable=True),
    Command("agenda move", "move an item to another place", "agenda move 3 1", agenda.move, Action.SHAPE_AGENDA, (POSITION, Param("to", Type.NUMBER), TO_MEETING), undoable=True),
    Command("agenda build", "propose an agenda within the time", "agenda build", agenda.build, Action.SHAPE_AGENDA, (MEETING,), undoable=True),
    Command("agenda lock", "fix the agenda", "agenda lock", agenda.lock, Action.SHAPE_AGENDA, (MEETING,), undoable=True),
    Command("agenda unlock", "open a locked agenda", "agenda unlock", agenda.unlock, Action.SHAPE_AGENDA, (MEETING,), undoable=True),
    Command("agenda", "items, minutes, presenters, why each is on", "agenda M-8", agenda.show, Action.READ_TEAM, (MEETING,)),
)  # fmt: skip

_CASES = (
    Command(
        "case submit", "take in a case, in private", "case submit", cases.submit, Action.SUBMIT_CASE,
        (Param("background", Type.LONG_TEXT, optional=True, most=LONG),), undoable=True, private=True,
    ),
    Command("case preview", "what the room would see", "case preview C-7K2P", cases.show_preview, params=(CASE,), asks=Action.WRITE_CASE),
    Command("case hide", "hide words in the summary", 'case hide C-7K2P "Lakeview"', cases.hide, params=(CASE, _text("words")), asks=Action.WRITE_CASE, undoable=True, private=True),
    Command("case keep", "keep words that identify nobody", 'case keep C-7K2P "Parkinson"', cases.keep, params=(CASE, _text("words")), asks=Action.WRITE_CASE, undoable=True, private=True),
    Command("case edit", "write the case anew", "case edit C-7K2P", cases.edit, params=(CASE,), asks=Action.WRITE_CASE, undoable=True),
    Command(
        "case approve", "fix the wording and post it to the team", "case approve C-7K2P", cases.approve,
        params=(CASE, Param("wording", Type.WORDS, keyword="as", optional=True)), asks=Action.WRITE_CASE, undoable=True),
    Command(
        "case present", "put the case on the next agenda", "case present C-7K2P M-8 15m", agenda.present_case,
        params=(CASE, MEETING, Param("length", Type.DURATION, optional=True)), asks=Action.PRESENT_CASE, undoable=True),
    Command(
        "case defer", "put the case off", "case defer C-7K2P until 5 jan because awaiting prolactin", cases.defer,
        params=(CASE, Param("until", Type.DUE, keyword="until", optional=True), MAYBE_BECAUSE), asks=Action.TRIAGE_CASE, undoable=True),
    Command("case withdraw", "take the case back and out of the rooms", "case withdraw C-7K2P because moved away", cases.withdraw, params=(CASE, MAYBE_BECAUSE), asks=Action.WITHDRAW_CASE),
    Command("case close", "the case needs no more conference", "case close C-7K2P", cases.close, params=(CASE, MAYBE_BECAUSE), asks=Action.TRIAGE_CASE, undoable=True),
    Command("case erase", "destroy the case's key, for ever", "case erase C-7K2P", cases.erase, params=(CASE, Param("sure", Type.TEXT, keyword="sure", optional=True)), asks=Action.ERASE_CASE),
    Command("case", "one case, as you may see it", "case C-7K2P", cases.show, params=(CASE,), asks=Action.READ_CASE),
    Command(
        "cases", "the cases you may see", "cases ready", cases.listing, Action.READ_CASE,
        (Param("which", Type.CHOICE, optional=True, choices=("mine", "open", "ready", "deferred", "closed")),),
    ),
)  # fmt: skip

_LEADING = (
    Command("next", "the next phase, or the next item", "next", conduct.step, asks=Action.LEAD_MEETING),
    Command("back", "one phase back", "back", conduct.back, asks=Action.LEAD_MEETING),
    Command("extend", "more time for this item", "extend 5m", conduct.extend, params=(Param("more", Type.DURATION),), asks=Action.LEAD_MEETING),
    Command("defer", "leave this item for the next meeting", "defer because the lab is missing", conduct.defer, params=(MAYBE_BECAUSE,), asks=Action.LEAD_MEETING),
    Command("here", "be in the attendance", "here", conduct.here, Action.ANSWER_MEETING),
    Command(
        "decide", "record a decision", 'decide C-7K2P "Taper SSRI, recheck function" because "side effects" options "switch; add" prefers "no new drug"',
        decisions.decide, Action.DECIDE,
        (
            CASE,
            _text("decision", 1000),
            Param("because", Type.TEXT, keyword="because", optional=True, most=1000),
            Param("options", Type.TEXT, keyword="options", optional=True, most=1000),
            Param("prefers", Type.TEXT, keyword="prefers", optional=True, most=1000),
            Param("kind", Type.CHOICE, keyword="kind", optional=True, choices=("plain", "pause therapy", "medical first", "resume therapy")),
        ),
        undoable=True,
    ),
    Command("prefer", "add what the patient prefers", 'prefer D-4 "wants to avoid new drugs"', decisions.prefer, Action.DECIDE, (DECISION, _text("preference", 1000)), undoable=True),
    Command("decision", "one decision", "decision D-4", decisions.show, params=(DECISION,), asks=Action.READ_CASE),
    Command("dissent", "disagree, in the minutes", 'dissent D-4 "too early to taper"', decisions.dissent, Action.DISSENT, (DECISION, _text("words", 1000)), undoable=True),
    Command("minutes sign", "sign the minutes", "minutes sign M-8", minutes.sign, params=(MEETING,), asks=Action.SIGN_MINUTES),
    Command("minutes correct", "correct signed minutes, below the text", 'minutes correct M-8 "TSH was 2.1"', minutes.correct, params=(MEETING, _text("correction", 1000)), asks=Action.SIGN_MINUTES),
    Command("minutes", "the minutes, as a message and a PDF", "minutes M-8", minutes.show, Action.READ_MINUTES, (MEETING,)),
)  # fmt: skip

_TASKS = (
    Command(
        "task add", "give somebody an action item", 'task add "Check TSH" for nursing due fri case C-7K2P kind lab', tasks.add, Action.ADD_TASK,
        (
            _text("title", MOST_IN_TITLE),
            Param("holder", Type.HOLDER, keyword="for", optional=True),
            Param("due", Type.DUE, keyword="due", optional=True),
            THE_CASE,
            Param("kind", Type.CHOICE, keyword="kind", optional=True, choices=tuple(TaskKind)),
            Param("after", Type.TASK, keyword="after", optional=True),
        ),
        undoable=True,
    ),
    Command("task claim", "make a discipline's item yours", "task claim T-12", tasks.claim, params=(TASK,), asks=Action.CHANGE_TASK, undoable=True),
    Command("task assign", "give an item on", "task assign T-12 @dana", tasks.assign, params=(TASK, Param("holder", Type.HOLDER)), asks=Action.CHANGE_TASK, undoable=True),
    Command("task due", "another date", "task due T-12 mon", tasks.due, params=(TASK, Param("due", Type.DUE)), asks=Action.CHANGE_TASK, undoable=True),
    Command("task block", "say what an item waits for", 'task block T-12 "waiting for lab"', tasks.block, params=(TASK, _text("why")), asks=Action.CHANGE_TASK, undoable=True),
    Command("task unblock", "an item goes on", "task unblock T-12", tasks.unblock, params=(TASK,), asks=Action.CHANGE_TASK, undoable=True),
    Command("task done", "finish an item, with its outcome", 'task done T-12 "TSH 2.1, told patient"', tasks.done, params=(TASK, _text("outcome", 1000, optional=True)), asks=Action.CHANGE_TASK, undoable=True),
    Command("task drop", "give an item up", "task drop T-12 because moved away", tasks.drop, params=(TASK, BECAUSE), asks=Action.CHANGE_TASK, undoable=True),
    Command("task snooze", "hear of your item later", "task snooze T-12 2d", tasks.snooze, params=(TASK, Param("for", Type.DURATION)), asks=Action.CHANGE_TASK, undoable=True),
    Command("task", "one action item", "task T-12", tasks.show, Action.READ_TASKS, (TASK,)),
    Command(
        "tasks", "action items: yours, the team's, overdue, of a case, for a discipline", "tasks overdue", tasks.listing, Action.READ_TASKS,
        (
            Param("which", Type.CHOICE, optional=True, choices=("mine", "team", "overdue")),
            THE_CASE,
            Param("discipline", Type.DISCIPLINE, keyword="for", optional=True),
        ),
    ),
)  # fmt: skip

_CONSENT = (
    Command(
        "consent", "what the patient allows to be shown, to whom, until when",
        "consent C-7K2P allow sexual-health to sex-therapy,primary-care until 2027-01-01", consent.consent,
        params=(
            CASE,
            Param("verb", Type.CHOICE, optional=True, choices=("allow", "withdraw")),
            Param("category", Type.CHOICE, optional=True, choices=tuple(Category)),
            Param("to", Type.DISCIPLINES, keyword="to", optional=True),
            Param("until", Type.DUE, keyword="until", optional=True),
        ),
        asks=Action.KEEP_CONSENT, undoable=True),
    Command("audit", "who did what with a case", "audit C-7K2P", house.audit, Action.READ_AUDIT, (Param("case", Type.CASE, optional=True),)),
)  # fmt: skip

_HOUSE = (
    Command(
        "remove",
        "take a message of yours out of the room, where I offered it",
        "remove 17",
        house.remove,
        params=(Param("message", Type.WORDS),),
    ),
    Command("undo", "take back your own last change", "undo", undo.undo),
    Command(
        "help", "what you can type", "help task done", show_help, params=(Param("topic", Type.WORDS, optional=True),)
    ),
)


def _grouped(group: str, commands: tuple[Command, ...]) -> tuple[Command, ...]:
    return tuple(c if c.group else replace(c, group=group) for c in commands)


TABLE = CommandTable(
    (
        *_grouped("Team and me", _TEAM),
        *_grouped("Meetings", _MEETINGS),
        *_grouped("Agenda", _AGENDA),
        *_grouped("Cases", _CASES),
        *_grouped("In the meeting", _LEADING),
        *_grouped("Action items", _TASKS),
        *_grouped("Consent and privacy", _CONSENT),
        *_grouped("House", _HOUSE),
    )
)

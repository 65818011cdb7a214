"""The patient's consent: what may be shown to which disciplines, until when."""

from dataclasses import replace

from bot.grammar.params import Args
from bot.grammar.times import Moment
from bot.present import consent as present
from bot.request import Reply, Request
from conference.consent import Category, Grant
from conference.people import Discipline
from conference.policy import Action


def allow(request: Request, args: Args) -> Reply:
    category = Category(args.text("category"))
    to = frozenset(Discipline(d) for d in args.one("to", tuple))
    until = args.opt("until", Moment)
    on = until.at.astimezone(request.zone).date() if until else None
    return _record(request, args, Grant(category, to, on))


def withdraw(request: Request, args: Args) -> Reply:
    return _record(request, args, Grant(Category(args.text("category")), frozenset()))


def show(request: Request, args: Args) -> Reply:
    case = request.case(args.opt("case", str), to=Action.KEEP_CONSENT)
    return Reply(present.consents(case), case=case.ref)


def _record(request: Request, args: Args, grant: Grant) -> Reply:
    """The newest word on a category replaces the one before; what was posted is posted again as it now may be."""
    case = request.case(args.opt("case", str), to=Action.KEEP_CONSENT)
    others = tuple(g for g in case.consents if g.category is not grant.category)
    case = replace(case, consents=(*others, grant))
    request.store.cases.save(case)
    for posted in request.store.notices.about(request.team.id, case.ref, "summary"):
        revision = str(case.summary.revision if case.summary else 0)
        edit = request.notice("summary-edit", case.ref, case=case.ref, message=posted.message, revision=revision)
        request.say(replace(edit, act=edit.act.EDIT, room=posted.room))
    return Reply(present.consents(case, grant), case=case.ref)

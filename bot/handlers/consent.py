"""The patient's consent: what may be shown to which disciplines, until when."""

from dataclasses import replace

from bot.grammar.params import Args
from bot.grammar.times import Moment
from bot.handlers.cases import refresh_summary
from bot.planning import plan_consents
from bot.present import consent as present
from bot.request import Reply, Request
from conference.case import Case
from conference.consent import Category, Grant, not_covered
from conference.people import Discipline
from conference.policy import Action
from conference.refusal import Refusal


def consent(request: Request, args: Args) -> Reply:
    """Show what the patient decided, or record a new word of the patient's on one category."""
    verb = args.text("verb")
    if not verb:
        case = request.case(args.opt("case", str), to=Action.KEEP_CONSENT)
        return Reply(present.consents(case), case=case.ref)
    if not args.text("category"):
        raise Refusal(f"Say what is meant: {', '.join(Category)}.")
    category = Category(args.text("category"))
    if verb == "withdraw":
        return _record(request, args, Grant(category, frozenset()))
    to = frozenset(Discipline(d) for d in args.opt("to", tuple) or ())
    if not to:
        raise Refusal(f"Say to whom, e.g. `allow {category} to sex-therapy,primary-care`.")
    until = args.opt("until", Moment)
    return _record(request, args, Grant(category, to, until.at.astimezone(request.zone).date() if until else None))


def _record(request: Request, args: Args, grant: Grant) -> Reply:
    """The newest word on a category replaces the one before; what was posted is posted again as it now may be."""
    case = request.case(args.opt("case", str), to=Action.KEEP_CONSENT)
    others = tuple(g for g in case.consents if g.category is not grant.category)
    before, case = case, replace(case, consents=(*others, grant))
    request.store.cases.save(case)
    less = _barred(request, case, grant.category) - _barred(request, before, grant.category)
    refresh_summary(request, case, less=bool(less))
    plan_consents(request.store, case, request.team_zone, request.now)
    return Reply(present.consents(case, grant), case=case.ref)


def _barred(request: Request, case: Case, category: Category) -> frozenset[Discipline]:
    """The disciplines of the team that may not see this category of the case."""
    today = request.now.astimezone(request.team_zone).date()
    return not_covered(category, case.consents, {m.discipline for m in request.members}, today)

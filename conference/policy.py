"""Rights: the only place that decides who may do what.

A right is held by roles, or by how somebody stands to the thing (its author, its owner). The matrix in
``docs/rights.md`` is printed from :data:`RIGHTS`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from conference.people import CaseId, Member, Role


class Action(StrEnum):
    READ_TEAM = "see the team, its meetings and its agenda"
    MANAGE_TEAM = "change the team"
    SET_OWN = "change one's own settings"
    PLAN_MEETING = "plan, move and cancel meetings"
    ANSWER_MEETING = "answer an invitation, vote on times"
    SUGGEST_ITEM = "suggest a topic for the agenda"
    SHAPE_AGENDA = "build, order and lock the agenda"
    LEAD_MEETING = "lead the meeting"
    SUBMIT_CASE = "submit a case"
    READ_CASE = "read an approved case"
    WRITE_CASE = "write, correct and approve a case"
    PRESENT_CASE = "put a case on an agenda"
    TRIAGE_CASE = "defer or close a case"
    WITHDRAW_CASE = "withdraw a case"
    ERASE_CASE = "erase a case for ever"
    KEEP_CONSENT = "record the patient's consent"
    DECIDE = "record a decision"
    DISSENT = "record a dissent"
    READ_MINUTES = "read minutes"
    SIGN_MINUTES = "sign and correct minutes"
    ADD_TASK = "add an action item"
    READ_TASKS = "see action items"
    CHANGE_TASK = "change an action item"
    READ_AUDIT = "read the audit trail"


class Relation(StrEnum):
    """How somebody stands to a thing."""

    AUTHOR = "its author"
    OWNER = "its owner"
    DISCIPLINE = "the owner's discipline"
    CREATOR = "who added it"
    LEADER = "who leads the meeting"


@dataclass(frozen=True, slots=True)
class Right:
    roles: frozenset[Role] = frozenset()
    relations: frozenset[Relation] = frozenset()


def _right(*holders: Role | Relation) -> Right:
    return Right(
        frozenset(h for h in holders if isinstance(h, Role)),
        frozenset(h for h in holders if isinstance(h, Relation)),
    )


_STAFF = (Role.COORDINATOR, Role.FACILITATOR, Role.CLINICIAN)
_EVERYONE = (*_STAFF, Role.PRIVACY_OFFICER, Role.OBSERVER, Role.GUEST)

RIGHTS: dict[Action, Right] = {
    Action.READ_TEAM: _right(*_STAFF, Role.PRIVACY_OFFICER, Role.OBSERVER),
    Action.MANAGE_TEAM: _right(Role.COORDINATOR),
    Action.SET_OWN: _right(*_EVERYONE),
    Action.PLAN_MEETING: _right(Role.COORDINATOR, Role.FACILITATOR),
    Action.ANSWER_MEETING: _right(*_EVERYONE),
    Action.SUGGEST_ITEM: _right(*_STAFF),
    Action.SHAPE_AGENDA: _right(Role.COORDINATOR, Role.FACILITATOR),
    Action.LEAD_MEETING: _right(Role.COORDINATOR, Role.FACILITATOR, Relation.LEADER),
    Action.SUBMIT_CASE: _right(*_STAFF),
    Action.READ_CASE: _right(*_STAFF, Role.PRIVACY_OFFICER, Role.GUEST, Relation.AUTHOR),
    Action.WRITE_CASE: _right(Relation.AUTHOR),
    Action.PRESENT_CASE: _right(Relation.AUTHOR, Role.COORDINATOR, Role.FACILITATOR),
    Action.TRIAGE_CASE: _right(Relation.AUTHOR, Role.COORDINATOR, Role.FACILITATOR),
    Action.WITHDRAW_CASE: _right(Relation.AUTHOR, Role.COORDINATOR, Role.PRIVACY_OFFICER),
    Action.ERASE_CASE: _right(Relation.AUTHOR, Role.PRIVACY_OFFICER),
    Action.KEEP_CONSENT: _right(Relation.AUTHOR, Role.PRIVACY_OFFICER),
    Action.DECIDE: _right(*_STAFF),
    Action.DISSENT: _right(*_STAFF, Role.GUEST),
    Action.READ_MINUTES: _right(*_STAFF, Role.PRIVACY_OFFICER),
    Action.SIGN_MINUTES: _right(Role.FACILITATOR, Role.COORDINATOR, Relation.LEADER),
    Action.ADD_TASK: _right(*_STAFF),
    Action.READ_TASKS: _right(*_STAFF, Role.PRIVACY_OFFICER),
    Action.CHANGE_TASK: _right(Role.COORDINATOR, Relation.OWNER, Relation.DISCIPLINE),
    Action.READ_AUDIT: _right(Role.PRIVACY_OFFICER),
}


def may(
    member: Member | None,
    action: Action,
    now: datetime,
    *,
    relations: frozenset[Relation] = frozenset(),
    case: CaseId | None = None,
) -> bool:
    """Whether the member may do it now. No right unless granted; a guest only about the one case.

    The least that each role needs follows the minimum-necessary rule, 45 CFR 164.502(b).
    """
    if member is None or not member.is_active(now):
        return False
    right = RIGHTS[action]
    roles = member.roles
    if Role.GUEST in roles and (case is None or case != member.case) and action not in _GUEST_ANYWHERE:
        roles -= {Role.GUEST}
    return not roles.isdisjoint(right.roles) or not relations.isdisjoint(right.relations)


_GUEST_ANYWHERE = frozenset({Action.SET_OWN, Action.ANSWER_MEETING})


def holders(action: Action) -> str:
    """Who may, in words: for help and for refusals."""
    right = RIGHTS[action]
    if right.roles >= set(_EVERYONE):
        return "every member"
    return ", ".join([*sorted(r.value for r in right.roles), *sorted(r.value for r in right.relations)])

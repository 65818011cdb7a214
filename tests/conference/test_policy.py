"""Rights: every action for every role, read from one table that is written out here a second time."""

from datetime import UTC, datetime, timedelta

import pytest

from conference.people import Account, CaseId, Discipline, Member, Role, TeamId
from conference.policy import Action, Relation, holders, may

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
CASE, OTHER = CaseId("C-7K2P"), CaseId("C-9999")

WHO_MAY = {
    # coordinator, facilitator, clinician, observer, privacy officer, guest; then by relation
    Action.READ_TEAM: ("cfkop-", ""),
    Action.MANAGE_TEAM: ("c-----", ""),
    Action.SET_OWN: ("cfkopg", ""),
    Action.PLAN_MEETING: ("cf----", ""),
    Action.ANSWER_MEETING: ("cfkopg", ""),
    Action.SUGGEST_ITEM: ("cfk---", ""),
    Action.SHAPE_AGENDA: ("cf----", ""),
    Action.LEAD_MEETING: ("cf----", "LEADER"),
    Action.SUBMIT_CASE: ("cfk---", ""),
    Action.READ_CASE: ("cfk-pg", "AUTHOR"),
    Action.WRITE_CASE: ("------", "AUTHOR"),
    Action.PRESENT_CASE: ("cf----", "AUTHOR"),
    Action.TRIAGE_CASE: ("cf----", "AUTHOR"),
    Action.WITHDRAW_CASE: ("c---p-", "AUTHOR"),
    Action.ERASE_CASE: ("----p-", "AUTHOR"),
    Action.KEEP_CONSENT: ("----p-", "AUTHOR"),
    Action.DECIDE: ("cfk---", ""),
    Action.DISSENT: ("cfk--g", ""),
    Action.READ_MINUTES: ("cfk-p-", ""),
    Action.SIGN_MINUTES: ("cf----", "LEADER"),
    Action.ADD_TASK: ("cfk---", ""),
    Action.READ_TASKS: ("cfk-p-", ""),
    Action.CHANGE_TASK: ("c-----", "OWNER DISCIPLINE"),
    Action.READ_AUDIT: ("----p-", ""),
}
COLUMNS = (Role.COORDINATOR, Role.FACILITATOR, Role.CLINICIAN, Role.OBSERVER, Role.PRIVACY_OFFICER, Role.GUEST)


def member(*roles: Role, **more: object) -> Member:
    case = CASE if Role.GUEST in roles else None
    return Member(
        TeamId("t"),
        Account("a"),
        "A",
        Discipline("nursing"),
        frozenset(roles),
        NOW,
        case=case,
        **more,  # type: ignore[arg-type]
    )


def test_the_table_holds_every_action_and_role() -> None:
    """A new action or role has to be written down here as well."""
    assert set(WHO_MAY) == set(Action)
    assert set(COLUMNS) == set(Role)


@pytest.mark.parametrize("action", Action, ids=lambda a: a.name)
@pytest.mark.parametrize("role", Role)
def test_a_role_has_exactly_its_rights(action: Action, role: Role) -> None:
    """Granted where the table says so, and nowhere else."""
    granted = WHO_MAY[action][0][COLUMNS.index(role)] != "-"
    assert may(member(role), action, NOW, case=CASE) is granted


@pytest.mark.parametrize("action", Action, ids=lambda a: a.name)
@pytest.mark.parametrize("relation", Relation)
def test_a_relation_has_exactly_its_rights(action: Action, relation: Relation) -> None:
    """Somebody without any role may what the relation grants."""
    granted = relation.name in WHO_MAY[action][1].split()
    assert may(member(), action, NOW, relations=frozenset({relation})) is granted


@pytest.mark.parametrize("action", Action, ids=lambda a: a.name)
def test_who_is_not_there_may_nothing(action: Action) -> None:
    """A stranger, a member who left, a guest whose time is up: whatever the role and the relation."""
    everything = frozenset(Relation)
    left = member(*Role).leave(NOW)
    late = member(*Role, until=NOW)
    for who in (None, left, late):
        assert not may(who, action, NOW, relations=everything, case=CASE)
    assert may(member(*Role, until=NOW + timedelta(seconds=1)), action, NOW, relations=everything, case=CASE)


@pytest.mark.parametrize("action", Action, ids=lambda a: a.name)
def test_a_guest_is_bound_to_one_case(action: Action) -> None:
    """About another case, or none, only one's own settings and answers remain."""
    anywhere = action in (Action.SET_OWN, Action.ANSWER_MEETING)
    for case in (OTHER, None):
        assert may(member(Role.GUEST), action, NOW, case=case) is anywhere


@pytest.mark.parametrize("action", Action, ids=lambda a: a.name)
def test_who_may_is_said_in_words(action: Action) -> None:
    """Help and refusals name each holder."""
    roles = [role.value for role, mark in zip(COLUMNS, WHO_MAY[action][0], strict=True) if mark != "-"]
    said = holders(action)
    assert said == "every member" if len(roles) == len(COLUMNS) else all(role in said for role in roles)
    assert said

"""Modals and the App Home: triggers that serve once, a stack of three, hashes against two writers."""

import json
from typing import Any

from adapters.slack import rules
from tests.slack.api.call import Call, Refused
from tests.slack.world import Payload, View

VIEWS_DEEP = 3
TRIGGER_LASTS = 3.0


def views_open(call: Call) -> Payload:
    trigger = _trigger(call)
    view = _checked_view(call, "modal")
    stack = call.world.stacks.setdefault(trigger.user, [])
    stack.clear()
    return {"view": _show_view(call, trigger.user, view, stack).body}


def views_push(call: Call) -> Payload:
    trigger = _trigger(call)
    stack = call.world.stacks.setdefault(trigger.user, [])
    if not trigger.view or not stack:
        raise Refused("invalid_arguments")
    if len(stack) >= VIEWS_DEEP:
        raise Refused("push_limit_reached")
    return {"view": _show_view(call, trigger.user, _checked_view(call, "modal"), stack).body}


def views_update(call: Call) -> Payload:
    if bool(call.args.get("view_id")) is bool(call.args.get("external_id")):
        raise Refused("invalid_arguments")
    found = call.world.views.get(str(call.args.get("view_id") or call.world.external_ids.get(call.text("external_id"))))
    if found is None or all(found.id not in stack for stack in call.world.stacks.values()):
        raise Refused("not_found")
    if (given := call.args.get("hash")) and given != found.hash:
        raise Refused("hash_conflict")
    body = _checked_view(call, "modal")
    _fill_view(call, found, body)
    return {"view": found.body}


def views_publish(call: Call) -> Payload:
    user = call.text("user_id")
    if user not in call.world.users:
        raise Refused("user_not_found")
    if not call.world.home_tab:
        raise Refused("not_enabled")
    if user not in call.world.at_home:
        call.world.breach("views.publish: for somebody who did not open the Home tab")
    view = _checked_view(call, "home")
    before = call.world.homes.get(user)
    if (given := call.args.get("hash")) and before and given != before.hash:
        raise Refused("hash_conflict")
    shown = View(call.world.new_id("V"), "", call.team.id, user, {}, "")
    _fill_view(call, shown, view)
    call.world.homes[user] = shown
    return {"view": shown.body}


def _trigger(call: Call) -> Any:
    trigger = call.world.triggers.get(str(call.args.get("trigger_id", "")))
    if trigger is None or trigger.team != call.team.id:
        raise Refused("invalid_trigger_id")
    if trigger.used:
        raise Refused("exchanged_trigger_id")
    if call.world.clock() - trigger.at > TRIGGER_LASTS:
        call.world.breach(f"{call.method}: the trigger had expired")
        raise Refused("expired_trigger_id")
    trigger.used = True
    return trigger


def _checked_view(call: Call, kind: str) -> Payload:
    view = call.args.get("view")
    if isinstance(view, str):
        view = json.loads(view)
    problems = rules.view_problems(view)
    if isinstance(view, dict) and view.get("type") != kind:
        problems.append(f"view.type: {kind} is wanted")
    for problem in problems:
        call.world.breach(f"{call.method}: {problem}")
    if "view_too_large" in problems:
        raise Refused("view_too_large")
    if problems:
        raise Refused("invalid_arguments", response_metadata={"messages": problems})
    assert isinstance(view, dict)
    return view


def _show_view(call: Call, user: str, body: Payload, stack: list[str]) -> View:
    view = View(call.world.new_id("V"), "", call.team.id, user, {}, "", str(call.args.get("trigger_id", "")))
    view.root_id = stack[0] if stack else view.id
    _fill_view(call, view, body)
    call.world.views[view.id] = view
    stack.append(view.id)
    return view


def _fill_view(call: Call, view: View, body: Payload) -> None:
    external = body.get("external_id")
    if external and call.world.external_ids.setdefault(external, view.id) != view.id:
        raise Refused("duplicate_external_id")
    call.world.fill(view, body)

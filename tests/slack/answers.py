"""What an app may say in its acknowledgement: nothing, but to a command, a sent view and a menu that asks for options."""

from collections.abc import Mapping

from adapters.slack import limits, rules
from tests.slack.world import Payload

EVENTS, INTERACTIVE, COMMANDS = "events_api", "interactive", "slash_commands"
_TAKES_A_PAYLOAD = ("view_submission", "block_suggestion")


def takes_a_payload(kind: str, payload: Payload) -> bool:
    """Slack's ``accepts_response_payload``."""
    return kind == COMMANDS or (kind == INTERACTIVE and payload.get("type") in _TAKES_A_PAYLOAD)


def answer_problems(kind: str, payload: Payload, body: Payload) -> list[str]:
    """What is wrong with the body of an acknowledgement of this payload."""
    if not body:
        return []
    if not takes_a_payload(kind, payload):
        return [f"{payload.get('type') or kind} was answered with a body"]
    if kind == COMMANDS:
        return rules.message_problems(body)
    if payload["type"] == "block_suggestion":
        return _options(body)
    return _view_answer(payload["view"], body)


def _options(body: Payload) -> list[str]:
    given = body.get("options", body.get("option_groups"))
    if not isinstance(given, list) or len(given) > limits.OPTIONS:
        return [f"block_suggestion: a list of at most {limits.OPTIONS} options"]
    return []


def _view_answer(view: Payload, body: Payload) -> list[str]:
    """``errors`` at inputs of the view, another view, or ``clear``."""
    action = body.get("response_action")
    if action == "clear":
        return []
    if action in ("update", "push"):
        return rules.view_problems(body.get("view"))
    errors = body.get("errors")
    if action != "errors" or not isinstance(errors, Mapping) or not errors:
        return ["view_submission: response_action is errors, update, push or clear"]
    inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
    wrong = [f"view_submission: no input {name}" for name in errors if name not in inputs]
    return wrong + [f"view_submission: no words for {n}" for n, words in errors.items() if not str(words).strip()]

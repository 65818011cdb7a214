"""Payloads that break a documented rule, each in one way, and what is said of them."""

import pytest

from adapters.slack import rules
from tests.slack.answers import answer_problems
from tests.slack.world import Payload


def plain(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": text}


def section(text: object) -> dict[str, object]:
    return {"type": "section", "text": text}


def button(**more: object) -> dict[str, object]:
    return {"type": "button", "action_id": "a", "text": plain("x"), **more}


def actions(*elements: object, **more: object) -> dict[str, object]:
    return {"type": "actions", "elements": list(elements), **more}


OPTION = {"text": plain("x"), "value": "v"}
BAD_BLOCKS: dict[str, list[object]] = {
    "51 blocks": [{"type": "divider"}] * 51,
    "unknown block": [{"type": "sektion"}],
    "no text": [{"type": "section"}],
    "empty text": [section(plain(""))],
    "long section": [section(plain("x" * 3001))],
    "text not an object": [section("x")],
    "eleven fields": [{"type": "section", "fields": [plain("x")] * 11}],
    "long field": [{"type": "section", "fields": [plain("x" * 2001)]}],
    "mrkdwn header": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
    "long header": [{"type": "header", "text": plain("x" * 151)}],
    "eleven in a context": [{"type": "context", "elements": [plain("x")] * 11}],
    "no elements": [actions()],
    "26 elements": [actions(*(button(action_id=f"a{n}") for n in range(26)))],
    "same action id": [actions(button(), button())],
    "same block id": [{"type": "divider", "block_id": "b"}] * 2,
    "long block id": [{"type": "divider", "block_id": "b" * 256}],
    "long button": [actions(button(text=plain("x" * 76)))],
    "long value": [actions(button(value="x" * 2001))],
    "mrkdwn button": [actions(button(text={"type": "mrkdwn", "text": "x"}))],
    "strange style": [actions(button(style="green"))],
    "strange key": [actions(button(colour="green"))],
    "no action id": [actions({"type": "button", "text": plain("x")})],
    "input in actions": [actions({"type": "plain_text_input", "action_id": "a"})],
    "101 options": [
        actions(
            {"type": "static_select", "action_id": "a", "options": [{**OPTION, "value": f"{n}"} for n in range(101)]}
        )
    ],
    "long option value": [
        actions({"type": "static_select", "action_id": "a", "options": [{**OPTION, "value": "v" * 151}]})
    ],
    "long option": [
        actions({"type": "static_select", "action_id": "a", "options": [{**OPTION, "text": plain("x" * 76)}]})
    ],
    "six in an overflow": [
        actions({"type": "overflow", "action_id": "a", "options": [{**OPTION, "value": f"{n}"} for n in range(6)]})
    ],
    "initial option elsewhere": [
        actions(
            {"type": "static_select", "action_id": "a", "options": [OPTION], "initial_option": {**OPTION, "value": "w"}}
        )
    ],
    "input without dispatch": [
        {"type": "input", "label": plain("x"), "element": {"type": "plain_text_input", "action_id": "a"}}
    ],
    "all together too long": [section(plain("x" * 2900))] * 5,
    "unescaped": [section({"type": "mrkdwn", "text": "a < b"})],
    "broadcast": [section({"type": "mrkdwn", "text": "<!channel>"})],
    "empty block id": [{"type": "divider", "block_id": ""}],
    "blank text": [section(plain(" \n "))],
    "unescaped plain text": [section(plain("a < b"))],
    "mention in a plain text": [section(plain("<@U123>"))],
    "names become links": [section({"type": "mrkdwn", "text": "#ward"})],
    "a block nobody judges": [{"type": "rich_text", "elements": []}],
    "table": [{"type": "table", "rows": []}],
    "options and groups": [
        actions(
            {
                "type": "static_select",
                "action_id": "a",
                "options": [OPTION],
                "option_groups": [{"label": plain("x"), "options": [OPTION]}],
            }
        )
    ],
    "empty group": [
        actions({"type": "static_select", "action_id": "a", "option_groups": [{"label": plain("x"), "options": []}]})
    ],
    "strange key of an option": [
        actions({"type": "static_select", "action_id": "a", "options": [{**OPTION, "url": "https://a.test"}]})
    ],
    "two images in one": [
        {"type": "image", "alt_text": "x", "image_url": "https://a.test", "slack_file": {"id": "F1"}}
    ],
    "confirm too long": [
        actions(
            button(confirm={"title": plain("x" * 101), "text": plain("x"), "confirm": plain("y"), "deny": plain("n")})
        )
    ],
}
GOOD_VIEW = {"type": "modal", "title": plain("Confer"), "blocks": [section(plain("x"))]}
INPUT = {
    "type": "input",
    "block_id": "b",
    "label": plain("x"),
    "element": {"type": "plain_text_input", "action_id": "a"},
}
BAD_VIEWS: dict[str, object] = {
    "no object": "x",
    "no title": {"type": "modal", "blocks": []},
    "long title": {**GOOD_VIEW, "title": plain("x" * 25)},
    "long close": {**GOOD_VIEW, "close": plain("x" * 25)},
    "long metadata": {**GOOD_VIEW, "private_metadata": "x" * 3001},
    "input without submit": {**GOOD_VIEW, "blocks": [INPUT]},
    "101 blocks": {**GOOD_VIEW, "blocks": [{"type": "divider"}] * 101},
    "markdown": {**GOOD_VIEW, "blocks": [{"type": "markdown", "text": "x"}]},
    "long label": {**GOOD_VIEW, "submit": plain("x"), "blocks": [{**INPUT, "label": plain("x" * 2001)}]},
    "long initial value": {
        **GOOD_VIEW,
        "submit": plain("x"),
        "blocks": [{**INPUT, "element": {"type": "plain_text_input", "action_id": "a", "initial_value": "x" * 3001}}],
    },
    "modal with a strange key": {**GOOD_VIEW, "submit_disabled": True},
    "too large": {**GOOD_VIEW, "blocks": [section(plain("x" * 2999))] * 90},
    "home with a title": {"type": "home", "title": plain("x"), "blocks": []},
}


@pytest.mark.parametrize("name", BAD_BLOCKS)
def test_bad_blocks_are_found(name: str) -> None:
    """Each of these breaks a documented rule."""
    assert rules.message_problems({"text": "x", "blocks": BAD_BLOCKS[name]})


@pytest.mark.parametrize("name", BAD_VIEWS)
def test_bad_views_are_found(name: str) -> None:
    """Each of these breaks a documented rule."""
    assert rules.view_problems(BAD_VIEWS[name])


def test_good_ones_pass() -> None:
    """The same things, as they should be."""
    blocks = [section(plain("x" * 3000)), actions(button(value="x" * 2000), button(action_id="b", style="danger"))]
    assert rules.message_problems({"text": "x", "blocks": blocks}) == []
    assert rules.view_problems(GOOD_VIEW) == []
    assert rules.view_problems({**GOOD_VIEW, "submit": plain("Send"), "blocks": [INPUT]}) == []


INPUTS = {"blocks": [INPUT]}
SENT = {"type": "view_submission", "view": INPUTS}


@pytest.mark.parametrize(
    ("kind", "payload", "body", "good"),
    [
        ("events_api", {"type": "event_callback"}, {}, True),
        ("events_api", {"type": "event_callback"}, {"text": "x"}, False),
        ("interactive", {"type": "block_actions"}, {"text": "x"}, False),
        ("interactive", {"type": "message_action"}, {"response_action": "clear"}, False),
        ("slash_commands", {}, {"text": "x"}, True),
        ("slash_commands", {}, {"text": "<!channel>"}, False),
        ("interactive", SENT, {"response_action": "errors", "errors": {"b": "no"}}, True),
        ("interactive", SENT, {"response_action": "errors", "errors": {"c": "no"}}, False),
        ("interactive", SENT, {"response_action": "errors", "errors": {"b": " "}}, False),
        ("interactive", SENT, {"response_action": "errors", "errors": {}}, False),
        ("interactive", SENT, {"response_action": "close"}, False),
        ("interactive", SENT, {"response_action": "clear"}, True),
        ("interactive", SENT, {"response_action": "update", "view": GOOD_VIEW}, True),
        ("interactive", SENT, {"response_action": "update", "view": {"type": "modal"}}, False),
        ("interactive", {"type": "block_suggestion"}, {"options": [OPTION]}, True),
        ("interactive", {"type": "block_suggestion"}, {"options": [OPTION] * 101}, False),
    ],
)
def test_acknowledgements_are_judged(kind: str, payload: Payload, body: Payload, good: bool) -> None:
    """Nothing but to a command, a sent view and a menu that asks; what is said there must stand."""
    assert (answer_problems(kind, payload, body) == []) is good

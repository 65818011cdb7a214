"""Slack's rules on interactive elements: buttons, menus, inputs, and which of them may stand where."""

from collections.abc import Mapping

from adapters.slack import limits
from adapters.slack.shapes import Obj, Problems, count, extra, image, string, text_object, unique

_ELEMENTS = {
    "button": {"text", "value", "url", "style", "confirm", "accessibility_label"},
    "static_select": {"placeholder", "options", "option_groups", "initial_option", "confirm", "focus_on_load"},
    "multi_static_select": {
        "placeholder", "options", "option_groups", "initial_options", "confirm", "max_selected_items", "focus_on_load",
    },
    "users_select": {"placeholder", "initial_user", "confirm", "focus_on_load"},
    "conversations_select": {
        "placeholder", "initial_conversation", "default_to_current_conversation", "confirm",
        "response_url_enabled", "filter", "focus_on_load",
    },
    "overflow": {"options", "confirm"},
    "checkboxes": {"options", "initial_options", "confirm", "focus_on_load"},
    "radio_buttons": {"options", "initial_option", "confirm", "focus_on_load"},
    "datepicker": {"placeholder", "initial_date", "confirm", "focus_on_load"},
    "timepicker": {"placeholder", "initial_time", "confirm", "focus_on_load", "timezone"},
    "plain_text_input": {
        "placeholder", "initial_value", "multiline", "min_length", "max_length", "dispatch_action_config",
        "focus_on_load",
    },
}  # fmt: skip
IN_ACTIONS = set(_ELEMENTS) - {"plain_text_input"}
IN_INPUT = set(_ELEMENTS) - {"button", "overflow"}
IN_SECTION = set(_ELEMENTS) - {"plain_text_input"} | {"image"}


def element(element: object, where: str, kinds: set[str]) -> Problems:
    if not isinstance(element, Mapping):
        yield f"{where}: not an object"
        return
    kind = element.get("type")
    if kind not in kinds:
        yield f"{where}.type: {kind} may not stand here"
        return
    if kind == "image":
        yield from image(element, where)
        return
    yield from extra(element, where, _ELEMENTS[kind] | {"type", "action_id"})
    yield from string(element.get("action_id"), f"{where}.action_id", limits.IDENTIFIER, least=1)
    if "placeholder" in element:
        yield from text_object(element["placeholder"], f"{where}.placeholder", limits.PLACEHOLDER)
    if "confirm" in element:
        yield from _confirm(element["confirm"], f"{where}.confirm")
    if kind == "button":
        yield from _button(element, where)
    elif kind == "plain_text_input":
        yield from _text_input(element, where)
    elif "options" in _ELEMENTS[kind]:
        yield from _choices(element, where, kind)


def _button(element: Obj, where: str) -> Problems:
    yield from text_object(element.get("text"), f"{where}.text", limits.BUTTON)
    yield from string(element.get("value"), f"{where}.value", limits.VALUE)
    yield from string(element.get("url"), f"{where}.url", limits.URL)
    yield from string(element.get("accessibility_label"), f"{where}.accessibility_label", limits.BUTTON)
    if "style" in element and element["style"] not in ("primary", "danger"):
        yield f"{where}.style: primary or danger"


def _text_input(element: Obj, where: str) -> Problems:
    least, most = element.get("min_length", 0), element.get("max_length", limits.INPUT)
    if not 0 <= least <= limits.INPUT or not 1 <= most <= limits.INPUT or least > most:
        yield f"{where}: min_length and max_length lie between 0 and {limits.INPUT}"
    yield from string(element.get("initial_value"), f"{where}.initial_value", most)


def _choices(element: Obj, where: str, kind: str) -> Problems:
    most = {"overflow": limits.OVERFLOW, "checkboxes": limits.CHECKBOXES, "radio_buttons": limits.RADIO_BUTTONS}
    options, groups = element.get("options"), element.get("option_groups")
    if groups is None:
        yield from count(options, f"{where}.options", most.get(kind, limits.OPTIONS))
    elif options is not None:
        yield f"{where}: options or option_groups, not both"
    else:
        yield from count(groups, f"{where}.option_groups", limits.OPTION_GROUPS)
        for n, group in enumerate(groups):
            yield from text_object(group.get("label"), f"{where}.option_groups[{n}].label", limits.OPTION)
            yield from count(group.get("options"), f"{where}.option_groups[{n}].options", limits.OPTIONS)
        options = [option for group in groups for option in group.get("options") or ()]
    for n, option in enumerate(options or ()):
        yield from _option(option, f"{where}.options[{n}]", kind)
    yield from unique([o.get("value") for o in options or ()], f"{where}.options: value")
    initial = element.get("initial_options") or ([element["initial_option"]] if "initial_option" in element else [])
    if any(option not in (options or ()) for option in initial):
        yield f"{where}: the initial option is none of the options"


def _option(option: Obj, where: str, kind: str) -> Problems:
    marked = kind in ("checkboxes", "radio_buttons")
    yield from extra(option, where, {"text", "value", "description"} | ({"url"} if kind == "overflow" else set()))
    yield from text_object(option.get("text"), f"{where}.text", limits.OPTION, mrkdwn=marked)
    yield from string(option.get("value"), f"{where}.value", limits.OPTION_VALUE, least=1)
    if "description" in option:
        yield from text_object(option["description"], f"{where}.description", limits.OPTION, mrkdwn=marked)


def _confirm(confirm: object, where: str) -> Problems:
    if not isinstance(confirm, Mapping):
        yield f"{where}: not an object"
        return
    yield from text_object(confirm.get("title"), f"{where}.title", limits.CONFIRM_TITLE)
    yield from text_object(confirm.get("text"), f"{where}.text", limits.CONFIRM_TEXT, mrkdwn=True)
    yield from text_object(confirm.get("confirm"), f"{where}.confirm", limits.CONFIRM_BUTTON)
    yield from text_object(confirm.get("deny"), f"{where}.deny", limits.CONFIRM_BUTTON)

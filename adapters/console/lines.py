"""What one types at the console: slash lines, quotes of all kinds, moments. Text in, values out."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

LONGEST_TEXT = 40_000
LONGEST_NAME = 64
_DOUBLE = '"“”„‟'
_SINGLE = "'‘’‚‛"
_CLOSING = {
    **dict.fromkeys(_DOUBLE, _DOUBLE),
    **dict.fromkeys(_SINGLE, _SINGLE),
    "`": "`",
    "«": "»",
    "‹": "›",
}
_SLASH = re.compile(r"/([a-z]+)(?:\s+|$)", re.IGNORECASE)
_WORDS = r"[^\W_][\w \-]{0,80}?"
_NAME = rf"(?:{_WORDS}|[\"“”']{_WORDS}[\"“”'])"
_FIELD = re.compile(rf"[\s,;]*({_NAME})\s*=\s*")
_FIELD_OR_END = re.compile(rf"\s*\Z|[\s,;]+{_NAME}\s*=")
_PERSON = re.compile(r"\w[\w.'-]*")
_STEP = re.compile(
    r"(\d{1,6})\s*(?:(w)(?:eeks?)?|(d)(?:ays?)?|(h)(?:ours?)?|(m)(?:in(?:utes?)?)?|(s)(?:ec(?:onds?)?)?)(?![a-z])\s*",
    re.IGNORECASE,
)


class Mistake(Exception):
    """A line that the console cannot carry out; its text says what to do instead."""


@dataclass(frozen=True, slots=True)
class Slash:
    """A slash line: its name in lower case and what follows it."""

    name: str
    rest: str


def slash(line: str) -> Slash | None:
    """The slash line that ``line`` is, or None for a message."""
    match = _SLASH.match(line)
    return Slash(match[1].lower(), line[match.end() :].strip()) if match else None


def goes_on(line: str) -> bool:
    """Whether the line ends in a backslash that joins it to the next; two of them are just backslashes."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def cleaned(line: str) -> str:
    """The line without its end, a byte order mark or halves of characters that no store can keep."""
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", line.lstrip("\ufeff").rstrip("\r\n"))


def unquoted(text: str) -> str:
    """The text without the quotes around it. Raises :class:`Mistake` where they are not closed."""
    text = text.strip()
    closing = _CLOSING.get(text[:1], "")
    if not closing:
        return text
    if len(text) < 2 or text[-1] not in closing:
        raise Mistake(f"The quote {text[0]} is not closed.")
    return text[1:-1].strip()


def bare(text: str) -> str:
    """The text without one pair of quotes around all of it; quotes that are part of it stay."""
    text = text.strip()
    closing = _CLOSING.get(text[:1], "")
    wrapped = len(text) > 1 and closing and text[-1] in closing and not set(text[1:-1]) & set(closing)
    return text[1:-1] if wrapped else text


def assignments(text: str) -> Iterator[tuple[str, str]]:
    """The ``name="value"`` pairs of the text, in order; a value of one word needs no quotes."""
    at = 0
    while text[at:].strip(" \t\r\n,;"):
        if not (match := _FIELD.match(text, at)):
            raise Mistake(f'Expected name="value" at: {_clip(text[at:])}')
        value, at = _value(text, match.end(), match[1])
        yield unquoted(match[1]), value


def _value(text: str, at: int, name: str) -> tuple[str, int]:
    """The value that begins at ``at``, and where it ends. A quote inside closes only before a next name."""
    closing = _CLOSING.get(text[at : at + 1], "")
    if not closing:
        word = re.compile(r"\S*").match(text, at)
        assert word
        return word[0], word.end()
    for mark in re.compile(f"[{re.escape(closing)}]").finditer(text, at + 1):
        if text[mark.start() - 1] != "\\" and _FIELD_OR_END.match(text, mark.end()):
            inside = text[at + 1 : mark.start()]
            return re.sub(rf"\\([{re.escape(closing)}])", r"\1", inside), mark.end()
    raise Mistake(f"The quote {text[at]} after {name}= is not closed. Nothing was sent.")


def people(text: str) -> list[str]:
    """The names in the text, as typed, without ``@``."""
    names = [checked_name(word.removeprefix("@")) for word in re.split(r"[\s,]+", text) if word]
    if not names:
        raise Mistake("Say who, for example: dana lee")
    return names


def checked_name(text: str) -> str:
    """One name of a person or a room. Raises :class:`Mistake` where it is none."""
    name = unicodedata.normalize("NFC", unquoted(text))
    if len(name) > LONGEST_NAME:
        raise Mistake(f"A name has at most {LONGEST_NAME} characters.")
    if not _PERSON.fullmatch(name):
        raise Mistake("A name is one word of letters, digits, . - _ and '.")
    return name


def number_and_rest(text: str, usage: str) -> tuple[int, str]:
    """A message's number and what follows it."""
    match = re.match(r"#?([0-9]{1,9})(?:\s+|$)", text)
    if not match:
        raise Mistake(f"Say which message by its number: {usage}")
    return int(match[1]), text[match.end() :].strip()


def moment(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The moment in UTC that ``2026-12-01T08:00`` (in ``zone``) or ``+2h`` names; ``+1d`` keeps the hour."""
    try:
        at = _later(text[1:], now, zone) if text.startswith("+") else datetime.fromisoformat(text)
        at = at if at.tzinfo else at.replace(tzinfo=zone)
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Mistake("Say a moment like 2026-12-01T08:00, or a step like +2h, +30m, +1d.") from None


def _later(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    steps = _STEP.findall(text)
    if not steps or _STEP.sub("", text).strip():
        raise ValueError(text)
    amount = {"w": 0, "d": 0, "h": 0, "m": 0, "s": 0}
    for count, *units in steps:
        amount["".join(units).lower()] += int(count)
    local = now.astimezone(zone)
    days = timedelta(weeks=amount["w"], days=amount["d"])
    if days:  # on the wall clock: "+1d" at eight is eight, also over a change of the clocks
        local = (local.replace(tzinfo=None, fold=0) + days).replace(tzinfo=zone)
    return local.astimezone(UTC) + timedelta(hours=amount["h"], minutes=amount["m"], seconds=amount["s"])


def spoken(at: datetime, zone: ZoneInfo) -> str:
    """``Tue 1 Dec 2026 08:00 EST (America/New_York)``."""
    local = at.astimezone(zone)
    time = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    named = "" if f"{local:%Z}" == zone.key else f" ({zone.key})"
    return f"{local:%a} {local.day} {local:%b %Y} {time} {local:%Z}{named}"


def _clip(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 30 else text[:29] + "…"

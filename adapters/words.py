"""Words as people type them, on every platform: are they said to the bot, and how are they shown safely."""

import re
from collections.abc import Iterable

# "Confer with Lee first" is a sentence about the team, not a word to the bot.
_AS_VERB = re.compile(r"(?:with|about|on|upon|over|among|amongst|between|again)\b", re.IGNORECASE)

_BREAKS = re.compile("\r\n|[\r\u2028\u2029]")
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f\ud800-\udfff]"
)


def addressed(text: str, names: Iterable[str] = ("confer",)) -> str | None:
    """What the text says to the bot, its name in front taken off; None where it is not said to the bot.

    ``!confer …``, ``@confer …``, ``confer: …``, ``confer, …`` and ``confer …``, in any letter case. ``names``
    are what the bot is called, without the ``@``: its local name and, where there is one, its full id.
    """
    name = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
    # After "@confer:" a blank must follow: "@confer:elsewhere.org" is somebody else's full id.
    pattern = rf"\s*(?:(@)(?:{name})[:,]?(?=\s|$)|(!?)(?:{name})([:,]|(?=\s|$)))\s*"
    if not (match := re.match(pattern, text, re.IGNORECASE)):
        return None
    said = text[match.end() :].rstrip()
    bare = not any(match.groups())
    return None if bare and _AS_VERB.match(said) else said


def harmless(text: str) -> str:
    r"""The text with nothing in it that moves a cursor or turns the reading direction.

    Control characters, terminal escapes, bidirectional overrides, invisible format characters and lone
    surrogates are written out (``\x1b``, ``\u202e``); every kind of line break becomes ``\n`` and a tab four
    blanks. Joiners stay: emoji and several scripts need them.
    """
    text = _BREAKS.sub("\n", text).replace("\t", "    ")
    return _UNSAFE.sub(lambda match: _written_out(match[0]), text)


def _written_out(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"

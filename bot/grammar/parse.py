"""A line of words to a command and its values. Nothing is guessed: what does not fit is refused with a hint."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.grammar import read
from bot.grammar.command import Command, CommandTable
from bot.grammar.params import Args, Param, Reading, Type
from bot.grammar.times import TimeProblem, take_duration, take_moment
from bot.grammar.tokens import Token, check_text, tokenize
from conference.recurrence import take_recurrence
from conference.refusal import Refusal

REFS = {Type.CASE: "C", Type.MEETING: "M", Type.TASK: "T", Type.DECISION: "D", Type.SERIES: "S"}
_REF = {letter: re.compile(rf"\(?{letter}-?([0-9a-z]{{1,8}})[),.;:]?\Z", re.IGNORECASE) for letter in "CMTDSRF"}
_NAMES = {"C": "case", "M": "meeting", "T": "action item", "D": "decision", "S": "series"}
_CASE_BODY = re.compile(r"[0-9A-HJKMNP-TV-Z]{4,6}")


class Slip(Refusal):
    """No such command. ``nearest``: what was probably meant."""

    def __init__(self, nearest: str):
        hint = f"Did you mean `{nearest}`?" if nearest else "`help` shows what I understand."
        super().__init__(f"I do not know that command. {hint}", *([nearest] if nearest else []))
        self.nearest = nearest


@dataclass(frozen=True, slots=True)
class Parsed:
    command: Command
    args: Args


def parse(text: str, table: CommandTable, reading: Reading) -> Parsed:
    """The command and its values. Raises :class:`Refusal` with one line that says what to do."""
    check_text(text)
    tokens = tokenize(text)
    found = table.find(tokens)
    if found is None:
        raise Slip(table.nearest(tokens))
    command, length = found
    rest = tokens[length:]
    try:
        return Parsed(command, Args(_Reader(text, command, reading).read(rest)))
    except (Refusal, TimeProblem) as problem:
        nearest = table.nearest(tokens)
        if (
            rest
            and rest[0].word.isalpha()
            and len(table.under(command.path)) > 1
            and nearest not in ("", command.words)
        ):
            raise Slip(nearest) from None
        hints = problem.hints if isinstance(problem, Refusal) else ()
        raise Refusal(f"{problem} Usage: `{command.usage}`", *hints) from None


def find_ref(word: str, letter: str) -> str | None:
    """``T-12`` from ``t12``, ``T-12,`` or ``(T-12)``; None if the word is no such reference."""
    match = _REF[letter].match(word)
    if match is None:
        return None
    body = match[1].upper()
    if letter == "C":
        return f"C-{body}" if _CASE_BODY.fullmatch(body) and ("-" in word or any(c.isdigit() for c in body)) else None
    return f"{letter}-{int(body)}" if body.isascii() and body.isdigit() else None


class _Reader:
    """Reads one command's words."""

    def __init__(self, text: str, command: Command, reading: Reading):
        self._text, self._command, self._reading = text, command, reading

    def read(self, tokens: Sequence[Token]) -> dict[str, object]:
        positional, behind = self._split(tokens)
        values: dict[str, object] = {}
        for param in self._command.params:
            if param.keyword and param.keyword in behind:
                values[param.name] = self._value(param, behind[param.keyword])
            elif param.keyword and param.context and self._in_thread(param):
                values[param.name] = self._in_thread(param)
            elif param.keyword and not param.optional:
                raise Refusal(f"Say {param.shown}.")
        rest = list(positional)
        params = self._command.positional
        for place, param in enumerate(params):
            values[param.name] = self._take(param, rest, params[place + 1 :])
        if rest:
            extra = self._slice(rest)
            quoted = any(p.type is Type.TEXT for p in params)
            hint = " Put the whole text in one pair of quotes." if quoted else ""
            raise Refusal(f"I do not know what to do with “{_short(extra)}”.{hint}")
        return values

    def _split(self, tokens: Sequence[Token]) -> tuple[list[Token], dict[str, list[Token]]]:
        """Words by place, and words behind each keyword."""
        keywords = self._command.keywords
        first: list[Token] = []
        behind: dict[str, list[Token]] = {}
        into = first
        for i, token in enumerate(tokens):
            param = keywords.get(token.word)
            if param and token.word not in behind and self._fits_keyword(param, tokens[i + 1 :], into is first):
                into = behind[token.word] = []
            else:
                into.append(token)
        return first, behind

    def _fits_keyword(self, param: Param, following: Sequence[Token], in_text: bool) -> bool:
        """A keyword inside unquoted text that is followed by no reference of its kind is a word of the text."""
        letter = REFS.get(param.type)
        if letter is None or not in_text:
            return True
        return bool(following) and find_ref(following[0].text, letter) is not None

    def _value(self, param: Param, tokens: list[Token]) -> object:
        if not tokens:
            raise Refusal(f"Something is missing after “{param.keyword}”: {param.type.value}.")
        rest = list(tokens)
        if param.type in (Type.TEXT, Type.LONG_TEXT):
            return self._checked(param, _unwrapped(self._slice(rest), rest))
        value = self._take(param, rest, ())
        if rest:
            raise Refusal(
                f"I cannot read “{_short(self._slice(tokens))}” after “{param.keyword}”. "
                f"If it belongs to the text, put the text in quotes."
            )
        return value

    def _take(self, param: Param, rest: list[Token], after: Sequence[Param]) -> object:
        if param.type in REFS:
            return self._take_ref(param, rest)
        if param.type in (Type.TEXT, Type.LONG_TEXT):
            return self._take_text(param, rest, after)
        if not rest:
            if param.optional:
                return None
            raise Refusal(f"Say {param.shown} as well.")
        count = self._width(param, rest)
        if count == 0 and param.optional:
            return None
        words, taken = self._slice(rest[: count or len(rest)]), rest[: count or len(rest)]
        del rest[: len(taken)]
        return read.value(param, _unwrapped(words, taken), self._reading)

    def _width(self, param: Param, rest: Sequence[Token]) -> int:
        """How many words the value takes; 0 if none of them fits, or (for an error that says so) all."""
        words = [t.text for t in rest]
        match param.type:
            case Type.MOMENT | Type.DUE | Type.DATE:
                return take_moment(words)
            case Type.DURATION:
                return take_duration(words)
            case Type.RECURRENCE | Type.MOMENTS | Type.WORDS | Type.NUMBERS | Type.ZONE | Type.DISCIPLINES:
                return len(rest)
            case Type.CHOICE:
                return int(not param.optional or rest[0].word in param.choices)
            case Type.PERSON if param.optional:
                return int(rest[0].text.startswith("@"))
            case _:
                return 1

    def _take_ref(self, param: Param, rest: list[Token]) -> str | None:
        letter = REFS[param.type]
        ref = find_ref(rest[0].text, letter) if rest else None
        if ref is not None:
            del rest[0]
            return ref
        if param.context and self._in_thread(param):
            return self._in_thread(param)
        if param.optional or param.context:
            return None
        if rest and not rest[0].quoted and re.match(rf"{letter}-", rest[0].text, re.IGNORECASE):
            raise Refusal(f"“{_short(rest[0].text)}” is no reference of a {_NAMES[letter]}.")
        raise Refusal(f"Say which {_NAMES[letter]}, e.g. {param.type.value}.")

    def _in_thread(self, param: Param) -> str:
        """What the thread is about, if it is of the parameter's kind."""
        subject = self._reading.thread_subject
        return subject if subject.startswith(f"{REFS[param.type]}-") else ""

    def _take_text(self, param: Param, rest: list[Token], after: Sequence[Param]) -> str | None:
        if rest and rest[0].quoted and (param.type is Type.TEXT or len(rest) == 1):
            return self._checked(param, rest.pop(0).text)
        end = self._text_end(rest, after)
        words = self._slice(rest[:end]) or self._reading.fields.get(param.name, "")
        del rest[:end]
        if not words:
            if param.optional:
                return None
            raise Refusal(f'Say what: "{param.name}" in quotes.')
        return self._checked(param, words)

    def _text_end(self, rest: Sequence[Token], after: Sequence[Param]) -> int:
        """Where unquoted text ends because the next parameter, a time, begins."""
        words = [t.text for t in rest]
        for start in range(1, len(words)):
            tail = words[start:]
            for param in after:
                if param.type is Type.MOMENT and take_moment(tail) == len(tail):
                    return start
                if param.type is Type.DURATION and take_duration(tail) == len(tail):
                    return start
                if param.type is Type.RECURRENCE and take_recurrence(tail):
                    return start
        return len(words)

    def _checked(self, param: Param, text: str) -> str:
        if not text.strip():
            raise Refusal(f"The {param.keyword or param.name} is empty.")
        if len(text) > param.most:
            raise Refusal(
                f"The {param.keyword or param.name} has {len(text):,} characters; at most {param.most:,} fit."
            )
        return text.strip()

    def _slice(self, tokens: Sequence[Token]) -> str:
        return self._text[tokens[0].start : tokens[-1].end] if tokens else ""


def _unwrapped(words: str, tokens: Sequence[Token]) -> str:
    return tokens[0].text if len(tokens) == 1 else words


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 40 else flat[:39] + "…"

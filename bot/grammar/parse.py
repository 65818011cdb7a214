"""A line of words to a command and its values. Nothing is guessed: what does not fit is refused with a hint."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.grammar import read
from bot.grammar.command import Command, CommandTable
from bot.grammar.params import Args, Param, Reading, Type
from bot.grammar.rhythm import is_rhythm
from bot.grammar.times import TimeProblem, take_duration, take_moment
from bot.grammar.tokens import Token, check_text, tokenize
from conference.refusal import Refusal

REFS = {Type.CASE: "C", Type.MEETING: "M", Type.TASK: "T", Type.DECISION: "D", Type.SERIES: "S"}
_REF = {letter: re.compile(rf"\(?{letter}-?([0-9a-z]{{1,8}})[),.;:]?\Z", re.IGNORECASE) for letter in "CMTDSRF"}
_NAMES = {"C": "case", "M": "meeting", "T": "action item", "D": "decision", "S": "series"}
LONGEST_TIMES = 40
"""The words among which a time behind unquoted text is looked for."""
_CASE_BODY = re.compile(r"[0-9A-HJKMNP-TV-Z]{4,6}")


class Slip(Refusal):
    """No such command. ``nearest``: what was probably meant."""

    def __init__(self, nearest: str):
        hint = f"Did you mean `{nearest}`?" if nearest else "`help` shows what I understand."
        super().__init__(f"I do not know that command. {hint}", *([nearest] if nearest else []))
        self.nearest = nearest


class Misread(Refusal):
    """One value cannot be read; its sentence says enough, the command's usage would only bury it."""


@dataclass(frozen=True, slots=True)
class Parsed:
    command: Command
    args: Args


def parse(text: str, table: CommandTable, reading: Reading) -> Parsed:
    """The command and its values. Raises :class:`Refusal` with one line that says what to do."""
    check_text(text)
    text = text.strip() or "help"
    tokens = tokenize(text)
    found = table.find(tokens)
    if found is None:
        raise Slip(table.nearest(tokens))
    command, length = found
    rest = tokens[length:]
    try:
        return Parsed(command, Args(_Reader(text, command, reading).read(rest), reading.fields))
    except (Refusal, TimeProblem) as problem:
        nearest = table.nearest(tokens)
        if (
            rest
            and rest[0].word.isalpha()
            and len(table.under(command.path)) > 1
            and nearest not in ("", command.words)
        ):
            raise Slip(nearest) from None
        if isinstance(problem, (TimeProblem, Misread)):
            raise Misread(str(problem)) from None
        raise Refusal(f"{problem} Usage: `{command.usage}`", *problem.hints) from None


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
                raise Refusal(param.asked)
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
            raise Refusal(f"Something is missing after “{param.keyword}”. {param.asked}")
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
            raise Refusal(param.asked)
        count = self._width(param, rest, is_last=bool(param.keyword) or not after)
        if count == 0 and param.optional:
            return None
        words, taken = self._slice(rest[: count or len(rest)]), rest[: count or len(rest)]
        del rest[: len(taken)]
        try:
            return read.value(param, _unwrapped(words, taken), self._reading)
        except Refusal as unreadable:
            raise Misread(unreadable.text, *unreadable.hints) from None

    def _width(self, param: Param, rest: Sequence[Token], *, is_last: bool) -> int:
        """How many words the value takes; 0 if none of them fits, or (for an error that says so) all."""
        words = [t.text for t in rest]
        match param.type:
            case Type.MOMENT | Type.DUE | Type.DATE:
                return take_moment(words)
            case Type.DURATION:
                return take_duration(words)
            case Type.RECURRENCE | Type.MOMENTS | Type.DATES | Type.WORDS | Type.NUMBERS | Type.ZONE | Type.DISCIPLINES:
                return len(rest)
            case Type.CLOCK | Type.SPAN | Type.WEEKDAYS:
                return len(rest)
            case Type.PERSON | Type.HOLDER | Type.DISCIPLINE if is_last:
                return len(rest)  # names and disciplines may have blanks
            case Type.CHOICE:
                return 1 if rest[0].quoted else _choice_width(param, words)
            case _:
                return 1

    def _take_ref(self, param: Param, rest: list[Token]) -> str | None:
        letter = REFS[param.type]
        ref = find_ref(rest[0].text, letter) if rest else None
        if ref is not None:
            del rest[0]
            return ref
        if self._ends_in_ref(param, rest):
            return find_ref(rest.pop().text, letter)
        if param.context and self._in_thread(param):
            return self._in_thread(param)
        if letter == "S" or not (param.optional or param.context):
            self._refuse_broken_ref(rest, letter)
        if param.optional or param.context:
            return None
        raise Refusal(param.asked)

    def _refuse_broken_ref(self, rest: Sequence[Token], letter: str) -> None:
        if rest and not rest[0].quoted and re.match(rf"{letter}-", rest[0].text, re.IGNORECASE):
            raise Refusal(f"“{_short(rest[0].text)}” is no reference of a {_NAMES[letter]}.")

    def _ends_in_ref(self, param: Param, rest: Sequence[Token]) -> bool:
        """`rsvp yes M-8`: a reference may come last where no text could hold it."""
        texts = any(p.type in (Type.TEXT, Type.LONG_TEXT, Type.WORDS) for p in self._command.positional)
        return param.context and not texts and bool(rest) and find_ref(rest[-1].text, REFS[param.type]) is not None

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
            raise Refusal(param.asked)
        return self._checked(param, words)

    def _text_end(self, rest: Sequence[Token], after: Sequence[Param]) -> int:
        """Where unquoted text ends because the next parameter, a time, begins; 0 where there is only a time."""
        ends = [_TIMES[p.type] for p in after if p.type in _TIMES]
        words = [t.text for t in rest]
        for start in range(max(0, len(words) - LONGEST_TIMES), len(words)):
            if any(is_time(words[start:]) for is_time in ends):
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


def _choice_width(param: Param, words: Sequence[str]) -> int:
    """How many words a choice takes: `medical first` is one of two."""
    said = [word.casefold() for word in words]
    choices = [choice.split() for choice in param.choices]
    fitting = [len(choice) for choice in choices if said[: len(choice)] == choice]
    return max(fitting, default=int(not param.optional or bool(param.keyword)))


def _unwrapped(words: str, tokens: Sequence[Token]) -> str:
    return tokens[0].text if len(tokens) == 1 else words


def _is_moment(words: Sequence[str]) -> bool:
    return take_moment(words) == len(words)


def _are_moments(words: Sequence[str]) -> bool:
    return all(_is_moment(part.split()) for part in read.parts(" ".join(words)))


_TIMES = {
    Type.MOMENT: _is_moment,
    Type.MOMENTS: _are_moments,
    Type.DURATION: lambda words: take_duration(words) == len(words),
    Type.RECURRENCE: is_rhythm,
}
"""How each kind of time is told from the unquoted text before it."""


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 40 else flat[:39] + "…"

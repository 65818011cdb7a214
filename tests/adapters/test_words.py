"""Which words are said to the bot, and what of a text is shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.words import addressed, harmless


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("!confer task done T-12", "task done T-12"),
        ("!Confer: task done", "task done"),
        ("!confer,task done", "task done"),
        ("@confer task done", "task done"),
        ("  @CONFER: task done ", "task done"),
        ("@confer, task done", "task done"),
        ("confer: task done", "task done"),
        ("Confer:task done", "task done"),
        ("confer, task done", "task done"),
        ("confer task done", "task done"),
        ("!confer", ""),
        ("@confer:", ""),
        ("confer", ""),
        ("!confer case submit\nfirst\nsecond", "case submit\nfirst\nsecond"),
        ('@confer say "a: b"', 'say "a: b"'),
    ],
)
def test_said_to_the_bot(text: str, said: str) -> None:
    """The bot's name in front makes words a command, with or without colon or comma, in any letter case."""
    assert addressed(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "task done T-12",
        "conference at eight",
        "@conference hello",
        "!conferx help",
        "ask @confer about it",
        "@confer:elsewhere.org help",
        "confer's list",
        "Confer with Lee first, please",
        "confer about C-7K2P tomorrow",
    ],
)
def test_not_said_to_the_bot(text: str) -> None:
    """A sentence that merely holds the name, or uses the verb, is no command."""
    assert addressed(text) is None


def test_marked_name_is_never_a_verb() -> None:
    """With a mark in front the words are the bot's, whatever they are."""
    assert addressed("!confer with lee") == "with lee"


def test_full_id_is_a_name_too() -> None:
    """A platform may name its own id; the longer name is tried first."""
    assert addressed("@confer:here.org: help", ["confer", "confer:here.org"]) == "help"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("a\tb", "a    b"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("👩‍⚕️ é ñ 漢", "👩‍⚕️ é ñ 漢"),
    ],
)
def test_harmful_characters_are_written_out(text: str, shown: str) -> None:
    """Nothing that moves a cursor or turns the direction stays; what people write does."""
    assert harmless(text) == shown


@given(st.text() | st.text(st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Cs"])))
def test_nothing_harmful_comes_out(text: str) -> None:
    """Only line breaks and joiners are left of what cannot be seen; doing it twice changes nothing."""
    shown = harmless(text)
    hidden = {c for c in shown if unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"}}
    assert hidden <= {"\n"}
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff") & set(shown)
    assert harmless(shown) == shown

"""Words and quoted groups: whatever people quote comes back as they meant it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grammar.tokens import DOUBLE, SINGLE, check_text, quote, tokenize
from conference.refusal import Refusal

KINDS = [
    ('"', '"'),
    ("“", "”"),
    ("„", "“"),
    ("«", "»"),
    ("»", "«"),
    ("”", "”"),
    ("＂", "＂"),
    ("`", "`"),
    ("```", "```"),
]
SINGLES = [("'", "'"), ("‘", "’"), ("‚", "‘")]
plain = st.text(st.characters(exclude_characters="".join((*DOUBLE, *SINGLE, "`")))).map(str.strip).filter(bool)
anything = st.text(st.one_of(st.sampled_from([*DOUBLE, *SINGLE, "`", " ", "\n", "a", "(", ","]), st.characters()))


@pytest.mark.parametrize(("opener", "closer"), KINDS)
@given(text=plain)
def test_quoting_any_text_gives_it_back(opener: str, closer: str, text: str) -> None:
    """Every kind of quotes and code spans groups a text of any words and lines."""
    (token,) = tokenize(f"{opener}{text}{closer}")
    assert (token.text, token.quoted) == (text, True)


@pytest.mark.parametrize(("opener", "closer"), SINGLES)
@given(text=plain)
def test_single_quotes_group_one_line(opener: str, closer: str, text: str) -> None:
    """An apostrophe's group ends on its own line."""
    line = " ".join(text.split())
    (token,) = tokenize(f"{opener}{line}{closer}")
    assert (token.text, token.quoted) == (line, True)


@given(text=anything.map(str.strip).filter(bool))
def test_the_bot_quotes_so_that_it_reads_the_same(text: str) -> None:
    """A text put into a button's command is read as that text, or at least as one group of its words."""
    (token,) = tokenize(quote(text))
    assert token.quoted
    if "`" not in text or not set(text) & set(DOUBLE):
        assert token.text == text


@given(words=st.lists(plain, min_size=1, max_size=5), opener=st.sampled_from(KINDS))
def test_groups_stand_side_by_side(words: list[str], opener: tuple[str, str]) -> None:
    """Several quoted groups and their places in the line are told apart."""
    line = " ".join(f"{opener[0]}{w}{opener[1]}" for w in words)
    tokens = tokenize(line)
    assert [t.text for t in tokens] == words
    assert all(line[t.start : t.end].startswith(opener[0]) for t in tokens)


@given(text=anything)
def test_words_keep_their_order_and_place(text: str) -> None:
    """Tokens never overlap, and what is refused is refused with a sentence."""
    try:
        tokens = tokenize(text)
    except Refusal as raised:
        refusal = raised.text
        tokens = ()
    else:
        refusal = ""
    assert not refusal or "never closed" in refusal
    ends = [0, *(t.end for t in tokens)]
    assert all(t.start >= end for t, end in zip(tokens, ends, strict=False))
    assert all(not t.text or t.text in text for t in tokens)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('"Ask about “low” desire" 10m', ["Ask about “low” desire", "10m"]),
        ('"Ask about "low" desire" 10m', ['Ask about "low" desire', "10m"]),
        ("the patient's goal isn't 'no drug' alone", ["the", "patient's", "goal", "isn't", "no drug", "alone"]),
        ('" New form " 10m', ["New form", "10m"]),
        ('"first line\nsecond line"', ["first line\nsecond line"]),
        ('""', [""]),
    ],
)
def test_quotes_as_people_use_them(line: str, words: list[str]) -> None:
    """Quotes within quotes, apostrophes within words, blanks and lines within a group."""
    assert [t.text for t in tokenize(line)] == words


@pytest.mark.parametrize(
    "line", ['"never', '"outer "inner" never', "“never", "a `span", "```a\nfence", '"', '"a "b c"']
)
def test_a_group_that_is_never_closed_is_refused(line: str) -> None:
    """Nothing is guessed about where it should have ended."""
    with pytest.raises(Refusal, match="never closed"):
        tokenize(line)


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\u200b", "\x00", "\x1b", "\x9b", "\ufeff", "\ud800"])
def test_characters_that_hide_what_is_said_are_refused(hidden: str) -> None:
    """The same words without the hidden character pass."""
    check_text("agenda add form\nand\tmore")
    with pytest.raises(Refusal, match="invisible"):
        check_text(f"agenda add fo{hidden}rm")


def test_a_flood_is_refused_by_its_length() -> None:
    """The longest message that is read, and one character more."""
    check_text("a" * 20_000)
    with pytest.raises(Refusal, match="20,001 characters"):
        check_text("a" * 20_001)


def test_many_apostrophes_cost_one_pass() -> None:
    """Twenty thousand characters of unclosed apostrophes are read in well under a second."""
    assert len(tokenize("'a " * 6_600)) == 6_600

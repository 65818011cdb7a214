"""Slash lines, quotes and moments as people type them at the console."""

from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.console.lines import (
    Mistake,
    Slash,
    assignments,
    bare,
    checked_name,
    cleaned,
    goes_on,
    moment,
    people,
    slash,
    spoken,
    unquoted,
)

NOW = datetime(2026, 12, 1, 13, 0, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("/as dana", Slash("as", "dana")),
        ("/Press  “Approve”", Slash("press", "“Approve”")),
        ("/quit", Slash("quit", "")),
        ("/fill\nname=x", Slash("fill", "name=x")),
        ("hello /as dana", None),
        ("/3 mg a day", None),
        ("/etc/hosts", None),
        ("/", None),
    ],
)
def test_slash_lines(line: str, found: Slash | None) -> None:
    """A slash line begins with a slash and a word; all else is a message."""
    assert slash(line) == found


@pytest.mark.parametrize(
    ("line", "does"), [("a\\", True), ("a\\\\", False), ("a\\\\\\", True), ("a", False), ("", False)]
)
def test_backslash_goes_on(line: str, does: bool) -> None:
    """One backslash at the end joins the next line; two are themselves."""
    assert goes_on(line) is does


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ('question="Low desire"', [("question", "Low desire")]),
        ("question=“Low desire” urgency=soon", [("question", "Low desire"), ("urgency", "soon")]),
        ("a='it's fine' b=`x y`", [("a", "it's fine"), ("b", "x y")]),
        ("a=„so“, b=«la»", [("a", "so"), ("b", "la")]),
        ('treatment so far="CBT" Goals = "sleep"', [("treatment so far", "CBT"), ("Goals", "sleep")]),
        ('safety="none" "sexual health"="painful"', [("safety", "none"), ("sexual health", "painful")]),
        ('a="she said "no" and left" b="x"', [("a", 'she said "no" and left'), ("b", "x")]),
        (r'a="say \"b\" c=\"d\"" e=f', [("a", 'say "b" c="d"'), ("e", "f")]),
        ('a="one\ntwo"\nb=', [("a", "one\ntwo"), ("b", "")]),
        ('a=""', [("a", "")]),
        ("a=b=c", [("a", "b=c")]),
        ("", []),
    ],
)
def test_fields_are_assigned(text: str, pairs: list[tuple[str, str]]) -> None:
    """Every kind of quote groups words; a quote inside a value needs no care."""
    assert list(assignments(text)) == pairs


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('a="never closed', "not closed"),
        ("a=“x' b=y", "not closed"),
        ("just words", "Expected"),
        ('a="b" words', "not closed"),
    ],
)
def test_unbalanced_fields_are_refused(text: str, said: str) -> None:
    """A quote without an end, or words without a name, is a mistake that says so."""
    with pytest.raises(Mistake, match=said):
        list(assignments(text))


@given(st.dictionaries(st.from_regex(r"[a-z][a-z-]{0,8}[a-z]", fullmatch=True), st.text(max_size=40)))
def test_any_value_comes_through_quoted(fields: dict[str, str]) -> None:
    """What is put in quotes, with its own double quotes marked, comes out as it was."""
    written = {name: value.replace("\\", "/") for name, value in fields.items()}
    quoted = {name: "".join(f"\\{c}" if c in '"“”„‟' else c for c in value) for name, value in written.items()}
    text = " ".join(f'{name}="{value}"' for name, value in quoted.items())
    assert dict(assignments(text)) == written


@given(st.text(alphabet=st.characters() | st.sampled_from("\"'“”‘’`= \\\n/ab"), max_size=60))
def test_no_line_does_worse_than_a_mistake(text: str) -> None:
    """Whatever is typed, it is understood or a mistake."""
    readers = (slash, cleaned, bare, unquoted, people, checked_name, lambda line: list(assignments(line)))
    for read in (*readers, lambda line: moment(line, NOW, NEW_YORK)):
        with suppress(Mistake):
            read(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-12-01T08:00", datetime(2026, 12, 1, 13, 0, tzinfo=UTC)),
        ("2026-12-01 08:30", datetime(2026, 12, 1, 13, 30, tzinfo=UTC)),
        ("2026-12-02", datetime(2026, 12, 2, 5, 0, tzinfo=UTC)),
        ("2026-12-01T14:00Z", datetime(2026, 12, 1, 14, 0, tzinfo=UTC)),
        ("2027-03-14T02:30", datetime(2027, 3, 14, 7, 30, tzinfo=UTC)),  # a missing hour moves one hour on
        ("+2h", datetime(2026, 12, 1, 15, 0, tzinfo=UTC)),
        ("+1h30m", datetime(2026, 12, 1, 14, 30, tzinfo=UTC)),
        ("+45 min", datetime(2026, 12, 1, 13, 45, tzinfo=UTC)),
        ("+90s", datetime(2026, 12, 1, 13, 1, 30, tzinfo=UTC)),
        ("+1 day 2 hours", datetime(2026, 12, 2, 15, 0, tzinfo=UTC)),
        ("+15w", datetime(2027, 3, 16, 12, 0, tzinfo=UTC)),  # eight o'clock again, in summer time
    ],
)
def test_moments(text: str, at: datetime) -> None:
    """Moments are read in the given zone; days keep their hour over a change of the clocks."""
    assert moment(text, NOW, NEW_YORK) == at


@pytest.mark.parametrize("text", ["", "+", "+2", "+2 months", "+1month", "soon", "2026-13-01", "+999999w", "8", "-2h"])
def test_no_moments(text: str) -> None:
    """Anything else is a mistake that shows how a moment is said."""
    with pytest.raises(Mistake, match="2026-12-01T08:00"):
        moment(text, NOW, NEW_YORK)


def test_spoken_moment_has_weekday_date_and_zone() -> None:
    """Seconds show only where there are any, a zone's name only where it says more."""
    assert spoken(NOW, ZoneInfo("UTC")) == "Tue 1 Dec 2026 13:00 UTC"
    assert spoken(NOW, NEW_YORK) == "Tue 1 Dec 2026 08:00 EST (America/New_York)"
    assert spoken(NOW.replace(second=5), NEW_YORK) == "Tue 1 Dec 2026 08:00:05 EST (America/New_York)"


def test_half_characters_are_replaced() -> None:
    """A lone surrogate, which no store could keep, does not get in; a byte order mark is dropped."""
    assert cleaned("\ufeffa\udc80b\r\n") == "a\N{REPLACEMENT CHARACTER}b"

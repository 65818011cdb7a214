"""Cards as lines of text on the console."""

import unicodedata

import pytest
from hypothesis import given

from adapters.card import Actions, Button, Card, File, Text
from adapters.console.render import Span, card_lines, cells, message_lines, wrapped
from tests.adapters.cards import CARDS, any_card
from tests.adapters.conftest import GOLDEN, Golden

HEAD = (Span("12 "), Span("#case-room "), Span("<confer> "))


def saved(file: File) -> str:
    return f"saved to ./{file.media_type.rpartition('/')[2]}"


def transcript(card: Card) -> str:
    return "\n".join(line.text for line in message_lines(HEAD, card_lines(card, saved)))


def terminal(card: Card) -> str:
    return "\n".join(line.text for line in wrapped(message_lines(HEAD, card_lines(card, saved)), 79))


@pytest.mark.parametrize("kind", CARDS)
def test_each_kind_reads_as_agreed(kind: str, golden: Golden) -> None:
    """The golden file has the transcript's lines, and a terminal's of 80 columns where they differ."""
    piped, wide = transcript(CARDS[kind]), terminal(CARDS[kind])
    golden(f"console/{kind}.txt", piped if piped == wide else f"{piped}\n\n--- 80 columns ---\n{wide}")


def test_no_golden_file_is_left_over() -> None:
    """A card kind that is gone takes its golden file with it."""
    assert {path.stem for path in (GOLDEN / "console").iterdir()} == set(CARDS)


@given(any_card)
def test_every_card_renders_harmlessly(card: Card) -> None:
    """No card raises, no control character comes out, and no line of a card looks like a message's head."""
    first, *further = message_lines(HEAD, card_lines(card, saved))
    for line in (first, *further):
        assert not {c for c in line.text if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}}
        assert "\u202e" not in line.text
    assert first.text.startswith("12 #case-room <confer>")
    assert all(line.text.startswith("    ") for line in further)


@given(any_card)
def test_a_terminal_shows_the_same_words(card: Card) -> None:
    """Wrapping changes blanks and breaks long words, nothing else, and no line is wider than the terminal."""
    lines = message_lines(HEAD, card_lines(card, saved))
    shown = wrapped(lines, 60)
    assert "".join("".join(x.text.split()) for x in shown) == "".join("".join(x.text.split()) for x in lines)
    assert all(cells(line.text) <= 60 for line in shown)


def test_references_and_buttons_stand_out() -> None:
    """Styles mark references, mentions, buttons and danger; the words are those of the plain form."""
    card = Card("T-12 for @dana", (Actions((Button("Done", "x"), Button("Drop", "y", danger=True))),))
    styles = {span.text: span.style for line in card_lines(card, saved) for span in line.spans}
    assert styles["T-12"] == "reference"
    assert styles["@dana"] == "mention"
    assert (styles["[Done]"], styles["[Drop]"]) == ("button", "danger")


def test_a_million_characters_render_in_no_time() -> None:
    """A huge text is cut into lines once, not once for each character."""
    text = "word \x1b" * 150_000
    assert len(card_lines(Card("t", (Text(text),)), saved)) == 2
    assert len(wrapped(card_lines(Card("t", (Text(text),)), saved), 80)) > 1000

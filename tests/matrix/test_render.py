"""One card, two bodies of one event: nothing of it does harm, and both say the same."""

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given

from adapters.card import Card, Text
from adapters.matrix.inbound import own_names, words_of
from adapters.matrix.render import LONGEST_PART, bodies, message
from adapters.words import harmless
from tests.adapters.cards import CARDS, any_card
from tests.adapters.conftest import Golden, golden

__all__ = ["golden"]

ALLOWED = {"p", "strong", "em", "code", "br", "ul", "li", "a"}


class Tags(HTMLParser):
    """Every tag and attribute, checked for pairs."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED
        assert [name for name, _ in attrs] == (["href"] if tag == "a" else [])
        assert all((value or "").startswith("https://matrix.to/#/") for _, value in attrs)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("name", sorted(CARDS))
def test_card(name: str, golden: Golden) -> None:
    """Each kind of card as it is sent."""
    card = CARDS[name]
    parts = bodies(card, names={"dana": "Dana Reed"})
    said = "\n=====\n".join(
        f"{part.plain}\n-----\n{part.html.replace('<p>', chr(10) + '<p>').strip()}" for part in parts
    )
    golden(f"matrix/{name}.txt", said)


@given(any_card)
def test_any_card_is_safe_html(card: Card) -> None:
    """Only known tags, in pairs; no attribute but a link to a person; no control character; never ``@room``."""
    for part in bodies(card):
        tags = Tags()
        tags.feed(part.html)
        tags.close()
        assert not tags.open
        for text in (part.plain, html.unescape(part.html)):
            assert harmless(text) == text
            assert not re.search(r"@room\b", text, re.IGNORECASE)


@given(any_card)
def test_mentions_are_exactly_those_meant(card: Card) -> None:
    """``m.mentions`` is there for every message, and names the card's accounts and nobody else."""
    content = message(bodies(card)[0], card.mentions)
    assert content["m.mentions"].get("user_ids", []) == list(dict.fromkeys(card.mentions))
    assert "room" not in content["m.mentions"]


def test_long_words_are_cut_and_nothing_is_lost() -> None:
    """All parts fit into an event, and together say everything."""
    words = [f"word{number}" for number in range(20_000)]
    parts = bodies(Card("Long", (Text(" ".join(words)),)))
    assert all(part.size <= LONGEST_PART for part in parts)
    assert " ".join(part.plain for part in parts).split() == ["Long", *words]


OWN = own_names("@confer:clinic.test", "confer", ("Confer Bot",))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"body": "!confer tasks"}, "tasks"),
        ({"body": "Confer Bot: tasks"}, "tasks"),
        ({"body": "@confer:clinic.test tasks"}, "tasks"),
        ({"body": "@confer:elsewhere.org tasks"}, None),
        ({"body": "confer with Lee first"}, None),
        ({"body": "> <@lee:x> hi\n\n!confer tasks", "m.relates_to": {"m.in_reply_to": {"event_id": "$1"}}}, "tasks"),
        ({"body": "yes", "m.mentions": {"user_ids": ["@confer:clinic.test"]}}, "yes"),
        (
            {
                "body": "yes",
                "m.mentions": {"user_ids": ["@confer:clinic.test"]},
                "m.relates_to": {"m.in_reply_to": {"event_id": "$1"}},
            },
            None,
        ),
        ({"body": "[Confer](https://matrix.to/#/@confer:clinic.test) tasks"}, "tasks"),
        ({"body": '!confer decide C-1 "Taper"\nand *wait*'}, 'decide C-1 "Taper"\nand *wait*'),
    ],
)
def test_what_is_said_to_the_bot(content: dict[str, object], said: str | None) -> None:
    """All the ways in which clients call the bot."""
    words = words_of({"msgtype": "m.text", **content}, OWN)
    assert words
    assert words.said == said

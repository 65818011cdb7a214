"""One card, two bodies of one event: nothing of it does harm, and both say the same."""

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given

from adapters.card import Card, Fact, Facts, Field, Form, Row, Rows, Text
from adapters.matrix.inbound import meant, mentioned, own_names, words_of
from adapters.matrix.render import LONGEST_PART, bodies, message, plain_piece
from adapters.words import harmless
from tests.adapters.cards import CARDS, any_card
from tests.adapters.conftest import Golden, golden

__all__ = ["golden"]

ALLOWED = {"p", "strong", "em", "code", "pre", "br", "ol", "ul", "li", "a"}


class Tags(HTMLParser):
    """Every tag and attribute, checked for pairs."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED
        assert [name for name, _ in attrs] in ({"a": [["href"]], "ol": [[], ["start"]]}.get(tag, [[]]))
        assert all((value or "").startswith("https://matrix.to/#/") or (value or "").isdigit() for _, value in attrs)
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
    parts = bodies(Card("Long", (Facts((Fact("Goals", " ".join(words)), Fact("Safety", "none"))),)))
    assert all(part.size <= LONGEST_PART for part in parts)
    assert " ".join(part.plain for part in parts).split() == ["Long", "Goals:", *words, "Safety:", "none"]


def test_commands_are_shown_as_they_are_typed_here() -> None:
    """A command in a sentence has the prefix of a room, none in private; anybody's words in facts stay as they are."""
    card = Card("Say `here`.", (Text("Or `!other help`."), Facts((Fact("Outcome", "took `half`"),))))
    (room,), (direct,) = bodies(card), bodies(card, prefix="")
    assert room.plain == "Say `!confer here`.\n\nOr `!other help`.\n\nOutcome: took `half`"
    assert "<code>!confer here</code>" in room.html
    assert "<code>!other help</code>" in room.html
    assert "took `half`" in room.html
    assert "<code>here</code>" in direct.html
    assert plain_piece("`skip` it").html == "<code>skip</code> it"


def test_numbers_and_bullets_are_not_doubled() -> None:
    """Numbered rows are a numbered list that goes on with its number; a bullet is the list's own."""
    rows = (Row("2.", "second"), Row("3.", "third"), Row("•", "other"))
    (shown,) = bodies(Card("", (Rows(rows),)))
    assert shown.plain == "2. second\n3. third\n\n• other"
    assert shown.html == '<ol start="2"><li>second</li><li>third</li></ol><ul><li>other</li></ul>'


def test_accounts_are_shown_by_name() -> None:
    """An account of the room that is not called is named as the room names it; an unknown one stays."""
    names = {"@thea:clinic.test": "Thea", "@r:clinic.test": "room"}
    card = Card("For @thea:clinic.test.", (Text("@r:clinic.test, @kim:clinic.test"),), mentions=("@thea:clinic.test",))
    (shown,) = bodies(card, names=names)
    assert shown.plain == "For @Thea.\n\n@\u200droom, @kim:clinic.test"
    assert shown.html.startswith(
        '<p><strong>For <a href="https://matrix.to/#/@thea:clinic.test">Thea</a>.</strong></p>'
    )


def test_what_a_form_holds_is_not_offered_for_sending_back() -> None:
    """An empty form is a template to copy; one that is filled would be emptied or cut by it, so only a line is shown."""
    fields = (Field("question", "Question"), Field("background", "Background"))
    (empty,) = bodies(Card("", (Form("Fill in", "A case", "case submit", fields),)))
    assert empty.html.endswith("<pre><code>question:\nbackground:</code></pre>")
    filled = (Field("question", "Question", value="Taper?"), fields[1])
    (shown,) = bodies(Card("", (Form("Edit", "A case", "case edit", filled),)))
    assert "Taper" not in shown.plain
    assert "`question: …`" in shown.plain
    assert "<pre>" not in shown.html


OWN = own_names("@confer:clinic.test", "confer", ("Confer Bot",))


PEOPLE = {
    "@lee:home": "Lee Wong",
    "@dana:home": "Dana",
    "@dana:away": "Dana Ito",
    "@amara:home": "",
    "@qi:home": "Mo (night shift)",
}


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("team add @lee nursing", "team add @lee:home nursing"),
        ("team add @Lee Wong nursing", "team add @lee:home nursing"),
        ("for @LEE, due fri", "for @lee:home, due fri"),
        ("@mo (night shift) and @amara.", "@qi:home and @amara:home."),
        ("@lee:home and @lee:elsewhere.org", "@lee:home and @lee:elsewhere.org"),
        ("which @dana?", "which @dana?"),  # there are two
        ("mail lee@lee.org, @leeward, @nobody", "mail lee@lee.org, @leeward, @nobody"),
        ("@lee.wong, @lee-wong:home", "@lee.wong, @lee-wong:home"),
    ],
)
def test_a_name_that_was_typed_is_an_account_where_one_person_has_it(typed: str, read: str) -> None:
    assert meant(typed, PEOPLE) == read
    assert meant(typed, {}) == typed


def test_who_is_mentioned_comes_with_a_name() -> None:
    text = "task add “x” for @lee:home. Not @amara:home, nor @kim:elsewhere.org"
    assert mentioned(text, PEOPLE) == {"@lee:home": "Lee Wong"}


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

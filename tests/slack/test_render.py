"""Cards as Block Kit: whatever a card holds, Slack takes it, and shows it to the letter."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.card import Actions, Button, Card, Fact, Facts, Field, Form, Row, Rows, Text, Tone
from adapters.slack import rules, shapes
from adapters.slack.render import Page, Sealing, pages
from adapters.slack.text import clamp, escape, pieces, unescape
from tests.adapters.cards import CARDS, any_card
from tests.adapters.conftest import Golden, golden

__all__ = ["golden"]

PLANTED = "Jonathan Q. Lakeview"


def rendered(card: Card) -> list[Page]:
    return pages(card, Sealing(lambda _: "t", "C1.", lambda account: f"<@{account}>" if account == "U1" else ""))


def problems(card: Card) -> list[str]:
    return [p for page in rendered(card) for p in rules.message_problems({"text": page.text, "blocks": page.blocks})]


def shown(card: Card) -> str:
    words = "\n".join(text for page in rendered(card) for text in rules.texts_of(page.blocks))
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@pytest.mark.parametrize("name", CARDS)
def test_card(name: str, golden: Golden) -> None:
    """The payloads as Slack gets them, but for the marks that are new at every rendering."""
    shown = [{"text": page.text, "blocks": page.blocks} for page in rendered(CARDS[name])]
    words = json.dumps(shown, indent=1, ensure_ascii=False)
    golden(f"slack/{name}.json", re.sub(r'("block_id": "\d+)\.[0-9a-f]{8}', r"\1", words))


@given(any_card)
@settings(max_examples=200, deadline=None)
def test_any_card_passes_the_rules(card: Card) -> None:
    """No card breaks a documented rule."""
    assert problems(card) == []


def test_prepared_cards_pass_the_rules() -> None:
    """Each kind of card, the hostile one included, breaks no rule."""
    assert {name: problems(card) for name, card in CARDS.items()} == {name: [] for name in CARDS}


def test_endless_card_goes_on_in_further_pages() -> None:
    """Far more than one message holds is cut into pages, and not a word is lost."""
    rows = tuple(Row(f"T-{n}", f"word{n} " + "<&>" * 40, ("detail",)) for n in range(300))
    card = Card("A lot", (Rows(rows), Text("x" * 30_000), Actions((Button("Go", "go"),) * 300)))
    found = rendered(card)
    assert len(found) > 3
    assert problems(card) == []
    assert all(f"word{n} " in shown(card) for n in range(300))
    assert any(b["type"] == "actions" for b in found[0].blocks)


def test_marks_are_shown_to_the_letter() -> None:
    """Mark-up, broadcasts and mentions in a card's words stay words."""
    words = "*no* _bold_ <b>&amp; `code` <!channel> <@U123> @here :smile: > quote"
    card = Card(words, (Text(words), Facts((Fact("a", words),)), Rows((Row("x", words, (words,)),))))
    assert problems(card) == []
    assert shown(card).count(words) == 5
    dumped = json.dumps([page.blocks for page in rendered(card)])
    assert "<!" not in dumped
    assert "<@" not in dumped


def test_only_the_cards_mentions_call() -> None:
    """An account that the card calls is called, one in its words is not."""
    found = json.dumps(rendered(Card("Due", (Text("@U2, please"),), mentions=("U1",)))[0].blocks)
    assert "<@U1>" in found
    assert "<@U2>" not in found


def test_notification_repeats_no_words() -> None:
    """The line that a locked phone shows has references, and nothing that somebody typed."""
    page = rendered(Card(f"Put “{PLANTED}” on the agenda of M-8?", (Text("x"),), tone=Tone.STRONG))[0]
    assert page.text == "Confer: M-8"


def test_a_form_hides_its_words() -> None:
    """Nothing of a form's fields stands in the message that offers it."""
    form = Form("Fill in", "Edit", "case edit C-7K2P", (Field("background", "Background", value=PLANTED),))
    assert PLANTED not in json.dumps([page.blocks for page in rendered(Card("Edit", (form,)))])


@given(st.text())
def test_escaping_is_undone_by_reading(text: str) -> None:
    """What is escaped on the way out is read back as it was."""
    assert unescape(escape(text), lambda _: "") == escape(text).replace("&lt;", "<").replace("&gt;", ">").replace(
        "&amp;", "&"
    ).replace("\u00a0", " ")


@given(st.text(alphabet="a&<> \n", max_size=200), st.integers(8, 40))
def test_pieces_keep_entities_whole(text: str, most: int) -> None:
    """A cut never leaves half an entity, and every piece fits."""
    for piece in (*pieces(escape(text), most), clamp(escape(text), most)):
        assert len(piece) <= most
        assert shapes.markup_problems(piece, "x") == []


def test_typed_marks_become_words() -> None:
    """Mentions, channels, links, dates and broadcasts as Slack sends them are read as what people see."""
    sent = "&lt;b&gt; &amp;amp; <@U1|dana> <#C1|ward> <https://a.b|a.b> <mailto:x@y.z|x@y.z> <!here> <!date^1^{date}|1 Jan>"
    assert unescape(sent, lambda user: f"@{user.split('|')[0]}") == ("<b> &amp; @U1 #ward a.b x@y.z @here 1 Jan")

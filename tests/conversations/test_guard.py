"""The guard in rooms: off until the team wants it, private, once, and only its author can remove a message."""

import pytest

from tests.conversations.harness import Chat, submitted


@pytest.fixture
def guarded(bot: Chat) -> Chat:
    submitted(bot, "pat", patient="Zelda Quint", mrn="88-2211", people="partner Otto Quint")
    bot.says("carla", "team guard on")
    return bot


def test_it_is_off_until_the_coordinator_turns_it_on(bot: Chat) -> None:
    """Nothing is looked at before; only the coordinator decides."""
    submitted(bot, "pat", patient="Zelda Quint")
    assert bot.chats("sol", "saw zelda today").said == []
    assert bot.says("sol", "team guard on").refused
    assert not bot.says("carla", "team guard on").refused


@pytest.mark.parametrize("words", ["saw zelda today", "mrn 882211 please", "call 614-555-0199", "Otto came along"])
def test_an_identifier_gets_its_author_a_private_hint(guarded: Chat, words: str) -> None:
    """The hint goes to the author alone and repeats nothing of what was said."""
    answer = guarded.chats("sol", words)
    assert [s.to for s in answer.said] == ["sol"]
    assert "Remove it" in {b.label for b in answer.buttons}
    assert words.split()[1].strip(",") not in answer.text


def test_harmless_chat_gets_no_hint(guarded: Chat) -> None:
    """Words, doses, references and colleagues are no identifiers."""
    for words in ("fine, will do", "C-7K2P on sertraline 100 mg", "thanks pat", "see you at 08:00"):
        assert guarded.chats("sol", words).said == []


def test_the_author_removes_the_message_and_nobody_else_can(guarded: Chat) -> None:
    """The button takes the message out; typed by another it is refused."""
    hint = guarded.chats("sol", "saw zelda today")
    command = next(b.command for b in hint.buttons)
    assert guarded.says("gene", command).refused
    assert not guarded.presses("sol", "Remove it").refused
    guarded.waits(minutes=1)
    assert all(s.text != "saw zelda today" for s in guarded.visible_to("gene"))

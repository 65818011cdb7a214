"""What the messages that one sees offer to press: buttons, forms to open, reactions."""

from difflib import get_close_matches

from adapters.card import Button, Form
from adapters.console.lines import Mistake
from adapters.console.world import Message, World

Choice = Button | Form


def choices(message: Message) -> tuple[Choice, ...]:
    """The buttons and forms of the message."""
    return (*message.card.buttons, *message.card.forms) if message.card else ()


def newest_labelled(world: World, account: str, here: str, label: str) -> tuple[Message, Choice]:
    """The newest button or form of that label. Raises :class:`Mistake` with what there is to press."""
    offered: list[str] = []
    for message in world.newest_first(account, here):
        for choice in choices(message):
            if choice.label.casefold() == label.casefold():
                return message, choice
            offered.append(choice.label)
    raise Mistake(f"{account} sees no button {label[:40]}. {_hint(label, offered)}")


def reaction(message: Message, emoji: str) -> Button:
    """The message's button that the emoji stands for. Raises :class:`Mistake` with those that it offers."""
    offered = [choice for choice in choices(message) if isinstance(choice, Button) and choice.emoji]
    for button in offered:
        if _uncoloured(button.emoji) == _uncoloured(emoji):
            return button
    known = " ".join(button.emoji for button in offered) or "none"
    raise Mistake(f"Message {message.number} offers no reaction {emoji[:20]}; it offers: {known}")


def _hint(label: str, offered: list[str]) -> str:
    by_folded = {name.casefold(): name for name in offered}
    if near := get_close_matches(label[:80].casefold(), by_folded, n=1):
        return f"Did you mean [{by_folded[near[0]]}]?"
    shown = " ".join(f"[{name}]" for name in dict.fromkeys(offered[:6]))
    return f"There is {shown}" if shown else "There is none to press."


def _uncoloured(emoji: str) -> str:
    """The emoji without the mark that asks for its coloured form."""
    return emoji.strip().replace("\ufe0f", "")

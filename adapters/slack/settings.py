"""What a Slack platform is told by whoever puts it together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.card import Card
from adapters.slack.api import SLACK
from adapters.slack.hearing import Shortcut


def everything(_: str) -> bool:
    return True


def nothing(_: Card) -> bool:
    return False


def no_fault(_: str, __: Mapping[str, str]) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class SlackOptions:
    """``bot_token`` for one workspace; ``client_id`` and ``client_secret`` for installation in several."""

    app_token: str = field(default="", repr=False)
    """xapp-…: Socket Mode. Without it the bot is served over HTTP."""
    bot_token: str = field(default="", repr=False)
    signing_secret: str = field(default="", repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    base_url: str = SLACK
    authorize_url: str = "https://slack.com/oauth/v2/authorize"
    redirect_url: str = ""
    host: str = "127.0.0.1"
    port: int = 3000
    sockets: int = 1
    name: str = "confer"
    command: str = "/confer"
    commands: frozenset[str] = frozenset()
    """First words of commands: a hint of one is shown as it is typed here."""
    covered: bool = False
    """Slack has signed a business associate agreement for this workspace."""
    is_open: Callable[[str], bool] = field(default=everything)
    """Whether words to the bot may be carried out in a workspace that is not covered."""
    is_clinical: Callable[[Card], bool] = field(default=nothing)
    """Whether a card is about cases, so that it is not said there."""
    wrong: Callable[[str, Mapping[str, str]], Mapping[str, str]] = field(default=no_fault)
    """What would be refused of a form's fields, by their names, given its command and what was filled in."""
    modals: bool = False
    shortcuts: Sequence[Shortcut] = ()
    every: float = 1.0
    """Seconds between two posts in one channel."""
    patience: float = 1.0
    """Seconds before something is tried or looked up again."""

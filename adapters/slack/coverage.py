"""What may be said in a workspace that no agreement covers: answers to what may be asked there, and nothing about cases.

The agreement can end, or never have been marked, while reminders and posts are waiting: they wait on, and whoever they
were for is told why.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from adapters.card import Card, Tone
from adapters.platform import NotDelivered, Place
from adapters.slack.settings import SlackOptions
from adapters.slack.whispering import Whispering

NOT_COVERED = (
    "This workspace is not marked as covered by a business associate agreement with Slack (`baa = true`), "
    "so nothing about cases is done here. Meetings, the team and your own settings are."
)
WAIT = 6 * 3600.0
"""Seconds after which what waits is looked at again."""
REMEMBERED = 10_000


@dataclass(slots=True)
class Coverage:
    options: SlackOptions
    whispering: Whispering
    clock: Callable[[], float] = time.time
    _heard: "OrderedDict[str, None]" = field(default_factory=OrderedDict)

    def takes(self, words: str) -> bool:
        """Whether the words may be carried out here."""
        return self.options.covered or self.options.is_open(words)

    def heard(self, invocation: str) -> None:
        """The words were taken: what they are answered may be said."""
        self._heard[invocation] = None
        if len(self._heard) > REMEMBERED:
            self._heard.popitem(last=False)

    async def check(self, card: Card, key: str = "", place: Place | None = None, account: str = "") -> None:
        """Raises NotDelivered where the card is about cases and may not be said; tells why, once a day and place."""
        if self.options.covered or not self.options.is_clinical(card) or self._answers(key):
            return
        if place is not None and (place.room or account):
            today = datetime.fromtimestamp(self.clock(), UTC).date()
            note, why = Card(NOT_COVERED, tone=Tone.WARNING), f"uncovered:{account or place.room}:{today}"
            if account:
                await self.whispering.whisper(place, account, note, why)
            else:
                await self.whispering.posting.post(place, note, why)
        raise NotDelivered("not_covered", retry_after=WAIT)

    def _answers(self, key: str) -> bool:
        """Whether the key, ``inv:`` with the id and what is said, is of words that were taken here."""
        kind, _, rest = key.partition(":")
        while kind == "inv" and ":" in rest:
            rest = rest.rpartition(":")[0]
            if rest in self._heard:
                return True
        return False

"""The App Home: what waits for one person. Slack allows no patient data there, so its card holds none."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from adapters.card import Card
from adapters.slack import ids
from adapters.slack.posting import Posting

Glance = Callable[[str], Awaitable[Card | None]]
"""Gives the card for an account: references, dates and counts, nothing that anybody typed."""


@dataclass(slots=True)
class Home:
    posting: Posting
    glance: Glance | None = None

    async def show(self, account: str) -> None:
        """Show the person's card; its buttons answer in the direct conversation."""
        card = await self.glance(account) if self.glance else None
        if card is None:
            return
        user, team = ids.split(account)
        first, *_ = await self.posting.pages(card, None, ids.room("D", team))
        await self.posting.api.call(team, "views.publish", user_id=user, view={"type": "home", "blocks": first.blocks})

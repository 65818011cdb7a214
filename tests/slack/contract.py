"""The local Slack as a chat for the contract suite."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from adapters.platform import ChatPlatform, Invocation, MessageRef, Place
from adapters.slack import ids
from tests.contract.platforms import Seen
from tests.slack.harness import Bot, slack_bot, until
from tests.slack.people import text_of
from tests.slack.world import Channel, Message


class SlackChat:
    """People of one workspace; a form is filled in by answering in the direct conversation."""

    removes_others = False

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    @property
    def platform(self) -> ChatPlatform:
        return self._bot.platform

    async def hears(self, count: int) -> Sequence[Invocation]:
        return await self._bot.ear.hears(count)

    async def room(self, name: str, *people: str) -> Place:
        return self._bot.place(self._bot.people.channel(name, *people))

    async def direct(self, person: str) -> Place:
        return self._bot.place(self._bot.people.direct(person))

    def account(self, person: str) -> str:
        return self._bot.account(person)

    async def says(self, person: str, place: Place, text: str) -> MessageRef:
        message = await self._bot.people.says(person, self._channel(place.room), text, thread=place.thread)
        await self._bot.platform.intake.finish()
        return MessageRef(place.room, message.ts)

    async def presses(self, person: str, message: MessageRef, label: str) -> None:
        await self._bot.people.presses(person, self._message(message), label)
        await self._bot.platform.intake.finish()

    async def fills(self, person: str, message: MessageRef, fields: Mapping[str, str]) -> None:
        people, direct = self._bot.people, self._bot.people.direct(person)
        await self.presses(person, message, "Fill in")
        for _ in range(20):
            asked = await until(lambda: [m for m in people.sees(person, direct) if " of " in text_of(m)])
            name = next((n for n in fields if f"\n{n}" in text_of(asked[-1]).lower()), None)
            if name:
                await people.says(person, direct, fields[name])
            else:
                await people.presses(person, asked[-1], "Keep it")
            await self._bot.platform.intake.finish()
            if self._bot.ear.heard:
                return

    async def sees(self, person: str, place: Place) -> Sequence[Seen]:
        people, channel = self._bot.people, self._channel(place.room)
        seen = people.sees(person, channel)
        if channel.kind != "im":
            seen = [*seen, *people.sees(person, people.direct(person))]
        return [Seen(self._ref(m), text_of(m)) for m in sorted(seen, key=lambda m: float(m.ts))]

    def _channel(self, room: str) -> Channel:
        return self._bot.slack.world.channels[ids.split(room)[0]]

    def _message(self, ref: MessageRef) -> Message:
        found = self._channel(ref.room).find(ref.message.removeprefix("e"))
        assert found
        return found

    def _ref(self, message: Message) -> MessageRef:
        mark = "e" if message.only_for else ""
        return MessageRef(ids.room(message.channel, self._bot.people.team.id), mark + message.ts)


@asynccontextmanager
async def slack_chat() -> AsyncIterator[SlackChat]:
    async with slack_bot() as bot:
        yield SlackChat(bot)
        assert bot.breaches == []


@asynccontextmanager
async def slack_http_chat() -> AsyncIterator[SlackChat]:
    async with slack_bot(http=True) as bot:
        yield SlackChat(bot)
        assert bot.breaches == []

"""The local Slack as a process of its own, with a line to speak in for its people.

python -m tests.slack --port 8066
> @dana #ward @confer team create "North clinic" zone Europe/Berlin
> @dana direct whoami
> @dana press Approve
> @dana #ward /confer agenda
"""

import argparse
import asyncio
import sys
from functools import partial

from adapters.slack import manifest
from bot.cli.slack import SHORTCUTS
from tests.slack.people import People, text_of
from tests.slack.server import LocalSlack
from tests.slack.world import Channel, Message, Team

say = partial(print, flush=True)

HELP = "a line is: @name #channel words · @name direct words · @name #channel /confer words · @name press label · quit"


class Talk:
    """Lines in, messages out."""

    def __init__(self, slack: LocalSlack, people: People) -> None:
        self.slack, self.people = slack, people
        self._shown = 0

    async def line(self, words: str) -> None:
        name, _, rest = words.strip().removeprefix("@").partition(" ")
        where, _, said = rest.partition(" ")
        if where == "press":
            message = self._newest_with(name, said)
            await self.people.presses(name, message, said) if message else say(f"no button {said}")
        elif where == "direct":
            await self.people.says(name, self.people.direct(name), said)
        elif where.startswith("#"):
            channel = self.people.channel(where[1:], name)
            if said.startswith("/confer"):
                await self.people.commands(name, channel, said.removeprefix("/confer").strip())
            else:
                await self.people.says(name, channel, said)
        else:
            say(HELP)

    def show_new(self) -> None:
        """Print what was said since, with its buttons."""
        everything = sorted(
            (m for c in self.slack.world.channels.values() for m in c.messages), key=lambda m: float(m.ts)
        )
        for message in everything[self._shown :]:
            say(f"{self._where(message)} {text_of(message)}")
        self._shown = len(everything)
        for breach in self.slack.world.breaches:
            say(f"!! {breach}")
        self.slack.world.breaches.clear()

    def _where(self, message: Message) -> str:
        channel = self.slack.world.channels[message.channel]
        author = self.slack.world.users[message.user].name
        return f"[{_name(self.slack, channel)}{' for one' if message.only_for else ''}] <{author}>"

    def _newest_with(self, name: str, label: str) -> Message | None:
        seen = [m for c in self.slack.world.channels.values() for m in self.people.sees(name, c)]
        labelled = [m for m in seen if f'"text": "{label}"' in str(m.blocks).replace("'", '"')]
        return max(labelled, key=lambda m: float(m.ts), default=None)


async def serve(port: int) -> None:
    slack = LocalSlack(manifest(SHORTCUTS))
    await slack.start(port)
    team = slack.install()
    people = People(slack, team)
    say(_how(slack, team))
    talk = Talk(slack, people)
    lines = asyncio.create_task(_read(talk))
    while not lines.done():
        talk.show_new()
        await asyncio.sleep(0.2)
    lines.result()
    await slack.stop()


async def _read(talk: Talk) -> None:
    while words := await asyncio.to_thread(sys.stdin.readline):
        if words.strip() in ("quit", "exit"):
            return
        if words.strip():
            try:
                await talk.line(words)
            except AssertionError as slip:
                say(slip)
    await asyncio.Event().wait()  # without input it serves on


def _how(slack: LocalSlack, team: Team) -> str:
    return (
        f"A local Slack with the workspace {team.name}. For the bot:\n"
        f"export SLACK_BOT_TOKEN={slack.world.issue_token(team.id)} SLACK_APP_TOKEN={slack.app_token}\n"
        f"export CONFER_SLACK_MODE=socket CONFER_SLACK_BAA=true CONFER_SLACK_BASE_URL={slack.api}\n{HELP}"
    )


def _name(slack: LocalSlack, channel: Channel) -> str:
    if channel.kind != "im":
        return f"#{channel.name}"
    bots = {team.bot_user for team in slack.world.teams.values()}
    return "@" + slack.world.users[next(iter(channel.members - bots))].name


def main() -> None:
    parser = argparse.ArgumentParser(description="A strict local Slack to try the bot against.")
    parser.add_argument("--port", type=int, default=8066)
    asyncio.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()

"""Tokens are exchanged once, ahead of time, whoever asks; workspaces come and go by consent."""

import asyncio
import time
from urllib.parse import parse_qs, urlparse

import aiohttp
import pytest

from adapters.card import Card
from adapters.platform import NotDelivered
from adapters.slack import ids
from adapters.slack.tokens import AHEAD, Installation, NotInstalled
from tests.slack.harness import Bot, NoInbox, nothing_broken, play, slack_bot, until
from tests.slack.people import People


async def installed(
    bot: Bot, name: str = "South hospital", lasts: float = 12 * 3600.0, organisation: str = ""
) -> People:
    """A further workspace, installed by a person's consent in the browser."""
    bot.slack.rotation, bot.slack.token_lasts = True, lasts
    team = bot.slack.install(name, organisation)
    assert bot.platform.web
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser:
        async with browser.get(f"{bot.platform.web.url}/slack/install", allow_redirects=False) as begun:
            asked = parse_qs(urlparse(begun.headers["Location"]).query)
            cookie = begun.cookies["confer-install"].value
        assert set(asked["scope"][0].split(",")) == bot.slack.scopes
        back = {"state": asked["state"][0], "code": bot.slack.authorize(team, organisation=bool(organisation))}
        url = f"{bot.platform.web.url}/slack/oauth_redirect"
        async with browser.get(url, params=back) as stolen:
            assert stolen.status == 400
        for state in ("x" + back["state"], back["state"] + "é", "é." + "0" * 64, "W1tb" * 1000 + ".0", ""):
            async with browser.get(url, params=back | {"state": state}, cookies={"confer-install": cookie}) as no:
                assert no.status == 400
        async with browser.get(url, params=back, headers={"Cookie": f"confer-install={cookie}"}) as done:
            assert done.status == 200, await done.text()
    return People(bot.slack, team, organisation=bool(organisation))


def test_installed_by_consent_and_served() -> None:
    """A workspace that consents is served with its own token, beside the first; the token is nowhere in clear."""

    async def story() -> None:
        async with slack_bot(http=True) as bot:
            people = await installed(bot)
            channel = people.channel("ward", "mia")
            await people.says("mia", channel, "@confer agenda")
            (heard,) = await bot.ear.hears(1)
            assert heard.account == ids.account(people.person("mia").id, people.team.id)
            await bot.platform.post(heard.place, Card("Agenda"), "k")
            assert len(channel.messages) == 2
            nothing_broken(bot.breaches)

    play(story)


def test_organisation_installs_once_for_all_workspaces() -> None:
    """An organisation's one consent serves each of its workspaces, after a restart and an exchange too."""

    async def story() -> None:
        async with slack_bot(http=True) as bot:
            people = await installed(bot, organisation="E0ORG")
            other = People(bot.slack, bot.slack.install("West hospital", "E0ORG"), organisation=True)
            for n, each in enumerate((people, other), 1):
                channel = each.channel("ward", "mia")
                await each.says("mia", channel, "@confer agenda")
                await each.commands("mia", channel, "agenda")
                heard = (await bot.ear.hears(2 * n))[-1]
                assert heard.account == ids.account(each.person("mia").id, each.team.id)
                await bot.platform.post(heard.place, Card("Agenda"), f"k{n}")
            fresh = type(bot.platform)(bot.platform.options, bot.drawer, NoInbox())
            async with fresh.opened():
                old = await fresh.installations.get(other.team.id)
                await fresh.installations.renew(old)
                await fresh.post(ids.place(other.channel("ward").id, other.team.id), Card("Later"), "k3")
            assert len(other.channel("ward").messages) == 3
            nothing_broken(bot.breaches)

    play(story)


@pytest.mark.parametrize("event", [{"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"bot": ["U1"]}}])
def test_organisation_that_removes_the_app(event: dict[str, object]) -> None:
    """Removed as a whole, no workspace of it is served any more, after a restart neither."""

    async def story() -> None:
        async with slack_bot(http=True) as bot:
            people = await installed(bot, organisation="E0ORG")
            await people.says("mia", people.channel("ward", "mia"), "@confer agenda")
            await bot.ear.hears(1)
            await people.event(event)
            await bot.platform.intake.finish()
            place = ids.place(people.channel("ward").id, people.team.id)
            fresh = type(bot.platform)(bot.platform.options, bot.drawer, NoInbox())
            async with fresh.opened():
                for platform in (bot.platform, fresh):
                    with pytest.raises(NotInstalled):
                        await platform.post(place, Card("Agenda"), "k")

    play(story)


def test_storm_while_the_token_ends() -> None:
    """A hundred calls at once with a token that ends: one exchange, nothing fails."""

    async def story() -> None:
        async with slack_bot(http=True) as bot:
            people = await installed(bot, lasts=AHEAD / 2)
            places = [ids.place(people.channel(f"ward-{n}", "mia").id, people.team.id) for n in range(20)]
            await asyncio.gather(*(bot.platform.post(p, Card("Agenda"), f"k{n}") for n, p in enumerate(places * 5)))
            exchanges = [a for m, a in bot.slack.world.sent if a.get("grant_type") == "refresh_token"]
            assert len({a["refresh_token"] for a in exchanges}) == len(exchanges)
            nothing_broken(bot.breaches)

    play(story)


def test_token_that_ended_early_is_exchanged_once() -> None:
    """token_expired on a call is answered by one exchange, and the call is carried out."""

    async def story() -> None:
        async with slack_bot(http=True) as bot:
            people = await installed(bot)
            place = ids.place(people.channel("ward", "mia").id, people.team.id)
            for token in bot.slack.world.tokens.values():
                if token.team == people.team.id:
                    token.expires_at = time.time() - 1
            await asyncio.gather(*(bot.platform.post(place, Card(f"{n}"), f"k{n}") for n in range(10)))
            assert sum(a.get("grant_type") == "refresh_token" for _, a in bot.slack.world.sent) == 1
            assert len(bot.people.world.channels[ids.split(place.room)[0]].messages) == 10
            nothing_broken(bot.breaches)

    play(story)


def test_another_instance_was_faster() -> None:
    """Whoever lost the race for a refresh token takes what the winner kept."""

    async def story() -> None:
        async with slack_bot(http=True) as bot:
            people = await installed(bot)
            first = type(bot.platform)(bot.platform.options, bot.drawer, NoInbox())
            second = type(bot.platform)(bot.platform.options, bot.drawer, NoInbox())
            async with first.opened(), second.opened():
                old = await first.installations.get(people.team.id)
                got = await asyncio.gather(first.installations.renew(old), second.installations.renew(old))
                assert all(one.token != old.token for one in got)
                await asyncio.gather(*(p.api.call(people.team.id, "auth.test") for p in (first, second)))

    play(story)


def test_renewed_ahead_while_nothing_happens() -> None:
    """What is posted by itself finds a good token: exchange needs no event."""

    async def story() -> None:
        async with slack_bot(http=True) as bot:
            people = await installed(bot)
            old = await bot.platform.installations.get(people.team.id)
            soon = Installation(
                **{**{f: getattr(old, f) for f in old.__struct_fields__}, "expires_at": time.time() + 60}
            )
            await bot.platform.installations.save(soon)
            await bot.platform.installations.renew_ahead()
            new = await bot.platform.installations.get(people.team.id)
            assert new.token != old.token
            assert new.expires_at
            assert new.expires_at > time.time() + AHEAD

    play(story)


def test_exchange_that_fails_for_now_uses_the_old_token() -> None:
    """As long as the old token is good, a failing exchange stops nothing."""

    async def story() -> None:
        async with slack_bot(http=True) as bot:
            people = await installed(bot, lasts=AHEAD / 2)
            bot.slack.faults.on("oauth.v2.access", "500", times=3)
            answer = await bot.platform.api.call(people.team.id, "auth.test")
            assert answer["team_id"] == people.team.id

    play(story)


@pytest.mark.parametrize("event", ["app_uninstalled", "tokens_revoked"])
def test_removed_workspace(event: str) -> None:
    """After an uninstall or a revocation nothing is posted and no token is kept."""

    async def story() -> None:
        async with slack_bot(http=True) as bot:
            people = await installed(bot)
            await people.event({"type": event, "tokens": {"bot": [people.team.bot_user]}})
            await until(lambda: not bot.drawer.names("team/"))
            place = ids.place(people.channel("ward", "mia").id, people.team.id)
            with pytest.raises(NotInstalled):
                await bot.platform.post(place, Card("Agenda"), "k")

    play(story)


def test_revoked_token_is_told_as_such() -> None:
    """A token that Slack no longer takes is a failure to be tried again later, not an unknown outcome."""

    async def story() -> None:
        async with slack_bot() as bot:
            place = bot.place(bot.people.channel("ward", "dana"))
            for token in bot.slack.world.tokens.values():
                token.revoked = True
            with pytest.raises(NotDelivered) as refused:
                await bot.platform.post(place, Card("Agenda"), "k")
            assert (refused.value.kind, refused.value.unknown, refused.value.final) == ("token_revoked", False, False)

    play(story)


def test_bolts_own_variables_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bolt reads variables of its own and would then own installation; here it never does."""
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"):
        monkeypatch.setenv(name, "1")

    async def story() -> None:
        async with slack_bot(http=True) as bot:
            people = await installed(bot)
            await people.says("mia", people.channel("ward", "mia"), "@confer agenda")
            assert [one.text for one in await bot.ear.hears(1)] == ["agenda"]
            nothing_broken(bot.breaches)

    play(story)

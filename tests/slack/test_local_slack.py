"""The local Slack is strict: what the documentation forbids, it refuses and writes down."""

import asyncio
import time
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from adapters.slack import manifest
from adapters.slack.manifest import EVENTS, SCOPES
from tests.slack.harness import SHORTCUTS, play
from tests.slack.people import People
from tests.slack.server import EVENT_SCOPES, LocalSlack, local_slack
from tests.slack.test_rules import GOOD_VIEW, plain, section


def with_slack(story):  # type: ignore[no-untyped-def]
    """Run a story with a local Slack, one workspace's people and the bot's client."""

    async def whole() -> None:
        async with local_slack(manifest(SHORTCUTS)) as slack:
            team = slack.install()
            client = AsyncWebClient(slack.world.issue_token(team.id), base_url=slack.api, retry_handlers=[])
            await story(slack, People(slack, team), client)

    play(whole)


async def refused(call) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(SlackApiError) as failure:
        await call
    return str(failure.value.response["error"])


def test_errors_are_the_documented_ones() -> None:
    """Membership, ownership, tokens and scopes are checked."""

    async def story(slack: LocalSlack, people: People, client: AsyncWebClient) -> None:
        slack.rates.on = False
        inside, outside = people.channel("ward", "dana"), people.channel("far", "dana", bot=False)
        hidden = people.channel("hidden", "dana", kind="group", bot=False)
        dana = people.person("dana").id
        said = await people.says("dana", people.channel("quiet", "dana", bot=False), "x")
        inside.messages.append(said)
        assert await refused(client.chat_postMessage(channel=outside.id, text="x")) == "not_in_channel"
        assert await refused(client.chat_postMessage(channel=hidden.id, text="x")) == "channel_not_found"
        assert await refused(client.chat_postMessage(channel="C0", text="x")) == "channel_not_found"
        assert await refused(client.chat_postMessage(channel=inside.id)) == "no_text"
        assert await refused(client.chat_update(channel=inside.id, ts=said.ts, text="x")) == "cant_update_message"
        assert await refused(client.chat_delete(channel=inside.id, ts=said.ts)) == "cant_delete_message"
        assert await refused(client.chat_delete(channel=inside.id, ts="1.0")) == "message_not_found"
        assert await refused(client.chat_postEphemeral(channel=inside.id, user="U0", text="x")) == "user_not_in_channel"
        assert await refused(client.conversations_history(channel=outside.id)) == "not_in_channel"
        assert await refused(client.reactions_add(channel=inside.id, timestamp=said.ts, name="x")) == "missing_scope"
        assert await refused(client.views_open(trigger_id="x", view=GOOD_VIEW)) == "invalid_trigger_id"
        assert await refused(AsyncWebClient("xoxb-x", base_url=slack.api).auth_test()) == "invalid_auth"
        assert await refused(client.api_call("chat.nothing")) == "unknown_method"
        blocks = [section(plain("x" * 3001))]
        assert await refused(client.chat_postMessage(channel=inside.id, text="x", blocks=blocks)) == "invalid_blocks"
        posted = await client.chat_postMessage(channel=inside.id, text="x", blocks=[section(plain("x"))])
        await client.chat_update(channel=inside.id, ts=posted["ts"], text="only text")
        assert inside.messages[-1].blocks == []
        inside.archived = True
        assert await refused(client.chat_postMessage(channel=inside.id, text="x")) == "is_archived"
        assert await refused(client.chat_update(channel=inside.id, ts=posted["ts"], text="x")) == "is_inactive"
        assert await refused(client.conversations_members(channel=outside.id, limit=1000)) == "invalid_limit"
        assert await refused(client.conversations_members(channel=outside.id, cursor="x")) == "invalid_cursor"
        slack.world.home_tab = slack.world.messages_tab = False
        home = {"type": "home", "blocks": []}
        assert await refused(client.views_publish(user_id=dana, view=home)) == "not_enabled"
        direct = people.direct("dana").id
        assert await refused(client.chat_postMessage(channel=direct, text="x")) == "messages_tab_disabled"

    with_slack(story)


def test_arguments_are_the_documented_ones() -> None:
    """What a method does not take is written down; so is a whisper in a thread that nobody sees."""

    async def story(slack: LocalSlack, people: People, client: AsyncWebClient) -> None:
        slack.rates.on = False
        channel, dana = people.channel("ward", "dana"), people.person("dana").id
        await client.api_call("chat.postEphemeral", json={"channel": channel.id, "user": dana, "text": "x", "ts": "1"})
        assert slack.world.breaches == ["chat.postEphemeral: no such argument: ts"]
        root = await client.chat_postMessage(channel=channel.id, text="x")
        await client.chat_postEphemeral(channel=channel.id, user=dana, text="x", thread_ts=root["ts"])
        assert "no active thread" in slack.world.breaches[1]
        await client.chat_postMessage(channel=channel.id, text="x", thread_ts=root["ts"])
        await client.chat_postEphemeral(channel=channel.id, user=dana, text="x", thread_ts=root["ts"])
        assert len(slack.world.breaches) == 2

    with_slack(story)


def test_a_block_keeps_no_id_when_it_changes() -> None:
    """Each iteration of a message wants new ids for its blocks."""

    async def story(slack: LocalSlack, people: People, client: AsyncWebClient) -> None:
        channel = people.channel("ward", "dana")
        block = section(plain("x")) | {"block_id": "b"}
        posted = await client.chat_postMessage(channel=channel.id, text="x", blocks=[block])
        await client.chat_update(channel=channel.id, ts=posted["ts"], text="x", blocks=[block | {"block_id": "c"}])
        assert slack.world.breaches == []
        await client.chat_update(channel=channel.id, ts=posted["ts"], text="x", blocks=[block | {"block_id": "c"}])
        assert "block_id" in slack.world.breaches[0]

    with_slack(story)


def test_posts_and_tiers_are_limited() -> None:
    """A second post within the second, and a call beyond the tier, get 429 and Retry-After; to call on is a breach."""

    async def story(slack: LocalSlack, people: People, client: AsyncWebClient) -> None:
        channel = people.channel("ward", "dana")
        await client.chat_postMessage(channel=channel.id, text="x")
        with pytest.raises(SlackApiError) as limited:
            await client.chat_postMessage(channel=channel.id, text="x")
        assert limited.value.response.status_code == 429
        assert int(limited.value.response.headers["Retry-After"]) >= 1
        slack.rates.tiers["users.info"] = 2
        for _ in range(2):
            await client.users_info(user=people.person("dana").id)
        assert await refused(client.users_info(user=people.person("dana").id)) == "ratelimited"
        assert slack.world.breaches == ["chat.postMessage: two in one channel within a second"]
        known = slack.rates._told["users.info", people.team.id]
        slack.rates._told["users.info", people.team.id] = (known[0] - 1, known[1])
        assert await refused(client.users_info(user=people.person("dana").id)) == "ratelimited"
        assert slack.world.breaches[1:] == ["users.info: called before its Retry-After was over"]

    with_slack(story)


def test_triggers_live_shortly_and_serve_once() -> None:
    """Three seconds, one view."""

    async def story(slack: LocalSlack, people: People, client: AsyncWebClient) -> None:
        dana, team = people.person("dana").id, people.team.id
        trigger = slack.world.add_trigger(team, dana)
        opened = await client.views_open(trigger_id=trigger, view=GOOD_VIEW)
        assert await refused(client.views_open(trigger_id=trigger, view=GOOD_VIEW)) == "exchanged_trigger_id"
        late = slack.world.add_trigger(team, dana)
        slack.world.triggers[late].at -= 4
        assert await refused(client.views_open(trigger_id=late, view=GOOD_VIEW)) == "expired_trigger_id"
        stale = {"view_id": opened["view"]["id"], "hash": "1.x", "view": GOOD_VIEW}
        assert await refused(client.views_update(**stale)) == "hash_conflict"
        for _ in range(2):
            within = slack.world.add_trigger(team, dana, opened["view"]["id"])
            await client.views_push(trigger_id=within, view=GOOD_VIEW)
        third = slack.world.add_trigger(team, dana, opened["view"]["id"])
        assert await refused(client.views_push(trigger_id=third, view=GOOD_VIEW)) == "push_limit_reached"

    with_slack(story)


def test_response_urls_end() -> None:
    """Five uses, thirty minutes."""

    async def story(slack: LocalSlack, people: People, client: AsyncWebClient) -> None:
        url = people._response_url(people.channel("ward", "dana"), people.person("dana"))
        hook = AsyncWebhookClient(url)
        assert [(await hook.send(text="x")).status_code for _ in range(6)] == [200] * 5 + [404]
        other = people._response_url(people.channel("ward"), people.person("dana"))
        slack.world.response_urls[other.rsplit("/", 1)[1]].at = time.time() - 1801
        assert (await AsyncWebhookClient(other).send(text="x")).status_code == 404

    with_slack(story)


def test_refresh_tokens_serve_once() -> None:
    """The second exchange of the same refresh token fails."""

    async def story(slack: LocalSlack, people: People, client: AsyncWebClient) -> None:
        token = slack.world.issue_refresh_token(people.team.id)
        about = {"client_id": slack.client_id, "client_secret": slack.client_secret, "refresh_token": token}
        slack.rotation = True
        grant = await client.oauth_v2_access(grant_type="refresh_token", **about)
        assert grant["refresh_token"] != token
        assert await refused(client.oauth_v2_access(grant_type="refresh_token", **about)) == "invalid_refresh_token"
        assert await refused(client.oauth_v2_access(grant_type="password", **about)) == "invalid_grant_type"
        guess = about | {"client_secret": "guess"}
        assert await refused(client.oauth_v2_access(grant_type="refresh_token", **guess)) == "bad_client_secret"

    with_slack(story)


def test_unacknowledged_event_comes_four_times() -> None:
    """At once, and after two longer waits; then it is written down as lost."""

    async def story(slack: LocalSlack, people: People, client: AsyncWebClient) -> None:
        slack.delivery.ack_within, slack.delivery.retry_after = 0.05, (0.0, 0.0, 0.0)
        slack.delivery.connected.set()
        ticket = (await AsyncWebClient(base_url=slack.api).apps_connections_open(app_token=slack.app_token))["url"]
        got: list[int] = []
        async with aiohttp.ClientSession() as session, session.ws_connect(ticket) as ws:
            assert (await ws.receive_json())["type"] == "hello"

            async def listen() -> None:
                got.extend([message.json()["retry_attempt"] async for message in ws])

            listening = asyncio.create_task(listen())
            answer = await people.event({"type": "app_home_opened", "user": "U0"})
            await ws.close()
            await listening
            async with session.get(ticket.replace("ws", "http", 1)) as again:
                assert again.status == 401
        assert (answer.late, got) == (True, [0, 1, 2, 3])
        assert "not acknowledged" in slack.world.breaches[0]

    with_slack(story)


def test_manifest_asks_for_what_is_used() -> None:
    """Every event has its scope, and every scope a reason."""
    made = manifest(SHORTCUTS, url="https://confer.test")
    assert made["settings"]["event_subscriptions"]["request_url"] == "https://confer.test/slack/events"
    assert {EVENT_SCOPES[event] for event in EVENTS} - {""} <= set(SCOPES)
    assert all(SCOPES.values())
    assert len(made["display_information"]["description"]) <= 140
    assert all(len(s["name"]) <= 24 and len(s["description"]) <= 150 for s in made["features"]["shortcuts"])
    assert manifest()["settings"]["socket_mode_enabled"]


def test_every_scope_is_explained() -> None:
    """The page for people names every scope that the manifest asks for."""
    page = (Path(__file__).parents[2] / "docs" / "slack.md").read_text(encoding="utf-8")
    assert not [scope for scope in SCOPES if f"`{scope}`" not in page]
    assert f"{len(SCOPES)}" in page or "thirteen bot scopes" in page
    assert len(SCOPES) == 13

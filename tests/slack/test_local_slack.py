"""The local Slack is strict: what the documentation forbids, it refuses and writes down."""

import asyncio
import time
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from adapters.slack import manifest, rules
from adapters.slack.manifest import EVENTS, SCOPES
from tests.slack.harness import SHORTCUTS, play
from tests.slack.people import People
from tests.slack.server import EVENT_SCOPES, LocalSlack, local_slack


def plain(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": text}


def section(text: object) -> dict[str, object]:
    return {"type": "section", "text": text}


def button(**more: object) -> dict[str, object]:
    return {"type": "button", "action_id": "a", "text": plain("x"), **more}


def actions(*elements: object, **more: object) -> dict[str, object]:
    return {"type": "actions", "elements": list(elements), **more}


OPTION = {"text": plain("x"), "value": "v"}
BAD_BLOCKS: dict[str, list[object]] = {
    "51 blocks": [{"type": "divider"}] * 51,
    "unknown block": [{"type": "sektion"}],
    "no text": [{"type": "section"}],
    "empty text": [section(plain(""))],
    "long section": [section(plain("x" * 3001))],
    "text not an object": [section("x")],
    "eleven fields": [{"type": "section", "fields": [plain("x")] * 11}],
    "long field": [{"type": "section", "fields": [plain("x" * 2001)]}],
    "mrkdwn header": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
    "long header": [{"type": "header", "text": plain("x" * 151)}],
    "eleven in a context": [{"type": "context", "elements": [plain("x")] * 11}],
    "no elements": [actions()],
    "26 elements": [actions(*(button(action_id=f"a{n}") for n in range(26)))],
    "same action id": [actions(button(), button())],
    "same block id": [{"type": "divider", "block_id": "b"}] * 2,
    "long block id": [{"type": "divider", "block_id": "b" * 256}],
    "long button": [actions(button(text=plain("x" * 76)))],
    "long value": [actions(button(value="x" * 2001))],
    "mrkdwn button": [actions(button(text={"type": "mrkdwn", "text": "x"}))],
    "strange style": [actions(button(style="green"))],
    "strange key": [actions(button(colour="green"))],
    "no action id": [actions({"type": "button", "text": plain("x")})],
    "input in actions": [actions({"type": "plain_text_input", "action_id": "a"})],
    "101 options": [
        actions(
            {"type": "static_select", "action_id": "a", "options": [{**OPTION, "value": f"{n}"} for n in range(101)]}
        )
    ],
    "long option value": [
        actions({"type": "static_select", "action_id": "a", "options": [{**OPTION, "value": "v" * 151}]})
    ],
    "long option": [
        actions({"type": "static_select", "action_id": "a", "options": [{**OPTION, "text": plain("x" * 76)}]})
    ],
    "six in an overflow": [
        actions({"type": "overflow", "action_id": "a", "options": [{**OPTION, "value": f"{n}"} for n in range(6)]})
    ],
    "initial option elsewhere": [
        actions(
            {"type": "static_select", "action_id": "a", "options": [OPTION], "initial_option": {**OPTION, "value": "w"}}
        )
    ],
    "input without dispatch": [
        {"type": "input", "label": plain("x"), "element": {"type": "plain_text_input", "action_id": "a"}}
    ],
    "all together too long": [section(plain("x" * 2900))] * 5,
    "unescaped": [section({"type": "mrkdwn", "text": "a < b"})],
    "broadcast": [section({"type": "mrkdwn", "text": "<!channel>"})],
    "confirm too long": [
        actions(
            button(confirm={"title": plain("x" * 101), "text": plain("x"), "confirm": plain("y"), "deny": plain("n")})
        )
    ],
}
GOOD_VIEW = {"type": "modal", "title": plain("Confer"), "blocks": [section(plain("x"))]}
INPUT = {
    "type": "input",
    "block_id": "b",
    "label": plain("x"),
    "element": {"type": "plain_text_input", "action_id": "a"},
}
BAD_VIEWS: dict[str, object] = {
    "no object": "x",
    "no title": {"type": "modal", "blocks": []},
    "long title": {**GOOD_VIEW, "title": plain("x" * 25)},
    "long close": {**GOOD_VIEW, "close": plain("x" * 25)},
    "long metadata": {**GOOD_VIEW, "private_metadata": "x" * 3001},
    "input without submit": {**GOOD_VIEW, "blocks": [INPUT]},
    "101 blocks": {**GOOD_VIEW, "blocks": [{"type": "divider"}] * 101},
    "markdown": {**GOOD_VIEW, "blocks": [{"type": "markdown", "text": "x"}]},
    "long label": {**GOOD_VIEW, "submit": plain("x"), "blocks": [{**INPUT, "label": plain("x" * 2001)}]},
    "long initial value": {
        **GOOD_VIEW,
        "submit": plain("x"),
        "blocks": [{**INPUT, "element": {"type": "plain_text_input", "action_id": "a", "initial_value": "x" * 3001}}],
    },
    "home with a title": {"type": "home", "title": plain("x"), "blocks": []},
}


@pytest.mark.parametrize("name", BAD_BLOCKS)
def test_bad_blocks_are_found(name: str) -> None:
    """Each of these breaks a documented rule."""
    assert rules.message_problems({"text": "x", "blocks": BAD_BLOCKS[name]})


@pytest.mark.parametrize("name", BAD_VIEWS)
def test_bad_views_are_found(name: str) -> None:
    """Each of these breaks a documented rule."""
    assert rules.view_problems(BAD_VIEWS[name])


def test_good_ones_pass() -> None:
    """The same things, as they should be."""
    blocks = [section(plain("x" * 3000)), actions(button(value="x" * 2000), button(action_id="b", style="danger"))]
    assert rules.message_problems({"text": "x", "blocks": blocks}) == []
    assert rules.view_problems(GOOD_VIEW) == []
    assert rules.view_problems({**GOOD_VIEW, "submit": plain("Send"), "blocks": [INPUT]}) == []


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
        assert dana

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

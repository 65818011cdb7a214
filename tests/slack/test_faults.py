"""Nothing that Slack sent is lost or done twice, and it is acknowledged in time, whatever goes wrong."""

import asyncio
import json
import os
import time
from pathlib import Path

import aiohttp
import pytest

from adapters.card import Card, Field, Form
from adapters.platform import NotDelivered
from adapters.slack import SlackPlatform
from storage.inbox import SealedInbox
from storage.keys import RootKey
from tests.slack.harness import Ear, nothing_broken, play, running, slack_bot, until


@pytest.mark.parametrize("http", [False, True])
def test_two_hundred_at_once(http: bool) -> None:
    """A storm of events is acknowledged in time and carried out once each, in the order of each conversation."""

    async def story() -> None:
        async with slack_bot(http=http) as bot:
            channels = [bot.people.channel(f"ward-{n}", "dana", "lee") for n in range(10)]
            bot.slack.delivery.retry_after = (0.0, 0.1, 0.1)
            for _ in range(20):
                bot.slack.faults.deliver("duplicate")
            await asyncio.gather(
                *(bot.people.says("dana", channels[n % 10], f"@confer extend {n}m") for n in range(200))
            )
            heard = await bot.ear.hears(200)
            await bot.slack.delivery.settle()
            await bot.platform.intake.finish()
            assert len(bot.ear.heard) == 200
            for channel in [] if http else channels:  # requests race each other on their way
                numbers = [int(i.text[7:-1]) for i in heard if i.place.room == bot.place(channel).room]
                assert numbers == sorted(numbers)
            assert max(a.seconds for a in bot.slack.delivery.acknowledgements) < 3
            nothing_broken(bot.breaches)

    play(story)


def test_acknowledged_while_the_database_is_locked() -> None:
    """Ten seconds of a locked database delay the work, never the acknowledgement."""

    async def story() -> None:
        release = asyncio.Event()
        ear = Ear()
        ear.before = release.wait
        async with slack_bot(ear=ear) as bot:
            channel = bot.people.channel("ward", "dana")
            await bot.people.says("dana", channel, "@confer agenda")
            await bot.people.commands("dana", channel, "agenda lock")
            await bot.people.says("dana", bot.people.direct("dana"), "whoami")
            slowest = max(a.seconds for a in bot.slack.delivery.acknowledgements)
            assert slowest < 0.5
            assert not ear.heard
            release.set()
            assert {i.text for i in await ear.hears(3)} == {"agenda", "agenda lock", "whoami"}
            nothing_broken(bot.breaches)

    play(story)


@pytest.mark.parametrize("committed", [False, True])
def test_killed_between_acknowledging_and_committing(committed: bool) -> None:
    """What was acknowledged is in the inbox: the next process hands it over, and it is carried out once."""

    async def story() -> None:
        stuck = asyncio.Event()
        ear = Ear()

        async def hang() -> None:
            stuck.set()
            if not committed:
                await asyncio.Event().wait()

        ear.before = hang
        async with slack_bot(ear=ear) as bot:
            if committed:
                bot.platform.intake._inbox.done = lambda _: None  # type: ignore[method-assign]
            channel = bot.people.channel("ward", "dana")
            await bot.people.says("dana", channel, "@confer agenda")
            await stuck.wait()
            # What a killed process leaves behind: the file as it stands.
            left = bot.inbox.with_name("left")
            left.write_bytes(bot.inbox.read_bytes())
            bot.platform.intake.stop()
            ear.before = None
            inbox = SealedInbox(left, bot.root, "slack")
            fresh = SlackPlatform(bot.platform.options, bot.drawer, inbox)
            async with running(fresh, ear.receive):
                await ear.hears(1)
                await fresh.intake.finish()
                assert [i.text for i in ear.heard] == ["agenda"]
            assert inbox.pending() == ()

    play(story)


def test_a_failing_bot_is_tried_again() -> None:
    """An exception on the way loses nothing."""

    async def story() -> None:
        ear, failures = Ear(), [RuntimeError("Lakeview"), RuntimeError("x")]

        async def fail() -> None:
            if failures:
                raise failures.pop()

        ear.before = fail
        async with slack_bot(ear=ear) as bot:
            await bot.people.says("dana", bot.people.direct("dana"), "whoami")
            await ear.hears(1)
            assert ear.calls == 3

    play(story)


@pytest.mark.parametrize("http", [False, True])
def test_what_cannot_be_taken_in_is_said_and_comes_again(http: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Only the kind of the error is logged; Slack gets no acknowledgement and sends it anew."""

    async def story() -> None:
        async with slack_bot(http=http) as bot:
            failures, answer = [RuntimeError("Lakeview")], bot.platform.intake._answer

            async def fails(body: dict[str, object]) -> dict[str, object] | None:
                if failures:
                    raise failures.pop()
                return await answer(body)

            bot.platform.intake._answer = fails
            await bot.people.says("dana", bot.people.direct("dana"), "whoami")
            await bot.ear.hears(1)
            assert "what Slack sent was not taken in: RuntimeError" in caplog.text
            assert "Lakeview" not in caplog.text

    play(story)


def test_forged_and_replayed_requests() -> None:
    """Only Slack's signature of the last five minutes is taken; the same request again does nothing."""

    async def story() -> None:
        async with slack_bot(http=True) as bot:
            send = bot.slack.delivery
            event = {
                "type": "message",
                "channel": bot.people.direct("dana").id,
                "channel_type": "im",
                "user": bot.people.person("dana").id,
                "text": "whoami",
                "ts": "1800000000.000100",
            }
            body = json.dumps(bot.people.event_payload(event))
            kind = {"Content-Type": "application/json"}
            assert await send.raw(body, kind) is None
            assert await send.raw(body, kind | send.signature(body, secret="guess")) is None
            assert await send.raw(body + " ", kind | send.signature(body)) is None
            assert await send.raw(body, kind | send.signature(body, at=time.time() - 301)) is None
            assert await send.raw(body, kind | send.signature(body) | {"X-Slack-Request-Timestamp": "now"}) is None
            assert await send.raw(body, kind | send.signature(body, at=time.time() + 301)) is None
            assert await send.raw(body, kind | send.signature(body, at=time.time() - 200)) == {}
            good = kind | send.signature(body)
            assert await send.raw(body, good) == {}
            assert await send.raw(body, good) == {}
            await bot.platform.intake.finish()
            assert len(bot.ear.heard) == 1

    play(story)


def test_a_request_that_cannot_be_read_is_no_fault_of_the_bots(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever somebody on the internet sends, it is refused as theirs, and nothing of it is logged."""

    async def story() -> None:
        async with slack_bot(http=True) as bot:
            url = f"{bot.platform.web.url}/slack/events" if bot.platform.web else ""
            signed = bot.slack.delivery.signature("x")
            async with aiohttp.ClientSession() as session:
                for about in (
                    {"X-Slack-Request-Timestamp": "Lakeview"},
                    {"X-Slack-Request-Timestamp": "1" * 400},
                    {"X-Slack-Signature": "v0=é"},
                    {},
                ):
                    for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
                        headers = signed | about | {"Content-Type": kind}
                        for body in (b"payload=%7BLakeview", b"[]", b"\xff\xfe", b"[" * 100_000):
                            async with session.post(url, data=body, headers=headers) as answer:
                                assert (answer.status, await answer.text()) == (401, "")
                async with session.post(url, data={"ssl_check": "1", "token": "x"}) as answer:
                    assert answer.status == 200
            assert "Lakeview" not in caplog.text

    play(story)


def test_events_that_slack_holds_back_are_an_alarm(caplog: pytest.LogCaptureFixture) -> None:
    """Beyond so many events an hour Slack keeps them to itself and says so: whoever runs the bot has to know."""

    async def story() -> None:
        async with slack_bot(http=True) as bot:
            body = json.dumps({"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1518467820})
            headers = {"Content-Type": "application/json"} | bot.slack.delivery.signature(body)
            assert await bot.slack.delivery.raw(body, headers) == {}
            assert "holds events back" in caplog.text

    play(story)


def test_url_verification() -> None:
    """The challenge with which Slack tries an address is answered."""

    async def story() -> None:
        async with slack_bot(http=True) as bot:
            body = json.dumps({"type": "url_verification", "challenge": "abc", "token": "x"})
            headers = {"Content-Type": "application/json"} | bot.slack.delivery.signature(body)
            assert await bot.slack.delivery.raw(body, headers) == {"challenge": "abc"}

    play(story)


@pytest.mark.parametrize("how", ["refresh", "cut"])
def test_sockets_come_back(how: str) -> None:
    """A connection that is to be renewed, or that breaks, loses nothing."""

    async def story() -> None:
        async with slack_bot(sockets=3) as bot:
            await until(lambda: len(bot.slack.delivery.sockets) == 3)
            bot.slack.delivery.retry_after = (0.0, 0.2, 0.5)
            before = {id(s) for s in bot.slack.delivery.sockets}
            if how == "refresh":
                await bot.slack.delivery.refresh()
            else:
                first = bot.slack.delivery.sockets[0]
                assert first.ws._req
                assert first.ws._req.transport
                first.ws._req.transport.abort()
            await until(lambda: before - {id(s) for s in bot.slack.delivery.sockets})
            channel = bot.people.channel("ward", "dana")
            for n in range(5):
                await bot.people.says("dana", channel, f"@confer extend {n}m")
            assert len({i.text for i in await bot.ear.hears(5)}) == 5

    play(story)


def test_dropped_and_reordered_events() -> None:
    """An event that was lost on the way comes again; one that comes late is still heard."""

    async def story() -> None:
        async with slack_bot() as bot:
            channel = bot.people.channel("ward", "dana")
            bot.slack.faults.deliver("reorder")
            await bot.people.says("dana", channel, "first")
            await bot.people.says("dana", channel, "second")
            assert {i.text for i in await bot.ear.hears(2)} == {"first", "second"}
            bot.slack.faults.deliver("drop")
            await bot.people.says("dana", channel, "third")
            await bot.ear.hears(3)
            assert bot.slack.delivery.acknowledgements[-1].attempts == 2

    play(story)


def test_same_event_in_two_instances() -> None:
    """Two instances of the bot that are both sent an event hand over one and the same id."""

    async def story() -> None:
        async with slack_bot() as bot:
            channel = bot.people.channel("ward", "dana")
            inbox = SealedInbox(bot.inbox.with_name("second"), bot.root, "slack")
            second = SlackPlatform(bot.platform.options, bot.drawer, inbox)
            async with running(second, bot.ear.receive):
                event = (await bot.people.says("dana", channel, "hello")).shown()
                payload = bot.people.event_payload({**event, "channel": channel.id})
                for intake in (bot.platform.intake, second.intake):
                    await intake.take(payload)
                    await intake.finish()
                assert bot.ear.calls >= 2
                assert len(bot.ear.heard) == 1

    play(story)


def test_inbox_outlives_a_torn_write(tmp_path: Path) -> None:
    """What was put is there after a crash, what was done is not, and half a record is cut off."""
    root, path = RootKey.new(), tmp_path / "inbox"
    inbox = SealedInbox(path, root, "slack")
    first, second, third = inbox.put([b"Lakeview", b"two", b"three"])
    inbox.done(second)
    inbox.close()
    assert b"Lakeview" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    for cut in (1, 7, 20):
        torn = tmp_path / f"torn-{cut}"
        torn.write_bytes(path.read_bytes() + os.urandom(cut))
        again = SealedInbox(torn, root, "slack")
        assert again.pending() == ((first, b"Lakeview"), (third, b"three"))
        assert again.put([b"four"]) == (4,)
        again.close()
        assert len(SealedInbox(torn, root, "slack").pending()) == 3
    assert SealedInbox(path, RootKey.new(), "slack").pending() == ()


def test_inbox_begins_anew_when_empty(tmp_path: Path) -> None:
    """A long-lived inbox does not grow for ever."""
    inbox = SealedInbox(tmp_path / "inbox", RootKey.new(), "slack")
    for _ in range(3):
        for number in inbox.put([b"x" * 200_000] * 3):
            inbox.done(number)
    assert (tmp_path / "inbox").stat().st_size == 0


@pytest.mark.parametrize("skew", [-280.0, 280.0])
@pytest.mark.parametrize("http", [False, True])
def test_clocks_that_are_apart(skew: float, http: bool) -> None:
    """Nearly five minutes between Slack's clock and ours: signatures count, views open, a lost answer is looked up."""

    async def story() -> None:
        async with slack_bot(http=http, skew=skew, modals=True) as bot:
            channel = bot.people.channel("ward", "dana")
            await bot.people.says("dana", channel, "@confer agenda")
            await bot.ear.hears(1)
            bot.slack.faults.on("chat.postMessage", "lost")
            with pytest.raises(NotDelivered):
                await bot.platform.post(bot.place(channel), Card("Agenda"), "k")
            form = Form("Fill in", "A case", "case submit", (Field("question", "Question"),))
            await bot.platform.post(bot.place(channel), Card("Agenda"), "k")
            ref = await bot.platform.post(bot.place(channel), Card("A case", (form,)), "f")
            assert len([m for m in channel.messages if m.bot_id]) == 2
            message = channel.find(ref.message)
            assert message
            await bot.people.presses("dana", message, "Fill in")
            view = await until(lambda: bot.people.open_view("dana"))
            await until(lambda: "submit" in view.body)
            nothing_broken(bot.breaches)

    play(story)


def test_clocks_that_are_too_far_apart() -> None:
    """Beyond five minutes a signature proves nothing: nothing is taken, whoever's clock is wrong."""

    async def story() -> None:
        async with slack_bot(http=True, skew=400.0) as bot:
            body = json.dumps(bot.people.event_payload({"type": "message", "channel": "D1", "ts": "1.0", "user": "U1"}))
            headers = {"Content-Type": "application/json"} | bot.slack.delivery.signature(body)
            assert await bot.slack.delivery.raw(body, headers) is None
            assert bot.ear.heard == []

    play(story)

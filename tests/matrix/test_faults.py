"""Homeservers that are down, slow or lie, stops at any moment, lost keys: nothing is lost and nothing is doubled."""

import asyncio
from typing import Any

import pytest

from adapters.card import Card
from adapters.matrix import log_in
from adapters.matrix.http import Homeserver
from adapters.matrix.login import Credentials, session_of
from adapters.matrix.platform import Stopped
from adapters.platform import NotDelivered, Outcome, Place
from tests.matrix.conftest import Play
from tests.matrix.house import House
from tests.matrix.people import PASSWORD
from tests.matrix.proxy import Proxy


def test_commands_typed_while_the_bot_was_down(play: Play) -> None:
    """After a stop every command is carried out, also those that a limited timeline leaves out, and posts reach quiet rooms (facts 4, 5)."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        await dana.says(room, "!confer first")
        await house.ear.hears(1)
        await house.stop()
        for number in range(70):
            await dana.says(room, f"!confer task {number}")
        house.start()
        heard = await house.ear.hears(71)
        assert [one.text for one in heard[1:]] == [f"task {number}" for number in range(70)]
        await house.platform.post(Place("matrix", room), Card("Back"), "k1")
        await dana.hears(room, "Back")

    play(story)


def test_token_is_kept_only_after_the_commit(play: Play) -> None:
    """What was received and not yet carried out at a stop comes again after it (fact 3)."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        begun, never = asyncio.Event(), asyncio.Event()

        async def hangs(_invocation: Any) -> Outcome:
            begun.set()
            await never.wait()
            return Outcome()

        house.ear.answer = hangs
        await dana.says(room, "!confer agenda")
        await begun.wait()
        await house.stop()
        assert not house.ear.commands
        house.ear.answer = None
        house.start()
        assert [one.text for one in await house.ear.hears(1)] == ["agenda"]

    play(story)


def test_failing_handler_does_not_stop_the_others(play: Play) -> None:
    """A command whose handling breaks is tried again, and those behind it are carried out (fact 7)."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        failures = iter([RuntimeError("busy")])

        async def fails_once(_invocation: Any) -> Outcome:
            if failure := next(failures, None):
                raise failure
            return Outcome()

        house.ear.answer = fails_once
        await dana.says(room, "!confer agenda")
        await dana.says(room, "!confer tasks")
        assert [one.text for one in await house.ear.hears(2)] == ["agenda", "tasks"]

    play(story)


def test_homeserver_is_down_and_comes_back(play: Play) -> None:
    """Posts say that they were not taken, requests are few, and all goes on when it is back (fact 6)."""

    async def story(house: House) -> None:
        async with Proxy(house.url) as proxy:
            house.start(proxy.url)
            dana = await house.person("dana")
            room = await house.room("case-room", dana)
            proxy.down = True
            proxy.asked.clear()
            with pytest.raises(NotDelivered) as failed:
                await house.platform.post(Place("matrix", room), Card("Agenda"), "k1")
            assert failed.value.unknown
            await dana.says(room, "!confer agenda")
            await asyncio.sleep(1.2)  # the time in which a storm would come
            assert len(proxy.asked) < 10
            proxy.down = False
            await house.ear.hears(1)
            await house.platform.post(Place("matrix", room), Card("Agenda"), "k1")
            await dana.hears(room, "Agenda")
            await house.stop()

    play(story)


def test_lost_answer_posts_once(play: Play) -> None:
    """A post whose answer was lost is sent again under its number and seen once, also after a restart (fact 13)."""

    async def story(house: House) -> None:
        async with Proxy(house.url) as proxy:
            house.start(proxy.url)
            dana = await house.person("dana")
            room = await house.room("case-room", dana)
            await house.platform.post(Place("matrix", room), Card("Before"), "k0")
            proxy.lose_answers = True
            with pytest.raises(NotDelivered):
                await house.platform.post(Place("matrix", room), Card("Agenda"), "k1")
            proxy.lose_answers = False
            await house.stop()
            house.start()
            ref = await house.platform.post(Place("matrix", room), Card("Agenda, written anew"), "k1")
            await house.platform.post(Place("matrix", room), Card("After"), "k2")
            await dana.hears(room, "After")
            assert [h.text for h in dana.sees(room)] == ["Before", "Agenda", "After"]
            assert dana.sees(room)[1].event == ref.message

    play(story)


def test_too_many_requests(play: Play) -> None:
    """A limit is told to whoever delivers, with its waiting time; nothing waits unseen (fact 8)."""

    async def story(house: House) -> None:
        async with Proxy(house.url) as proxy:
            house.start(proxy.url)
            dana = await house.person("dana")
            room = await house.room("case-room", dana)

            def limited(method: str, path: str) -> Any:
                busy = {"errcode": "M_LIMIT_EXCEEDED", "error": "slow", "retry_after_ms": 1500}
                return (429, busy) if method == "PUT" and "/send/" in path else None

            proxy.answer = limited
            with pytest.raises(NotDelivered) as failed:
                await house.platform.post(Place("matrix", room), Card("Agenda"), "k1")
            assert (failed.value.kind, failed.value.retry_after) == ("rate_limited", 1.5)
            assert not failed.value.final
            proxy.answer = None
            await house.platform.post(Place("matrix", room), Card("Agenda"), "k1")
            await dana.hears(room, "Agenda")
            await house.stop()

    play(story)


def test_logged_out_means_stop(play: Play) -> None:
    """A token that is not valid any more ends the platform instead of storming the homeserver (fact 6)."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        session = await session_of(house.drawer)
        assert session
        async with Homeserver(house.url, session.token) as server:
            await server.call("POST", "/logout", {})
        ended = await house.stopped()
        assert isinstance(ended, Stopped)
        assert ended.kind == "logged_out"
        with pytest.raises(NotDelivered) as refused:
            await house.platform.post(Place("matrix", room), Card("x"), "k")
        assert refused.value.kind == "logged_out"

    play(story)


@pytest.mark.parametrize("how", ["gone", "foreign"])
def test_lost_store_is_noticed_and_said(play: Play, how: str) -> None:
    """A crypto store that is gone or is another's stops the bot, and the rooms learn the way back (fact 9)."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        await house.stop()
        store = house.setup.folder / "crypto.db"
        if how == "gone":
            store.unlink()
        else:
            other = House(house.url, house.folder / "other")
            async with other:
                store.write_bytes((other.setup.folder / "crypto.db").read_bytes())
        house.start()
        ended = await house.stopped()
        assert isinstance(ended, Stopped)
        assert ended.kind == "store_lost"
        await dana.hears(room, "confer matrix login", by=house.bot)
        await log_in(house.setup, house.drawer, Credentials(house.name, PASSWORD))
        house.start()
        await house.platform.post(Place("matrix", room), Card("Mended"), "k9")
        await dana.hears(room, "Mended")
        await dana.says(room, "!confer agenda")
        await house.ear.hears(1)

    play(story)


def test_store_is_for_nobody_elses_eyes(play: Play) -> None:
    """The crypto store is private and its keys are sealed with random bytes that only the drawer has (fact 9)."""

    async def story(house: House) -> None:
        session = await session_of(house.drawer)
        assert session
        folder = house.setup.folder
        assert folder.stat().st_mode & 0o777 == 0o700
        for file in folder.iterdir():
            assert file.stat().st_mode & 0o777 == 0o600
            assert session.token.encode() not in file.read_bytes()
        assert len(session.store_key) == 44

    play(story)


def test_withheld_key_is_explained(play: Play) -> None:
    """A client that says that it gives us no keys is told apart from a key that was lost (fact 10)."""

    async def story(house: House) -> None:
        async with Proxy(house.url) as proxy:
            house.start(proxy.url)
            dana = await house.person("dana")
            room = await house.room("case-room", dana)

            def withhold(_path: str, answer: Any) -> Any:
                events = answer.get("to_device", {}).get("events", [])
                if "to_device" in answer:
                    answer["to_device"]["events"] = [e for e in events if e["type"] != "m.room.encrypted"]
                return answer

            proxy.rewrite = withhold
            await dana.says(room, "!confer agenda")
            said = {
                "algorithm": "m.megolm.v1.aes-sha2",
                "room_id": room,
                "session_id": dana.client.olm.outbound_group_sessions[room].id,
                "sender_key": dana.client.olm.account.identity_keys["curve25519"],
                "code": "m.unverified",
            }
            async with Homeserver(house.url, dana.client.access_token) as server:
                path = "/sendToDevice/m.room_key.withheld/t1"
                await server.call("PUT", path, {"messages": {house.bot: {"*": said}}})
            await dana.hears(room, "your client does not send its keys to me", by=house.bot)
            assert house.platform.counters.unreadable == 1
            assert not house.ear.commands
            await house.stop()

    play(story)


def test_storm_of_unreadable_messages(play: Play) -> None:
    """Many messages without keys cost one hint, one new private session, and none of the commands between them."""

    async def story(house: House) -> None:
        async with Proxy(house.url) as proxy:
            house.start(proxy.url)
            dana, lee = await house.person("dana"), await house.person("lee")
            room = await house.room("case-room", dana, lee)
            await lee.says(room, "!confer first")
            await house.ear.hears(1)
            await dana.says(room, "!confer second")
            await house.ear.hears(2)
            dana.client.olm.outbound_group_sessions.pop(room)

            def withhold(_path: str, answer: Any) -> Any:
                events = answer.get("to_device", {}).get("events", [])
                if "to_device" in answer:
                    answer["to_device"]["events"] = [e for e in events if e["sender"] != dana.account]
                return answer

            proxy.rewrite = withhold
            proxy.asked.clear()
            for number in range(40):
                await dana.says(room, f"!confer unreadable {number}")
            await lee.says(room, "!confer third")
            await dana.hears(room, "could not read a message here", by=house.bot)
            assert [one.text for one in await house.ear.hears(3)] == ["first", "second", "third"]
            assert house.platform.counters.unreadable == 40
            assert len([h for h in dana.sees(room) if "could not read a message" in h.text]) == 1
            assert len([path for path in proxy.asked if "/keys/claim" in path]) == 1
            await house.stop()

    play(story)


def test_missing_key_is_asked_for_and_explained(play: Play) -> None:
    """A command whose key never came is counted, asked for again, and its sender told (fact 10)."""

    async def story(house: House) -> None:
        async with Proxy(house.url) as proxy:
            house.start(proxy.url)
            dana = await house.person("dana")
            room = await house.room("case-room", dana)
            kept: list[Any] = []

            def withhold(_path: str, answer: Any) -> Any:
                events = answer.get("to_device", {}).get("events", [])
                kept.extend(events)
                if "to_device" in answer:
                    answer["to_device"]["events"] = []
                return answer

            proxy.rewrite = withhold
            await dana.says(room, "!confer agenda")
            await dana.hears(room, "could not read a message here", by=house.bot)
            assert house.platform.counters.unreadable == 1
            requests = [e for e in dana.to_device if type(e).__name__ == "DummyEvent"]
            assert requests
            await house.stop()
            give = {"rest": list(kept)}

            def late(_path: str, answer: Any) -> Any:
                if "next_batch" in answer and give["rest"]:
                    answer.setdefault("to_device", {"events": []})["events"] = give.pop("rest") + answer.get(
                        "to_device", {}
                    ).get("events", [])
                    give["rest"] = []
                return answer

            proxy.rewrite = late
            house.start(proxy.url)
            assert [one.text for one in await house.ear.hears(1)] == ["agenda"]
            await house.stop()

    play(story)

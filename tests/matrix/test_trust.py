"""Whose words count, and who can read the bot: the homeserver's word is never enough."""

from typing import Any

from adapters.card import Actions, Button, Card
from adapters.matrix import DevicePolicy
from adapters.matrix.http import Homeserver
from adapters.matrix.signing import is_signed, public_key
from adapters.platform import Place
from tests.matrix.conftest import Play
from tests.matrix.house import House
from tests.matrix.people import _identities, identity_of, sign_device
from tests.matrix.proxy import Proxy, timeline


def test_relabelled_sender_is_refused(play: Play) -> None:
    """A homeserver that shows one person's ciphertext as another's gets nothing carried out (fact 1)."""

    async def story(house: House) -> None:
        async with Proxy(house.url) as proxy:
            house.start(proxy.url)
            dana, lee = await house.person("dana"), await house.person("lee")
            room = await house.room("case-room", dana, lee)
            await lee.says(room, "!confer whoami")
            await house.ear.hears(1)

            def lie(_path: str, answer: Any) -> Any:
                for event in timeline(answer):
                    if event["sender"] == dana.account:
                        event["sender"] = lee.account
                return answer

            proxy.rewrite = lie
            await dana.says(room, "!confer case erase C-7K2P")
            await lee.hears(room, "do not act on messages from this device", by=house.bot)
            assert [one.text for one in house.ear.commands] == ["whoami"]
            assert house.platform.counters.refused_devices == 1
            await house.stop()

    play(story)


def test_same_ciphertext_twice_is_one_command(play: Play) -> None:
    """A homeserver that sends a command again as a new event has it carried out once."""

    async def story(house: House) -> None:
        async with Proxy(house.url) as proxy:
            house.start(proxy.url)
            dana = await house.person("dana")
            room = await house.room("case-room", dana)

            def again(_path: str, answer: Any) -> Any:
                for part in answer.get("rooms", {}).get("join", {}).values():
                    events = part["timeline"]["events"]
                    part["timeline"]["events"] = events + [
                        {**e, "event_id": e["event_id"] + "again", "origin_server_ts": e["origin_server_ts"] + 5}
                        for e in events
                        if e["type"] == "m.room.encrypted"
                    ]
                return answer

            proxy.rewrite = again
            await dana.says(room, "!confer agenda")
            await dana.says(room, "!confer tasks")
            await house.ear.hears(2)
            await dana.says(room, "!confer last")
            assert [one.text for one in await house.ear.hears(3)] == ["agenda", "tasks", "last"]
            await house.stop()

    play(story)


def test_device_that_nobody_signed_is_refused_and_told(play: Play) -> None:
    """A device that its owner has not signed gives no command, gets no keys, and learns why in words it can read."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana", signed=False)
        room = await house.room("case-room", dana)
        await dana.says(room, "!confer agenda")
        hint = await dana.hears(room, "do not act on messages from this device", by=house.bot)
        assert not hint.encrypted
        assert not house.ear.commands
        await house.platform.post(Place("matrix", room), Card("Clinical words"), "k1")
        await dana.until(lambda: any(not h.readable for h in dana.sees(room)), "something that is not readable")
        kinds = {str(getattr(e, "source", {}).get("type")) for e in dana.to_device}
        assert "m.room_key.withheld" in kinds
        await sign_device(house.url, dana.client, identity_of(dana.account))
        await dana.says(room, "!confer tasks")
        assert [one.text for one in await house.ear.hears(1)] == ["tasks"]
        await house.platform.post(Place("matrix", room), Card("Now readable"), "k2")
        await dana.hears(room, "Now readable")

    play(story)


def test_any_device_counts_where_that_is_configured(play: Play) -> None:
    """With ``any`` an unsigned device may speak, but still nobody may speak for another."""

    async def story(house: House) -> None:
        house.start(devices=DevicePolicy.ANY)
        dana = await house.person("dana", signed=False)
        room = await house.room("case-room", dana)
        await dana.says(room, "!confer agenda")
        assert [(one.account, one.text) for one in await house.ear.hears(1)] == [(dana.account, "agenda")]
        await house.platform.post(Place("matrix", room), Card("For all devices"), "k1")
        await dana.hears(room, "For all devices")

    play(story)


def test_verified_policy_wants_compared_emoji(play: Play) -> None:
    """With ``verified`` a signed device is not enough."""

    async def story(house: House) -> None:
        house.start(devices=DevicePolicy.VERIFIED)
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        await dana.says(room, "!confer agenda")
        await dana.hears(room, "only act for people who have verified me", by=house.bot)
        assert not house.ear.commands

    play(story)


def test_second_device_that_comes_late(play: Play) -> None:
    """A signed device that is added later reads what is posted from then on, and its commands count."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        place = Place("matrix", room)
        await house.platform.post(place, Card("Early"), "k1")
        await dana.hears(room, "Early")
        phone = await house.person(dana.account.removeprefix("@").partition(":")[0], same=dana)
        await dana.until(lambda: phone.client.device_id in dana.client.device_store[dana.account], "the new device")
        await house.platform.post(place, Card("Late"), "k2")
        await phone.hears(room, "Late")
        await phone.says(room, "!confer agenda")
        assert (await house.ear.hears(1))[0].account == dana.account

    play(story)


def test_device_without_one_time_keys_reads_once_it_has_some(play: Play) -> None:
    """Who was away until all keys were used up gets the room's key with the next event, not with the next session."""

    async def story(house: House) -> None:
        async with Proxy(house.url) as proxy:
            dana = await house.person("dana")
            proxy.rewrite = lambda path, answer: {"one_time_keys": {}} if path.endswith("/keys/claim") else answer
            house.start(proxy.url)
            room = await house.room("case-room", dana)
            place = Place("matrix", room)
            await house.platform.post(place, Card("First words"), "k1")
            await house.platform.post(place, Card("Second words"), "k2")
            proxy.rewrite = None
            await house.platform.post(place, Card("Third words"), "k3")
            await dana.hears(room, "Third words")
            await house.platform.post(place, Card("Fourth words"), "k4")
            await dana.hears(room, "Fourth words")
            unread = [heard for heard in dana.heard[room].values() if not heard.readable]
            assert len(unread) == 2
            assert len([path for path in proxy.asked if "/keys/claim" in path]) == 3
            await house.stop()

    play(story)


def test_changed_identity_is_noticed(play: Play) -> None:
    """An identity that is replaced is not taken for the person until somebody has looked."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        await dana.says(room, "!confer agenda")
        await house.ear.hears(1)
        del _identities[dana.account]
        await sign_device(house.url, dana.client, identity_of(dana.account))
        await dana.says(room, "!confer tasks")
        await dana.hears(room, "identity of this account is not the one", by=house.bot)
        assert len(house.ear.commands) == 1

    play(story)


def test_clear_message_in_an_encrypted_room_is_no_command(play: Play) -> None:
    """What the homeserver could have written itself is not carried out."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        path = f"/rooms/{room}/send/m.room.message/t1"
        async with Homeserver(house.url, dana.client.access_token) as server:
            await server.call("PUT", path, {"msgtype": "m.text", "body": "!confer agenda"})
        await dana.hears(room, "this one was not encrypted", by=house.bot)
        assert not house.ear.commands

    play(story)


def test_bot_device_is_signed_by_its_identity(play: Play) -> None:
    """Strict clients find a master key, and by it a signature on the bot's device (fact 2)."""

    async def story(house: House) -> None:
        dana = await house.person("dana")
        async with Homeserver(house.url, dana.client.access_token) as server:
            keys = await server.call("POST", "/keys/query", {"device_keys": {house.bot: []}})
        master = public_key(keys["master_keys"][house.bot], house.bot, "master")
        signing = public_key(keys["self_signing_keys"][house.bot], house.bot, "self_signing")
        assert master
        assert signing
        assert is_signed(keys["self_signing_keys"][house.bot], house.bot, master)
        (device,) = keys["device_keys"][house.bot].values()
        assert is_signed(device, house.bot, signing)

    play(story)


def test_room_that_was_encrypted_stays_so(play: Play) -> None:
    """A homeserver that hides a room's encryption after a restart gets nothing in clear."""

    async def story(house: House) -> None:
        async with Proxy(house.url) as proxy:
            house.start()
            dana = await house.person("dana")
            room = await house.room("case-room", dana)
            await house.stop()

            def hide(_path: str, answer: Any) -> Any:
                for part in answer.get("rooms", {}).get("join", {}).values():
                    for events in (part["state"], part["timeline"]):
                        events["events"] = [e for e in events["events"] if e["type"] != "m.room.encryption"]
                return answer

            proxy.rewrite = hide
            house.start(proxy.url)
            await house.platform.post(Place("matrix", room), Card("Clinical words"), "k1")
            assert (await dana.hears(room, "Clinical words")).encrypted
            await house.stop()

    play(story)


def test_reaction_to_a_danger_presses_nothing(play: Play) -> None:
    """A reaction, which a homeserver could forge, counts only for what is not dangerous (fact 11)."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        buttons = Actions(
            (Button("Erase", "case erase C-7K2P", "🔥", danger=True), Button("Show", "case C-7K2P", "👀"))
        )
        ref = await house.platform.post(Place("matrix", room), Card("Case", (buttons,)), "k1")
        await dana.hears(room, "Case")
        await dana.reacts(room, ref.message, "🔥")
        await dana.reacts(room, ref.message, "👀")
        assert [one.text for one in await house.ear.hears(1)] == ["case C-7K2P"]
        await dana.says(room, "!confer last")
        assert [one.text for one in await house.ear.hears(2)] == ["case C-7K2P", "last"]

    play(story)

"""Where the bot goes, where it does not speak, and how it follows what becomes of a room."""

from dataclasses import replace
from typing import Any

import pytest

from adapters.card import Card
from adapters.matrix.http import Homeserver
from adapters.matrix.rooms import Room, objection
from adapters.matrix.settings import MatrixSetup
from adapters.platform import NotDelivered, Place
from tests.matrix.conftest import Play
from tests.matrix.house import House
from tests.matrix.people import Person
from tests.matrix.proxy import Proxy


def test_strangers_invitation_is_turned_down(play: Play) -> None:
    """An invitation from a server that is not configured is refused; nothing is said."""

    async def story(house: House) -> None:
        async with Proxy(house.url) as proxy:
            mallory = await house.person("mallory")

            def from_elsewhere(_path: str, answer: Any) -> Any:
                for part in answer.get("rooms", {}).get("invite", {}).values():
                    for event in part["invite_state"]["events"]:
                        event["sender"] = "@mallory:evil.test"
                return answer

            proxy.rewrite = from_elsewhere
            house.start(proxy.url)
            room = await mallory.makes_room("trap", house.bot)
            await mallory.until(lambda: house.bot not in mallory.client.rooms[room].users, "the refusal")
            assert not house.ear.heard
            await house.stop()

    play(story)


async def refused_in(house: House, dana: Person, room: str, because: str) -> None:
    await dana.hears(room, because, by=house.bot)
    await dana.until(lambda: house.bot not in dana.client.rooms[room].users, "the bot to leave")
    assert not house.ear.heard


def test_public_room_is_left_with_the_reason(play: Play) -> None:
    """A room that anyone can join is no place for a case."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        rules = {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "public"}}
        room = await dana.makes_room("open", house.bot, also=[rules])
        await refused_in(house, dana, room, "anyone can join")

    play(story)


def test_world_readable_room_is_left_with_the_reason(play: Play) -> None:
    """So is one that people outside it can read."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        seen = {
            "type": "m.room.history_visibility",
            "state_key": "",
            "content": {"history_visibility": "world_readable"},
        }
        room = await dana.makes_room("glass", house.bot, also=[seen])
        await refused_in(house, dana, room, "not in this room can read it")

    play(story)


def test_unencrypted_room_waits_for_encryption(play: Play) -> None:
    """Where nothing is encrypted nothing is posted, everyone learns why, and turning it on is enough."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await dana.makes_room("clear", house.bot, encrypted=False)
        await dana.hears(room, "not encrypted. Turn encryption on", by=house.bot)
        await dana.says(room, "!confer agenda")
        with pytest.raises(NotDelivered) as refused:
            await house.platform.post(Place("matrix", room), Card("Summary of C-7K2P"), "k1")
        assert (refused.value.kind, refused.value.final) == ("room_unencrypted", True)
        content = {"algorithm": "m.megolm.v1.aes-sha2"}
        await dana.client.room_put_state(room, "m.room.encryption", content)
        await dana.until(lambda: dana.client.rooms[room].encrypted, "encryption")
        await dana.says(room, "!confer tasks")
        assert [one.text for one in await house.ear.hears(1)] == ["tasks"]
        await house.platform.post(Place("matrix", room), Card("Summary of C-7K2P"), "k2")
        assert (await dana.hears(room, "Summary of C-7K2P")).encrypted

    play(story)


def test_upgraded_room_is_the_same_place(play: Play) -> None:
    """After an upgrade the team goes on in the new room, under the place that the bot's other parts know."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        await dana.says(room, "!confer agenda")
        await house.ear.hears(1)
        async with Homeserver(house.url, dana.client.access_token) as server:
            answer = await server.call("POST", f"/rooms/{room}/upgrade", {"new_version": "11"})
            upgraded = answer["replacement_room"]
            await server.call("POST", f"/rooms/{upgraded}/invite", {"user_id": house.bot})
        await dana.until(lambda: upgraded in dana.client.rooms, "the new room")
        await dana.sees_member(upgraded, house.bot)
        await dana.until(lambda: dana.client.rooms[upgraded].encrypted, "encryption")
        await dana.says(upgraded, "!confer tasks")
        heard = (await house.ear.hears(2))[1]
        assert heard.place == Place("matrix", room)
        ref = await house.platform.post(heard.place, Card("Answer"), "k1")
        assert ref.room == room
        await dana.hears(upgraded, "Answer")
        await house.platform.edit(ref, Card("Another answer"))
        await dana.hears(upgraded, "Another answer")

    play(story)


def test_foreign_room_is_no_new_version(play: Play) -> None:
    """A tombstone that names a room which does not name the old one moves nothing there."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room, other = await house.room("case-room", dana), await house.room("other", dana)
        await dana.client.room_put_state(room, "m.room.tombstone", {"body": "moved", "replacement_room": other})
        await dana.says(room, "!confer here")
        await dana.says(other, "!confer there")
        heard = {one.text: one.place.room for one in await house.ear.hears(2)}
        assert heard == {"here": room, "there": other}
        await house.platform.post(Place("matrix", room), Card("For the team"), "k1")
        await dana.hears(room, "For the team")
        await dana.says(other, "!confer last")
        await house.ear.hears(3)
        assert not [h for h in dana.sees(other) if "For the team" in h.text]

    play(story)


def test_put_out_of_a_room(play: Play) -> None:
    """A bot that was put out says so to whoever wants it to post, and comes back when invited again."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        await dana.client.room_kick(room, house.bot)
        await dana.until(lambda: house.bot not in dana.client.rooms[room].users, "the bot to be out")
        await dana.client.room_invite(room, house.bot)
        await dana.sees_member(room, house.bot)
        await dana.says(room, "!confer agenda")
        await house.ear.hears(1)

    play(story)


def test_what_a_room_may_be() -> None:
    """Each objection by itself, with the sentence that says so."""
    setup = MatrixSetup("http://localhost", None, servers=("north.test",))  # type: ignore[arg-type]
    own = "@confer:clinic.test"
    fine = Room("!r", encrypted=True, joined={own, "@dana:clinic.test", "@lee:north.test"})
    assert objection(fine, setup, own) is None
    assert objection(replace(fine, join_rule="public"), setup, own)[0] == "room_public"  # type: ignore[index]
    assert objection(replace(fine, visibility="world_readable"), setup, own)[0] == "room_world_readable"  # type: ignore[index]
    assert objection(replace(fine, bridged=True), setup, own)[0] == "room_bridged"  # type: ignore[index]
    assert objection(replace(fine, encrypted=False), setup, own)[0] == "room_unencrypted"  # type: ignore[index]
    strangers = replace(fine, invited={"@eve:evil.test"})
    assert objection(strangers, setup, own)[0] == "room_federated"  # type: ignore[index]
    assert objection(strangers, replace(setup, accounts=("@eve:evil.test",)), own) is None
    trial = replace(setup, clear_rooms=True)
    assert objection(replace(fine, encrypted=False), trial, own) is None

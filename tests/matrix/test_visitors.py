"""Who comes into a room decides what is posted there: people of the team, guests of the room, people of other servers."""

import asyncio
import re
from pathlib import Path

import pytest

from adapters.card import Card
from adapters.platform import NotDelivered, Place
from tests.matrix.conftest import LONG, Play
from tests.matrix.house import House
from tests.matrix.people import Person
from tests.matrix.synapse import federated
from tests.matrix.test_conference import Talk, ref
from tests.matrix.test_whole import Programme, a_team

WORDS = "No desire since spring"
FORM = f"question: Switch or wait?\nbackground: 34, in low spirits.\nsexual health: {WORDS}.\npatient: Maria Roe"


def test_who_joins_holds_back_a_post(play_long: Play) -> None:
    """A visitor holds back the whole summary, a member without the patient's consent one part; room and author learn it."""

    async def story(house: House) -> None:
        async with Programme(house) as programme:
            programme.start()
            dana, lee, kim = [await house.person(name) for name in ("dana", "lee", "kim")]
            room = await a_team(programme, dana)
            chair, doctor = Talk(programme, dana, room), Talk(programme, lee, room)
            await joins(dana, lee, room)
            await chair.says(f"team add {dana.account} nursing", "nursing")
            await chair.says(f"team add {lee.account} psychiatry", "psychiatry")
            await doctor.says("case submit", "Only you see this")
            direct = doctor.last[0]
            case = ref(await doctor.says(FORM, r"Preview of C-", room=direct), "C")
            await doctor.says(f"consent {case} allow sexual-health to psychiatry,nursing", "sexual", room=direct)
            # Somebody who is not in the team reads along.
            await joins(dana, kim, room)
            told = await doctor.says(f"case approve {case}", "not posted", room=direct)
            assert re.search(r"@[Kk]im\S* is in the room and not in the team", told)
            assert not shown(programme, dana, room, "Switch or wait")
            # As a member she may read, except what the patient did not allow her.
            await chair.says(f"team add {kim.account} social-work", "social-work")
            await doctor.says(f"case approve {case}", "held back", room=direct)
            assert "sexual health" in await chair.sees("Held back for want of consent")
            assert not shown(programme, dana, room, WORDS)
            # She leaves the room, and the patient's word is enough for all who are there.
            await kim.client.room_leave(room)
            await dana.until(lambda: kim.account not in dana.client.rooms[room].users, "her leaving")
            await doctor.says(f"case edit {case}", "Edit", room=direct)
            await doctor.says("goals: to sleep", "Preview|goals|changed", room=direct)
            await doctor.says(f"case approve {case}", "approved", room=direct)
            await dana.hears(room, WORDS, within=40)
            assert kim.client.user_id not in dana.client.rooms[room].users

    play_long(story)


async def joins(host: Person, person: Person, room: str) -> None:
    await host.client.room_invite(room, person.account)
    await person.joins(room)
    await host.sees_member(room, person.account)


def shown(programme: Programme, person: Person, room: str, words: str) -> bool:
    return any(words in h.text for h in person.sees(room) if h.sender == programme.bot)


def test_bridged_room_is_left_and_a_bridge_ends_the_talk(play: Play) -> None:
    """A room that is bridged is left with the reason; where a bridge comes later nothing is said any more."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        bridge = {"bridgebot": "@irc:clinic.test", "protocol": {"id": "irc"}, "channel": {"id": "#clinic"}}
        state = {"type": "m.bridge", "state_key": "irc://clinic", "content": bridge}
        trap = await dana.makes_room("bridged", house.bot, also=[state])
        await dana.hears(trap, "this room is bridged to another network", by=house.bot)
        await dana.until(lambda: house.bot not in dana.client.rooms[trap].users, "the bot to leave")
        assert not house.ear.heard
        room = await house.room("case-room", dana)
        await house.platform.post(Place("matrix", room), Card("Before"), "k1")
        await dana.hears(room, "Before")
        await dana.client.room_put_state(room, "uk.half-shot.bridge", bridge, state_key="irc://clinic")
        await dana.says(room, "!confer agenda")
        await dana.hears(room, "this room is bridged to another network", by=house.bot)
        with pytest.raises(NotDelivered) as refused:
            await house.platform.post(Place("matrix", room), Card("Summary of C-7K2P"), "k2")
        assert (refused.value.kind, refused.value.final) == ("room_bridged", True)
        assert not house.ear.commands

    play(story)


def test_people_of_another_server(tmp_path: Path) -> None:
    """On two homeservers that federate: nobody of the other one is served, until it is named in the configuration."""

    async def story(house: House, url: str, name: str) -> None:
        house.start()
        dana, eve = await house.person("dana"), await house.person("eve", url=url, server=name)
        # Invited by a stranger of the other server: turned down.
        trap = await eve.makes_room("trap", house.bot)
        await eve.until(lambda: house.bot not in eve.client.rooms[trap].users, "the refusal", LONG)
        # A stranger comes into the team's own room: nothing is said there while she is in it.
        room = await house.room("case-room", dana)
        await joins(dana, eve, room)
        await dana.says(room, "!confer agenda")
        await dana.hears(room, f"somebody from {name} is in this room", by=house.bot, within=LONG)
        with pytest.raises(NotDelivered) as refused:
            await house.platform.post(Place("matrix", room), Card("Summary of C-7K2P"), "k1")
        assert (refused.value.kind, refused.value.final) == ("room_federated", True)
        assert not house.ear.commands
        # Named in the configuration, her server is as good as the own one: encrypted, both ways.
        await house.stop()
        house.start(servers=(name,))
        await eve.sees_member(room, house.bot, LONG)
        await eve.says(room, "!confer tasks")
        # What was refused right before the stop may be taken in anew: the sync that brought it was not over.
        while not (hers := [h for h in house.ear.commands if h.account == eve.account]):
            await house.ear.hears(len(house.ear.commands) + 1, within=LONG)
        heard = hers[0]
        assert heard.text == "tasks"
        await house.platform.post(heard.place, Card("Nothing is due"), "k2")
        assert (await eve.hears(room, "Nothing is due", by=house.bot, within=LONG)).encrypted
        assert not shown_to(eve, room, "Summary of C-7K2P")

    async def whole(url: str, name: str, other: str, other_name: str) -> None:
        async with asyncio.timeout(LONG), House(url, tmp_path / "house", name) as house:
            await story(house, other, other_name)

    with federated(tmp_path) as (own, other):
        asyncio.run(whole(own.url, own.server, other.url, other.server))


def shown_to(person: Person, room: str, words: str) -> bool:
    return any(words in h.text for h in person.sees(room))

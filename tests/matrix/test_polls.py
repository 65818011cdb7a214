"""Polls: asked in words and as clients' polls, answered by a tap, a command or a reaction, and ended."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.card import Card, Poll, Row
from adapters.matrix import polls
from adapters.matrix.http import Homeserver
from adapters.matrix.polls import END, RESPONSES, START, UNSTABLE
from adapters.platform import Place, Source
from tests.adapters.cards import any_card
from tests.matrix.conftest import Play
from tests.matrix.house import House
from tests.matrix.people import Heard, Person

TIMES = (Row("1", "Tue 09:00"), Row("2", "Wed 14:00"), Row("3", "Thu 12:30"))
ASKED = Card("M-9 MDT: which time?", (Poll(TIMES, "vote M-9"),))
DECIDED = Card("M-9 MDT: the time is Wed 14:00", (Poll(TIMES, "vote M-9", is_open=False),))


async def poll_in(person: Person, room: str, kind: str = START, after: str = "") -> Heard:
    """The newest event of that kind; waits for one that is not ``after``."""

    def found() -> Heard | None:
        of = [h for h in person.heard.get(room, {}).values() if h.type == kind and h.event != after]
        return of[-1] if of else None

    return await person.until(found, kind)  # type: ignore[no-any-return]


async def chooses(person: Person, room: str, poll: str, *answers: str, stable: bool = False) -> None:
    content: dict[str, Any] = {"m.relates_to": {"rel_type": "m.reference", "event_id": poll}}
    content |= {"m.selections": list(answers)} if stable else {RESPONSES[0]: {"answers": list(answers)}}
    await person.client.room_send(room, RESPONSES[stable], content, ignore_unverified_devices=True)


def test_poll_is_asked_answered_and_ended(play: Play) -> None:
    """Words with a command come with a poll; each answer is the vote of its person, in both forms; an end is an end (fact 12)."""

    async def story(house: House) -> None:
        house.start()
        dana, lee = await house.person("dana"), await house.person("lee")
        room = await house.room("case-room", dana, lee)
        place = Place("matrix", room)
        ref = await house.platform.post(place, ASKED, "k1")
        words = await dana.hears(room, "!confer vote M-9 1 2")
        assert words.event == ref.message
        asked = await poll_in(dana, room)
        assert asked.encrypted
        assert asked.content[START]["max_selections"] == 3
        assert [(a["id"], a[polls.TEXT]) for a in asked.content[START]["answers"]] == [
            ("1", "Tue 09:00"),
            ("2", "Wed 14:00"),
            ("3", "Thu 12:30"),
        ]
        await chooses(dana, room, asked.event, "3", "1")
        await chooses(dana, room, asked.event, "2", stable=True)
        await chooses(lee, room, asked.event)
        await chooses(lee, room, asked.event, "1", "nonsense")
        heard = await house.ear.hears(4)
        assert [(one.account, one.text) for one in heard if one.account == dana.account] == [
            (dana.account, "vote M-9 1 3"),
            (dana.account, "vote M-9 2"),
        ]
        assert [one.text for one in heard if one.account == lee.account] == ["vote M-9 none", "vote M-9 none"]
        assert {(one.source, one.place, one.message) for one in heard} == {(Source.BUTTON, place, ref)}
        await house.platform.edit(ref, DECIDED)
        ended = await poll_in(dana, room, END)
        assert ended.content["m.relates_to"] == {"rel_type": "m.reference", "event_id": asked.event}
        await chooses(dana, room, asked.event, "1")
        await dana.hears(room, "This poll has ended", by=house.bot)
        assert len(house.ear.commands) == 4

    play(story)


def test_poll_outlives_a_restart_and_is_asked_anew(play: Play) -> None:
    """After a restart an answer counts; the same post asks once; a poll that is open again is a new one; all are taken out."""

    async def story(house: House) -> None:
        house.start()
        dana = await house.person("dana")
        room = await house.room("case-room", dana)
        ref = await house.platform.post(Place("matrix", room), ASKED, "k1")
        first = await poll_in(dana, room)
        await house.stop()
        house.start()
        assert await house.platform.post(Place("matrix", room), ASKED, "k1") == ref
        await chooses(dana, room, first.event, "2")
        assert [one.text for one in await house.ear.hears(1)] == ["vote M-9 2"]
        await house.platform.edit(ref, DECIDED)
        await house.platform.edit(ref, ASKED)
        second = await poll_in(dana, room, after=first.event)
        await chooses(dana, room, first.event, "1")
        await chooses(dana, room, second.event, "3")
        assert [one.text for one in await house.ear.hears(2)] == ["vote M-9 2", "vote M-9 3"]
        await dana.says(room, "who?", **{"m.relates_to": {"m.in_reply_to": {"event_id": second.event}}})
        chat = (await house.ear.hears(4, all_sources=True))[-1]
        assert chat.reply_to == ref
        await house.platform.redact(ref)
        await dana.until(lambda: second.redacted and not dana.sees(room)[0].text.startswith("M-9"), "nothing of it")

    play(story)


def test_nobody_votes_for_another(play: Play) -> None:
    """An answer that was not encrypted, or from a device that nobody signed, or to another room's poll is no vote."""

    async def story(house: House) -> None:
        house.start()
        dana, lee = await house.person("dana"), await house.person("lee", signed=False)
        room, other = await house.room("case-room", dana, lee), await house.room("other", dana)
        await house.platform.post(Place("matrix", room), ASKED, "k1")
        asked = await poll_in(dana, room)
        content = {
            "m.relates_to": {"rel_type": "m.reference", "event_id": asked.event},
            RESPONSES[0]: {"answers": ["1"]},
        }
        async with Homeserver(house.url, dana.client.access_token) as server:
            await server.call("PUT", f"/rooms/{room}/send/{RESPONSES[0]}/t1", content)
        await chooses(lee, room, asked.event, "1")
        await lee.hears(room, "do not act on messages from this device", by=house.bot)
        await chooses(dana, other, asked.event, "1")
        await dana.says(other, "!confer last in the other room")
        await house.ear.hears(1)
        await chooses(dana, room, asked.event, "2")
        assert [one.text for one in await house.ear.hears(2)] == ["last in the other room", "vote M-9 2"]

    play(story)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"m.relates_to": 1, RESPONSES[0]: {"answers": ["1"]}},
        {"m.relates_to": {"event_id": "$1"}},
        {"m.relates_to": {"event_id": "$1"}, RESPONSES[0]: {"answers": "1"}},
        {"m.relates_to": {"event_id": 7}, "m.selections": ["1"]},
    ],
)
def test_malformed_answers_are_none(content: dict[str, Any]) -> None:
    """What is no answer chooses nothing."""
    assert polls.response(content) is None


@given(any_card, st.lists(st.text(max_size=5)))
def test_any_poll_is_bounded_and_any_answer_is_a_vote(card: Card, chosen: list[str]) -> None:
    """What clients are asked to show is short and harmless; what comes back is the command, numbers that were offered, or none."""
    poll = polls.open_poll(card)
    if poll is None:
        return
    content = polls.start(card, poll)[START]
    assert content["kind"] == f"{UNSTABLE}.disclosed"
    assert 1 <= len(content["answers"]) == len({a["id"] for a in content["answers"]}) <= polls.MOST_ANSWERS
    said = polls.response({"m.relates_to": {"event_id": "$1"}, "m.selections": chosen})
    assert said
    numbers = polls.vote("vote M-9", len(poll.answers), said).removeprefix("vote M-9 ")
    assert numbers == "none" or all(1 <= int(n) <= len(poll.answers) for n in numbers.split())

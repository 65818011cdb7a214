"""A whole conference in encrypted rooms with the whole programme, restarted on the way: from the team to signed minutes."""

import asyncio
import re

from tests.matrix.conftest import Play
from tests.matrix.house import House
from tests.matrix.people import Person
from tests.matrix.test_whole import PATIENCE, Programme, a_team


class Talk:
    """A person who speaks to the bot in a room and reads its answers wherever they come."""

    def __init__(self, programme: Programme, person: Person, room: str) -> None:
        self.programme, self.person, self.room = programme, person, room

    async def says(self, words: str, expect: str, *, room: str = "", reply_to: str = "") -> str:
        """Say it; the first new answer in which the expected pattern is found."""
        before = set(self._seen())
        relation = {"m.relates_to": {"m.in_reply_to": {"event_id": reply_to}}} if reply_to else {}
        await self.person.says(room or self.room, words if room else f"!confer {words}", **relation)
        return await self.sees(expect, before)

    async def sees(self, expect: str, before: set[tuple[str, str]] = frozenset()) -> str:  # type: ignore[assignment]
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    for (room, event), text in self._seen().items():
                        if (room, event) not in before and re.search(expect, text, re.DOTALL | re.IGNORECASE):
                            self.last = (room, event)
                            return text
                    for room in list(self.person.client.invited_rooms):
                        await self.person.joins(room)
                    self.person._changed.clear()
                    await self.person._changed.wait()
        except TimeoutError:
            new = [text for key, text in self._seen().items() if key not in before]
            raise AssertionError(f"no {expect!r} in {new}") from None

    def _seen(self) -> dict[tuple[str, str], str]:
        """What stands now, by room and event: an edited message is new when its words are."""
        rooms = list(self.person.heard)
        return {
            (room, f"{h.event}/{hash(h.text)}"): h.text
            for room in rooms
            for h in self.person.sees(room)
            if h.sender == self.programme.bot and h.readable
        }


def ref(text: str, letter: str) -> str:
    found = re.search(rf"\b{letter}-[0-9A-Z]+\b", text)
    assert found, text
    return found[0]


def test_a_conference_from_team_to_signed_minutes(play: Play) -> None:
    """Everything a team does in a week, over encrypted rooms, with a restart before and in the meeting."""

    async def story(house: House) -> None:
        async with Programme(house) as programme:
            programme.start()
            dana, lee = await house.person("dana"), await house.person("lee")
            room = await a_team(programme, dana)
            await dana.client.room_invite(room, lee.account)
            await lee.joins(room)
            await dana.sees_member(room, lee.account)
            chair, doctor = Talk(programme, dana, room), Talk(programme, lee, room)
            await chair.says(f"team add {lee.account} psychiatry role facilitator", "psychiatry")
            meeting = ref(await chair.says('meeting schedule "Case conference" in 20m for 60m', r"M-\d"), "M")
            await doctor.says("case submit", r"Only you see this.*1\. ")
            direct = doctor.last[0]
            assert direct != room
            form = "question: Switch the SSRI or treat the low desire first?\nbackground: 34, low desire.\npatient: Maria Roe"
            case = ref(await doctor.says(form, r"C-[0-9A-Z]{4}", room=direct), "C")
            await doctor.says(f"case approve {case}", "approve|posted", room=direct)
            programme.kill()
            programme.start()
            await doctor.says(f"case present {case} {meeting}", case)
            await chair.says(f"agenda build {meeting}", case)
            await doctor.says("meeting start", case)
            programme.kill()
            programme.start()
            for _ in range(3):
                await doctor.says("next", ".")
            decision = ref(await doctor.says(f'decide {case} "Taper SSRI" because "side effects"', r"D-\d"), "D")
            task = ref(await doctor.says(f'task add "Check TSH" for psychiatry due fri case {case}', r"T-\d"), "T")
            await doctor.says("meeting end", "minutes|ended|over")
            minutes = await doctor.says(f"minutes {meeting}", f"{decision}.*{task}|{task}.*{decision}")
            assert case in minutes
            await doctor.says(f"minutes sign {meeting}", "signed")
            said = [h.text for r in dana.heard for h in dana.sees(r) if h.sender == programme.bot]
            assert not any("Roe" in text for text in said)
            assert "Roe" not in programme.log()

    play(story)

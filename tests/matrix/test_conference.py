"""A whole conference in encrypted rooms with the whole programme, stopped on the way: from the team to signed minutes."""

import asyncio
import re
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from adapters.matrix.http import Homeserver, segment
from adapters.matrix.login import register
from bot.cli.sandbox import LocalHomeserver, running_homeserver
from tests.matrix.conftest import Play
from tests.matrix.house import House
from tests.matrix.people import PASSWORD, Person
from tests.matrix.synapse import LIMITED, SECRET, SERVER
from tests.matrix.test_whole import PATIENCE, Programme, a_team

WHOLE = 300
"""Seconds for a conference in which things go wrong."""

Moment = Callable[[str], Awaitable[None]]
"""Happens in the middle of each phase, which it gets by name."""


class Talk:
    """A person who speaks to the bot in a room and reads its answers wherever they come."""

    def __init__(self, programme: Programme, person: Person, room: str) -> None:
        self.programme, self.person, self.room = programme, person, room
        self.patience = PATIENCE

    async def says(self, words: str, expect: str, *, room: str = "", reply_to: str = "") -> str:
        """Say it; the first new answer in which the expected pattern is found."""
        before = set(self._seen())
        relation = {"m.relates_to": {"m.in_reply_to": {"event_id": reply_to}}} if reply_to else {}
        await self.person.says(room or self.room, words if room else f"!confer {words}", **relation)
        return await self.sees(expect, before)

    async def sees(self, expect: str, before: set[tuple[str, str]] = frozenset()) -> str:  # type: ignore[assignment]
        try:
            async with asyncio.timeout(self.patience):
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


async def conference(
    programme: Programme, dana: Person, lee: Person, moment: Moment, patience: float = PATIENCE
) -> None:
    """Everything a team does in a week. What was asked is answered, once, and the patient's name stands nowhere."""
    room = await a_team(programme, dana)
    await dana.client.room_invite(room, lee.account)
    await lee.joins(room)
    await dana.sees_member(room, lee.account)
    chair, doctor = Talk(programme, dana, room), Talk(programme, lee, room)
    chair.patience = doctor.patience = patience
    await chair.says("team add @lee psychiatry role facilitator", "psychiatry")
    meeting = ref(await chair.says('meeting schedule "Case conference" in 20m for 60m', r"M-\d"), "M")
    await moment("planned")
    await doctor.says("case submit", r"Only you see this.*1\. ")
    direct = doctor.last[0]
    assert direct != room
    form = "question: Switch the SSRI or treat the low desire first?\nbackground: 34, low desire.\npatient: Maria Roe"
    await moment("asked for a case")
    case = ref(await doctor.says(form, r"C-[0-9A-Z]{4}", room=direct), "C")
    await doctor.says(f"case approve {case}", "approve|posted", room=direct)
    await moment("approved")
    await doctor.says(f"case present {case} {meeting}", case)
    await chair.says(f"agenda build {meeting}", case)
    await doctor.says("meeting start", case)
    await moment("running")
    for _ in range(3):
        await doctor.says("next", ".")
    decision = ref(await doctor.says(f'decide {case} "Taper SSRI" because "side effects"', r"D-\d"), "D")
    await moment("decided")
    task = ref(await doctor.says(f'task add "Check TSH" for psychiatry due fri case {case}', r"T-\d"), "T")
    await doctor.says("meeting end", "minutes|ended|over")
    await moment("ended")
    minutes = await doctor.says(f"minutes {meeting}", f"{decision}.*{task}|{task}.*{decision}")
    assert case in minutes
    await doctor.says(f"minutes sign {meeting}", "signed")
    await doctor.says(f"calendar {meeting}", r"\.ics")
    await _files_are_whole(lee, doctor.last[0], meeting)
    said = [h.text for r in dana.heard for h in dana.sees(r) if h.sender == programme.bot]
    assert not any("Roe" in text for text in said)
    assert "Roe" not in programme.log()
    doubled = [t for t, count in Counter(said).items() if count > 1 and re.search(r"\b[DT]-\d", t)]
    assert not doubled


async def _files_are_whole(person: Person, room: str, meeting: str) -> None:
    """The minutes and the calendar file, fetched, decrypted and read by a client that is not ours (fact 15)."""
    minutes = await person.opens(room, f"minutes-{meeting.lower()}.pdf")
    assert minutes.startswith(b"%PDF-")
    assert minutes.rstrip().endswith(b"%%EOF")
    calendar = (await person.opens(room, f"{meeting.lower()}.ics")).decode()
    assert calendar.startswith("BEGIN:VCALENDAR")
    assert "SUMMARY:Case conference" in calendar


async def nothing(_phase: str) -> None:
    """All goes well."""


def test_a_conference_restarted_in_each_phase(play_long: Play) -> None:
    """From the team to signed minutes over encrypted rooms, the bot killed and started in the middle of every phase."""

    async def story(house: House) -> None:
        async with Programme(house) as programme:
            programme.start()
            phases: list[str] = []

            async def restarted(phase: str) -> None:
                phases.append(phase)
                programme.kill()
                programme.start()

            await conference(programme, await house.person("dana"), await house.person("lee"), restarted)
            assert len(set(phases)) == len(phases) >= 4

    play_long(story)


async def elsewhere(homeserver: LocalHomeserver, folder: Path, story: Callable[[House], Awaitable[None]]) -> None:
    """A story on a homeserver of its own."""
    async with asyncio.timeout(WHOLE), House(homeserver.url, folder) as house:
        await story(house)


def test_homeserver_is_killed_in_the_middle_of_a_conference(tmp_path: Path) -> None:
    """Killed with -9 while the meeting runs; what is said meanwhile is carried out once when it is back, and all goes on."""
    with running_homeserver(tmp_path / "homeserver", server=SERVER, secret=SECRET) as homeserver:

        async def story(house: House) -> None:
            async with Programme(house) as programme:
                programme.start()
                dana, lee = await house.person("dana"), await house.person("lee")

                async def killed(phase: str) -> None:
                    if phase in ("asked for a case", "running"):
                        await asyncio.to_thread(homeserver.stop, signal.SIGKILL)
                        room = next(iter(dana.client.rooms))
                        said = asyncio.create_task(dana.says(room, f'!confer task add "Back after {phase}" due fri'))
                        while "does not answer" not in programme.log():  # noqa: ASYNC110 - a log tells nobody
                            await asyncio.sleep(0.1)
                        await asyncio.to_thread(homeserver.start)
                        await said
                        await Talk(programme, dana, room).sees(f"Back after {phase}")

                await conference(programme, dana, lee, killed)
                said = [h.text for r in dana.heard for h in dana.sees(r) if h.sender == programme.bot]
                assert sum("Back after running" in text for text in said) == 1

        asyncio.run(elsewhere(homeserver, tmp_path / "house", story))


def test_a_conference_at_the_limits_of_an_unchanged_synapse(tmp_path: Path) -> None:
    """With the limits that Synapse has by itself the bot is slow, and loses and doubles nothing."""
    with running_homeserver(tmp_path / "homeserver", server=SERVER, secret=SECRET, more=LIMITED) as homeserver:

        async def story(house: House) -> None:
            async with Programme(house) as programme:
                programme.start()
                dana, lee = await house.person("dana"), await house.person("lee")
                await unlimited(house.url, dana, lee)
                await conference(programme, dana, lee, nothing, patience=120)
                assert "rate_limited" in programme.log()

        asyncio.run(elsewhere(homeserver, tmp_path / "house", story))


async def unlimited(url: str, *people: Person) -> None:
    """People type slowly in truth; here they need not."""
    async with Homeserver(url) as server:
        await register(server, "admin", PASSWORD, SECRET, admin=True)
        login = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "admin"}, "password": PASSWORD}
        server.token = (await server.call("POST", "/login", login))["access_token"]
        for person in people:
            path = f"/_synapse/admin/v1/users/{segment(person.account)}/override_ratelimit"
            await server.call("POST", path, {"messages_per_second": 0, "burst_count": 0})

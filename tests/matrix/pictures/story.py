"""What the team says, and where a picture is taken."""

from collections.abc import Iterable
from pathlib import Path

from tests.matrix.house import House
from tests.matrix.people import PASSWORD, Person
from tests.matrix.pictures.camera import DESK, PHONE, Camera
from tests.matrix.test_conference import Talk, ref
from tests.matrix.test_whole import Programme, a_team

DISCIPLINES = {"lee": "psychiatry role facilitator", "thea": "sex-therapy", "gene": "primary-care", "nora": "nursing"}
CASE = """question: Low desire since sertraline: switch the SSRI, or treat the desire first?
background: Mary Doe, 36, of Lakeview won the county pottery prize. Recurrent depression, in remission (PHQ-9 from 17 to 4). Seen 3 Nov 2026 with Sam Roe, phone 555-0142.
medication: Sertraline 150 mg since June, nothing else
goals: I want to paint again, and not one more pill.
safety: none
patient: Mary Doe, Molly
people: partner Sam Roe
born: 12 Apr 1990
address: Lakeview"""


class Album:
    """Takes the pictures of one person's screen."""

    def __init__(self, camera: Camera, folder: Path) -> None:
        self._camera, self._folder = camera, folder

    async def phone(self, name: str, room: str, words: str, *, end: bool = False) -> None:
        await self._camera.take(self._folder / f"{name}.png", room, words, PHONE, end=end)

    async def desk(self, name: str, room: str, words: str) -> None:
        await self._camera.take(self._folder / f"{name}-desk.png", room, words, DESK)


async def tell(house: House, programme: Programme, camera: Camera, into: Path) -> None:
    """A conference from the team to its minutes; the pictures are of what Lee sees."""
    dana = await house.person("dana")
    people = {name: await house.person(name) for name in DISCIPLINES}
    await camera.log_in(house.url, people["lee"].account.split(":")[0][1:], PASSWORD)
    room = await a_team(programme, dana)
    chair, lee = Talk(programme, dana, room), Talk(programme, people["lee"], room)
    for name, person in people.items():
        await dana.client.room_invite(room, person.account)
        await person.joins(room)
        await dana.sees_member(room, person.account)
        await chair.says(f"team add {person.account} {DISCIPLINES[name]}", DISCIPLINES[name].split()[0])
    album = Album(camera, into)
    meeting = await _plan(album, chair, lee)
    case = await _submit(album, lee)
    await _thread(album, lee, people["thea"], case)
    await _meet(album, chair, lee, (people["gene"], people["thea"]), case, meeting)
    await _follow_up(album, lee, people["thea"], case, meeting)


async def _plan(album: Album, chair: Talk, lee: Talk) -> str:
    await chair.says('meeting poll "MDT" tue 09:00, wed 14:00, thu 12:30', "which time")
    await lee.says("vote 1 3", "vote")
    await album.phone("poll", chair.room, "which time?")
    words = 'meeting schedule "Case conference" in 45m for 60m quorum psychiatry,primary-care'
    meeting = ref(await chair.says(words, r"M-2"), "M")
    await album.phone("invitation", chair.room, "Case conference")
    return meeting


async def _submit(album: Album, lee: Talk) -> str:
    await lee.says("case submit", r"Only you see this.*1\. ")
    direct = lee.last[0]
    await album.phone("form", direct, "Submit a case")
    await lee.says("1", "question", room=direct)
    await lee.says("Low desire since sertraline", "background", room=direct)
    await album.phone("dialogue", direct, "2 of 16")
    await lee.says("cancel", "Forgotten", room=direct)
    case = ref(await lee.says(CASE, r"Preview of C-[0-9A-Z]{4}", room=direct), "C")
    await album.phone("preview", direct, f"Preview of {case}")
    await lee.says(f"case approve {case}", "approved", room=direct)
    return case


async def _thread(album: Album, lee: Talk, thea: Person, case: str) -> None:
    """Below a case its reference may be left out."""
    root = (await lee.person.hears(lee.room, f"Case {case}")).event
    thread = {"rel_type": "m.thread", "event_id": root, "is_falling_back": True, "m.in_reply_to": {"event_id": root}}
    await thea.says(lee.room, "Was her desire low before the sertraline?", **{"m.relates_to": thread})
    await thea.says(lee.room, '!confer task add "TSH and prolactin" for nursing due fri', **{"m.relates_to": thread})
    await lee.sees("T-1 TSH")
    await album.phone("case", lee.room, f"Case {case}")
    await album.phone("thread", lee.room, "T-1 TSH", end=True)


async def _meet(album: Album, chair: Talk, lee: Talk, others: Iterable[Person], case: str, meeting: str) -> None:
    await lee.says(f"case present {case} {meeting}", case)
    await chair.says('agenda add "New triage form" 10m', "triage")
    await chair.says("agenda build", case)
    await album.phone("agenda", chair.room, f"Agenda of {meeting}")
    await album.desk("agenda", chair.room, f"Agenda of {meeting}")
    await lee.says("meeting start", case)
    await album.phone("board", chair.room, f"{meeting} item 1")
    for person in others:
        await person.says(chair.room, "Good morning")
    for _ in range(3):
        await lee.says("next", ".")
    why = "remission is stable, the side effect is not"
    await lee.says(f'decide {case} "Cut sertraline to 100 mg, recheck in 4 weeks" because "{why}"', r"D-\d")
    await album.phone("decision", chair.room, "D-1")


async def _follow_up(album: Album, lee: Talk, thea: Person, case: str, meeting: str) -> None:
    for words in (
        f'"Couple session on touch and pain" for {thea.account} due in 2 weeks case {case} kind therapy',
        f'"Tell the patient what was decided" for {lee.person.account} due wed case {case} kind tell-patient',
    ):
        await lee.says(f"task add {words}", r"T-\d")
    await lee.says("agenda lokc", "mean")
    await lee.says(f"team remove {thea.account}", "coordinator")
    await album.phone("refusal", lee.last[0], "coordinator")
    await lee.says("tasks team", r"T-3.*T-1.*T-2")
    await album.phone("tasks", lee.last[0], "T-2")
    await lee.says("meeting end", "has ended")
    await lee.says(f"minutes {meeting}", "Minutes of")
    await album.phone("minutes", lee.last[0], f"Minutes of {meeting}")
    await album.desk("minutes", lee.last[0], f"Minutes of {meeting}")

"""What the team says, and where a picture is taken."""

from pathlib import Path

from tests.matrix.house import House
from tests.matrix.people import PASSWORD, Person
from tests.matrix.pictures.camera import DESK, PHONE, Camera, View
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

    async def both(self, name: str, room: str, words: str, start: str = "") -> None:
        await self.one(name, room, words, PHONE, start)
        await self.one(f"{name}-desk", room, words, DESK, start)

    async def one(self, name: str, room: str, words: str, view: View, start: str = "") -> None:
        await self._camera.take(self._folder / f"{name}.png", room, words, view, start)


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
    await _before(album, chair, lee, people)


async def _before(album: Album, chair: Talk, lee: Talk, people: dict[str, Person]) -> None:
    room = chair.room
    await chair.says('meeting poll "MDT" tue 09:00, wed 14:00, thu 12:30', "which time")
    await lee.says("vote 1 3", r"vote|Lee")
    await album.both("poll", room, "which time?")
    meeting = ref(
        await chair.says('meeting schedule "Case conference" in 45m for 60m quorum psychiatry,primary-care', r"M-2"),
        "M",
    )
    await album.both("invitation", room, "Case conference")
    await lee.says("case submit", r"Only you see this.*1\. ")
    direct = lee.last[0]
    await album.both("form", direct, "Submit a case")
    await lee.says("1", "question", room=direct)
    await lee.says("Low desire since sertraline", "background", room=direct)
    await album.both("dialogue", direct, "ackground")
    await lee.says("cancel", "Forgotten", room=direct)
    case = ref(await lee.says(CASE, r"Preview of C-[0-9A-Z]{4}", room=direct), "C")
    await album.both("preview", direct, f"Preview of {case}")
    await lee.says(f"case approve {case}", "approve|posted", room=direct)
    await lee.says(f"case present {case} {meeting}", case)
    await album.both("case", room, f"Case {case}")
    await chair.says('agenda add "New triage form" 10m', "triage")
    await chair.says("agenda build", case)
    await album.both("agenda", room, f"Agenda of {meeting}")
    await lee.says("meeting start", case)
    await album.both("board", room, f"{meeting} item 1")
    for _ in range(3):
        await lee.says("next", ".")
    await album.both("recommend", room, f"{meeting} item 1")
    await lee.says(
        f'decide {case} "Cut sertraline to 100 mg, recheck in 4 weeks" because "remission is stable, the side effect is not"',
        r"D-\d",
    )
    await album.both("decision", room, "D-1")
    await lee.says(f'task add "TSH and prolactin" for nursing due fri case {case} kind lab', r"T-\d")
    await lee.says(
        f'task add "Couple session on touch and pain" for {people["thea"].account} due in 2 weeks case {case} kind therapy',
        r"T-\d",
    )
    await lee.says(
        f'task add "Tell the patient what was decided" for {people["lee"].account} due wed case {case} kind tell-patient',
        r"T-\d",
    )
    await album.both("task", room, "T-3")
    await lee.says("agenda lokc", "mean")
    await album.both("slip", lee.last[0], "mean")
    await lee.says(f"team remove {people['thea'].account}", "coordinator")
    await album.both("refusal", lee.last[0], "coordinator")
    await lee.says("tasks team", r"T-3.*T-1.*T-2")
    await album.both("tasks", lee.last[0], "T-2")
    await lee.says("meeting end", "minutes|ended|over")
    await album.both("ended", room, "has ended")
    await lee.says(f"minutes {meeting}", "Minutes of")
    await album.both("minutes", lee.last[0], f"Minutes of {meeting}")
    await lee.says(f"minutes sign {meeting}", "signed")
    await album.both("signed", lee.last[0], "signed")

"""What people say in a run, and how time passes between: a short conference with everything that leaves a trace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.platform import Invocation, Place, Source
from tests.conversations.harness import ROOM

PEOPLE = ("carla", "pat", "sol", "nora")
PLANTED = ("Marisol Quintanilla", "halve the hypnotic", "ring the midwife", "scar mobile and painless")
"""Words of a patient's: nowhere in clear but in what the chat server was asked to show."""


@dataclass(frozen=True)
class Line:
    """Words said to the bot, after some time. ``{case}`` stands for the case's reference, known only in the run."""

    who: str
    words: str
    after: timedelta = timedelta(minutes=1)
    direct: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)

    def invocation(self, number: int, at: datetime, case: str) -> Invocation:
        """As the platform hands it in: under the same id however often."""
        place = Place("memory", f"@{self.who}", direct=True) if self.direct else Place("memory", ROOM)
        return Invocation(
            f"script:{number}",
            self.who,
            self.who,
            place,
            self.words.format(case=case),
            at,
            Source.FORM if self.fields else Source.TYPED,
            self.fields,
        )


CONFERENCE: Sequence[Line] = (
    Line("carla", 'team create "North clinic" zone America/New_York'),
    Line("carla", "team add @pat psychiatry role facilitator"),
    Line("carla", "team add @sol psychology"),
    Line("carla", "team add @nora nursing"),
    Line("carla", 'meeting schedule "Case conference" tue 08:00 for 60m'),
    Line(
        "pat",
        "case submit",
        direct=True,
        fields={
            "patient": PLANTED[0],
            "question": "Switch the SSRI or treat the low desire first?",
            "background": "34, low desire since sertraline.",
        },
    ),
    Line("pat", "case approve {case}", direct=True),
    Line("carla", "case present {case} M-1"),
    Line("sol", "rsvp M-1 yes"),
    Line("pat", "meeting start M-1", after=timedelta(hours=23)),
    Line("pat", f'decide {{case}} "{PLANTED[1]}" because "rebound"'),
    Line("pat", f'task add "{PLANTED[2]}" for @nora due fri case {{case}}'),
    Line("nora", "task block T-1 because “no beds on Thursday”"),
    Line("pat", "nothing that anybody understands"),
    Line("pat", "meeting end"),
    Line("pat", "minutes sign M-1"),
    Line("nora", f'task done T-1 "{PLANTED[3]}"', after=timedelta(days=6)),
    Line("pat", "task T-1"),
    Line("carla", "tasks", after=timedelta(days=3)),
)

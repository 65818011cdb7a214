"""The week: an invented team, two invented patients. Every line is one that anybody could type in ``confer chat``."""

from bot.demo.script import Scene, Show, Step

START = "2026-11-30T14:00:00+00:00"
"""Monday, 09:00 in New York."""
ZONE = "America/New_York"
SECRETS = ("Mary Doe", "Sam Roe", "Lakeview", "Brookside", "555-0142", "Robert Poe", "pottery")
"""Words about the patients that may stand nowhere in clear, on screen of others or on disk."""

_MARY = (
    '/fill patient="Mary Doe, Molly" people="partner Sam Roe" born="12 Apr 1990" town="Lakeview" '
    'question="Low desire since sertraline: switch the SSRI, or treat the desire first?" '
    'background="Mary Doe, 36, of Lakeview won the county pottery prize. Recurrent depression, now in remission '
    '(PHQ-9 from 17 to 4). Seen 3 Nov 2026 with Sam Roe, phone 555-0142." '
    'medication="Sertraline 150 mg since June, nothing else" '
    'sexual_health="No desire for eight months, some pain; she and Sam avoid touch." '
    'goals="I want to paint again like Frida Kahlo, and not one more pill." safety="none"'
)
_ROBERT = (
    '/fill patient="Robert Poe" employer="Brookside Mill" '
    'question="Erections lost since spring: the diabetes, the metoprolol, or the marriage?" '
    'background="Robert Poe, 58, night shifts at Brookside Mill. Type 2 diabetes, hypertension." '
    'medication="Metformin 2 g, metoprolol 100 mg since March" '
    'sexual_health="No morning erections for six months; avoids his wife." safety="none"'
)

MONDAY = Scene(
    "2026-11-30T09:00",
    "A team and a date",
    "Carla coordinates. One line makes this room a care team's room, one line each adds Pat (psychiatrist, leads the "
    "meeting), Sol (psychologist), Gene (primary care), Thea (sex therapist), Nora (nurse) and Wes (social worker), "
    "and one line plans the conference.",
    (
        Step("/as Carla", show=Show.NOTHING),
        Step("/room case-room", sees=("confer",), show=Show.NOTHING),
        Step("/invite Pat Sol Gene Thea Nora Wes", show=Show.NOTHING),
        Step('!confer team create "North clinic" zone America/New_York', sees=("North clinic", "coordinator")),
        Step("!confer team add @Pat psychiatry role facilitator", sees=("psychiatry",), show=Show.NOTHING),
        Step("!confer team add @Sol psychology", sees=("psychology",), show=Show.NOTHING),
        Step("!confer team add @Gene primary-care", sees=("primary-care",), show=Show.NOTHING),
        Step("!confer team add @Thea sex-therapy", sees=("sex-therapy",), show=Show.NOTHING),
        Step("!confer team add @Nora nursing", sees=("nursing",), show=Show.NOTHING),
        Step("!confer team add @Wes social-work", sees=("social-work",), show=Show.NOTHING),
        Step("!confer team", sees=("care-coordination", "nursing", "primary-care", "psychiatry", "psychology", "sex-therapy", "social-work"), show=Show.NOTHING),
        Step(
            '!confer meeting schedule "Case conference" tomorrow 08:00 for 60m quorum psychiatry,primary-care closes 1h',
            sees=("08:00 EST, 1 hour", "missing psychiatry"), finds="meeting=M invitation=#",
        ),
        Step("/as Pat", show=Show.NOTHING),
        Step('/press "Yes"', sees=("missing primary-care",), show=Show.NOTHING),
        Step("/as Gene", show=Show.NOTHING),
        Step("/react {invitation} ✅", sees=("Quorum: met",), show=Show.LINES),
        Step("/as Wes", show=Show.NOTHING),
        Step("!confer rsvp no", sees=("{meeting}",), show=Show.NOTHING),
    ),
)  # fmt: skip

CASES = Scene(
    "2026-11-30T11:00",
    "Two cases, taken in private",
    "Pat fills a form in the direct chat. Names go into fields of their own and are only used to find and hide them. "
    "Nobody sees a word before Pat has looked at the preview, mended it and approved it.",
    (
        Step("/as Pat", show=Show.NOTHING),
        Step("/dm", show=Show.NOTHING),
        Step("case submit", sees=("Fill in",), show=Show.NOTHING),
        Step(_MARY, sees=("Preview of", "Question:", "Background:", "Medication:", "Sexual health:", "Goals:"), finds="mary=C"),
        Step('case hide {mary} "won the county pottery prize"', sees=("Background:",), show=Show.LINES),
        Step('case keep {mary} "Frida Kahlo"', sees=("Frida Kahlo, and",), show=Show.LINES),
        Step('/press "Edit"', show=Show.NOTHING),
        Step('/fill medication="Sertraline 150 mg since June; bupropion not tried"', sees=("bupropion",), show=Show.LINES),
        Step(
            "consent {mary} allow sexual-health to psychiatry,psychology,primary-care,sex-therapy,nursing,social-work,"
            "care-coordination until 2027-06-30",
            sees=("Consent in",),
        ),
        Step("case approve {mary}", sees=("Case {mary}", "Sexual health:"), about="Case {mary}", show=Show.ALL),
    ),
)  # fmt: skip

SECOND = Scene(
    "2026-11-30T14:00",
    "The second case begins with a slip",
    "Gene types about a patient in the shared room. Confer takes the message out, goes on in private, and later holds "
    "the sexual-health part back: this patient has not consented to showing it.",
    (
        Step("/as Gene", show=Show.NOTHING),
        Step("/room case-room", show=Show.NOTHING),
        Step('!confer case submit "Robert Poe has lost his erections"', sees=("removed", "take this out"), finds="robert=C"),
        Step("/dm", show=Show.NOTHING),
        Step("case edit {robert}", sees=("Fill in",), show=Show.NOTHING),
        Step(_ROBERT, sees=("Preview of", "Background:"), show=Show.NOTHING),
        Step("case approve {robert}", sees=("Case {robert}", "held back"), about="eld back", hides=("morning erections",)),
    ),
)  # fmt: skip

AGENDA = Scene(
    "2026-11-30T16:00",
    "An agenda that fits the hour",
    "Carla lets it be built from what is ready. Each line says why it is on; what does not fit is carried over by "
    "itself, so no case is passed over for ever.",
    (
        Step("/as Sol", show=Show.NOTHING),
        Step("/room case-room", show=Show.NOTHING),
        Step('!confer agenda add "New triage form" 10m', sees=("New triage form",), show=Show.NOTHING),
        Step("/as Carla", show=Show.NOTHING),
        Step("!confer agenda build", sees=("{mary}", "{robert}", "New triage form"), show=Show.NOTHING),
        Step("!confer agenda move 1 3", sees=("{mary}", "{robert}"), show=Show.NOTHING),
        Step("!confer agenda lock", sees=("Agenda of {meeting}", "{mary}", "{robert}", "New triage form", "@Pat", "@Gene", "planned")),
    ),
)  # fmt: skip

CONFERENCE = Scene(
    "2026-12-01T07:40",
    "The conference",
    "Pat leads. Confer keeps time and phase, says who has not been heard, and asks for the patient's own view before "
    "anything is decided.",
    (
        Step("/clock 2026-12-01T07:45", sees=("{meeting}",)),
        Step("/as Pat", show=Show.NOTHING),
        Step("/room case-room", show=Show.NOTHING),
        Step("/clock 2026-12-01T08:00", show=Show.NOTHING),
        Step("!confer meeting start", sees=("{meeting} item 1", "[present]", "presents"), finds="board=#"),
        Step("/as Thea", show=Show.NOTHING),
        Step("Pain and avoidance feed each other here; I would like to see them together."),
        Step("/as Gene", show=Show.NOTHING),
        Step("I would rule out thyroid and prolactin before anything else."),
        Step("/as Sol", show=Show.NOTHING),
        Step("!confer here", sees=("{meeting}",), show=Show.NOTHING),
        Step("/as Nora", show=Show.NOTHING),
        Step("/react {board} ✋", sees=("{meeting}",), show=Show.NOTHING),
        Step("/as Pat", show=Show.NOTHING),
        Step("!confer next", sees=("[summarise",), show=Show.NOTHING),
        Step("!confer next", sees=("[clarify]",), show=Show.NOTHING),
        Step("/clock +9m", show=Show.NOTHING),
        Step('/press "Next"', sees=("[recommend]", "Not heard", "nursing", "patient's view")),
        Step("/as Nora", show=Show.NOTHING),
        Step("She has asked me twice about the side effects, and never her doctor."),
        Step("/as Pat", show=Show.NOTHING),
        Step("!confer next", sees=("[sum up]", "Who tells the patient"), show=Show.NOTHING),
        Step(
            '!confer decide {mary} "Cut sertraline to 100 mg, recheck in 4 weeks" because "remission is stable, the side '
            'effect is not" options "switch to bupropion; wait" prefers "no further pill" kind medical first',
            sees=("Cut sertraline", "remission is stable", "bupropion", "no further pill", "medical first"), finds="decision=D",
        ),
        Step("/as Sol", show=Show.NOTHING),
        Step('!confer dissent {decision} "Four weeks is too short to judge"', sees=("{decision}", "too short")),
    ),
)  # fmt: skip

TASKS = Scene(
    "2026-12-01T08:30",
    "Who does what by when",
    "A decision nobody carries out is talk. Items go to a person or to a discipline. “Medical first” holds the therapy "
    "back until the lab result is in. Pat slips, and `undo` takes it back.",
    (
        Step("/as Pat", show=Show.NOTHING),
        Step("!confer task add \"TSH and prolactin\" for nursing due today 17:00 case {mary} kind lab", sees=("nursing", "Tue 1 Dec"), finds="lab=T"),
        Step("!confer task add \"Couple session on touch and pain\" for @Thea due in 2 weeks case {mary} kind therapy", sees=("@Thea", "medical first"), finds="therapy=T"),
        Step("!confer task add \"Tell the patient what was decided\" for @Wes due wed case {mary} kind tell-patient", sees=("@Wes",), finds="slip=T", show=Show.NOTHING),
        Step("!confer undo", sees=("{slip}",), about="Taken back"),
        Step("!confer task add \"Tell the patient what was decided\" for @Pat due wed case {mary} kind tell-patient", sees=("@Pat",), finds="tell=T"),
        Step("!confer next", sees=("{robert}",), show=Show.NOTHING),
        Step('!confer decide {robert} "Change metoprolol to nebivolol" because "began with the beta blocker"', sees=("nebivolol",), show=Show.NOTHING),
        Step("!confer task add \"Switch the beta blocker\" for @Gene due thu case {robert} kind medication", sees=("@Gene",), finds="switch=T", show=Show.NOTHING),
    ),
)  # fmt: skip

MINUTES = Scene(
    "2026-12-01T08:50",
    "Minutes that write themselves",
    "The topic that was not reached is carried over. Minutes exist the moment the meeting ends; once signed they are "
    "only ever corrected below, never overwritten.",
    (
        Step("!confer meeting end", sees=("{meeting}", "not reached", "2 decisions")),
        Step(
            "!confer minutes {meeting}",
            sees=("Present:", "Apologies", "{decision}", "{lab}", "Dissent", ".pdf"),
        ),
        Step("!confer minutes sign {meeting}", sees=("signed",)),
        Step("/as Pat", show=Show.NOTHING),
        Step("/clock 2026-12-01T14:00", show=Show.NOTHING),
        Step('!confer task done {tell} "She agrees, glad about fewer pills"', sees=("{tell}", "done"), show=Show.NOTHING),
    ),
)  # fmt: skip

CHASE = Scene(
    "2026-12-01T16:00",
    "Nothing is forgotten",
    "The lab is due at five, and nobody has claimed it. The owner hears first, then the discipline, then the "
    "coordinator; a person's digest and quiet hours are respected, except where it is about safety.",
    (
        Step("/clock 2026-12-01T17:00", sees=("{lab}", "due now"), about="{lab}"),
        Step("/clock 2026-12-02T09:00", sees=("{lab}", "overdue"), about="{lab}"),
        Step("/as Gene", show=Show.NOTHING),
        Step('!confer task done {switch} "On nebivolol since today"', sees=("{switch}",), show=Show.NOTHING),
        Step("/clock 2026-12-03T17:00", sees=("{lab}", "overdue"), about="{lab}"),
        Step("/clock 2026-12-04T17:00", sees=("@carla", "{lab}", "overdue"), about="{lab}"),
    ),
)  # fmt: skip

FRIDAY = Scene(
    "2026-12-04T17:05",
    "The loop is closed",
    "Carla gives the lab to Gene, who has the result. The moment it is in, the therapy that waited is free, and Thea "
    "is told.",
    (
        Step("/as Carla", show=Show.NOTHING),
        Step("!confer task assign {lab} @Gene", sees=("{lab}", "@Gene"), show=Show.NOTHING),
        Step("/as Gene", show=Show.NOTHING),
        Step('!confer task done {lab} "TSH 2.1, prolactin normal"', sees=("{lab}", "TSH 2.1", "@thea", "{therapy}", "can go on")),
        Step("/as Carla", show=Show.NOTHING),
        Step("!confer tasks team", sees=("{therapy}",)),
    ),
)  # fmt: skip

WEEK = (MONDAY, CASES, SECOND, AGENDA, CONFERENCE, TASKS, MINUTES, CHASE, FRIDAY)

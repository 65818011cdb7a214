"""One card of each kind, for the golden files of every platform, and arbitrary cards for Hypothesis."""

from hypothesis import strategies as st

from adapters.card import (
    Actions,
    Block,
    Button,
    Card,
    Choice,
    Fact,
    Facts,
    Field,
    File,
    Form,
    Poll,
    Row,
    Rows,
    Text,
    Tone,
)

CARDS = {
    "title": Card("Nothing is due today."),
    "tones": Card(
        "The clinician on call is paged",
        (
            Text("F-1 is open. Backup is paged at 08:15.", Tone.STRONG),
            Text("Nobody has acknowledged it yet.", Tone.WARNING),
            Text("You get this because you are the supervisor of C-7K2P.", Tone.QUIET),
        ),
        tone=Tone.WARNING,
    ),
    "text": Card(
        "Summary of C-7K2P",
        (
            Text("[name] has low desire since sertraline began.\n\nSleep is good. *No* <b>pain</b> & no _loss_"),
            Text(
                "The team asks whether a change of the antidepressant, a wait of four weeks or a referral "
                "to sex therapy comes first, and who tells [name] what was recommended."
            ),
        ),
    ),
    "facts": Card(
        "M-8 Weekly case conference",
        (
            Facts(
                (
                    Fact("When", "Tue 1 Dec 2026 08:00 EST, 60 min"),
                    Fact("Where", "#case-room"),
                    Fact("Missing", "primary-care\npharmacy (excused)"),
                )
            ),
        ),
    ),
    "rows": Card(
        "Open action items",
        (
            Rows(
                (
                    Row("T-12", "Check TSH", ("for nursing", "overdue since Fri 27 Nov 2026"), Tone.WARNING),
                    Row("T-13", "Call the pharmacy about the taper,\nthen tell @lee"),
                    Row("", "3 more are done.", tone=Tone.QUIET),
                )
            ),
        ),
    ),
    "poll": Card(
        "M-9 MDT: which time?",
        (
            Poll(
                (Row("1", "Tue 1 Dec 2026 09:00 EST", ("Dana, Lee",)), Row("2", "Wed 2 Dec 2026 14:00 EST")),
                "vote M-9",
            ),
            Poll((Row("1", "Thu 3 Dec 2026 12:30 EST"),), "vote M-8", is_open=False),
        ),
    ),
    "actions": Card(
        "Preview of C-7K2P",
        (
            Text("Nothing is posted yet."),
            Actions(
                (
                    Button("Approve", "case approve C-7K2P", "✅"),
                    Button("Edit", "case edit C-7K2P", "✏️"),
                    Button("Withdraw", "case withdraw C-7K2P", danger=True),
                )
            ),
        ),
    ),
    "form": Card(
        "Submit a case",
        (
            Text("Only you see this."),
            Form(
                "Fill in",
                "A case for the conference",
                "case submit",
                (
                    Field("question", "The one question", "one sentence", required=True),
                    Field("background", "Background", multiline=True, value="Since May.\n" + 30 * "Again. "),
                    Field(
                        "urgency",
                        "urgency",
                        choices=(Choice("routine", "Routine"), Choice("soon", "Within a week")),
                        value="routine",
                    ),
                    Field("treatment-so-far", "What was tried", other_names=("treatment",)),
                ),
            ),
        ),
    ),
    "file": Card("Minutes of M-8", (File("minutes-M-8.pdf", "application/pdf", b"%PDF-1.7" + 2400 * b"x"),)),
    "mentions": Card("T-12 is due today", (Text("@dana, please."),), mentions=("dana", "lee")),
    "hostile": Card(
        "Case \x1b[2J\x07of \u202egnissim\u2069",
        (
            Text("up\x0b\x85and\r\ndown\u2028line\x00 tab\there \ud800 \u200bzero 👩‍⚕️"),
            Facts((Fact("a\nb", "c\rd"),)),
            Actions((Button("App\nrove\x1b[0m", "x"),)),
            Form("La\u202ebel", "Ti\ntle", "x", (Field("na\nme", "la\x9bbel", "hi\nnt"),)),
            File("../../etc/\x1bpasswd", "text/plain", b""),
        ),
    ),
}

_words = st.text(max_size=30) | st.sampled_from(["", "\x1b[31m", "\u202e", "a\r\nb", "T-12", "@dana", 90 * "x"])
_tones = st.sampled_from(Tone)
_buttons = st.builds(Button, label=_words, command=_words, emoji=_words, danger=st.booleans())
_choices = st.builds(Choice, value=_words, label=_words)
_fields = st.builds(
    Field,
    name=_words,
    label=_words,
    hint=_words,
    value=_words,
    required=st.booleans(),
    choices=st.lists(_choices, max_size=2).map(tuple),
)


def _few(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


_rows = st.builds(Row, lead=_words, text=_words, details=_few(_words), tone=_tones)
_blocks: st.SearchStrategy[Block] = st.one_of(
    st.builds(Text, text=_words, tone=_tones),
    st.builds(Facts, facts=_few(st.builds(Fact, name=_words, value=_words))),
    st.builds(Rows, rows=_few(_rows)),
    st.builds(Poll, answers=_few(_rows), command=_words, is_open=st.booleans()),
    st.builds(Actions, buttons=_few(_buttons)),
    st.builds(Form, label=_words, title=_words, command=_words, fields=_few(_fields)),
    st.builds(File, name=_words, media_type=_words, content=st.binary(max_size=20)),
)
any_card = st.builds(Card, title=_words, blocks=_few(_blocks), tone=_tones, mentions=_few(_words))
"""Cards of every shape, with everything in their texts that could do harm."""

"""A line of words to a command and its values."""

import unicodedata
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import TABLE
from bot.grammar.command import Command
from bot.grammar.params import Param, Reading, Type
from bot.grammar.parse import Slip, find_ref, parse
from bot.grammar.rhythm import Rhythm
from bot.grammar.times import Moment
from bot.grammar.tokens import quote
from conference.people import Account, Discipline, Member, Role, TeamId
from conference.refusal import Refusal

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


def _member(account: str, name: str, discipline: str = "nursing") -> Member:
    return Member(TeamId("t"), Account(account), name, Discipline(discipline), frozenset({Role.CLINICIAN}), NOW)


PEOPLE = (
    _member("dana", "Dana Scully", "psychiatry"),
    _member("lee", "Lee"),
    _member("u1", "Kim"),
    _member("u2", "Kim"),
)


def reading(**more: object) -> Reading:
    return Reading(NOW, NEW_YORK, lambda: PEOPLE, **more)  # type: ignore[arg-type]


def values(line: str, **more: object) -> dict[str, object]:
    read = parse(line, TABLE, reading(**more)).args.values
    return {name: value for name, value in read.items() if value is not None}


def refused(line: str, **more: object) -> str:
    with pytest.raises(Refusal) as refusal:
        parse(line, TABLE, reading(**more))
    assert "\n" not in refusal.value.text
    return refusal.value.text


def local(at: object) -> str:
    assert isinstance(at, Moment)
    return f"{at.at.astimezone(NEW_YORK):%a %d %b %H:%M}"


@pytest.mark.parametrize("command", TABLE.commands, ids=lambda c: c.words)
def test_every_example_is_a_command(command: Command) -> None:
    """What help shows as an example can be typed as it stands, in any letter case of its first words."""
    assert parse(command.example, TABLE, reading()).command is command
    first, *rest = command.example.split(" ", 1)
    assert parse(" ".join([first.upper(), *rest]), TABLE, reading()).command is command


def _outcome(line: str) -> str:
    """The command's words, or the sentence of the refusal; any other exception passes through."""
    try:
        return parse(line, TABLE, reading()).command.words
    except Refusal as refusal:
        return refusal.text


words = st.sampled_from([w for c in TABLE.commands for w in c.example.split()])
lines = st.lists(st.one_of(words, st.text(max_size=12), st.sampled_from(['"', "`", "'", "“", "for", "-", ",", "M-"])))


@given(st.one_of(st.text(), lines.map(" ".join)))
def test_any_text_is_a_command_or_a_refusal(text: str) -> None:
    """Nothing that people type makes the parser fail, and a refusal is one line."""
    said = _outcome(text)
    assert said.strip()
    assert "\n" not in said


@given(st.data())
def test_a_quoted_text_arrives_as_it_was(data: st.DataObject) -> None:
    """Whatever words, keywords, times and references are quoted, the command gets that text."""
    said = data.draw(st.one_of(lines.map(" ".join), st.text(max_size=60)).map(lambda t: " ".join(t.split())))
    if not said or len(said) > 200 or ("`" in said and set(said) & set('"“”„‟«»＂')):
        return
    line = f"agenda add {quote(said)} 10m"
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs") for letter in said):
        assert _outcome(line)
    else:
        assert values(line) == {"topic": said, "length": timedelta(minutes=10)}


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=30))
def test_text_after_a_keyword_needs_no_quotes(said: str) -> None:
    """What follows “because” is the reason, whatever it is."""
    assert values(f"meeting cancel M-1 because {said}")["because"] == said


@pytest.mark.parametrize(
    ("line", "title", "start"),
    [
        ("meeting schedule Chest pain huddle tomorrow 12:15 for 15m", "Chest pain huddle", "Tue 24 Nov 12:15"),
        ("meeting schedule Case talk tue 8am", "Case talk", "Tue 24 Nov 08:00"),
        ("meeting schedule MDT 2026-12-01 09:00 kind round", "MDT", "Tue 01 Dec 09:00"),
        ("meeting schedule MDT on fri at 2pm", "MDT", "Fri 27 Nov 14:00"),
        ("meeting schedule “Case talk” in 15m", "Case talk", "Mon 23 Nov 09:15"),
        ("meeting schedule 'Case talk' 24.12.2026 08:00", "Case talk", "Thu 24 Dec 08:00"),
        ("meeting schedule `Plan for winter` next wed noon", "Plan for winter", "Wed 02 Dec 12:00"),
        ("  meeting   schedule\n“Case\ntalk”\ttue 08:00  ", "Case\ntalk", "Tue 24 Nov 08:00"),
    ],
)
def test_a_meeting_in_the_words_people_use(line: str, title: str, start: str) -> None:
    """Quoted or not, the title ends where the time begins."""
    read = values(line)
    assert (read["title"], local(read["start"])) == (title, start)


@pytest.mark.parametrize("between", [", ", ",", " and ", "; ", ", and "])
@pytest.mark.parametrize("title", ['"MDT"', "MDT"])
def test_the_times_of_a_poll(title: str, between: str) -> None:
    """A list of times is read however it is joined."""
    line = f"meeting poll {title} {between.join(['tue 09:00', 'wed 2pm', '2026-11-26 12:30'])} for 45m"
    read = values(line)
    assert [local(t) for t in read["times"]] == ["Tue 24 Nov 09:00", "Wed 25 Nov 14:00", "Thu 26 Nov 12:30"]  # type: ignore[attr-defined]
    assert (read["title"], read["length"]) == ("MDT", timedelta(minutes=45))


def test_a_series_in_full() -> None:
    """Every keyword behind the rhythm finds its value."""
    read = values(
        'series create "Weekly case conference" every tue 08:00 for 60m kind conference '
        "quorum psychiatry,primary-care closes 24h"
    )
    rhythm = read["rhythm"]
    assert isinstance(rhythm, Rhythm)
    rule, clock = rhythm.rule, rhythm.at
    assert (rule.words, clock) == ("every tue", time(8))
    assert read["quorum"] == ("psychiatry", "primary-care")
    assert (read["length"], read["closes"]) == (timedelta(hours=1), timedelta(hours=24))


@pytest.mark.parametrize(
    ("line", "words", "clock"),
    [
        ("series create Huddle every weekday 8:15", "every weekday", time(8, 15)),
        ("series create Round every other tue at 9am", "every other tue", time(9)),
        ("series create Board every 1st mon of the month 16:00", "every 1st mon of the month", time(16)),
        ("series create Review monthly on the 15th noon", "monthly on the 15th", time(12)),
    ],
)
def test_the_rhythms_of_the_contract(line: str, words: str, clock: time) -> None:
    """An unquoted title ends where the rhythm begins."""
    rhythm = values(line)["rhythm"]
    assert isinstance(rhythm, Rhythm)
    rule, at = rhythm.rule, rhythm.at
    assert rule is not None
    assert (rule.words, at) == (words, clock)


@pytest.mark.parametrize("quorum", ["psychiatry,gp", "psychiatry, primary care", "psychiatry gp", "psych and pcp"])
def test_disciplines_in_a_list(quorum: str) -> None:
    """With commas or without, by name or synonym, with a blank or a hyphen."""
    assert values(f'meeting schedule "X" tue 08:00 quorum {quorum}')["quorum"] == ("psychiatry", "primary-care")


@pytest.mark.parametrize("who", ["@lee", "lee", "Lee", "@LEE", "@dana", "Dana Scully", "scully"])
def test_a_person_with_and_without_a_mention(who: str) -> None:
    """A mention, an account or a display name that is unique."""
    cover = values(f"me away until 5 dec cover {who}")["cover"]
    assert isinstance(cover, Member)
    assert cover.account == ("lee" if "lee" in who.casefold() else "dana")


def test_unknown_and_ambiguous_people() -> None:
    """A stranger gets the nearest name, two of one name are told apart by their accounts."""
    assert "Did you mean @dana?" in refused("team remove @dane")
    assert "@u1 or @u2" in refused("team remove Kim")


@pytest.mark.parametrize("span", ["18:00-08:00", "18:00 - 08:00", "6pm-8am", "from 18:00 to 08:00", "18:00–08:00"])
def test_quiet_hours_in_any_form(span: str) -> None:
    """Two clocks, however they are joined."""
    assert values(f"me quiet {span}")["hours"] == (time(18), time(8))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('meeting schedule "X"', "Say when, e.g. tomorrow 14:00."),
        ("meeting schedule tue 08:00", 'Say what: "title" in quotes.'),
        ("series create every tue 08:00", 'Say what: "title" in quotes.'),
        ("agenda add 10m", 'Say what: "topic" in quotes.'),
        ("meeting cancel M-1", "Say why, e.g. because two are ill."),
        ("rsvp M-1", "Say yes, no or maybe."),
        ("rsvp M-1 perhaps", "does not fit here"),
        ("team add @dana", "Say which discipline, e.g. psychiatry."),
        ("team add @dana dentistry", "I know no discipline"),
        ('task add "Send the plan" for C-7K2P', "C-7K2P is a case; name it by `case C-7K2P`"),
        ("team guest @lee C-7K2P", "Say until when, e.g. until fri."),
        ("agenda drop first", "is not a number"),
        ("series stop 2", "Say which series, e.g. S-2."),
        ("series skip S-1", "Say which dates, e.g. 24 dec to 2 jan."),
        ("series skip S-x 24 dec", "is no reference of a series"),
        ('meeting poll "MDT" tue 09:00, 14:00', "Say the day of “14:00” as well"),
        ('meeting schedule "X" tue 08:00 for', "Say how long, e.g. for 15m."),
        ('meeting schedule "X" tue 08:00 for ever', "ever"),
        ('agenda add "One" "two"', "Put the whole text in one pair of quotes."),
        ('agenda add ""', "is empty"),
        (f'agenda add "{"x" * 201}"', "201 characters; at most 200"),
        ("me zone Mars/Base", "I do not know the time zone"),
        ("me quiet 18:00", "span of hours"),
        ('meeting schedule "X" fri 13 nov 2026 08:00', "which has passed"),
    ],
)
def test_what_is_missing_or_wrong_is_named(line: str, says: str) -> None:
    """One line that says what to type."""
    assert says in refused(line)


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("taks done", "task done"),
        ("agneda", "agenda"),
        ("meting schedule", "meeting schedule"),
        ("team ad @dana psychiatry", "team add"),
        ("agenda biuld", "agenda build"),
        ("hlep", "help"),
        ("seires create X every tue 08:00", "series create"),
    ],
)
def test_a_slip_gets_the_nearest_command(line: str, meant: str) -> None:
    """It is offered, never carried out."""
    with pytest.raises(Slip) as slip:
        parse(line, TABLE, reading())
    assert slip.value.nearest == meant
    assert f"Did you mean `{meant}`?" in slip.value.text


@pytest.mark.parametrize("line", ["xyzzy", "good morning everyone", "🙂", '"quoted"', "M-8"])
def test_no_command_at_all(line: str) -> None:
    """Help is named where nothing is near."""
    assert "help" in refused(line)


def test_nothing_said_means_help() -> None:
    """The bot's name alone asks for help."""
    assert parse("  \n", TABLE, reading()).command.words == "help"


@pytest.mark.parametrize("word", ["M-8", "m8", "m-8,", "(M-8)", "M-08", "M-8."])
def test_references_as_people_write_them(word: str) -> None:
    """Letter case, hyphen, brackets and the sentence's full stop do not matter."""
    assert find_ref(word, "M") == "M-8"


@pytest.mark.parametrize("word", ["mon", "M-", "M", "M-8a", "M-٣", "T-8", "M-123456789"])
def test_what_is_no_reference(word: str) -> None:
    """Words that look alike are not taken for one."""
    assert find_ref(word, "M") is None


def test_the_thread_supplies_the_reference() -> None:
    """In a meeting's thread the reference may be left out, and one that is typed wins."""
    assert values("rsvp yes", thread_subject="M-3") == {"meeting": "M-3", "answer": "yes"}
    assert values("rsvp M-8 yes", thread_subject="M-3")["meeting"] == "M-8"
    assert values("rsvp yes", thread_subject="C-7K2P") == {"answer": "yes"}


@pytest.mark.parametrize(
    ("line", "meeting"),
    [
        ("rsvp yes M-8", "M-8"),
        ("vote 1 3 m-8", "M-8"),
        ("meeting fix 2 M-8", "M-8"),
        ("meeting move thu 09:00 M-8", "M-8"),
    ],
)
def test_a_reference_may_come_last(line: str, meeting: str) -> None:
    """Where no text could hold it, and one in front wins."""
    assert values(line)["meeting"] == meeting
    assert "M-8" in refused("rsvp M-3 yes M-8")
    assert values("agenda add Talk about M-8") == {"topic": "Talk about M-8"}


def test_a_form_supplies_a_text_that_the_words_leave_out() -> None:
    """The words win over the field."""
    assert values("agenda add", fields={"topic": "From the form"})["topic"] == "From the form"
    assert values("agenda add Typed", fields={"topic": "From the form"})["topic"] == "Typed"


@pytest.mark.parametrize(
    "line", ["meeting schedule " + "a " * 9_000, "agenda add " + "'a " * 6_000, "quorum, " * 2_000]
)
def test_a_long_line_is_refused_quickly(line: str) -> None:
    """Twenty thousand characters of any words are read in well under a second."""
    assert refused(line)


def test_usage_shows_what_is_optional() -> None:
    """Help and refusals print a command's parameters from the table."""
    command = next(c for c in TABLE.commands if c.words == "rsvp")
    assert command.usage == "rsvp [M-8] yes|no|maybe"
    assert Param("n", Type.NUMBER, keyword="also", optional=True).shown == "[also 3]"

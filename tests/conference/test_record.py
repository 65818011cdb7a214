"""Sections hidden as one text and cut apart again: nothing is lost at an edge, and who is known is hidden everywhere."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conference import record
from conference.case import Case, CaseState, Identifier, Part, Section
from conference.deid import Draft, Finding, Kind, Quasi, Role
from conference.people import Account, CaseId, Discipline, Member, TeamId
from conference.people import Role as TeamRole
from conference.record import check_clean, known_people, preview, read_birth
from conference.refusal import Refusal

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
TEXTS = st.dictionaries(st.sampled_from(list(Section)), st.text("abcd \n", min_size=1, max_size=20), min_size=1)


def case_of(texts: dict[Section, str], **identifiers: str) -> Case:
    known = {Identifier(name): value for name, value in identifiers.items()}
    return Case(CaseId("C-7K2P"), TeamId("north"), Account("pat"), CaseState.DRAFT, NOW, known, texts)


def found(start: int, end: int) -> Finding:
    return Finding(start, end, Kind.NAME, sure=True, known=False, reason="drawn", replacement="[x]")


@st.composite
def hidden(draw: st.DrawFn) -> tuple[Case, Draft]:
    """A case, and a judgement of its whole text in which any stretches may be hidden, across edges too."""
    drawn = draw(TEXTS)
    texts = {s: drawn[s] for s in Section if s in drawn}
    whole = "\n\n".join(texts.values())
    ends = sorted(draw(st.sets(st.integers(0, len(whole)), max_size=8)))
    findings = tuple(found(s, e) for s, e in zip(ends[::2], ends[1::2], strict=False))
    return case_of(texts), Draft(whole, findings, (Quasi(0, len(whole), "all of it", "less"),))


@settings(deadline=None)
@given(hidden())
def test_a_finding_is_never_lost_at_an_edge(drawn: tuple[Case, Draft]) -> None:
    """Every hidden character of the whole is hidden in its section, and nothing else is."""
    case, draft = drawn
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "scan", lambda *_, **__: draft)
        shown = preview(case, ())
    covered = {i for f in draft.findings for i in range(f.start, f.end)}
    at = 0
    for section in shown.sections:
        text = case.texts[section.section]
        assert section.text == text
        here = {at + i for f in section.findings for i in range(f.start, f.end)}
        assert here == covered & set(range(at, at + len(text)))
        assert section.safe == _replaced(text, section.findings)
        assert [(q.start, q.end) for q in section.quasi] == [(0, len(text))]
        at += len(text) + 2


def _replaced(text: str, findings: tuple[Finding, ...]) -> str:
    for finding in reversed(findings):
        text = text[: finding.start] + finding.replacement + text[finding.end :]
    return text


NAMES = ["Maria Lopez", "Sam Roe"]
FRAMES = ["{} cannot sleep", "Since May she and {} argue", "Seen with {}", "{}", "Asked for {}. Then left"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(FRAMES), st.sampled_from(NAMES)), min_size=1, max_size=len(Section)))
def test_who_is_known_is_hidden_in_every_section(said: list[tuple[str, str]]) -> None:
    """A name of the record stands in no section, wherever in it the name stands."""
    texts = {section: frame.format(name) for section, (frame, name) in zip(Section, said, strict=False)}
    case = case_of(texts, patient="Maria Lopez", people="partner Sam Roe")
    parts = preview(case, ()).parts
    assert len(parts) == len(texts)
    assert not [p.text for p in parts for name in ("Maria", "Lopez", "Sam", "Roe") if name in p.text.split()]


def test_one_person_is_called_the_same_in_all_sections() -> None:
    """A reader can follow who is who from one section to the next."""
    case = case_of(
        {Section.QUESTION: "What can Maria do?", Section.GOALS: "Maria wants to ride"}, patient="Maria Lopez"
    )
    question, goals = (p.text for p in preview(case, ()).parts)
    assert goals.removesuffix(" wants to ride").casefold() in question.casefold()


def test_the_wording_has_a_name() -> None:
    """Another letter, or the same letters in another section, is another wording."""
    tokens = {
        preview(case_of(texts), ()).token
        for texts in (
            {Section.QUESTION: "Ride?"}, {Section.QUESTION: "ride?"}, {Section.GOALS: "Ride?"},
            {Section.QUESTION: "Ride?", Section.GOALS: "Ride?"},
        )
    }  # fmt: skip
    assert len(tokens) == 4
    assert preview(case_of({Section.QUESTION: "Ride?"}), ()).token in tokens


def test_what_was_hidden_is_clean_and_what_was_not_is_refused() -> None:
    """The gate before posting names the words that are in the way, and lets through what the preview made."""
    case = case_of({Section.BACKGROUND: "Maria Lopez rides."}, patient="Maria Lopez")
    check_clean(preview(case, ()).parts, case, ())
    with pytest.raises(Refusal, match=r"Maria Lopez.*case hide C-7K2P"):
        check_clean([Part.of(Section.BACKGROUND, "Maria Lopez rides.")], case, ())


def test_the_record_becomes_people() -> None:
    """Relatives by their kin word, several of each, the team by its roster; a slip of a date is refused."""
    member = Member(
        TeamId("n"), Account("pat"), "Pat Holm", Discipline("psychiatry"), frozenset({TeamRole.CLINICIAN}), NOW
    )
    case = case_of(
        {}, patient="Maria Lopez; Mari", people="partner Sam Roe, her mother Ann; Jo (a friend)", mrn="12 34",
        phone="555-0101 / 555-0102", email="write m@example.org or n@example.org", address="1 Elm St; Pellbrook",
        employer="Northmoor", school="Hexley", born="2/23/1980",
    )  # fmt: skip
    known = known_people(case, [member])
    roles = {name: person.role for person in known.people for name in person.names}
    assert roles == {
        "Maria Lopez": Role.PATIENT, "Mari": Role.PATIENT, "Sam Roe": Role.PARTNER, "Ann": Role.RELATIVE,
        "Jo": Role.OTHER, "Pat Holm": Role.CLINICIAN,
    }  # fmt: skip
    assert known.birth_on == date(1980, 2, 23)
    assert {"555-0101", "555-0102"} <= set(known.numbers)
    assert known.emails == ("m@example.org", "n@example.org")
    assert known.addresses == ("1 Elm St", "Pellbrook")
    assert known.organisations == ("Northmoor", "Hexley")
    with pytest.raises(Refusal, match="1980-02-23"):
        read_birth("a sunny day")

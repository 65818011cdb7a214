"""The small-cell count: what a summary tells of age, sex and state, and how many open cases fit it."""

from datetime import UTC, datetime

import pytest

from conference.case import Case, CaseState, Section
from conference.panel import Profile, alike, profile
from conference.people import Account, CaseId, TeamId

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def a_case(ref: str, background: str) -> Case:
    texts = {Section.BACKGROUND: background}
    return Case(CaseId(ref), TeamId("t"), Account("pat"), CaseState.APPROVED, NOW, texts=texts)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("34F from Ohio, low desire", Profile(30, "female", "Ohio")),
        ("a 58-year-old man in New Mexico", Profile(50, "male", "New Mexico")),
        ("58 y/o, he lives alone", Profile(50, "male", "")),
        ("in her early 20s, moved from West Virginia", Profile(20, "female", "West Virginia")),
        ("sertraline 100 mg, PHQ-9 14", Profile()),
        ("aged 95, she", Profile(90, "female", "")),
    ],
)
def test_what_words_tell(words: str, expected: Profile) -> None:
    """Age goes into its decade, sex into the one said more often, a state by its name."""
    assert profile(a_case("C-1111", words)) == expected


def test_only_cases_that_fit_everything_told_are_counted() -> None:
    """Another state, sex or decade does not fit; a case that tells less does not fit either."""
    panel = [
        a_case("C-2222", "36F, Ohio"),
        a_case("C-3333", "36M, Ohio"),
        a_case("C-4444", "36F, Texas"),
        a_case("C-5555", "64F, Ohio"),
        a_case("C-6666", "36F"),
    ]
    mine, count = alike(a_case("C-1111", "34F, Ohio"), panel)
    assert mine.words == "30 to 39, female, Ohio"
    assert count == 2

"""People, numbers and places of the case's record go in whatever form they appear."""

import random
from datetime import date

import pytest

from conference.deid import Kind, Known, KnownPerson, Role, recheck, scan, screen

MARIA = KnownPerson(Role.PATIENT, ("María Elena López-García",))
KNOWN = Known(
    people=(
        MARIA,
        KnownPerson(Role.PARTNER, ("William O’Brien",)),
        KnownPerson(Role.CLINICIAN, ("Dr. Adaeze Nwosu",)),
        KnownPerson(Role.CLINICIAN, ("Jonathan Whitfield",)),
    ),
    birth_on=date(1985, 3, 4),
    numbers=("00-482-913", "(614) 555-0187", "AB1234567"),
    emails=("maria.lopez@example.org",),
    addresses=("88 Birch Hollow Road, Larkspur Falls, OH 43215",),
    organisations=("Pinecrest Elementary",),
)
FRAMES = (
    "{} came in today.",
    "Spoke with {} about the plan",
    "pt {}: low mood, no si",
    "The plan was agreed with {}, who will call back.",
    "HX: {}; PHQ-9 14",
    "({})",
)


@pytest.mark.parametrize("write", [str, str.lower, str.upper, str.title, str.swapcase])
@pytest.mark.parametrize(
    "name",
    ["María Elena López-García", "Maria Lopez", "López García", "Garcia", "Lopez-Garcia", "Elena", "William O’Brien",
     "O'Brien", "OBrien", "Adaeze Nwosu", "Nwosu", "Whitfield", "Jonathan", "Maria's", "Whitfield’s"],
)  # fmt: skip
@pytest.mark.parametrize("frame", FRAMES)
def test_a_known_name_goes_in_any_letter_case(write, name, frame):
    """Every part of a known name is found, accents or none."""
    text = frame.format(write(name))
    found = [f for f in scan(text, KNOWN).findings if f.known and f.kind is Kind.NAME]
    at = text.index(write(name))
    core = len(name.removesuffix("'s").removesuffix("’s"))
    hidden = {i for f in found for i in range(f.start, f.end)}
    assert all(i in hidden for i in range(at, at + core) if text[i].isalpha())


def _typo(word: str, rng: random.Random) -> str:
    """One letter left out, doubled, exchanged or swapped with the next."""
    at = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at] + word[at:]
    if kind == 2:
        return word[:at] + rng.choice("abcdefghijklmnopqrstuvwxyz") + word[at + 1 :]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


SURNAMES = [
    "Kowalski", "Achterberg", "Nwachukwu", "Ramachandran", "Delacroix", "Castellanos", "Abernathy", "Szymanski",
    "Oyelaran", "Thistlewood", "Villanueva", "Papadopoulos", "Hashemi", "Lindqvist", "Montenegro", "Fairweather",
    "Stavropoulos", "Kjellberg", "Vandermeer", "Bhattacharya", "Quintanilla", "Drummond", "Ferreira", "Gallagher",
]  # fmt: skip


def test_one_typo_still_finds_a_known_name():
    """At least 98 % of long known names with one typo, in lower case and in title case."""
    rng = random.Random(11)
    missed = total = 0
    for surname in SURNAMES:
        known = Known(people=(KnownPerson(Role.PATIENT, (f"Ann {surname}",)),))
        for _ in range(20):
            slip = _typo(surname.lower(), rng)
            for text in (f"saw {slip} today, mood better", f"Follow-up of {slip.title()} after six weeks"):
                total += 1
                missed += not any(f.known for f in scan(text, known).findings)
    assert missed / total <= 0.02


@pytest.mark.parametrize(
    "written",
    ["3/4/1985", "03/04/85", "3-4-85", "1985-03-04", "4.3.1985", "04/03/1985", "March 4, 1985", "march 4th 1985", "4 March 85",
     "Mar 4 '85", "4-Mar-1985", "03041985", "March 4", "4th of March", "19850304"],
)  # fmt: skip
def test_the_birth_date_goes_in_every_form(written):
    """The known birth date is found however it is written, and only its year may stay."""
    draft = scan(f"born {written}, lives alone", KNOWN)
    assert any(f.known and f.kind is Kind.DATE for f in draft.findings)
    assert written not in draft.safe


@pytest.mark.parametrize(
    "written",
    [
        "00482913",
        "00-482-913",
        "00 482 913",
        "6145550187",
        "614.555.0187",
        "(614) 555 0187",
        "+1 614 555 0187",
        "ab 1234567",
        "AB-123-4567",
    ],
)
def test_known_numbers_go_whatever_their_separators(written):
    """The same digits are the same number."""
    assert any(f.known for f in scan(f"see {written} please", KNOWN).findings)


@pytest.mark.parametrize(
    "written",
    ["88 birch hollow rd", "88 Birch Hollow Road", "larkspur falls", "Pinecrest elementary", "MARIA.LOPEZ@EXAMPLE.ORG"],
)
def test_known_places_and_mail_go(written):
    """Street words may be short or long."""
    assert any(f.known for f in scan(f"sent to {written} today", KNOWN).findings)


def test_roles_stand_in_for_names():
    """The patient is “the patient”; clinicians are told apart by number, the same person always alike."""
    safe = scan("Maria met Dr. Nwosu and Dr. Whitfield; William drove. Nwosu will call Maria.", KNOWN).safe
    assert (
        safe
        == "the patient met Dr. [clinician 1] and Dr. [clinician 2]; [partner] drove. [clinician 1] will call the patient."
    )


def test_a_nickname_and_initials_go():
    """“Bill” is William; “M. Garcia” and “M.E.L.G.” are María."""
    assert "[partner]" in scan("Bill left him a note", KNOWN).safe
    assert "Garcia" not in scan("seen by M. Garcia", KNOWN).safe
    assert any(f.known for f in scan("Reviewed M.G. at length.", KNOWN).findings)


def test_a_known_identifier_cannot_be_kept():
    """`keep` is the author's wish about doubtful words only."""
    text = "Maria likes Parkinson and Lakeview"
    draft = scan(text, KNOWN, keep=frozenset({"maria", "Lakeview"}))
    assert "Maria" not in draft.safe
    assert "Lakeview" in draft.safe


def test_plain_grammar_is_left_for_names_that_are_words():
    """Will's name goes, the verb stays."""
    known = Known(people=(KnownPerson(Role.PATIENT, ("Will Marsh",)),))
    safe = scan("he will start tomorrow. told will to rest. Will was here. WILL MARSH", known).safe
    assert safe == "he will start tomorrow. told the patient to rest. the patient was here. the patient"


def test_screening_takes_record_and_formed_identifiers_only():
    """A task title keeps its dates and doubtful words."""
    draft = screen("Call Maria Lopez at 614-555-0187 before Tuesday, cc Zorblatt", KNOWN)
    assert draft.safe == "Call the patient at [id] before Tuesday, cc Zorblatt"
    assert screen("Send labs to x@example.org by 3/4", KNOWN, frozenset({Kind.PHONE})).findings == ()


def test_an_edited_summary_is_caught_again():
    """The second pass sees what an author wrote anew."""
    assert recheck("the patient is well", KNOWN) == ()
    assert recheck("the patient is well, says Nwosu", KNOWN)

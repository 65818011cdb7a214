"""What a proper noun of medicine explains stays readable; a person of the same name does not."""

import pytest

from conference.deid import scan

STAYS = [
    "hurley ii on adalimumab, still draining",
    "Barnes 2 after haldol, propranolol no help",
    "Garden III femoral neck, Pauwels 2",
    "spurlings neg, jobes positive, mri next",
    "positive Yergason, Hawkins-Kennedy equivocal",
    "WAIS-IV 104, Trails B slow, Boston Naming intact, Hopkins Verbal Learning impaired",
    "norms for the Female Sexual Distress Scale and the Wender Utah",
    "Kellgren-Lawrence three, Semmes-Weinstein absent",
    "switched from symbicort to breztri, then dupixent",
    "the Quillfeather questionnaire and the Ostrander criteria",
    "pasi nine, basdai six, dlqi fourteen",
    "group on monday mornings, clinic mon-fri",
]
GOES = [
    ("told hurley that the abscess drains", "hurley"),
    ("Dr. Barnes 2 days ago", "Barnes"),
    ("his son garden called", "garden"),
    ("thompson is negative for covid, he says", "thompson"),
    ("kelly positive, isolate her roommate", "kelly"),
    ("did joe sign the roi", "joe"),
    ("lives in boston with a cousin", "boston"),
    ("cc hope on this pls", "hope"),
    ("lmk if grace calls", "grace"),
    ("LAIs due: Booker 1-3, Ilse 1-7", "1-3"),
    ("she called on the 1/3 and left", "1/3"),
    ("biopsy is 1/3 in town", "1/3"),
    ("acct ending 4471, autopay ran twice", "4471"),
    ("her plate number KBR 2207", "KBR 2207"),
    ("nurse tamika on 4 west said so", "4 west"),
]


@pytest.mark.parametrize("text", STAYS)
@pytest.mark.parametrize("form", [str, str.lower])
def test_a_proper_noun_of_medicine_stays(text, form):
    """Instruments, signs, stages and brands are no identifiers, in any letter case."""
    assert scan(form(text)).findings == ()


@pytest.mark.parametrize(("text", "part"), GOES)
def test_a_person_or_place_of_that_name_goes(text, part):
    """The frame of a person, a place or a day outweighs the vocabulary."""
    start = text.index(part)
    hidden = {at for f in scan(text).findings for at in range(f.start, f.end)}
    assert set(range(start, start + len(part))) <= hidden

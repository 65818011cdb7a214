"""The eighteen identifiers of Safe Harbor, and what must stay readable."""

from datetime import date

import pytest

from conference.deid import Kind, scan

HIDDEN = [
    # (A) names
    ("Seen with Dr. Abernathy and nurse kelly oconnor", "Abernathy", Kind.NAME),
    ("her husband tunde drove her", "tunde", Kind.NAME),
    ("pt jenna marlowe 29f", "jenna marlowe", Kind.NAME),
    ("SURGEON: Priya Raghunathan, M.D.", "Priya Raghunathan", Kind.NAME),
    ("Grace says she sleeps better", "Grace", Kind.NAME),
    ("told the team that mr long is late", "long", Kind.NAME),
    # (B) places
    ("lives in fresno with a cousin", "fresno", Kind.LOCATION),
    ("sent to 88 Birch Hollow Rd, Columbus, OH 43215 today", "88 Birch Hollow Rd, Columbus, OH 43215", Kind.LOCATION),
    ("seen at St. Luke's Hospital", "St. Luke's Hospital", Kind.LOCATION),
    ("at valley womens clinic since then", "valley womens clinic", Kind.LOCATION),
    ("P.O. Box 112", "P.O. Box 112", Kind.LOCATION),
    ("zip 97214", "97214", Kind.LOCATION),
    # (C) dates and ages
    ("started 8/15 and stopped", "8/15", Kind.DATE),
    ("since last Tuesday", "Tuesday", Kind.DATE),
    ("after Thanksgiving", "Thanksgiving", Kind.DATE),
    ("seen on the 3rd", "3rd", Kind.DATE),
    ("worse in May, better later", "May", Kind.DATE),
    ("15-Nov-2009", "15-Nov", Kind.DATE),
    ("the twenty-second of August", "twenty-second of August", Kind.DATE),
    ("a 94-year-old man", "94", Kind.AGE),
    ("she is ninety-three now", "ninety-three", Kind.AGE),
    ("her 100th birthday", "100", Kind.AGE),
    ("frail, in her tenth decade", "tenth decade", Kind.AGE),
    ("the big 9-0 next spring", "9-0", Kind.AGE),
    # (D) to (G)
    ("call 614-555-0187", "614-555-0187", Kind.PHONE),
    ("fax +44 20 7946 0018", "+44 20 7946 0018", Kind.PHONE),
    ("x.y@example.org wrote", "x.y@example.org", Kind.EMAIL),
    ("ssn 000-12-3456", "000-12-3456", Kind.SSN),
    # (H) to (O), (R)
    ("MRN 00482913", "00482913", Kind.MRN),
    ("Aetna member ID W198827341", "W198827341", Kind.HEALTH_PLAN),
    ("acct no. QX-55810-2", "QX-55810-2", Kind.ACCOUNT),
    ("card 4111 1111 1111 1112", "4111 1111 1111 1112", Kind.ACCOUNT),
    ("DEA AB1234563", "AB1234563", Kind.LICENSE),
    ("VIN 1HGCM82633A004352", "1HGCM82633A004352", Kind.ID),
    ("pump serial no. SN-48213-A", "SN-48213-A", Kind.ID),
    ("https://example.org/p/1", "https://example.org/p/1", Kind.URL),
    ("from 192.0.2.63", "192.0.2.63", Kind.IP),
    ("posts as @quiet_otter77", "@quiet_otter77", Kind.ID),
]

CLEAN = [
    "what is the target a1c for a 78 year old with ckd and hypoglycemia unawareness",
    "For a 55 y/o with HFrEF on carvedilol and spironolactone, is adding dapagliflozin evidence based?",
    "PHQ-9 14, GAD-7 11, FSFI 18.2, IIEF-5 9, MoCA 26/30, BP 132/76, pain 3/10, strength 5/5",
    "Explain Wilson's disease and the Kayser-Fleischer ring. Murphy sign was negative; Parkinson disease and Crohn's colitis.",
    "Tried Lexapro, Prozac and Zoloft; now Wellbutrin XL 300 mg. Viagra helped. HSDD since sertraline.",
    "he will start in two weeks, may drive, hopes for the best and will mark the chart",
    "Incision closed with 3-0 Vicryl. Foley catheter out. Jackson-Pratt drain. Betadine prep, Bovie cautery.",
    "REVIEW OF SYSTEMS: Constitutional: No fever or chills. Respiratory: No cough. GI: No nausea.",
    "dialysis every Monday, 24/7 support, 1/2 tab bid, 2-3 times a week, 50/50 custody since 2019",
    "pt w/ vaginismus since coitarche, dilators, pelvic floor pt, sensate focus, partner supportive",
    "She speaks Spanish and is Catholic; family from Mexico, later Texas.",
    "the community hospital, an outside clinic, her high school and the emergency department",
]


@pytest.mark.parametrize(("text", "identifier", "kind"), HIDDEN)
@pytest.mark.parametrize("write", [str, str.lower], ids=["as written", "lower case"])
def test_an_identifier_is_hidden_as_its_kind(text, identifier, kind, write):
    """Each identifier goes whole, in the case it was written in and in lower case."""
    text, identifier = write(text), write(identifier)
    draft = scan(text)
    at = text.index(identifier)
    hidden = {i: f.kind for f in draft.findings for i in range(f.start, f.end)}
    signs = [i for i in range(at, at + len(identifier)) if text[i].isalnum()]
    assert all(i in hidden for i in signs), draft.safe
    if write is str:
        assert hidden[signs[0]] is kind


@pytest.mark.parametrize("text", CLEAN)
@pytest.mark.parametrize("write", [str, str.lower], ids=["as written", "lower case"])
def test_harmless_clinical_text_stays(text, write):
    """Eponyms, drugs, scales, doses, states and modal verbs are left."""
    assert scan(write(text)).safe == write(text)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("dexcom sn 8HJK2T was loose", "dexcom sn [id] was loose"),
        ("complaint CMP/24/0979; I rang back", "complaint [id]; I rang back"),
        ("Dear Mr. and Mrs. Okonkwo: it went well", "Dear [name]: it went well"),
        ("IPSS was done on May 20: it showed a gradient", "IPSS was done on [date]: it showed a gradient"),
        ("see bridgeclinic.oakmere.example/now for hours", "see [link] for hours"),
        ("typed 5/13, BZ/fff.\nThe knee is better", "typed [date], [name].\nThe knee is better"),
        ("JT 17 nonbinary, cutting again", "[name] 17 nonbinary, cutting again"),
        ("A.B., 45M with GERD", "[name], 45M with GERD"),
        ("PT 17 y/o boy, HR 88, sleeps badly", "PT 17 y/o boy, HR 88, sleeps badly"),
        ("echo for Raghunathan, P today", "echo for [name] today"),
        ("BP is fine, plan as above.\nQVB", "BP is fine, plan as above.\n[name]"),
        ("sleep is better. Seroquel\nPRN", "sleep is better. Seroquel\nPRN"),
    ],
)
def test_what_is_glued_to_an_identifier_goes_with_it(text, safe):
    """Codes of letters and figures, couples, days before a colon, paths, the initials of who dictated, typed or signed or whom it is about."""
    assert scan(text).safe == safe


def test_the_ending_of_a_place_goes_with_it():
    """ "at Smith's" is a place with its ending; a person's ending stays."""
    assert "'s" not in scan("fainted at Smith's in Kayenta, no LOC").safe
    assert scan("took Brenda's car to work").safe == "took [name]'s car to work"


def test_a_failed_checksum_clears_nothing():
    """A mistyped card number or DEA number is hidden like a right one."""
    assert "4111" not in scan("card 4111 1111 1111 1111 or 4111 1111 1111 1119").safe
    assert scan("DEA AB1234567").findings


def test_dates_become_distances_from_the_anchor():
    """With an anchor a whole date is told as a distance, without one as its year."""
    text = "Started 2024-03-04, stopped 3/25/2024."
    assert scan(text, anchor=date(2024, 3, 4)).safe == "Started the same day, stopped 3 weeks later."
    assert scan(text).safe == "Started 2024, stopped 2024."


def test_an_address_becomes_its_state_and_a_large_zip_area():
    """Three digits of a ZIP stay only where the area holds more than 20,000 people."""
    assert scan("lives at 12 Oak Street, Columbus, OH 43215.").safe == "lives at OH (ZIP 432xx)."
    assert scan("lives at 12 Oak Street, Rutland, VT 05901.").safe == "lives at VT."


def test_the_same_name_has_the_same_placeholder():
    """A later surname alone is the same person."""
    safe = scan("Priya Raghunathan met Tomasz Wisniewski. Raghunathan agreed.").safe
    assert safe == "[name 1] met [name 2]. [name 1] agreed."


def test_keep_and_hide_follow_the_author():
    """A kept phrase stays in any case or accent; a hidden one goes and is sure."""
    text = "Tünde Zorbakowa liked the quiet room"
    kept = scan(text, keep=frozenset({"tunde ZORBAKOWA"}))
    assert kept.safe == text
    hidden = scan(text, hide=frozenset({"Quiet ROOM"}))
    assert "[hidden]" in hidden.safe
    assert any(f.reason == "hidden by hand" and f.sure for f in hidden.findings)


def test_details_that_identify_together_are_shown():
    """Three kinds in one summary are warned about; nothing of them is hidden."""
    draft = scan("The retired judge, father of six, survived a plane crash.")
    assert [draft.text[q.start : q.end] for q in draft.quasi] == ["judge", "father of six", "plane crash"]
    assert all("3 such details" in q.reason for q in draft.quasi)
    assert draft.safe == draft.text

"""Planted identifiers never stay, offsets are exact, the gate is stable, the work is linear."""

import pkgutil
import re
import string
import sys
from importlib import import_module
from re import _parser  # type: ignore[attr-defined]

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conference import deid
from conference.deid import (
    Known,
    KnownPerson,
    Role,
    evidence,
    forms,
    leads,
    names,
    patterns,
    recheck,
    scan,
    screen,
    tokens,
)
from conference.deid.lexicon import lexicon

MAXREPEAT = _parser.MAXREPEAT

scan("warm")  # the tables are read once, outside the deadlines
COMMON = settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
WORDS = [
    "the", "patient", "reports", "low", "desire", "since", "starting", "sertraline", "and", "sleeps", "poorly",
    "she", "agreed", "to", "taper", "slowly", "over", "six", "weeks", "with", "weekly", "calls", "he", "denies",
    "chest", "pain", "or", "palpitations", "mood", "is", "better", "on", "bupropion", "labs", "were", "normal",
    "plan", "is", "to", "recheck", "prolactin", "and", "refer", "for", "pelvic", "floor", "therapy",
]  # fmt: skip
prose = st.lists(st.sampled_from(WORDS), min_size=2, max_size=14).map(" ".join)
digits = st.text(string.digits, min_size=4, max_size=4)
planted = st.one_of(
    st.tuples(st.integers(200, 989), digits).map(lambda t: f"({t[0]}) 555-{t[1]}"),
    st.tuples(st.integers(100, 899), st.integers(10, 99), digits).map(lambda t: f"{t[0]}-{t[1]}-{t[2]}"),
    st.from_regex(r"[a-z]{3,9}\.[a-z]{3,9}@[a-z]{3,9}\.(org|com|net)", fullmatch=True),
    st.from_regex(r"https://[a-z]{3,9}\.org/[a-z0-9]{2,9}", fullmatch=True),
    st.tuples(*[st.integers(1, 254)] * 4).map(lambda t: ".".join(map(str, t))),
    st.from_regex(r"MRN [1-9][0-9]{6,8}", fullmatch=True),
    st.dates().filter(lambda d: 1930 < d.year < 2030).map(lambda d: d.strftime("%m/%d/%Y")),
    st.dates().filter(lambda d: 1930 < d.year < 2030).map(lambda d: f"{d:%B} {d.day}, {d.year}"),
    st.integers(90, 112).map(lambda n: f"a {n}-year-old"),
    st.sampled_from(
        [
            "Dr. Okonkwo",
            "Mrs. Szymanski",
            "Mr. Delacroix",
            "nurse Villanueva",
            "her husband Tunde",
            "Gretchen Abernathy",
        ]
    ),
)


def _core(identifier: str) -> str:
    """The part of a planted identifier that must go."""
    if identifier.startswith(("MRN ", "a ")):
        return "".join(c for c in identifier if c.isdigit())
    return (
        identifier.split()[-1]
        if identifier[0] in "DMnh" and " " in identifier and not identifier[-1].isdigit()
        else identifier
    )


@COMMON
@given(prose, planted, prose, st.booleans())
def test_a_planted_identifier_is_never_left(before, identifier, after, low):
    """Whatever harmless prose stands around it, in either letter case."""
    text = f"{before} {identifier} {after}"
    core = _core(identifier)
    if low:
        text, core = text.lower(), core.lower()
    draft = scan(text)
    hidden = {i for f in draft.findings for i in range(f.start, f.end)}
    at = text.index(core)
    year = core[-4:] if (core[-4:].isdigit() and "/" in core) or ", " in core else ""
    left = [i for i in range(at, at + len(core)) if text[i].isalnum() and i not in hidden]
    assert not left or (year and "".join(text[i] for i in left) == year)


any_text = st.one_of(
    st.text(max_size=120),
    st.lists(st.sampled_from(["Maria", "Löpez", "Dr. ", " ", "\n", "3/4", "😀", "İstanbul", "ß", "e\u0301", "[name 1]", "@a_b", "12 Oak St", ", OH 43215", "94", "yo", "the 3rd", "-", ".", "“", "明慧", "may", "Will "]), max_size=25).map("".join),
)  # fmt: skip
KNOWN = Known(
    people=(KnownPerson(Role.PATIENT, ("María Löpez",)), KnownPerson(Role.PARTNER, ("Will Ng",))), numbers=("12-34-56",)
)


@COMMON
@given(any_text)
def test_offsets_are_exact_for_any_text(text):
    """Findings are sorted, disjoint, inside the text, and the safe text is the original outside them."""
    draft = scan(text, KNOWN)
    at, rebuilt = 0, ""
    for finding in draft.findings:
        assert at <= finding.start < finding.end <= len(text)
        rebuilt += text[at : finding.start] + finding.replacement
        at = finding.end
    assert rebuilt + text[at:] == draft.safe


@COMMON
@given(any_text)
def test_the_gate_is_stable_under_a_second_pass(text):
    """What the gate let through, it lets through again."""
    assert recheck(scan(text, KNOWN).safe, KNOWN) == ()
    assert recheck(scan(text).safe, Known()) == ()


@COMMON
@given(any_text)
def test_a_screened_text_hides_no_more_than_a_scanned_one(text):
    """The guard of short texts is never stricter than the gate."""
    scanned = {i for f in scan(text, KNOWN).findings for i in range(f.start, f.end)}
    assert all(i in scanned for f in screen(text, KNOWN).findings for i in range(f.start, f.end))


UNITS = ["a@", "A1", "1.", "1-", "1/", "a-", "a.b", "(1", "on ", "the ", "12 Oak ", "dr ", "mrn ", "call me at ", "corner of a ", "St. A ", "one two ", "ninety ", "::", "+", "january ", "1, ", "[name] ", "\n", "e\u0301", "AB ", "John "]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_no_shape_of_input_takes_more_than_linear_steps(unit):
    """Four times the text takes less than six times the calls; regular expressions are bounded, see below."""

    def calls(size: int) -> int:
        count = 0

        def step(frame: object, event: str, argument: object) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        text = (unit * size)[:size]
        sys.setprofile(step)
        try:
            scan(text)
        finally:
            sys.setprofile(None)
        return count

    assert calls(8_000) < 6 * calls(2_000) + 5_000


def _unbounded(tree: object) -> bool:
    """Whether a parsed pattern repeats more than a single character without bound."""
    for code, argument in tree:  # type: ignore[attr-defined]
        name = str(code)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _, most, inner = argument
            if most is MAXREPEAT or _unbounded(inner):
                return True
        elif (
            (name == "SUBPATTERN" and _unbounded(argument[-1]))
            or (name == "BRANCH" and any(_unbounded(part) for part in argument[1]))
            or (name in ("ASSERT", "ASSERT_NOT") and _unbounded(argument[1]))
        ):
            return True
    return False


LINEAR = {
    tokens._TOKEN.pattern,
    names._FOREIGN.pattern,
    leads._STARTS.pattern,
}  # runs of one class of characters, never tried again
PACKAGED = {
    forms._PART.pattern,
    forms._USE.pattern,
    patterns._ESCAPES.pattern,
}  # these read the tables, never a text


def test_every_pattern_is_bounded():
    """No regular expression of the engine repeats without bound, so each is linear in the text."""
    modules = [import_module(f"conference.deid.{m.name}") for m in pkgutil.iter_modules(deid.__path__)]
    rules = [rule for module in modules for rule in vars(module).values() if isinstance(rule, re.Pattern)]
    rules += [rule.pattern for rule in evidence._search().rules]
    assert len(rules) > 150
    open_ones = {r.pattern for r in rules if _unbounded(_parser.parse(r.pattern, r.flags))}
    assert open_ones <= LINEAR | PACKAGED


@COMMON
@given(any_text)
def test_a_rule_sought_with_all_others_finds_what_it_finds_alone(text):
    """What can begin a match is read off the patterns rightly."""
    text = text + " " + text.swapcase()
    page = evidence.read_page(text)
    for rule in evidence._search().rules:
        alone = rule.pattern.finditer(page.low if rule.low else text)
        assert [m.span() for _, m in page.matches(((None, rule),))] == [m.span() for m in alone]


@settings(COMMON, max_examples=600)
@given(st.data())
def test_a_rule_is_sought_wherever_it_matches(data):
    """Texts made from a pattern itself, which hold its rarest branches, are never passed over."""
    rule = data.draw(st.sampled_from(sorted(evidence._search().rules, key=lambda rule: rule.pattern.pattern)))
    page = evidence.read_page(data.draw(st.from_regex(rule.pattern)))
    alone = rule.pattern.finditer(page.low if rule.low else page.text)
    assert [m.span() for _, m in page.matches(((None, rule),))] == [m.span() for m in alone]


def test_a_rule_that_no_search_knows_is_refused():
    """A table that was forgotten is not silently passed over."""
    with pytest.raises(LookupError):
        list(evidence.read_page("a text").matches(((None, patterns.compiled("text")),)))


def test_nothing_is_read_before_the_first_question():
    """Importing the package loads no table."""
    import subprocess

    code = "import conference.deid, conference.deid.lexicon as l; print(l.lexicon.cache_info().currsize)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "0"
    )
    assert lexicon() is lexicon()

"""Identifiers that have a form of their own: numbers, addresses of the net, codes.

Each pattern names the letter of 45 CFR 164.514(b)(2)(i) that it serves. Every repetition is bounded, so
the time is linear in the text. A failed checksum never clears a number: a mistyped number still identifies.
"""

import re
from collections.abc import Iterator
from functools import cache

from conference.deid.model import Kind, Mark, cover
from conference.deid.patterns import Page, Rule, Table, compiled

_SPACED = r"[A-Za-z]{0,4} ?\d{2,5}(?: \d{1,5}){1,4}(?: [A-Z]\b)?(?!\w|[.,]\d)|[A-Za-z]{1,4} ?\d{3,8}(?: \d{2,8}){0,2}(?!\w)|\d(?:[ -]\d){4,14}(?!\w)|"
_VALUE = rf"(?P<v>{_SPACED}[A-Za-z0-9](?:[A-Za-z0-9]|[-/.](?=[A-Za-z0-9])){{2,30}})"
_GAP = (
    r"[\s:#=.,*(\[-]{0,4}(?:(?:number|numbers|no|num|nr|nbr|id|ids|ref|reference|identifier|is|was|of|code|here|on|file|the|for|a|her|his|my|"
    r"plate|tag|shows|reads|listed|as|to|card|account|member|under|with|ending|ends|in|and|#)\b[\s:#=.,*(\[-]{0,4}){0,4}"
)
_CUES: tuple[tuple[Kind, str, str], ...] = (
    (
        Kind.MRN,
        "record number",
        r"mrns?|wristband|mr\s?#|m\.r\.n\.?|medical rec(?:ord)?s?|hospital (?:record|number|no|id|chart)|(?:patient|pt)'?s? (?:chart|record|number|identifier|id|file|ref)|chart(?: ref)?|record (?:no|number|#|id)|unit (?:no|number|#)|emr|ehr|case (?:no|number|#|id)|encounter|accession|visit (?:no|number|id|#)|csn|fin|nhs|chi|patient #|pt #|pat id|file (?:no|number|#)",
    ),
    (
        Kind.HEALTH_PLAN,
        "health plan number",
        r"(?:health ?plan|insurance|medicare|medicaid|policy|member|subscriber|beneficiary|group|payer|plan|hicn|mbi|blue cross|bcbs|aetna|cigna|humana|kaiser|uhc|tricare)(?: (?:plan|policy|member|subscriber|beneficiary|group|insurance))?",
    ),
    (
        Kind.ACCOUNT,
        "account number",
        r"(?:bank |financial |billing |patient |hospital |checking |savings )?(?:account|acct|a/c)s?|invoice(?: acct)?|claim|billing|iban|swift|bic|routing|sort code|credit card|debit card|card|visa|mastercard|amex|guarantor|statement|transaction|auth(?:orization)?|receipt|order|bill|payment",
    ),
    (
        Kind.LICENSE,
        "licence or certificate number",
        r"(?:driver'?s?'? |driving |nursing |medical |state |professional |pharmacy |dea |rn |md )?(?:licen[cs]e|lic)|dea|npi|dl|certificate|cert|registration|upin|credential|permit",
    ),
    (
        Kind.ID,
        "vehicle or device number",
        r"vin|plates?|tail|unos|ems run|run|booking|census|ser|file|trauma number|eeg|hmis|udi|tag|serial|s/n|sn|device|udi|lot|imei|mac|model|implant|pacemaker|pump|cpap|vehicle|identifier|passport|visa|travel document|identity|id|badge|employee|student|inmate|prisoner|tracking|confirmation|ticket|docket|study (?:id|subject)|subject|participant|specimen|sample|requisition|prescription|rx ?#|rx (?:no|number)|locker|room key|barcode|wristband|code|ref|reference|case|referral|report|episode|fingerprint|voice ?print|face ?id",
    ),
)
_DIGIT = "zero|oh|o|one|two|three|four|five|six|seven|eight|nine|double|triple"
_RULES: tuple[tuple[Kind, int, bool, str, str], ...] = (
    (Kind.ID, 55, False, "code with slashes", r"(?<![\w/])[A-Za-z]{2,5}/\d{2,4}/\d{3,6}(?![\w/])"),
    (
        Kind.EMAIL,
        90,
        True,
        "e-mail address",
        r"(?<![\w.+-])[\w.+%-]{1,64}\s?@\s?(?:[\w-]{1,63}\.){1,5}[A-Za-z]{2,24}\b",
    ),
    (
        Kind.EMAIL,
        90,
        True,
        "e-mail address",
        r"\b[\w.+-]{1,64} ?[\[(]?\bat\b[\])]? ?(?:[\w-]{1,40} ?(?:\.|[\[(]?\bdot\b[\])]?) ?){1,3}(?:com|org|net|edu|gov|co|uk|us|io|example|health)\b",
    ),
    (Kind.URL, 89, True, "web address", r"\b(?:https?|ftp|hxxps?)\s?:\s?/\s?/[^\s<>\"']{2,400}(?<![.,;:!?)\]])"),
    (Kind.URL, 88, True, "web address", r"\bwww\.[^\s<>\"']{2,300}(?<![.,;:!?)\]])"),
    (
        Kind.URL,
        87,
        True,
        "web address",
        r"(?<![\w@.])(?:[A-Za-z0-9-]{1,40}\.){1,4}(?:com|org|net|edu|gov|io|me|info|biz|ly|tv|app|health|co\.uk|org\.uk|nhs\.uk|ca|uk|de|us|co|be|fm|am|ie|nz|au|eu|example|test|link|site|online|xyz|page|clinic|care|hospital|blog|dev|mil|int)(?:/[^\s<>\"']{0,300}(?<![.,;:!?)\]]))?(?![\w@])",
    ),
    (Kind.ID, 60, True, "account handle", r"(?<![\w@/.])@[A-Za-z_À-ɏ][\w-]{1,30}(?!\w)"),
    (
        Kind.ID,
        60,
        True,
        "account handle",
        r"(?<![\w@/.-])[A-Za-z][A-Za-z0-9]{1,20}(?:_[A-Za-z0-9]{1,20}){1,3}(?![\w(.])",
    ),
    (
        Kind.ID,
        61,
        True,
        "account handle",
        r"(?i:\b(?:username|user name|user|login|handle|screen name|insta|instagram|ig|snap|snapchat|twitter|tiktok|facebook|fb|venmo|skype|discord|telegram|gamertag|kik)\b(?: (?:handle|name|account|id))?(?: (?:is|as|at))?\s?[:=]?\s?)(?P<v>@?(?=[\w.-]{0,30}(?:[\d_]|\.\w))[A-Za-z_][\w.-]{2,30}\w)",
    ),
    (
        Kind.IP,
        92,
        True,
        "network address",
        r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?::\d{1,5})?(?![\d.]{0,1}\d)",
    ),
    (
        Kind.IP,
        92,
        True,
        "network address",
        r"(?<![\w:])(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}(?![\w:])|(?<![\w:])(?:[0-9a-fA-F]{0,4}:){1,6}:(?:[0-9a-fA-F]{1,4}:){0,6}[0-9a-fA-F]{1,4}(?![\w:])",
    ),
    (Kind.ID, 92, True, "hardware address", r"(?<![\w:-])(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}(?![\w:-])"),
    (Kind.SSN, 91, True, "social security number", r"(?<![\d-])\d{3}[- .]\d{2}[- .]\d{4}(?![\d-])"),
    (
        Kind.SSN,
        91,
        True,
        "social security number",
        r"(?i:\b(?:ssn|ss ?#|soc(?:ial)? sec(?:urity)?)\b(?: (?:number|no|num|#))?)(?:[\s:#=.]{0,3}(?:is|was|ending|in|last|four|4|digits)?){0,5}[\s:#=]{0,3}(?P<v>(?:[\dxX*]{1,4}[- ]?){1,4}\d{3,4})(?!\d)",
    ),
    (
        Kind.SSN,
        91,
        True,
        "social security number",
        r"(?i:\b(?:ssn|social|ss ?#|soc sec)\b\D{0,30}?\b(?:last|final|ending|ends)\b\D{0,20}?|\blast (?:4|four)\b(?: digits)?\D{0,24}?\b(?:social|ssn|ss)\b\D{0,12}?)(?P<v>\d{4})(?!\d)",
    ),
    (
        Kind.SSN,
        60,
        False,
        "social security number",
        r"(?i:\b(?:last|final)[ -](?:four|4)\b(?: digits)?(?: (?:of|is|are|was|ending|in|:))?|\bends? (?:in|with)|\bending(?: in)?)[\s:#]{1,3}(?P<v>\d{4})(?!\d|[.,:/-]\d)",
    ),
    (Kind.ACCOUNT, 86, True, "bank or card number", r"\b[A-Z]{2}\d{2}[ ]?(?:[A-Z0-9]{4}[ ]?){2,7}[A-Z0-9]{1,4}\b"),
    (
        Kind.ACCOUNT,
        84,
        True,
        "bank or card number",
        r"(?<![\d.-])\d{4}(?:[ -]\d{4}){2,3}(?:[ -]\d{1,4})?(?![\d-])|(?<![\d.-])3\d{3}[ -]\d{6}[ -]\d{5}(?![\d-])",
    ),
    (
        Kind.ID,
        83,
        True,
        "vehicle number",
        r"\b(?=[A-Za-z0-9]{17}\b)(?=[A-HJ-NPR-Za-hj-npr-z]{0,16}\d)(?=\d{0,16}[A-HJ-NPR-Za-hj-npr-z])[A-HJ-NPR-Za-hj-npr-z0-9]{17}\b",
    ),
    (
        Kind.PHONE,
        80,
        True,
        "telephone or fax number",
        r"(?<![\w.,/-])\+\d{1,3}[ .()-]{0,2}\d{1,4}(?:[ .()-]{1,2}\d{1,5}){0,5}(?!\w)",
    ),
    (
        Kind.PHONE,
        79,
        True,
        "telephone or fax number",
        r"(?<![\w.,/-])(?:1[ .-])?(?:\(\d{3}\)[ .-]{0,2}|\d{3}[ ./-]{1,3})\d{3}[ .-]{1,3}\d{4}(?:\s?,?\s?(?:x|ext\.?|extension)\s?:?\s?\d{1,6})?(?![\w]|[.,/-]\d)",
    ),
    (
        Kind.PHONE,
        79,
        True,
        "telephone or fax number",
        r"(?<![\w.,/-])\(?0\d{1,4}\)?(?:[ .-]?\d{2,5}){2,5}(?!\w|[.,/]\d)",
    ),
    (
        Kind.PHONE,
        70,
        False,
        "telephone or fax number",
        r"(?<![\w.,/-])\d{3}[-.]\d{4}(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?![\w]|[.,/-]\d)",
    ),
    (
        Kind.PHONE,
        82,
        True,
        "telephone or fax number",
        r"(?i:\b(?:phone|tel|telephone|ph|cell|mobile|fax|pager|beeper|call|callback|voicemail|text|reach(?:ed|able)?|contact|whatsapp|sms|ext|extension|dial|line|number)\b)\W{0,3}(?:(?i:number|no|line|me|him|her|them|us|is|at|on|back|left|home|work|to|or|the|patient|his|her|their|my|parent|caregiver|#|@)\b\W{0,3}){0,5}(?P<v>\+?\(?\d[\d().x -]{2,24}\d)(?![\w%]|[/.,]\d)",
    ),
    (Kind.PHONE, 75, True, "number spelt out", rf"(?i:\b(?:(?:{_DIGIT})[\s,.-]{{1,3}}){{6,16}}(?:{_DIGIT})\b)"),
    (Kind.ID, 50, False, "long number", r"(?<![\w.,])\d{7,40}(?!\w|[.,]\d)"),
    (
        Kind.ID,
        55,
        False,
        "code with many digits",
        r"(?<![\w.-])(?=[A-Za-z_#/-]{0,12}+\d{4})(?=[A-Za-z0-9/_-]{0,12}[A-Za-z])[A-Za-z]{0,6}(?:[-_/]?[A-Za-z]{1,4})?[-_#/]?\d{4,12}(?:[-/_][A-Za-z0-9]{1,10}){0,4}[A-Za-z]{0,3}(?![\w])",
    ),
    (
        Kind.ID,
        54,
        False,
        "code with many digits",
        r"(?<![\w.-])\d{2,10}[A-Za-z]{1,4}\d{2,10}(?:-\w{1,8}){0,2}(?![\w-])",
    ),
    (
        Kind.ID,
        54,
        False,
        "code with many digits",
        r"(?<![\w.-])[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,3}-\d{3,10}(?:-\w{1,8}){0,3}(?![\w-])",
    ),
    (
        Kind.ID,
        54,
        False,
        "number in groups",
        r"(?<![\w.,/-])[A-Za-z]{0,4}\d{2,8}(?:-\d{2,8}){1,4}(?![\w/-]|[.,]\d)",
    ),
    (Kind.ID, 53, False, "number in groups", r"(?<![\w.,/-])\d{3,4}(?: \d{3,4}){2,4}(?![\w/-]|[.,]\d)"),
    (
        Kind.ID,
        54,
        False,
        "code with many digits",
        r"(?<![\w.-])(?=[A-Z]{1,5} (?:[A-Z] )?\d{3})(?:[A-Z]{2,5} \d{5,9}|[A-Z]{1,5}(?: [A-Z])? \d{3,4}(?: \d{3,4}){1,3}(?: [A-Z]\b)?)(?![\w-]|[.,]\d)",
    ),
    (
        Kind.ID,
        54,
        False,
        "code with many digits",
        r"(?<![\w.-])(?:\d{2,4}-[A-Za-z]{1,4}-\d{2,9}|[A-Za-z]{2,5} \d{2}-\d{3,4}-[A-Z\d]{1,5}|[A-Z]{1,5}\d{2,4}-\d{4,9})(?![\w-])",
    ),
    (Kind.ID, 61, True, "account handle", r"(?<![\w$])\$[a-z][\w-]{3,30}(?!\w)"),
    (
        Kind.ID,
        79,
        True,
        "vehicle or device number",
        r"(?i:\b(?:serial|s/n|sn|device|licen[cs]e|lic|census no|trauma number)\b(?: (?:number|no\.?|#))?[\s:#(]{1,3})(?P<v>(?-i:[A-Z]|[a-z]){1,6}[ -]\d{3,7}(?:[ -]\d{2,6}){0,2}(?:[ -][A-Za-z]\b)?|[A-Za-z]{1,3}\d{1,2}-\d{4,9}|\d{2,3},\d{3}\b)(?![\w%]|[.,]\d)",
    ),
    (
        Kind.PHONE,
        75,
        True,
        "number spelt out",
        rf"(?i:\b\d{{3}}[ -](?:(?:{_DIGIT})[ -]){{3}}\d{{4}}\b|\b(?:bleep|pager|beeper|ext|extension)\W{{1,3}}(?:no\.? |number )?\d{{3,5}}\b)",
    ),
    (Kind.ID, 61, True, "account handle", r"(?<![\w/])/?[ur]/[A-Za-z][\w-]{2,30}"),
    (
        Kind.ID,
        52,
        False,
        "number of something",
        r"(?i:\b(?:no\.|nr\.|number|num\.?|nos\.))\s?(?P<v>[A-Z]{0,3}-?\d{3,9}(?:[-/]\d{1,6})?)(?![\w%]|[.,]\d)",
    ),
    (
        Kind.ID,
        62,
        True,
        "vehicle number",
        r"(?i:\b(?:licen[cs]e plate|plates?|tag|reg|van|truck|car|suv|sedan)\b(?: (?:number|no\.?|is|reads|partial|#))?[\s:#(]{1,3})(?P<v>(?-i:[A-Z]{2,3}|(?<=plate )[a-z]{2,3}|(?<=number )[a-z]{2,3}|(?<=tag )[a-z]{3})[ -]?\d{3,4}|\d{1,3}[ -]?[A-Z]{2,3}(?:[ -]?\d{1,4})?)(?![\w%]|[.,]\d)",
    ),
    (
        Kind.ACCOUNT,
        62,
        False,
        "account number",
        r"(?i:\b(?:account|acct|a/c|card|checking|savings|policy|visa|mastercard)\b(?: (?:number|no\.?))?\s(?:ending|ends|end)(?: (?:in|with))?\s)(?P<v>[\dxX*]{0,12}\d{3,4})(?![\w%]|[.,]\d)",
    ),
    (Kind.ID, 56, True, "number behind #", r"(?<![\w&])#\s?(?P<v>\d{4,20})\b"),
)
# Published codes: trials, papers, billing and disease codes, variants. They name no person.
_HARMLESS = (
    r"\b(?:pmid|pmc|nct|doi|isbn|issn|isrctn|cas|cpt|icd(?:-?\d{1,2})?(?:-cm)?|hcpcs|loinc|snomed|rs|chembl|eudract|grade|orcid|arxiv|ndc|rxcui|dsm|iso|en|fda|rfc)"
    r"[\s:#/-]{0,3}(?:(?:code|codes|no|number)\b[\s:#]{0,2})?[\w./-]{1,40}"
)
_DOSE = re.compile(
    r"\s?(?:(?:mg|mcg|ml|units?|iu|g|kg|lbs?|cc|mm|cm|mmol|meq|cells?|copies|steps|kcal|cal|calories|bpm|hz|ng|pg)(?![a-z])|x10|k/|%|/)",
    re.IGNORECASE,
)
_YEARS = re.compile(r"(?:19|20)\d\d\s?[-/–]\s?(?:(?:19|20)?\d\d)\Z")
_RANGE = re.compile(r"\d{1,3}-\d{1,3}\Z|\d{2,4}-(?!0)\d{2,4}\Z")


@cache
def formed() -> Table[tuple[Kind, int, bool, str]]:
    """The forms of identifiers."""
    return tuple(((kind, rank, sure, why), Rule(re.compile(rule))) for kind, rank, sure, why, rule in _RULES)


@cache
def cued() -> Table[tuple[Kind, str]]:
    """What may stand behind a word that announces an identifier."""
    return tuple(((kind, why), compiled(rf"(?<![\w])(?:{cue})(?![A-Za-z]){_GAP}{_VALUE}")) for kind, why, cue in _CUES)


@cache
def published() -> Table[None]:
    """Codes that name no person."""
    return ((None, compiled(_HARMLESS)),)


def _digits(text: str) -> int:
    return sum(c.isdigit() for c in text)


def _plausible(kind: Kind, reason: str, value: str, text: str, end: int) -> bool:
    """Whether the form is enough, seen its neighbours."""
    if kind is Kind.IP and "." in value:
        return all(int(p) < 256 for p in re.split(r"[./:]", value)[:4])
    if kind is Kind.IP:
        return _digits(value) > 0 and len(value) > 6
    if reason.startswith("number spelt"):
        return True
    if kind is Kind.PHONE:
        return 4 <= _digits(value) <= 16
    if kind is Kind.EMAIL:
        return "@" in value or " dot " in value or ".com" in value or ".org" in value
    if reason.startswith(("long", "code", "number in")):
        if _DOSE.match(text, end) or _YEARS.match(value):
            return False
        if reason.startswith("number in"):
            return _digits(value) >= 7 or (_digits(value) >= 6 and not _RANGE.match(value))
        return not re.fullmatch(
            r"(?i)(?:mid|pre|post|circa|early|late|since|c|fy|ca|q\d)?[-/]?(?:19|20)\d\d(?:s|[-/]\d{1,2})?", value
        )
    return True


def _by_cue(page: Page) -> Iterator[Mark]:
    """Values behind a word that announces an identifier."""
    for (kind, why), match in page.matches(cued()):
        start, end = match.span("v")
        value = page.text[start:end]
        count = _digits(value)
        short_id = any(cue in page.low[match.start() : start] for cue in ("badge", "inmate", "locker", "interpreter"))
        least = 4 if kind is not Kind.ID or short_id else 5
        thin = count < least or _DOSE.match(page.text, end) or re.fullmatch(r"(?:19|20)\d\d", value)
        plate = (
            count >= 3
            and re.fullmatch(r"(?=\d{0,4}[A-Za-z])[A-Za-z\d]{5,8}", value)
            and any(c in page.low[match.start() : start] for c in ("plate", "tail", "unos", "lot", "tag", "ser"))
        )
        short = plate or (count >= 3 and re.fullmatch(r"[A-Za-z]{1,4}-?\d{3,}", value) and kind is not Kind.ID)
        if thin and not short:
            continue
        if re.fullmatch(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,3}/\d{1,3}", value):
            continue
        yield Mark(start, end, kind, why, 85 if kind is not Kind.ID else 78)


def structured(page: Page) -> list[Mark]:
    """Marks of all identifiers that have a form of their own."""
    text = page.text
    found = list(_by_cue(page))
    for (kind, rank, sure, why), match in page.matches(formed()):
        start, end = match.span("v" if "v" in match.re.groupindex and match["v"] else 0)
        if _plausible(kind, why, text[start:end], text, end):
            found.append(Mark(start, end, kind, why, rank, sure))
    if not found:
        return found
    mails = cover(len(text), ((m.start, m.end) for m in found if m.kind is Kind.EMAIL))
    found = [m for m in found if m.kind is Kind.EMAIL or mails.find(0, m.start, m.end) >= 0]
    harmless = cover(len(text), (m.span() for _, m in page.matches(published())))
    return [m for m in found if m.rank > 86 or harmless.find(0, m.start, m.end) >= 0]

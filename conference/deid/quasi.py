"""Details that identify only together: rare work, exact family, small school, unusual event, rare condition with place.

Safe Harbor also asks that nobody actually knows a remaining detail to identify, 45 CFR 164.514(b)(2)(ii); so these are
shown with a wider wording, and a summary that holds several kinds is warned about.
"""

from collections.abc import Iterator
from functools import cache

from conference.deid.model import Mark, Quasi, cover
from conference.deid.patterns import Page, Table, compiled

_COUNT = r"(?:three|four|five|six|seven|eight|nine|ten|eleven|twelve|[3-9]|1[0-9])"
_RULES: tuple[tuple[str, str, str], ...] = (
    (
        "rare or public occupation",
        "name the kind of work only (for example “public office”, “skilled trade”)",
        r"\b(?:mayor|senator|congress(?:man|woman|person)|council(?:man|woman|lor)|judge|magistrate|sheriff|police chief|fire chief|bishop|rabbi|imam|priest|pastor|abbot|prioress|nun|monk|astronaut|"
        r"pilot|air traffic controller|ballet dancer|opera singer|conductor|composer|olympian|olympic \w{3,12}|athlete|professional \w{3,12} player|football(?:er| coach)|jockey|boxer|actor|actress|"
        r"tv (?:host|presenter|anchor)|news anchor|weather(?:man|woman)|radio host|author|novelist|poet|celebrity|influencer|youtuber|school principal|superintendent|headteacher|university president|dean of \w{3,20}|"
        r"coroner|undertaker|mortician|lighthouse keeper|falconer|beekeeper|taxidermist|blacksmith|glassblower|luthier|puppeteer|clown|magician|lobster(?:man| fisher\w{0,6})|"
        r"crane operator|deep[- ]sea diver|submariner|ambassador|diplomat|only \w{3,15} in (?:town|the county|the village)|ceo of|founder of)\b",
    ),
    ("exact family make-up", "say “a large family”, “twins” as “siblings”", rf"\b(?:{_COUNT} (?:children|kids|sons|daughters|siblings|brothers|sisters|grandchildren|wives|marriages)|(?:identical |conjoined )?(?:triplets?|quadruplets?|quintuplets?|twins?)|mother of {_COUNT}|father of {_COUNT}|(?:oldest|youngest|eldest) of {_COUNT}|polyamorous|throuple|family of {_COUNT})\b"),
    ("small group or school", "leave out the class, club or team", r"\b(?:\w{1,4}th|first|second|third|senior|junior|freshman)[- ](?:grade|grader|year)\b"),
    ("small group or school", "leave out the class, club or team", r"\b(?:class of (?:19|20)\d\d|varsity|homecoming queen|valedictorian|marching band|chess club|church choir|debate team|scout troop|sorority|fraternity|one-room school|convent|monastery|commune|reservation|tribal council)\b"),
    ("unusual event", "say “after an accident”, “after an assault”, “a recent loss”", r"\b(?:plane crash|helicopter crash|train (?:crash|derailment)|bus crash|school shooting|mass shooting|hostage|kidnapp\w{2,4}|house ?fire|wildfire|tornado|hurricane|earthquake|avalanche|lightning|shark attack|bear attack|dog mauling|explosion|mine collapse|building collapse|on the news|made headlines|went viral|lottery|murder(?:ed)?|homicide|lawsuit against|whistle-?blower|class action|arrested for|plane accident|terror(?:ist)? attack|bombing|shipwreck)\b"),
    ("rare condition", "name the group of conditions", r"\b(?:ehlers[- ]danlos|huntington(?:'s|s)?(?: disease)?|marfan|prader[- ]willi|klinefelter|turner syndrome|fabry|pompe|gaucher|wilson(?:'s)? disease|porphyria|narcolepsy|kleine[- ]levin|rokitansky|mrkh|androgen insensitivity|congenital adrenal hyperplasia|fragile x|tuberous sclerosis|neurofibromatosis|creutzfeldt|progeria|albinism|dwarfism|achondroplasia|osteogenesis imperfecta|conjoined|transplant recipient|intersex|persistent genital arousal|priapism|epispadias|exstrophy|locked[- ]in)\b"),
    ("small community", "name a wider group or leave it out", r"\b(?:amish|mennonite|hutterite|hasidic|satmar|roma|romani|hmong|somali|karen|chuukese|marshallese|samoan|inuit|navajo|hopi|lakota|cherokee|ojibwe|yazidi|druze|coptic|zoroastrian|sikh|jain|bahá'?í|bahai|jehovah'?s witness(?:es)?|scientologist|deaf community|only (?:black|asian|hispanic|muslim|jewish|gay|trans(?:gender)?) \w{3,12})\b"),
    ("military service in detail", "say “a veteran”", r"\b(?:navy seal|green beret|special forces|fighter pilot|purple heart|medal of honor|tours? (?:in|of) (?:iraq|afghanistan|vietnam)|\d(?:st|nd|rd|th) (?:airborne|infantry|marines|cavalry)|prisoner of war|pow)\b"),
)  # fmt: skip


@cache
def table() -> Table[tuple[str, str]]:
    """The patterns, each with its reason and a wider wording."""
    return tuple(((reason, wider), compiled(rule)) for reason, wider, rule in _RULES)


def quasi(page: Page, marks: list[Mark]) -> list[Quasi]:
    """Stretches to widen, in order; none of them is hidden. Where three kinds meet, each says so."""
    found = sorted(_find(page, marks), key=lambda q: q.start)
    kinds = {q.reason for q in found}
    if len(kinds) < 3:
        return found
    warning = f"; {len(kinds)} such details meet in this text and may identify together"
    return [Quasi(q.start, q.end, q.reason + warning, q.suggestion) for q in found]


def _find(page: Page, marks: list[Mark]) -> Iterator[Quasi]:
    hidden = cover(len(page.text), ((m.start, m.end) for m in marks))
    for (reason, wider), match in page.matches(table()):
        if hidden.find(1, match.start(), match.end()) < 0:
            yield Quasi(match.start(), match.end(), reason, wider)

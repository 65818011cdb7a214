"""The forms in which dates are written: months, weekdays, feasts, numbers; 45 CFR 164.514(b)(2)(i)(C)."""

import re

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ),
        1,
    )
    for name in names.split()
}
_LONG = "january|february|march|april|june|july|august|september|october|november|december"
_MON = rf"(?:{_LONG}|may|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)\b\.?"
_YEAR = r"(?:19|20)\d\d|['’]\d\d"
_ORD = (
    r"(?:\d{1,2}(?:st|nd|rd|th)?|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|"
    r"fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|(?:twenty|thirty)[- ]?(?:first|second|third|fourth|fifth|sixth|"
    r"seventh|eighth|ninth)|twentieth|thirtieth)"
)
_SPOKEN = (
    r"(?:(?:nineteen|twenty|two thousand(?: and)?)[\s-]{1,2}(?:hundred|oh[\s-]\w{3,5}|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?|"
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen))"
)
_NUMBER = r"oh|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred"
# Every feast holds one of these; a text without any of them is not searched for feasts.
FEASTS = (
    *[
        "day",
        "eve",
        "nye",
        "christmas",
        "mas",
        "thanksg",
        "hanuk",
        "chanuk",
        "hallow",
        "easter",
        "ramadan",
        "eid",
        "diwali",
        "passover",
        "kippur",
        "hashana",
        "valentine",
        "july",
        "king",
        "president",
        "columbus",
        "patrick",
        "paddy",
        "pat",
        "super",
        "black",
        "mayo",
        "kwanz",
        "lunar",
        "chinese",
    ],
    *[
        "mardi",
        "gras",
        "muerto",
        "tet",
        "lent",
        "advent",
        "yule",
        "bonfire",
        "fawkes",
        "vaisakhi",
        "baisakhi",
        "onam",
        "obon",
        "chuseok",
        "songkran",
        "midsummer",
        "pride",
        "leap",
        "solstice",
        "equinox",
        "saint",
        "soul",
        "dead",
        "mlk",
        "women",
        "pentecost",
        "ashura",
        "mawlid",
    ],
    *[
        "laylat",
        "autumn",
        "ides",
        "feast",
        "bank",
        "whit",
        "first ",
        "last ",
        "second ",
        "third ",
        "moon",
        "festival",
        "holiday",
        "burns",
        "simchat",
        "shvat",
        "omer",
        "shiva",
        "ganesh",
        "durga",
        "pongal",
        "ugadi",
        "tihar",
        "dashain",
        "losar",
        "thaip",
        "carn",
        "oktober",
        "prom",
        "home",
        "orthodox",
        "greek",
        "posadas",
        "sinter",
        "lucia",
        "janma",
        "pasch",
        "mich",
        "lammas",
        "beltane",
        "samhain",
        "imbolc",
        "ostara",
        "tisha",
        "hashoah",
        "lailat",
        "arbaeen",
        "muharram",
        "navrat",
        "dussehra",
        "raksha",
        "twelfth",
        "epiphany",
        "candlemas",
        "whitsun",
        "armistice",
        "remembrance",
        "cyber",
        "april",
        "holy",
        "maundy",
        "shrove",
        "tuesday",
        "nowruz",
        "holi",
        "vesak",
        "purim",
        "shavuot",
        "sukkot",
        "new",
        "year",
        "break",
        "week",
        "junete",
    ],
)
_DAY = r"(?:mon|tues?|wednes|wed|thurs?|thu|fri|satur|sat|sun)"
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day)"
_HOLIDAYS = (
    r"thanksgiving|christmas(?: (?:eve|day))?|xmas(?: eve)?|new year'?s?(?: (?:eve|day))|new year['’]s\b(?! resolution)|nye|spring break|hanukk?ah|chanukah|halloween|easter(?: (?:sunday|monday))?|good friday|"
    r"ramadan|eid(?: al[- ]\w{3,5})?|diwali|passover|yom kippur|rosh hashanah?|valentine'?s(?: day)?|mother'?s day|father'?s day|"
    r"memorial day|labou?r day|independence day|(?:4th|fourth) of july|july 4th|veterans'? day|martin luther king(?: jr\.?)? day|mlk day|"
    r"presidents'? day|columbus day|boxing day|st\.? patrick'?s day|super bowl sunday|black friday|cinco de mayo|kwanzaa|lunar new year|chinese new year|"
    r"mardi gras|x-?mas(?: (?:eve|day))?|st\.? paddy['’]?s?(?: day)?|st\.? patt?y['’]?s(?: day)?|tet\b(?! (?:offensive|shot|vacc|tox|boost))|lent\b(?= ?[,.;]|$)|advent\b(?! of)|yule|bonfire night|guy fawkes(?: night| day)?|anzac day|vaisakhi|baisakhi|onam|obon|chuseok|songkran|midsummer(?: eve|['’]s eve| day)?|patriots['’]? day|pride (?:weekend|parade|month)|super bowl(?: sunday| weekend)?|leap day|mid-?autumn(?: festival)?|moon festival|dragon boat festival|family day|victoria day|civic holiday|heritage day|australia day|waitangi day|burns night|st\.? (?:george|andrew|david|brigid)['’]?s day|ides of march|feast of (?:the |st\.? |saint )?\w{3,15}|bank hol(?:iday)?(?: mon(?:day)?)?|whit (?:monday|sunday)|(?:first|last|second|third) (?:day|night) of (?:eid|ramadan|hanukkah|passover|school|classes)|michaelmas day|simchat torah|tu b['’]?shvat|lag b['’]?omer|shivarat?ri|ganesh chaturthi|durga puja|pongal|ugadi|tihar|dashain|losar|thaipusam|carnaval|carnival week|oktoberfest|flag day|d-day|v-?e day|pi day|prom night|homecoming weekend|orthodox (?:easter|christmas)|greek easter|three kings|el d[ií]a de reyes|las posadas|krampusnacht|sinterklaas|st\.? nick['’]?s day|st\.? lucia['’]?s? day|krishna janmashtami|janmashtami|bodhi day|paschal|pascha|michaelmas|lammas|beltane|samhain|imbolc|litha|mabon|ostara|tisha b['’]?av|yom hashoah|lailat al[- ]\w{3,6}|arbaeen|muharram|(?:winter|summer) solstice|(?:spring|fall|autumn(?:al)?|vernal) equinox|all (?:saints|souls)['’]? day|day of the dead|indigenous peoples['’]? day|mlk(?: day)? weekend|women['’]?s day|pentecost|ascension day|ashura|mawlid|laylat al-qadr|navrat(?:ri|hri)|dussehra|raksha bandhan|twelfth night|epiphany (?:day|sunday)|three kings['’]? day|candlemas|whitsun(?:day)?|armistice day|remembrance (?:sunday|day)|cyber monday|april fool['’]?s?(?: day)?|presidents?['’]? day|holy (?:thursday|saturday)|maundy thursday|shrove tuesday|fat tuesday|d[ií]a de (?:los )?muertos|may day|election day|inauguration day|bank holiday|tax day|earth day|st\.? valentine'?s|holy week|lent\b(?= (?:started|began|ended))|nowruz|holi\b|vesak|purim|shavuot|sukkot|ash wednesday|palm sunday|canada day|bastille day|groundhog day|juneteenth"
)
_CUE = (
    r"\b(?:on|since|until|till|til|through|thru|by|before|after|dated?|dob|d\.o\.b\.?|born|visit(?:ed)?|seen|admi(?:t(?:ted)?|ssion)|for|entry for|"
    r"discharged?|d/?c'?d?|started?|began|last|next|due|scheduled(?: for)?|appt|appointment|lmp|edd|edc|follow[- ]?up|f/u|expires?|exp|post|pre|scan|mri|ct|labs?|stopped|inj(?:ection)?|dose|placed|eval|echo|x-?ray|ekg|colonoscopy|biopsy|bx|procedure|surgery|hosp|test|leaves?|leaving|letter|notified|made|hearing|court|trial|revocation|denied|approved|deadline|opens?|closes?|ends?|ended|relapsed?|released?|arrested|vivitrol|sustenna|depo|s/p|aclr|tka|tha|orif|surg|op|c-?section|wedding|died|passed|death|married|anniversary|notarized|faxed|mailed|paid|submitted|received|closed|opened|fell|intake|er|ed|rtc|reported|lapses?|dos|mtg|meeting|refill(?:ed)?|filled|sent|called|booked|moved|re-?eval|recheck|repeat|given|delivered|as of|week of|"
    r"signed|eff(?:ective)?|performed|collected|drawn|hospital|clinic|moved to|resched(?:uled)? (?:to|for))[\s:(~]{1,3}"
)
_NOT_DAY = r"(?!\s(?:rib|ribs|centile|%ile|percentile|amendment|house|placement|hospitalization|session|episode|relapse|suicide|edition|anniversary|birthday|century|trial|cycle|course|round|step|chakra|toe|finger|digit|metatarsal|metacarpal|trimester|degree|grade|generation|time|line|ventricle|floor|cranial|nerve|percentile|intercostal|molar|lumbar|thoracic|cervical|sacral|vertebra|person|party|dose|visit|attempt|day of (?:life|admission)|heart|stage|most|one|half|thing|place|child|episode|opinion|husband|wife|pregnancy|year|week|month|hour|session|line|eye))"


RULES: tuple[tuple[int, bool, str], ...] = (
    (
        3,
        True,
        r"(?<![\d./-])(?:19|20)\d\d([-/.])(?:0?[1-9]|1[0-2])\1(?:3[01]|[12]\d|0?[1-9])(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d{1,6})?Z?)?(?![\d])",
    ),
    (
        3,
        True,
        r"(?<![\d./-])(?:3[01]|[12]\d|0?[1-9])(\s?[-/]\s?|\.)(?:3[01]|[12]\d|0?[1-9])\1(?:(?:18|19|20)\d\d|['’]?\d\d)(?![\d/]|-\d|\.\d)",
    ),
    (
        3,
        True,
        r"(?<![\d./-])(?:0?[1-9]|1[0-2])/(?:3[01]|[12]\d|0?[1-9])(?:/\d{2,4})?\s?(?:-|–|to|thru|through)\s?(?:0?[1-9]|1[0-2])/(?:3[01]|[12]\d|0?[1-9])(?:/\d{2,4})?(?![\d/])",
    ),
    (
        3,
        True,
        rf"\b(?:{_WEEKDAY}|{_DAY})\b\.?,?\s(?:the\s)?(?:\d{{1,2}}(?:st|nd|rd|th)\b|(?:0?[1-9]|1[0-2])/(?:3[01]|[12]\d|0?[1-9])(?!\d)|(?!24/7)(?:3[01]|[12]\d|0?[1-9])/(?:0?[1-9]|1[0-2])(?!\d))",
    ),
    (
        3,
        True,
        rf"\b(?:dob|birthday|birth ?date|date of birth|born(?: on)?)\b[\s:,]{{1,3}}(?:is\s|was\s)?(?P<v>(?:(?:{_NUMBER})[\s,-]{{1,2}}){{2,6}}(?:{_NUMBER}))\b",
    ),
    (
        3,
        True,
        rf"\b(?:{_WEEKDAY},?\s{{1,3}})?(?:the\s)?{_ORD}[\s,.-]{{0,3}}(?:(?:day\s)?of\s)?(?<![a-z]){_MON}(?:[\s,.-]{{0,3}}(?:{_YEAR}|\d\d(?=\b)(?!\s?(?:mg|%|year|yo|y/o|[-:/]))))?(?![a-z])",
    ),
    (
        3,
        True,
        rf"\b(?:(?:{_WEEKDAY}|{_DAY}\.?),?\s{{1,3}})?(?:{_LONG}|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec|may)\b\.?[\s-]{{0,3}}(?:the\s)?{_ORD}(?![\d:/%]|\.\d|\s?(?:mg|mcg|ml|units?|percent|%|am|pm|hours?|times|weeks?|months?|years?|days?)\b)(?:\s?(?:-|–|to|and|through|thru)\s?{_ORD}(?![\d:/%]|\.\d))?(?:\s{{0,2}},?\s{{0,2}}(?:{_YEAR}|{_SPOKEN}))?\b",
    ),
    (3, True, rf"\b{_MON}[\s,/-]{{0,3}}(?:of\s)?(?:{_YEAR})(?!\d)"),
    (3, True, r"(?<![\d/.-])(?:0?[1-9]|1[0-2])\s?[/-]\s?(?:19|20)\d\d(?![\d/-])"),
    (3, True, r"\b(?:spring|summer|fall|autumn|winter|q[1-4])(?: of)?,? (?:19|20)\d\d\b"),
    (3, True, rf"\b(?:{_LONG.replace('march|', '').replace('august|', '')}|sept)\b\.?(?!\s?\d)"),
    (2, False, r"(?<![\w.])(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Oct|Nov|Dec)\b\.?(?-i:(?<=[a-z.]))(?!\s?\d)"),
    (
        3,
        True,
        r"\b(?:in|since|until|till|last|next|this|early|late|mid|by|from|of|through|during|before|after|around|every)[\s-](?P<v>(?:march|may|august|jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec)\b(?:\s?(?:of\s)?(?:19|20)\d\d\b)?)(?!\s(?:be|have|not|need|also|or|take|require|with|past|in)\b)",
    ),
    (3, True, rf"\b(?<!every )(?<!each ){_WEEKDAY}\b(?!s)"),
    (
        2,
        True,
        r"\b(?:last|next|this|on|since|until|till|til|by|come|for|from)\s(?:past\s|coming\s)?(?:mon|tues?|wed|weds|thurs?|thu|fri|sat|sun)\b\.?(?!s)",
    ),
    (
        2,
        True,
        r"\b(?:tue|wed|thu|thur|fri|mon|sat|sun)\b\.?(?=\s(?:at\s\d|am\b|pm\b|nite|morning|afternoon|evening|night|\d{1,2}(?::\d\d|\s?[ap]m)))",
    ),
    (2, True, r"(?<!every )(?<!each )(?<![-/])\b(?:tues|weds|thurs)\b\.?(?![-/])"),
    (2, True, r"(?<![\w.])(?:0?[1-9]|[12]\d|3[01])\.(?-i:II|III|IV|VI{1,3}|IX|XI{1,2})\b\.?(?:\s?(?:19|20)\d\d)?"),
    (4, True, rf"\b(?:{_HOLIDAYS})\b(?!\s(?:tree|disease))"),
    (
        2,
        True,
        rf"\b(?:on|by|since|until|till|from|before|after|of|around|for|due|til)\s(?P<v>the\s\d{{1,2}}(?:st|nd|rd|th))\b{_NOT_DAY}",
    ),
    (
        2,
        True,
        r"\b(?:the\s)(?:[12]?\d(?:st|nd|rd|th)|3(?:0th|1st))(?=\s?(?:[,.;!?)]|$|\n|(?:at|and|of|for|to|through|thru|he|she|we|they|i|because|so|but|or|with|is|was|in|after|before|if|then|when|until|morning|afternoon|evening|night)\b))",
    ),
    (2, True, rf"\b(?:on|by|since|until|till|til|from|due|before|after)\s(?P<v>\d{{1,2}}(?:st|nd|rd|th))\b{_NOT_DAY}"),
    (
        2,
        True,
        rf"\b(?:{_WEEKDAY}|tues?|weds?|thurs?|mon|fri|sat|sun)\.?\s?[/&]\s?(?:{_WEEKDAY}|tues?|weds?|thurs?|mon|fri|sat|sun)\b",
    ),
    (2, True, rf"\b(?:{_DAY})\.?(?=\s(?:at|am|pm|night)\b)|(?<=\d )(?:mon|tue|wed|thu|fri|sat|sun)\b"),
    (3, True, r"\b(?:spring|summer|fall|autumn|winter)(?: of)?,? (?:['’]\d\d|\d\d-\d\d)\b"),
    (3, True, rf"\b(?:{_LONG}|may) of (?:last|this|next) year\b"),
    (
        2,
        True,
        rf"{_CUE}(?P<v>(?:0?[1-9]|1[0-2])[/-](?:3[01]|[12]\d|0?[1-9])|(?:0?[1-9]|[12]\d|3[01])\.(?:1[0-2]|0[1-9])\.?(?!\d)|(?:0[1-9]|1[0-2])\.(?:3[01]|[12]\d|0[1-9])(?!\d))(?![\d/]|[.-]\d|\s?(?:mg|murmur|strength|pain|on|tab|tabs|tablet|weeks?|days?|months?|hours?|times|points?|positive|systolic|motor))",
    ),
    (
        1,
        False,
        r"(?<![\w./-])(?P<v>(?:0?[1-9]|1[0-2])/(?:3[01]|[12]\d|0?[1-9]))(?![\d/%]|[.-]\d|\s?(?:mg|mcg|murmur|strength|pain|on(?=\s\w)|tab|tabs|tablet|cup|pack|ppd|weeks?|wks?|days?|months?|hours?|times|points?|positive|systolic|motor|power|reflex|of\b|full|teaspoon|tsp|inch|mile|dose|way|bilaterally|throughout|score|scale|ejection|sem\b|holosystolic|criteria|items|correct|objects|words|recall|blocks|stairs|bottles?|pills?|glass|lb|the\b))",
    ),
    (
        1,
        False,
        r"(?<![\w./-])(?P<v>(?:1[3-9]|2[1-9]|3[01])/(?:0?[1-9]|1[0-2]))(?![\d/%]|[.-]\d|\s?(?:mg|mcg|tab|on\b))",
    ),
    (
        2,
        True,
        r"\b(?:on|since|until|by|dated|seen|dob|born)\s(?P<v>(?:1[3-9]|2\d|3[01])[/.](?:0?[1-9]|1[0-2]))(?![\d/]|\.\d)",
    ),
    (
        2,
        True,
        r"(?<![\d/.-])(?P<v>(?:0?[1-9]|1[0-2])/(?:3[01]|[12]\d|0?[1-9]))(?=\s?(?:visit|labs?\b|appt|appointment|session|mtg|meeting|@|at\s\d|note\b|admission|ct\b|mri\b|scan\b|surgery|call\b|msg|email|intake|ed\b|er\b|eval|and\s\d{1,2}/\d{1,2}|-\s?\d{1,2}/\d{1,2}|&\s\d{1,2}/\d|,\s\d{1,2}/\d))",
    ),
    (2, False, r"\((?P<v>(?:0?[1-9]|1[0-2])/(?:3[01]|2[2-35-69]|1[1-46-9]|0?[7-9]))\)"),
    (2, False, r"(?<![-/\w])(?-i:Mon|Tue|Wed|Thu|Fri)\b\.?(?!\s?[-/–])"),
    (
        2,
        True,
        r"\b(?:on|by|since|until|before|after|from|till) (?P<v>the (?:(?:third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|(?:thir|four|fif|six|seven|eigh|nine)teenth|twentieth|twenty[- ]\w{3,7}|thirtieth|thirty[- ]first)(?=[,.;)!?]|\s?$|\s(?:and|at|for|to|he|she|we|they|i|because|so)\b)|(?:first|second)(?=[.;)]|\s?$)))",
    ),
    (2, True, r"\bmarch (?:first|second|third)\b"),
    (3, True, r"(?<![\d./-])(?:19|20)\d\d-(?:0[1-9]|1[0-2])(?![-\d])"),
    (2, True, r"~(?P<v>(?:0?[1-9]|1[0-2])/(?:3[01]|[12]\d|0?[1-9]))(?![\d/])"),
    (2, True, r"(?:^|\n)\s{0,4}(?P<v>(?:0?[1-9]|1[0-2])/(?:3[01]|[12]\d|0?[1-9]))(?=\s{0,2}[:-])"),
    (
        3,
        True,
        r"(?:\b(?:dob|d\.o\.b\.?|date of birth|born|birth ?date|birthday|dated?|admitted|discharged?)\b)[\s:#=(]{0,4}(?:is\s|on\s|was\s|of\s)?(?P<v>\d{1,4}[-/. ]\d{1,2}(?:[-/. ]\d{1,4})?|\d{6}|\d{8})(?!\d)",
    ),
    (3, True, rf"(?<!\w)\d{{1,2}}{_MON[:-5]}(?:\d{{2}}|\d{{4}})(?!\w)"),
    (2, False, r"(?<![-/\w])(?<!every )(?<!each )(?:mon|tue|wed|thu|thur|fri)\b\.?(?![-/\w'’])"),
    (
        2,
        False,
        r"(?<![-/\w])(?<!he )(?<!she )(?<!they )(?<!we )(?<!i )(?<!who )(?<!pt )(?<!and )(?<!just )(?<!patient )(?<!to )(?<!the )(?<!of )(?<!o2 )(?:sat|sun)\b\.?(?=\s?(?:[.,;?!)]|$|\n))(?<!o2 sat)",
    ),
    (
        3,
        True,
        rf"\b(?:nxt|lst|ths|tmrw|wk|come)\s(?:{_WEEKDAY}|{_DAY})\b",
    ),
    (
        3,
        True,
        rf"\b(?:the )?(?:first|second|third|fourth|last|1st|2nd|3rd|4th) (?:week|weekend|half|{_WEEKDAY}|day) (?:of|in) (?:{_LONG}|may|{_MON})",
    ),
    (
        2,
        False,
        rf"\b(?:the\s)(?:[12]?\d(?:st|nd|rd|th)|3(?:0th|1st))\b(?![-/]){_NOT_DAY}(?!\s(?:st|street|ave|avenue|floor|percent|admission|choice|option|reason|drug|agent|ssri|wheel|base|baby|kid|son|daughter|marriage|date|call|inning|quarter|place|space|eyelid|interspace|metacarpophalangeal|leading|commandment|sense|reading|wave|hand|world|molar|semester)\b)",
    ),
    (
        3,
        True,
        r"\b(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|mi[ée]rcoles|jueves|viernes|s[áa]bado|domingo|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)\b,? ?)?(?:le |el |den )?\d{1,2}\.? (?:de )?(?:janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[ûu]t|septembre|octobre|novembre|d[ée]cembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|januar|februar|m[äa]rz|juni|juli|oktober|dezember)(?: (?:de )?(?:19|20)\d\d)?\b",
    ),
    (
        3,
        True,
        r"\b(?:lundi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|mi[ée]rcoles|jueves|viernes|s[áa]bado|domingo|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)\b",
    ),
    (
        3,
        True,
        r"\b\d{1,2}(?:st|nd|rd|th) (?:inst|ult|prox)\b\.?|\b\d{1,2}(?:st|nd|rd|th) of (?:the|this|last|next) month\b",
    ),
    (
        2,
        True,
        r"(?<![\d./-])(?P<v>(?:0?[1-9]|1[0-2])/(?:3[01]|[12]\d|0?[1-9]))(?=\s(?:at\s)?(?:[01]\d|2[0-3])[0-5]\d\b)",
    ),
    (
        2,
        False,
        r"(?<!to )(?<!will )(?<!we )(?<!they )[\s,(;:/-](?P<v>march|august)\b(?!\s(?:on\b|for\b|in the|of dimes|fracture|hemoglobin))",
    ),
    (
        2,
        False,
        r"\b(?:due|started?|starting|began|begins?|moved|married|died|came|returns?|returned|back|scheduled|ends?|ended|quit|until|til|till|early|late|mid|by|since|last|next|this|come)\s(?P<v>may)\b(?!\s(?:be|have|not|need|also|or|take|require|help|cause|want|get|go|see)\b)",
    ),
    (
        2,
        False,
        r"\b(?:on|by|until|til|till|since|before|after)\sthe\s(?P<v>(?:0?[1-9]|1[0-2])[/-](?:3[01]|[12]\d|0?[1-9]))(?![\d/]|[.-]\d|\s?(?:mg|scale|split|tab|strength|dose))",
    ),
    (
        2,
        False,
        r"\b(?:biopsy|surgery|appt|appointment|visit|hearing|court|court date|intake|scan|mri|labs|trial|admission|procedure|follow-?up|f/u|rtc|next dose|last dose|injection|lai|refill|filled|inc|incident|last seen)\s(?:is |was |on |for |set for |due |moved to ){0,2}"
        r"(?P<v>(?:0?[1-9]|1[0-2])[/-](?:3[01]|[12]\d|0?[1-9]))(?![\d/%]|[.-]\d|\s?(?:mg|mcg|ml|tab|of\b|positive|neg|weeks?|wks?|days?|times|months?|hours?|hrs?|years?|x\b))",
    ),
    (3, True, rf"\bweek of (?:the )?(?:{_ORD}|{_MON})(?:\s{_ORD})?"),
)


# What a text must hold before a rule is worth trying: a month, a weekday, a feast, a digit.
HINTS = {
    "month": re.compile(r"(?<![a-z])(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.IGNORECASE),
    "weekday": re.compile(r"(?<![a-z])(?:mon|tue|wed|thu|fri|sat|sun)", re.IGNORECASE),
    "digit": re.compile(r"\d"),
}


def needs(rank: int, rule: str) -> str:
    """Which hint a rule cannot match without."""
    if rank == 4:
        return "feast"
    if "week of" in rule or "hundred" in rule:
        return ""
    if "janvier" in rule or "lundi" in rule:
        return ""
    if "jan" in rule.lower():
        return "month"
    if "wednes" in rule or "|wed" in rule or "Wed" in rule:
        return "weekday"
    return "digit" if r"\d" in rule and "twentieth" not in rule and "first|second" not in rule else ""

"""What the forms of dates in `data/date_forms.txt` share: the months, and what a text must hold before one is tried."""

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
# Every feast holds one of these; a text without any of them is not searched for feasts.
FEASTS = (
    "day", "eve", "nye", "christmas", "mas", "thanksg", "hanuk", "chanuk", "hallow", "easter", "ramadan", "eid",
    "diwali", "passover", "kippur", "hashana", "valentine", "july", "king", "president", "columbus", "patrick",
    "paddy", "pat", "super", "black", "mayo", "kwanz", "lunar", "chinese", "mardi", "gras", "muerto", "tet",
    "lent", "advent", "yule", "bonfire", "fawkes", "vaisakhi", "baisakhi", "onam", "obon", "chuseok",
    "songkran", "midsummer", "pride", "leap", "solstice", "equinox", "saint", "soul", "dead", "mlk", "women",
    "pentecost", "ashura", "mawlid", "laylat", "autumn", "ides", "feast", "bank", "whit", "first ", "last ",
    "second ", "third ", "moon", "festival", "holiday", "burns", "simchat", "shvat", "omer", "shiva", "ganesh",
    "durga", "pongal", "ugadi", "tihar", "dashain", "losar", "thaip", "carn", "oktober", "prom", "home",
    "orthodox", "greek", "posadas", "sinter", "lucia", "janma", "pasch", "mich", "lammas", "beltane", "samhain",
    "imbolc", "ostara", "tisha", "hashoah", "lailat", "arbaeen", "muharram", "navrat", "dussehra", "raksha",
    "twelfth", "epiphany", "candlemas", "whitsun", "armistice", "remembrance", "cyber", "april", "holy",
    "maundy", "shrove", "tuesday", "nowruz", "holi", "vesak", "purim", "shavuot", "sukkot", "new", "year",
    "break", "week", "junete",
)  # fmt: skip

HINTS = {
    "month": re.compile(r"(?<![a-z])(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.IGNORECASE),
    "weekday": re.compile(r"(?<![a-z])(?:mon|tue|wed|thu|fri|sat|sun)", re.IGNORECASE),
    "digit": re.compile(r"\d"),
}

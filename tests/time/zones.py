"""Six zones that treat their clocks differently."""

ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",  # half an hour, south of the equator
    "America/Santiago",  # at midnight, south of the equator
    "Asia/Kathmandu",  # a quarter past, and never
    "Africa/Casablanca",  # back for Ramadan, whose days move
)

"""Details that may identify together: rare work, exact family, small school, unusual event."""

from conference.deid.lexicon import Lexicon
from conference.deid.model import Mark, Quasi


def quasi(text: str, marks: list[Mark], lexicon: Lexicon) -> list[Quasi]:
    """Stretches to widen; none of them is hidden."""
    return []

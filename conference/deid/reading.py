"""The evidence for each word of a text."""

from dataclasses import dataclass

from conference.deid.model import Kind
from conference.deid.tokens import Token

# What the net answers beside "nothing"; the last stands for all other numbers.
KINDS = (Kind.NAME, Kind.LOCATION, Kind.DATE, Kind.AGE, Kind.ID)


@dataclass(slots=True)
class Reading:
    """The evidence for one word: the judgement by hand of its lists and frame, and the votes of the tagger."""

    token: Token
    name: float = -9.0
    place: float = -9.0
    cued: bool = False
    harmless: bool = False
    servant: bool = False  # a word of grammar, of kin or a title: hidden only beside a hidden word
    wide: bool = False  # a state, a nation or the like: never hidden as a place
    quiet: bool = False  # in a text without capitals, where lower case tells nothing
    clinical: bool = False  # ends or begins as clinical words do
    person_vote: float = -9.0  # of the tagger, log odds
    place_vote: float = -9.0
    vote: float = -9.0  # that it is an identifier of any kind
    kind: int = 0  # the likeliest of `KINDS`
    formed: int = 0  # what the forms say of it
    glued: int = 0  # 1 to the token before, 2 to the one behind
    explained: bool = False  # by a vocabulary or the frame of an eponym: never hidden alone
    hidden: bool = False

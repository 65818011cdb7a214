"""The evidence for each word of a text."""

from dataclasses import dataclass

from conference.deid.tokens import Token


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
    explained: bool = False  # by a vocabulary or the frame of an eponym: never hidden alone
    hidden: bool = False

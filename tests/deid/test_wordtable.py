"""The table of words says what a dict of them would say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conference.deid.lexicon import lexicon
from conference.deid.wordtable import WordTable

_words = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1, max_size=8)


@given(st.dictionaries(_words, st.integers(0, 2**32 - 1)), st.lists(st.text(max_size=8)))
def test_it_is_a_dict(numbers: dict[str, int], others: list[str]) -> None:
    """Every word has its number, and every other text none."""
    table = WordTable("\n".join(numbers).encode(), " ".join(f"{n:x}" for n in numbers.values()).encode())
    assert len(table) == len(numbers)
    assert {word: table.get(word) for word in numbers} == dict(table.items()) == numbers
    assert all(table.get(text) == numbers.get(text, 0) for text in others)


def test_words_and_numbers_belong_together() -> None:
    """A file that was cut off is not read as if it were whole."""
    with pytest.raises(ValueError, match="as many words as numbers"):
        WordTable(b"one\ntwo", b"1")


def test_the_packaged_words_are_there() -> None:
    """A common word, a name, and nothing for what nobody writes."""
    assert len(lexicon().words) > 200_000
    assert lexicon()["the"].common > 10
    assert lexicon()["maria"].given > 0
    assert not lexicon()["qzxv"]
    assert not lexicon()["\ud800"]

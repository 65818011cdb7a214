"""A sealed field opens in its own place and nowhere else."""

import dataclasses
import os
import struct

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from storage.seal import OVERHEAD, Cell, SealBroken, framed, seal, unseal, version_of

KEY = bytes(range(32))
CELL = Cell("north", "cases", "body", "C-7K2P", "C-7K2P")

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
cells = st.builds(Cell, names, names, names, names, names)
versions = st.integers(0, 2**32 - 1)


@given(cells, st.binary(max_size=200), versions)
def test_what_is_sealed_opens_in_its_place(cell: Cell, plaintext: bytes, version: int) -> None:
    """Unsealing gives back what was sealed, and the header tells the key version."""
    blob = seal(KEY, version, cell, plaintext)
    assert unseal(KEY, cell, blob) == plaintext
    assert version_of(blob) == version
    assert len(blob) == len(plaintext) + OVERHEAD


@given(cells, st.binary(max_size=60), st.data())
def test_a_flipped_bit_never_opens(cell: Cell, plaintext: bytes, data: st.DataObject) -> None:
    """Any one changed bit, in header, nonce, text or tag, breaks the seal."""
    blob = bytearray(seal(KEY, 1, cell, plaintext))
    bit = data.draw(st.integers(0, len(blob) * 8 - 1))
    blob[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBroken):
        unseal(KEY, cell, bytes(blob))


@given(cells, cells, st.binary(max_size=20))
def test_a_moved_ciphertext_never_opens(home: Cell, other: Cell, plaintext: bytes) -> None:
    """No other place opens the blob, however names are split between its parts."""
    assume(home != other)
    with pytest.raises(SealBroken):
        unseal(KEY, other, seal(KEY, 1, home, plaintext))


@pytest.mark.parametrize("part", ["team", "table", "column", "row", "case"])
def test_each_part_of_the_place_counts(part: str) -> None:
    """Moving a blob in a single respect breaks it, also into the place that has no case."""
    for elsewhere in ("other", ""):
        with pytest.raises(SealBroken):
            unseal(KEY, dataclasses.replace(CELL, **{part: elsewhere}), seal(KEY, 1, CELL, b"text"))


def test_names_cannot_slide_between_parts() -> None:
    """Team `ab`, table `c` is not team `a`, table `bc`."""
    blob = seal(KEY, 1, Cell("ab", "c", "", ""), b"text")
    with pytest.raises(SealBroken):
        unseal(KEY, Cell("a", "bc", "", ""), blob)


@given(versions, versions)
def test_another_key_version_in_the_header_never_opens(version: int, claimed: int) -> None:
    """The header's key version is proven by the tag."""
    assume(version != claimed)
    blob = seal(KEY, version, CELL, b"text")
    with pytest.raises(SealBroken):
        unseal(KEY, CELL, struct.pack(">BI", 1, claimed) + blob[5:])


@given(st.binary(max_size=80))
def test_anything_else_is_a_broken_seal(blob: bytes) -> None:
    """Bytes that were never sealed raise SealBroken and nothing else."""
    with pytest.raises(SealBroken):
        unseal(KEY, CELL, blob)


def test_another_key_never_opens() -> None:
    """A blob of one key is noise to another."""
    with pytest.raises(SealBroken) as broken:
        unseal(os.urandom(32), CELL, seal(KEY, 1, CELL, b"sertraline"))
    assert "sertraline" not in str(broken.value)
    assert "C-7K2P" not in str(broken.value)


@pytest.mark.parametrize("size", [0, 16, 24, 31, 33])
def test_a_key_of_another_size_is_refused(size: int) -> None:
    """A short key would quietly mean a weaker cipher."""
    with pytest.raises(ValueError, match="32 bytes"):
        seal(bytes(size), 1, CELL, b"text")


def test_equal_texts_look_different() -> None:
    """Two seals of one text share no nonce and no ciphertext."""
    blobs = {seal(KEY, 1, CELL, b"text") for _ in range(1000)}
    assert len({blob[5:17] for blob in blobs}) == 1000
    assert len({blob[17:] for blob in blobs}) == 1000


@given(st.lists(st.binary(max_size=5), max_size=5), st.lists(st.binary(max_size=5), max_size=5))
def test_framing_tells_lists_apart(some: list[bytes], others: list[bytes]) -> None:
    """Two lists give equal bytes only if they are equal."""
    assert (framed(*some) == framed(*others)) == (some == others)

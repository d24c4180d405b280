"""UTF-16 offsets and Python's indices are each other's inverse, and the middle of a character is its beginning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shim.utf16 import text_index, utf16_length, utf16_offset, utf16_slice

texts = st.text(st.sampled_from("aä€😀𐍈\udcff\n"), max_size=12)


@given(texts)
def test_an_index_becomes_an_offset_and_that_the_index_again(text: str) -> None:
    for index in range(len(text) + 1):
        assert text_index(text, utf16_offset(text, index)) == index
    assert utf16_offset(text, len(text)) == utf16_length(text)


@given(texts)
def test_an_astral_character_counts_twice_and_its_middle_is_its_beginning(text: str) -> None:
    assert utf16_length(text) == sum(1 + (character > "\uffff") for character in text)
    offset = 0
    for index, character in enumerate(text):
        if character > "\uffff":
            assert text_index(text, offset + 1) == index
        offset += utf16_length(character)


@pytest.mark.parametrize("text", ["", "abc", "a😀c"])
def test_offsets_beyond_the_text_are_cut(text: str) -> None:
    assert text_index(text, -3) == 0
    assert text_index(text, 99) == len(text)


def test_a_slice_is_javascripts_substring() -> None:
    assert utf16_slice("a😀bc", 1, 4) == "😀b"
    assert utf16_slice("a😀bc", 3) == "bc"

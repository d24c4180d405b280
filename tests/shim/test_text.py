"""A document's text: what VS Code's own tests say, and the same as a plain string would be, whatever is done to it."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.errors import InvalidValue
from shim.edits import TextEdit
from shim.enums import EndOfLine
from shim.ranges import Position, Range
from shim.text import LineEndsChangeEvent, TextDocumentContentChangeEvent, TextModel
from shim.utf16 import utf16_length, utf16_slice

texts = st.lists(st.sampled_from(["a", "ä", "😀", " ", "\n", "\r\n", "\r"]), max_size=12).map("".join)
places = st.builds(Position, st.integers(0, 5), st.integers(0, 5))


@st.composite
def edited(draw: st.DrawFn) -> tuple[TextModel, list[TextEdit]]:
    """A text and edits of it that do not overlap, in any order."""
    model = TextModel(draw(texts))
    if draw(st.booleans()):
        model.offset_at(Position(99, 0))  # with its line starts known
    valid = {model.validate_position(place) for place in draw(st.lists(places, max_size=6))}
    ends = sorted(valid, key=lambda place: (place.line, place.character))
    pairs = list(zip(ends[::2], ends[1::2], strict=False))
    edits = [TextEdit(Range(start, end), draw(texts)) for start, end in pairs]
    return model, draw(st.permutations(edits))


@given(edited())
def test_edits_change_a_text_as_they_would_a_string(given: tuple[TextModel, list[TextEdit]]) -> None:
    model, edits = given
    text, before = model.get_text(), model.snapshot()
    changes = model.apply(edits)
    for change in changes:
        end = change.range_offset + change.range_length
        text = utf16_slice(text, 0, change.range_offset) + change.text + utf16_slice(text, end)
    assert model.get_text() == text
    assert [model.line_at(number).text for number in range(model.line_count)] == re.split("\r?\n", text)
    assert model.version == (2 if changes else 1)
    model.restore(before)
    assert model.version == 1


@given(edited())
def test_offsets_and_positions_are_each_others_inverse_before_and_after_edits(
    given: tuple[TextModel, list[TextEdit]],
) -> None:
    model, edits = given
    for _ in range(2):
        text = model.get_text()
        for number in range(model.line_count):
            line = model.line_at(number)
            for character in range(line.range.end.character + 1):
                offset = model.offset_at(Position(number, character))
                assert model.position_at(offset) == Position(number, character)
                before = Range(Position(0, 0), Position(number, character))
                assert model.get_text(before) == utf16_slice(text, 0, offset)
        assert model.offset_at(Position(99, 0)) == utf16_length(text)
        model.apply(edits)


@pytest.mark.parametrize(
    ("text", "eol", "same"),
    [
        ("", EndOfLine.LF, ""),
        ("a\nb", EndOfLine.LF, "a\nb"),
        ("a\r\nb", EndOfLine.CRLF, "a\r\nb"),
        ("a\r\nb\r\nc\n", EndOfLine.CRLF, "a\r\nb\r\nc\r\n"),
        ("a\r\nb\n", EndOfLine.LF, "a\nb\n"),
        ("a\rb", EndOfLine.CRLF, "a\r\nb"),
        ("a\u2028b", EndOfLine.LF, "a\u2028b"),
    ],
)
def test_lines_end_as_most_of_them_do(text: str, eol: EndOfLine, same: str) -> None:
    model = TextModel(text)
    assert (model.eol, model.get_text()) == (eol, same)


def test_a_position_between_carriage_return_and_line_feed_is_the_lines_end() -> None:
    model = TextModel("ab\r\nc")
    assert [model.position_at(offset) for offset in (2, 3, 4)] == [Position(0, 2), Position(0, 2), Position(1, 0)]
    assert model.offset_at(Position(0, 99)) == 2


@pytest.mark.parametrize(
    ("offset", "position"), [(-5, Position(0, 0)), (5e-324, Position(0, 0)), (1e300, Position(0, 2))]
)
def test_an_offset_may_be_any_number(offset: float, position: Position) -> None:
    assert TextModel("ab").position_at(offset) == position


@pytest.mark.parametrize("line", [-1, 2, 0.8, 1e300, "0", None])
def test_a_line_that_is_not_there_is_refused(line: object) -> None:
    with pytest.raises(InvalidValue, match="line"):
        TextModel("a\nb").line_at(line)  # type: ignore[arg-type]


def test_a_line_knows_its_ranges_and_its_indent() -> None:
    model = TextModel(" \t\u00a0a\x1c\n \n")
    first, blank, last = (model.line_at(number) for number in range(3))
    assert (first.range, first.range_including_line_break) == (Range(0, 0, 0, 5), Range(0, 0, 1, 0))
    assert (first.first_non_whitespace_character_index, first.is_empty_or_whitespace) == (3, False)
    assert blank.is_empty_or_whitespace
    assert last.range_including_line_break == last.range == Range(2, 0, 2, 0)
    assert model.line_at(Position(1, 99)).text == " "


def test_a_line_stays_as_it_was_when_the_text_changes() -> None:
    model = TextModel("a")
    line = model.line_at(0)
    model.apply([TextEdit.insert(Position(0, 0), "\t ")])
    assert (line.text, model.line_at(0).text) == ("a", "\t a")
    with pytest.raises(AttributeError):
        line.text = "b"  # type: ignore[misc]


def test_what_exists_is_given_back_as_the_same_object() -> None:
    model = TextModel("ab\nc")
    position, range = Position(0, 2), Range(0, 1, 1, 1)
    assert model.validate_position(position) is position
    assert model.validate_range(range) is range
    assert model.validate_range(Range(0, 7, 9, 9)) == Range(0, 2, 1, 1)


def test_edits_at_one_place_stand_in_the_order_given() -> None:
    model = TextModel("ab")
    model.apply(
        [
            TextEdit(Range(0, 1, 0, 2), "X"),
            TextEdit.insert(Position(0, 1), "1"),
            TextEdit.insert(Position(0, 1), "2"),
            TextEdit.insert(Position(0, 2), "3"),
        ]
    )
    assert model.get_text() == "a12X3"


def test_edits_that_overlap_are_refused_and_change_nothing() -> None:
    model = TextModel("abcd")
    with pytest.raises(InvalidValue, match="overlap"):
        model.apply([TextEdit(Range(0, 0, 0, 3), "x"), TextEdit(Range(0, 2, 0, 4), "y")])
    assert (model.get_text(), model.version) == ("abcd", 1)


def test_edits_that_do_nothing_are_no_change() -> None:
    model = TextModel("abcd")
    assert model.apply([TextEdit.insert(Position(0, 1), ""), TextEdit.set_end_of_line(EndOfLine.LF)]) == []
    assert model.version == 1


def test_changes_are_told_from_the_last_place_to_the_first() -> None:
    model = TextModel("a\nb")
    changes = model.apply([TextEdit.insert(Position(0, 0), "1\r\n2"), TextEdit.delete(Range(0, 1, 1, 1))])
    assert changes == [
        TextDocumentContentChangeEvent(Range(0, 1, 1, 1), 1, 2, ""),
        TextDocumentContentChangeEvent(Range(0, 0, 0, 0), 0, 0, "1\n2"),
    ]


def test_other_line_ends_change_all_of_the_text() -> None:
    model = TextModel("a\nb\n")
    changes = model.apply([TextEdit.set_end_of_line(EndOfLine.CRLF)])
    assert changes == [LineEndsChangeEvent(Range(0, 0, 2, 0), 0, 4, "a\r\nb\r\n")]
    assert (model.get_text(), model.version) == ("a\r\nb\r\n", 2)
    assert model.position_at(3) == Position(1, 0)


@pytest.mark.parametrize(
    ("text", "character", "regex", "word"),
    [
        ("aaaa bbbb+cccc abc", 2, None, "aaaa"),
        ("aaaa bbbb+cccc abc", 4, None, "aaaa"),
        ("aaaa bbbb+cccc abc", 5, "[a-z+]+", "bbbb+cccc"),
        ("aaaa bbbb+cccc abc", 17, "[a-z+]+", "abc"),
        ("aaaa bbbb+cccc abc", 11, "yy", None),
        ("x = -1.5e3;", 6, None, "-1.5e3"),
        ("/** foo bar */", 0, r"/\*.+\*/", "/** foo bar */"),
        ('\t"far boo"', 0, r"(\"|').*\1", None),
        ('\t"far boo"', 1, r"(\"|').*\1", '"far boo"'),
        ("int abcdefhijklmnopqwvrstxyz;", 27, None, "abcdefhijklmnopqwvrstxyz"),
        ("😀 größe 😀", 5, None, "größe"),
        ("x " * 900 + "word" + " y" * 900, 1802, None, "word"),
        ("  ", 1, None, None),
    ],
)
def test_a_word_is_what_vs_code_takes_for_one(text: str, character: int, regex: str | None, word: str | None) -> None:
    model = TextModel(text)
    found = model.get_word_range_at_position(Position(0, character), regex)
    assert (model.get_text(found) if found else None) == word


def test_a_word_pattern_that_matches_nothing_is_refused() -> None:
    with pytest.raises(InvalidValue, match="empty string"):
        TextModel("a").get_word_range_at_position(Position(0, 0), re.compile(".*"))


def test_a_word_in_a_line_of_a_megabyte_is_found_at_once() -> None:
    model = TextModel("some_word " * 100_000)
    slow = re.compile("[a-z_ ]+#")
    began = time.perf_counter()
    assert model.get_word_range_at_position(Position(0, 500_003)) == Range(0, 500_000, 0, 500_009)
    assert model.get_word_range_at_position(Position(0, 500_003), slow) is None
    assert time.perf_counter() - began < 1


def test_many_edits_of_many_lines_take_one_pass() -> None:
    model = TextModel("\n".join(["line"] * 100_000))
    began = time.perf_counter()
    changes = model.apply([TextEdit.insert(Position(line, 0), "new\n") for line in range(0, 100_000, 10)])
    assert (len(changes), model.line_count) == (10_000, 110_000)
    assert time.perf_counter() - began < 2


def test_a_copy_is_changed_apart_from_its_original() -> None:
    model = TextModel("one\ntwo\nthree")
    assert model.offset_at(Position(2, 0)) == 8
    twin = model.copy()
    twin.apply([TextEdit.insert(Position(0, 0), "more\n")])
    assert (twin.get_text(), twin.version, twin.offset_at(Position(3, 0))) == ("more\none\ntwo\nthree", 2, 13)
    assert (model.get_text(), model.version, model.offset_at(Position(2, 0))) == ("one\ntwo\nthree", 1, 8)
    model.apply([TextEdit.delete(Range(0, 0, 1, 0))])
    assert (model.offset_at(Position(1, 0)), twin.offset_at(Position(2, 0))) == (4, 9)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\n\n", "\n\r"])
@pytest.mark.parametrize("piece", range(1, 9))
def test_a_text_in_pieces_has_the_lines_that_it_has_whole(
    monkeypatch: pytest.MonkeyPatch, end: str, piece: int
) -> None:
    text = end.join(["one", "", "three", "4", end])
    whole = TextModel(text)
    monkeypatch.setattr("shim.text.PIECE", piece)
    pieces = TextModel(text)
    assert [pieces.line_at(n).text for n in range(pieces.line_count)] == [
        whole.line_at(n).text for n in range(whole.line_count)
    ]

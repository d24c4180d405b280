"""What a terminal remembers, against a plain string that remembers everything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions import scrollback
from sessions.scrollback import BLOCK, SEQUENCE, Scrollback, whole

PIECES = st.lists(st.binary(min_size=0, max_size=3 * BLOCK // 2), max_size=12)


@given(PIECES, st.integers(0, 4 * BLOCK), st.data())
def test_any_offset_that_is_kept_reads_as_it_was_written(pieces: list[bytes], keep: int, data: st.DataObject) -> None:
    memory, everything = Scrollback(keep), b""
    for piece in pieces:
        memory.add(piece)
        everything += piece
        assert memory.end == len(everything)
        assert min(keep, memory.end) <= memory.end - memory.start < keep + 2 * BLOCK
    offset = data.draw(st.integers(memory.start, memory.end))
    most = data.draw(st.integers(0, 2 * BLOCK))
    assert memory.read(offset, most) == everything[offset : offset + most]
    assert memory.start <= memory.beginning <= memory.end


def test_what_is_forgotten_or_to_come_cannot_be_read() -> None:
    memory = Scrollback(keep=2 * BLOCK)
    memory.add(bytes(3 * BLOCK))
    assert memory.start == BLOCK
    for offset in (memory.start - 1, memory.end + 1, -1):
        with pytest.raises(LookupError):
            memory.read(offset, 1)
    assert memory.read(memory.end, 1) == b""


def test_memory_stays_flat_whatever_comes() -> None:
    memory = Scrollback()
    for _ in range(400):
        memory.add(b"x" * 50_000)
        assert memory.end - memory.start <= scrollback.KEPT_BYTES + BLOCK


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40)
ESCAPES = st.sampled_from(
    [
        "\x1b[0m", "\x1b[38;2;255;100;7m", "\x1b[?2004h", "\x1b[2J", "\x1b]0;a title\x07", "\x1b]8;;file:///a\x1b\\",
        "\x1bP1$r0m\x1b\\", "\x1b(B", "\x1b7", "\x1b=", "\x1bM", "\x1b]633;D;0\x07",
    ]
)  # fmt: skip


@given(st.lists(st.one_of(TEXT, ESCAPES), min_size=1, max_size=40), st.integers(0, 200), st.integers(0, 3))
def test_a_late_viewer_begins_within_no_character_and_no_escape_sequence(
    parts: list[str], before: int, blocks: int
) -> None:
    """The cut falls anywhere into the parts; the beginning must be the end of a whole part's character."""
    text = "".join(parts).encode()
    lead = (b"." * (BLOCK - min(before, len(text)))) + text
    memory = Scrollback(keep=0)
    memory.add(lead + b"~" * BLOCK * (blocks + 1))
    memory_at_cut = Scrollback(keep=len(text) + BLOCK)
    memory_at_cut.add(lead)
    memory_at_cut.add(b"~" * 2 * BLOCK)
    for one in (memory, memory_at_cut):
        assert one.start % BLOCK == 0
        assert one.beginning in _whole_places(parts, len(lead) - len(text), one)


def _whole_places(parts: list[str], lead: int, memory: Scrollback) -> set[int]:
    """The offsets at which neither a character nor an escape sequence is under way."""
    places, at = set(range(lead + 1)), lead
    for part in parts:
        if SEQUENCE.fullmatch(part.encode()):
            at += len(part.encode())
            places.add(at)
            continue
        for character in part:
            at += len(character.encode())
            places.add(at)
    return places | set(range(at, memory.end + 1))


@pytest.mark.parametrize("keep", [0, 100])
def test_a_sequence_that_ends_nowhere_moves_the_beginning_by_little(keep: int) -> None:
    memory = Scrollback(keep)
    memory.add(b"." * (BLOCK - 5) + b"\x1b]0;" + b"x" * 3 * BLOCK)
    assert memory.beginning - memory.start <= scrollback.LONGEST_CUT


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.integers(0, 120))
def test_a_piece_ends_on_a_whole_character(text: str, cut: int) -> None:
    data = text.encode()[:cut]
    length = whole(data)
    assert len(data) - length < 4
    assert data[:length].decode() == data.decode(errors="ignore")


@given(st.binary(max_size=40))
def test_what_is_no_text_is_held_back_by_three_bytes_at_most(data: bytes) -> None:
    assert len(data) - 3 <= whole(data) <= len(data)
    assert whole(data + b"\n") == len(data) + 1

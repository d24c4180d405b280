"""Marks of a shell are found wherever reads cut them, and only those that carry its nonce."""

from __future__ import annotations

import re

import pytest

from sessions.marks import LONGEST, Marks

STREAM = b"hi\x1b]633;A;n1\x07$ \x1b]633;E;echo \\x3b \\\\;n1\x1b\\out\r\n\x1b]633;D;0;n1\x07\x1b]633;P;;n1\x07"
FOUND = [("A", ""), ("E", "echo ; \\"), ("D", "0"), ("P", "")]


def found(pieces: list[bytes], nonce: str = "n1") -> list[tuple[str, str]]:
    marks, at, seen = Marks(nonce), 0, []
    for piece in pieces:
        for one in marks.feed(piece, at):
            whole = b"".join(pieces)[one.start : one.end]
            assert whole.startswith(b"\x1b]633;" + one.kind.encode()), whole
            assert whole.endswith((b"n1\x07", b"n1\x1b\\")), whole
            seen.append((one.kind, one.value))
        at += len(piece)
    return seen


@pytest.mark.parametrize("cut", range(len(STREAM) + 1))
def test_a_cut_anywhere_changes_nothing(cut: int) -> None:
    assert found([STREAM[:cut], STREAM[cut:]]) == FOUND


def test_neither_do_reads_of_a_byte_each() -> None:
    assert found([STREAM[at : at + 1] for at in range(len(STREAM))]) == FOUND


OTHERS = ["\x1b]633;A", "\x1b]633;A;n2", "\x1b]633;C;n1;n2", "\x1b]633;Z;n1", "\x1b]633;A;n11", "633;A;n1"]


@pytest.mark.parametrize("other", [one.encode() + b"\x07" for one in OTHERS], ids=ascii)
def test_what_a_program_prints_without_the_nonce_is_just_output(other: bytes) -> None:
    assert found([other + STREAM + other]) == FOUND


def test_one_that_never_ends_is_not_kept_for_ever() -> None:
    marks = Marks("n1")
    assert marks.feed(b"\x1b]633;E;" + b"x" * LONGEST, 0) == []
    assert marks.seen == len(b"\x1b]633;E;") + LONGEST
    assert [one.kind for one in marks.feed(STREAM, marks.seen)] == [kind for kind, _ in FOUND]


def test_a_shell_leaves_nothing_of_its_own_among_the_patterns_that_python_remembers() -> None:
    nonce = "of-this-shell-alone"
    assert [one.kind for one in Marks(nonce).feed(f"\x1b]633;A;{nonce}\x07".encode(), 0)] == ["A"]
    assert not [key for key in re._cache if nonce in str(key)]  # type: ignore[attr-defined]

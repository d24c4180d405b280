"""`apply_patch`: Roo Code's cases of the format it shares with Codex, and what they leave out."""

from __future__ import annotations

from typing import Any

import pytest

from extensions.coder.patch import AddFile, BadPatch, Chunk, Hunk, UpdateFile, apply_chunks, parse_patch, seek
from tests.extensions.coder.cases import cases


def as_upstream(hunk: Hunk) -> dict[str, Any]:
    if isinstance(hunk, AddFile):
        return {"type": "AddFile", "path": hunk.path, "contents": hunk.content}
    if not isinstance(hunk, UpdateFile):
        return {"type": "DeleteFile", "path": hunk.path}
    chunks = [
        {
            "changeContext": chunk.context,
            "oldLines": list(chunk.old),
            "newLines": list(chunk.new),
            "isEndOfFile": chunk.at_end,
        }
        for chunk in hunk.chunks
    ]
    return {"type": "UpdateFile", "path": hunk.path, "movePath": hunk.move_to, "chunks": chunks}


@pytest.mark.parametrize("case", cases("roo_apply_patch", "parse_patch"))
def test_patches_are_read_as_codex_does(case: dict[str, Any]) -> None:
    if case.get("throws"):
        with pytest.raises(BadPatch):
            parse_patch(case["in"][0])
    else:
        assert [as_upstream(hunk) for hunk in parse_patch(case["in"][0])] == case["expect"]["hunks"]


@pytest.mark.parametrize("case", cases("roo_apply_patch", "apply_chunks"))
def test_chunks_are_applied_as_codex_does(case: dict[str, Any]) -> None:
    text, path, raw = case["in"]
    chunks = tuple(
        Chunk(one["changeContext"], tuple(one["oldLines"]), tuple(one["newLines"]), one["isEndOfFile"]) for one in raw
    )
    if case.get("throws"):
        with pytest.raises(BadPatch, match="read the file again"):
            apply_chunks(text, path, chunks)
    else:
        assert apply_chunks(text, path, chunks) == case["expect"]


@pytest.mark.parametrize("case", cases("roo_apply_patch", "seek_sequence"))
def test_lines_are_found_as_codex_does(case: dict[str, Any]) -> None:
    lines, wanted, start, at_end = case["in"]
    assert seek(lines, tuple(wanted), start, at_end=at_end) == case["expect"]


def patch(*lines: str) -> str:
    return "\n".join(("*** Begin Patch", *lines, "*** End Patch"))


def test_line_ends_stay_as_they_were() -> None:
    (hunk,) = parse_patch(patch("*** Update File: a.txt", "@@", " one", "-two", "+2"))
    assert isinstance(hunk, UpdateFile)
    assert apply_chunks("one\r\ntwo\r\n", "a.txt", hunk.chunks) == "one\r\n2\r\n"


def test_an_end_of_file_chunk_prefers_the_end() -> None:
    (hunk,) = parse_patch(patch("*** Update File: a.txt", "@@", "-x", "+y", "*** End of File"))
    assert isinstance(hunk, UpdateFile)
    assert apply_chunks("x\nx\n", "a.txt", hunk.chunks) == "x\ny\n"


def test_an_end_of_file_chunk_is_looked_for_nowhere_else() -> None:
    assert seek(["x", "y"], ("x",), 0, at_end=True) is None
    assert seek(["x", "y"], ("y",), 2, at_end=True) == 1


def test_lines_without_a_place_are_put_before_the_last_empty_one() -> None:
    assert apply_chunks("a\n\n", "a.txt", (Chunk(None, (), ("b",)),)) == "a\nb\n"
    assert apply_chunks("a\n", "a.txt", (Chunk(None, (), ("b",)),)) == "a\nb\n"


@pytest.mark.parametrize(
    ("more", "text"), [([], "a\nnew\nb\n2\n"), (["*** End of File"], "a\nb\n2\nnew\n")], ids=["below", "at the end"]
)
def test_lines_that_only_come_are_put_below_the_line_that_is_named(more: list[str], text: str) -> None:
    (hunk,) = parse_patch(patch("*** Update File: a", "@@ a", "+new", *more, "@@ b", "-c", "+2"))
    assert isinstance(hunk, UpdateFile)
    assert apply_chunks("a\nb\nc\n", "a", hunk.chunks) == text


@pytest.mark.parametrize("odd", ["\x0c", "\x0b", "\x85", "\u2028", "\x1c"])
def test_only_line_ends_end_lines(odd: str) -> None:
    (hunk,) = parse_patch(patch("*** Update File: a.txt", "@@", f" a{odd}b", "-c", "+d"))
    assert isinstance(hunk, UpdateFile)
    assert apply_chunks(f"a{odd}b\nc\n", "a.txt", hunk.chunks) == f"a{odd}b\nd\n"


def test_a_change_may_be_below_several_lines() -> None:
    (hunk,) = parse_patch(patch("*** Update File: a.py", "@@ class B:", "@@     def f():", "-        1", "+        2"))
    assert isinstance(hunk, UpdateFile)
    text = "class A:\n    def f():\n        1\nclass B:\n    def e():\n        1\n    def f():\n        1\n"
    assert apply_chunks(text, "a.py", hunk.chunks) == text[:-2] + "2\n"
    with pytest.raises(BadPatch, match="the line '    def f\\(\\):' behind '@@' was not found"):
        apply_chunks("def f():\nclass B:\n        1\n", "a.py", hunk.chunks)


def test_a_file_may_only_be_moved() -> None:
    (hunk,) = parse_patch(patch("*** Update File: a.txt", "*** Move to: b.txt"))
    assert isinstance(hunk, UpdateFile)
    assert (hunk.move_to, hunk.chunks) == ("b.txt", ())


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("*** Rename File: a",), "no header"),
        (("*** Add File: ",), "no header"),
        (("*** Update File: a", "@@", " one", "@@"), "needs lines"),
        (("*** Update File: a", " one", "-two", "?three"), "further chunk"),
        (("*** Update File: a", "@@ -1,2 +1,2 @@ def f():", " one", "-two", "+2"), "line 3: .* numbers of lines"),
    ],
)
def test_a_patch_that_cannot_be_read_says_where(lines: tuple[str, ...], told: str) -> None:
    with pytest.raises(BadPatch, match=told):
        parse_patch(patch(*lines))

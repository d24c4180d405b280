"""`apply_patch`: patches of several files read, and their chunks applied to a text. No file is touched here.

The format (`*** Begin Patch`) is the one that Codex and Roo Code share. Lines are looked for exactly, then without
trailing space, then without surrounding space, then with look-alike characters made plain.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

BEGIN, END = "*** Begin Patch", "*** End Patch"
ADD, DELETE, UPDATE = "*** Add File: ", "*** Delete File: ", "*** Update File: "
MOVE, END_OF_FILE = "*** Move to: ", "*** End of File"

RANGES = re.compile(r"@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@")
"""How other patches say where a change is; models count lines badly."""

DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
SINGLE, DOUBLE = "\u2018\u2019\u201a\u201b", "\u201c\u201d\u201e\u201f"
SPACES = "\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
PLAIN = str.maketrans(DASHES + SINGLE + DOUBLE + SPACES, "-" * 7 + "'" * 4 + '"' * 4 + " " * 13)


class BadPatch(ValueError):
    """The patch cannot be read or does not fit: the sentence says where."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines to replace, below the line `context` where one is given; at the file's end where `at_end`."""

    context: str | None
    old: tuple[str, ...]
    new: tuple[str, ...]
    at_end: bool = False
    below: tuple[str, ...] = ()
    """Further lines behind `@@`, each below the one before: a class, then its method."""


@dataclass(frozen=True, slots=True)
class AddFile:
    """A file that is not there yet."""

    path: str
    content: str


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """A file to remove."""

    path: str


@dataclass(frozen=True, slots=True)
class UpdateFile:
    """A file to change, and to move where `move_to` is given."""

    path: str
    chunks: tuple[Chunk, ...]
    move_to: str | None = None


Hunk = AddFile | DeleteFile | UpdateFile


def parse_patch(text: str) -> list[Hunk]:
    """What a patch does, file by file. Raises `BadPatch`."""
    lines = _unwrapped(text)
    if not lines or lines[0].strip() != BEGIN:
        raise BadPatch(f"a patch begins with the line {BEGIN!r}")
    if lines[-1].strip() != END:
        raise BadPatch(f"a patch ends with the line {END!r}")
    body = lines[1:-1]
    hunks: list[Hunk] = []
    at = 0
    while at < len(body):
        if not body[at].strip():
            at += 1
            continue
        hunk, at = _hunk(body, at)
        hunks.append(hunk)
    return hunks


def _unwrapped(text: str) -> list[str]:
    """The patch's lines, without a here-document around them."""
    lines = re.split(r"\r?\n", text.strip())
    if len(lines) >= 4 and lines[0] in ("<<EOF", "<<'EOF'", '<<"EOF"') and lines[-1].endswith("EOF"):
        return lines[1:-1]
    return lines


def _hunk(body: list[str], at: int) -> tuple[Hunk, int]:
    line = body[at].strip()
    if line.startswith(ADD):
        end = _while(body, at + 1, lambda one: one.startswith("+"))
        return AddFile(_path(line, ADD, at), "".join(f"{one[1:]}\n" for one in body[at + 1 : end])), end
    if line.startswith(DELETE):
        return DeleteFile(_path(line, DELETE, at)), at + 1
    if line.startswith(UPDATE):
        return _update(body, at, _path(line, UPDATE, at))
    raise BadPatch(f"line {at + 2}: {line!r} is no header: use {ADD!r}, {DELETE!r} or {UPDATE!r} and a path")


def _path(line: str, header: str, at: int) -> str:
    path = line[len(header) :].strip()
    if not path:
        raise BadPatch(f"line {at + 2}: a path must stand behind {header.strip()!r}")
    return path


def _while(lines: list[str], at: int, holds: Callable[[str], bool]) -> int:
    while at < len(lines) and holds(lines[at]):
        at += 1
    return at


def _update(body: list[str], at: int, path: str) -> tuple[UpdateFile, int]:
    at += 1
    move_to = None
    if at < len(body) and body[at].startswith(MOVE):
        move_to, at = _path(body[at], MOVE, at), at + 1
    chunks: list[Chunk] = []
    while at < len(body):
        if not body[at].strip():
            at += 1
        elif body[at].startswith("***"):
            break
        else:
            chunk, at = _chunk(body, at, first=not chunks)
            chunks.append(chunk)
    if not chunks and move_to is None:
        raise BadPatch(f"the update of {path} changes nothing: give it lines that begin with '+', '-' or ' '")
    return UpdateFile(path, tuple(chunks), move_to), at


def _chunk(body: list[str], at: int, *, first: bool) -> tuple[Chunk, int]:
    contexts: list[str] = []
    headed = at
    while at < len(body) and (body[at] == "@@" or body[at].startswith("@@ ")):
        if RANGES.match(body[at]):
            raise BadPatch(f"line {at + 2}: {body[at]!r} has numbers of lines: write '@@', or '@@ ' and a line above")
        contexts += [body[at][3:]] if body[at][3:] else []
        at += 1
    if at == headed and not first:
        raise BadPatch(f"line {at + 2}: a further chunk begins with '@@', not with {body[at]!r}")
    old: list[str] = []
    new: list[str] = []
    start = at
    while at < len(body) and body[at] != END_OF_FILE and _take(body[at], old, new):
        at += 1
    if at == start:
        raise BadPatch(f"line {at + 2}: a chunk needs lines that begin with '+', '-' or ' '")
    ended = at < len(body) and body[at] == END_OF_FILE
    return Chunk(contexts[0] if contexts else None, tuple(old), tuple(new), ended, tuple(contexts[1:])), at + ended


def _take(line: str, old: list[str], new: list[str]) -> bool:
    """Add a chunk's line to what it says; False if it is none."""
    kind, rest = line[:1] or " ", line[1:]
    if kind not in "+- ":
        return False
    if kind != "+":
        old.append(rest)
    if kind != "-":
        new.append(rest)
    return True


def apply_chunks(text: str, path: str, chunks: tuple[Chunk, ...]) -> str:
    """The text with the chunks applied in order, ended by a newline; CRLF stays. Raises `BadPatch` where one fails."""
    ending = "\r\n" if "\r\n" in text else "\n"
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    for start, count, new in reversed(_replacements(lines, path, chunks)):
        lines[start : start + count] = new
    if not lines or lines[-1] != "":
        lines.append("")
    return ending.join(lines)


def _replacements(lines: list[str], path: str, chunks: tuple[Chunk, ...]) -> list[tuple[int, int, tuple[str, ...]]]:
    found: list[tuple[int, int, tuple[str, ...]]] = []
    at = 0
    for chunk in chunks:
        for context in () if chunk.context is None else (chunk.context, *chunk.below):
            above = seek(lines, (context,), at)
            if above is None:
                raise BadPatch(f"{path}: the line {context!r} behind '@@' was not found: read the file again")
            at = above + 1
        if not chunk.old:  # below the line that is named, which Codex passes over, else at the end
            is_placed = chunk.context is not None and not chunk.at_end
            found.append((at if is_placed else len(lines) - (lines[-1:] == [""]), 0, chunk.new))
            continue
        start, old, new = _place(lines, path, chunk, at)
        found.append((start, len(old), new))
        at = start + len(old)
    return sorted(found, key=lambda one: one[0])


def _place(lines: list[str], path: str, chunk: Chunk, at: int) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    old, new = chunk.old, chunk.new
    start = seek(lines, old, at, at_end=chunk.at_end)
    if start is None and old[-1] == "":  # the newline at the file's end, written as a line
        old, new = old[:-1], (new[:-1] if new and new[-1] == "" else new)
        start = seek(lines, old, at, at_end=chunk.at_end)
    if start is None:
        raise BadPatch(f"{path}: these lines were not found, read the file again:\n" + "\n".join(chunk.old))
    return start, old, new


def seek(lines: list[str], wanted: tuple[str, ...], start: int, *, at_end: bool = False) -> int | None:
    """Where the wanted lines stand at or below `start`; with `at_end` at the end only."""
    if not wanted:
        return start
    last = len(lines) - len(wanted)
    if last < 0:
        return None
    for seen in (str, str.rstrip, str.strip, _plain):
        goal = [seen(line) for line in wanted]
        for at in range(last if at_end else start, last + 1):
            if all(seen(line) == aim for line, aim in zip(lines[at:], goal, strict=False)):
                return at
    return None


def _plain(line: str) -> str:
    return line.strip().translate(PLAIN)

"""Checkpoints: states of the workspace to which a task can go back. What is remembered, and what of it is shown."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypedDict

import shim as vscode
from extensions.coder.excludes import patterns
from extensions.coder.shadow import NoCheckpoint, Shadow
from shim.proposed import backstage

__all__ = ("Checkpoint", "Checkpoints", "FileDiff", "NoCheckpoint")

TASK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
COMMIT = re.compile(r"[0-9a-f]{40}")
MOST_LISTED = 1_000
MOST_FILES = 300
"""Files of one diff."""

FILE_BYTES = 256 << 10
"""Of a larger file, a diff shows only that it changed."""

DIFF_BYTES = 4 << 20
PACK_EACH = 25
ATTRIBUTES_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A state of the workspace; `ts` is in ms since 1970."""

    checkpoint_id: str
    ts: int


class FileDiff(TypedDict):
    """One file that differs. `before` and `after` are None where it is not there, or cannot be shown: see `note`."""

    path: str
    before: str | None
    after: str | None
    diff: str
    note: str


class Checkpoints:
    """The checkpoints of a user's tasks. Every method raises `NoCheckpoint`, whose sentence says why."""

    def __init__(self) -> None:
        self._shadows: dict[str, Shadow] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._saved: dict[str, int] = {}

    async def save(self, task_id: str) -> str:
        """Remember the workspace as it is now, changed or not; gives the checkpoint's id."""
        async with self._shadow(task_id) as shadow:
            await shadow.stage()
            return await self._commit(task_id, shadow, "checkpoint")

    async def list(self, task_id: str) -> Sequence[Checkpoint]:
        """The task's checkpoints, the oldest first."""
        async with self._shadow(task_id) as shadow:
            return [Checkpoint(commit, seconds * 1000) for commit, seconds in await shadow.log(MOST_LISTED)]

    async def diff(self, task_id: str, start: str, end: str | None = None) -> Sequence[FileDiff]:
        """What changed from one checkpoint to another, or to the workspace as it is now; 300 files at most."""
        async with self._shadow(task_id) as shadow:
            await self._known(shadow, start)
            if end is None:
                await shadow.stage()
                end = await shadow.tree()
            else:
                await self._known(shadow, end)
            return await _diff(shadow, start, end)

    async def restore(self, task_id: str, checkpoint_id: str) -> str:
        """Make the workspace what it was. What it is now is remembered before: gives that checkpoint's id.

        Files that checkpoints leave out (ignored, too large) stay as they are; if one is in the way, nothing is done.
        """
        async with self._shadow(task_id) as shadow:
            await self._known(shadow, checkpoint_id)
            await shadow.stage()
            before = await self._commit(task_id, shadow, "before a restore")
            lost = await shadow.in_the_way(checkpoint_id)
            if lost:
                names = ", ".join(repr(path) for path in lost[:5])
                raise NoCheckpoint(
                    f"nothing was put back: no checkpoint holds what is at {names} and it would be lost; move it away"
                )
            await shadow.put_back(checkpoint_id)
            await self._commit(task_id, shadow, f"restored {checkpoint_id}")
            return before

    def left_out(self, task_id: str) -> dict[str, str]:
        """Which files the newest look at the workspace left out although nothing excludes them: path -> why."""
        shadow = self._shadows.get(task_id)
        return dict(shadow.left_out) if shadow is not None else {}

    def rest(self, task_id: str) -> None:
        """The task needs them for some time no more: what is known of its repository is looked up again then."""
        lock = self._locks.get(task_id)
        if lock is None or not lock.locked():
            self._shadows.pop(task_id, None)

    async def remove(self, task_id: str) -> None:
        """Forget all of the task's checkpoints."""
        async with self._locks.setdefault(_checked(task_id), asyncio.Lock()):
            self._shadows.pop(task_id, None)
            self._saved.pop(task_id, None)
            try:
                await backstage.remove(_name(task_id))
            except backstage.Failure as error:
                raise NoCheckpoint(f"the checkpoints of the task cannot be removed: {error}") from error
        self._locks.pop(task_id, None)

    @asynccontextmanager
    async def _shadow(self, task_id: str) -> AsyncIterator[Shadow]:
        """The task's repository, for the body alone."""
        async with self._locks.setdefault(_checked(task_id), asyncio.Lock()):
            try:
                place = await backstage.open(_name(task_id))
            except backstage.Failure as error:
                raise NoCheckpoint(f"checkpoints cannot be made: {error}") from error
            shadow = self._shadows.get(task_id)
            if shadow is None or shadow.place is not place:
                shadow = Shadow(place)
                refuse_too_much(place.workspace)
                await shadow.prepare(patterns(await _attributes(place.workspace)))
                self._shadows[task_id] = shadow
            try:
                yield shadow
            except BaseException:
                self._shadows.pop(task_id, None)  # git may have been ended in the middle: look after it the next time
                raise

    async def _commit(self, task_id: str, shadow: Shadow, message: str) -> str:
        commit = await shadow.commit(message)
        saved = self._saved[task_id] = self._saved.get(task_id, 0) + 1
        if saved % PACK_EACH == 0:
            await shadow.pack()
        return commit

    @staticmethod
    async def _known(shadow: Shadow, commit: str) -> None:
        if not COMMIT.fullmatch(commit) or not await shadow.has(commit):
            raise NoCheckpoint(f"the task has no checkpoint {commit[:60]!r}")


def _checked(task_id: str) -> str:
    if not TASK.fullmatch(task_id):
        raise NoCheckpoint(f"{task_id[:60]!r} is no task")
    return task_id


def _name(task_id: str) -> str:
    return f"checkpoints-{task_id}"


def refuse_too_much(workspace: str) -> None:
    """A home folder is not remembered as a whole: that would take long, and going back would undo too much."""
    home = os.environ.get("HOME", "/root").rstrip("/")
    if workspace.rstrip("/") in ("", home, *(f"{home}/{name}" for name in ("Desktop", "Documents", "Downloads"))):
        raise NoCheckpoint(f"no checkpoints are made of {workspace} as a whole: open a folder in it as the workspace")


async def _attributes(workspace: str) -> str:
    """The workspace's `.gitattributes`, as far as there is one that can be read."""
    try:
        data = await vscode.workspace.fs.read_file(vscode.Uri.file(f"{workspace}/.gitattributes"))
    except vscode.FileSystemError:
        return ""
    return data[:ATTRIBUTES_BYTES].decode("utf-8", "replace")


# -- what is shown of a difference


async def _diff(shadow: Shadow, start: str, end: str) -> list[FileDiff]:
    argv = ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--full-index", start, end]
    listed, _ = await shadow.read(argv, keep=DIFF_BYTES)
    changes = await asyncio.to_thread(_changes, listed)
    ids = list(dict.fromkeys(one for change in changes for one in change.blobs if one.strip("0")))
    contents = await _contents(shadow, ids)
    argv = ["diff-tree", "-r", "-p", "-U3", "--no-ext-diff", "--no-textconv", "--no-renames", "--full-index"]
    patch, is_whole = await shadow.read([*argv, start, end], keep=2 * DIFF_BYTES)
    return await asyncio.to_thread(_shown, changes, contents, patch, is_whole)


@dataclass(frozen=True, slots=True)
class Change:
    """A file that differs: its blobs before and after (zeros where there is none), and git's letter for it."""

    path: str
    blobs: tuple[str, str]
    state: str


def _changes(listed: bytes) -> list[Change]:
    fields = listed.decode("utf-8", "replace").split("\0")
    found: list[Change] = []
    for head, path in zip(fields[0::2], fields[1::2], strict=False):
        words = head.split(" ")
        if len(words) == 5 and len(found) < MOST_FILES:
            found.append(Change(path, (words[2], words[3]), words[4][:1]))
    return found


async def _contents(shadow: Shadow, ids: list[str]) -> dict[str, bytes]:
    """What the blobs hold, of those that are small enough, 4 MiB together."""
    said, _ = await shadow.read(["cat-file", "--batch-check"], stdin=_lines(ids), keep=DIFF_BYTES)
    wanted: list[tuple[str, int]] = []
    total = at = 0
    for line in said.decode().splitlines():
        blob, _, size = line.partition(" blob ")
        if size.isdecimal() and int(size) <= FILE_BYTES and total + int(size) <= DIFF_BYTES:
            wanted.append((blob, int(size)))
            total += int(size)
    data, _ = await shadow.read(
        ["cat-file", "--batch"], stdin=_lines([blob for blob, _ in wanted]), keep=4 * DIFF_BYTES
    )
    contents: dict[str, bytes] = {}
    for blob, length in wanted:
        at = data.index(b"\n", at) + 1
        contents[blob] = data[at : at + length]
        at += length + 1
    return contents


def _lines(ids: list[str]) -> bytes:
    return "".join(f"{one}\n" for one in ids).encode()


def _shown(changes: list[Change], contents: dict[str, bytes], patch: bytes, is_whole: bool) -> list[FileDiff]:
    """The changes with texts, and with their parts of the patch as far as that goes."""
    parts = re.split(rb"^(?=diff --git )", patch, flags=re.M)[1:]
    if not is_whole:
        parts = parts[:-1]
    shown = []
    for change in changes:
        count = 2 if change.state == "T" else 1  # what became a link, or was one, is removed and made
        part, parts = b"".join(parts[:count]), parts[count:]
        shown.append(_file(change, contents, part.decode("utf-8", "replace")))
    return shown


def _file(change: Change, contents: dict[str, bytes], part: str) -> FileDiff:
    texts = [contents.get(blob) for blob in change.blobs]
    too_large = any(text is None and blob.strip("0") for text, blob in zip(texts, change.blobs, strict=True))
    binary = any(text is not None and b"\0" in text[:8000] for text in texts)
    note = "binary" if binary else "too large" if too_large else ""
    before, after = (None if note or text is None else text.decode("utf-8", "replace") for text in texts)
    return FileDiff(path=change.path, before=before, after=after, diff="" if note else part[:FILE_BYTES], note=note)

"""The files that steer the agent, read within bounds. What a path may reach, the user's file system decides.

A link is followed in the user's own world, and no further; out of the workspace to no hidden place, where keys and
passwords are: what a repository brings along is read without asking.
"""

from __future__ import annotations

import asyncio
import posixpath
from dataclasses import dataclass

import shim as vscode
from extensions.coder.access import inside
from shim.proposed import paths

LARGEST = 128 * 1024
"""Bytes of one file that is read."""

MOST = 200
"""Files of one folder that are read."""

DEPTH = 5
"""Folders below each other, and links, that are gone through."""

PASSED_OVER = (
    ".bak", ".cache", ".crdownload", ".db", ".dmp", ".ds_store", ".dump", ".eslintcache", ".lock", ".log", ".old",
    ".part", ".partial", ".pyc", ".pyo", ".stackdump", ".swo", ".swp", ".temp", ".tmp", "~", "thumbs.db",
)  # fmt: skip
"""How names end of what editors, systems and caches leave behind."""


OURS = frozenset({".roo", ".agents"})
"""Hidden folders that are there for what steers agents."""


class NotRead(ValueError):
    """The file is not read: the sentence says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Read:
    """A file that was read; `path` is how it was reached."""

    path: str
    text: str


async def read_text(uri: vscode.Uri, largest: int = LARGEST, *, anywhere: bool = False) -> str | None:
    """The text of a file, None where there is no file to read. Raises `NotRead`.

    `anywhere`: also where a link leads to a hidden place, as no model is shown the text.
    """
    try:
        stat = await vscode.workspace.fs.stat(uri)
        if not stat.type & vscode.FileType.FILE:
            return None
        if stat.size > largest:
            raise NotRead(f"{uri.path}: has {stat.size} bytes and may have {largest}; shorten it or split it up")
        place = await paths.real(uri)
        if place.path != uri.path and not anywhere and _is_kept(uri.path, place.path):
            raise NotRead(f"{uri.path}: is a link out of the workspace to a hidden place; put a copy there instead")
        return (await vscode.workspace.fs.read_file(place)).decode("utf-8-sig", "replace").replace("\r\n", "\n")
    except (vscode.FileSystemError, paths.Failure):
        return None


def _is_kept(path: str, real: str) -> bool:
    """Whether a link leads from the workspace out of it to a hidden place: a person's own links are their affair."""
    folders = [one.uri.path for one in vscode.workspace.workspace_folders or ()]
    leads_out = any(inside(one, path) for one in folders) and not any(inside(one, real) for one in folders)
    hidden = {part for part in real.split("/") if part.startswith(".")} - {posixpath.basename(path), *OURS}
    return leads_out and bool(hidden)


async def kind_of(uri: vscode.Uri) -> vscode.FileType | None:
    """What is there: a file or a folder, links followed; None: nothing, or nothing that may be seen."""
    try:
        found = (await vscode.workspace.fs.stat(uri)).type
    except vscode.FileSystemError:
        return None
    return next((one for one in (vscode.FileType.DIRECTORY, vscode.FileType.FILE) if found & one), None)


async def entries(folder: vscode.Uri) -> list[tuple[str, vscode.FileType]]:
    """What a folder holds, by name; nothing where there is no such folder."""
    try:
        return sorted(await vscode.workspace.fs.read_directory(folder))
    except vscode.FileSystemError:
        return []


async def files_below(folder: vscode.Uri, depth: int = DEPTH) -> list[vscode.Uri]:
    """The files in a folder and its folders, in the order of their own names; `MOST` at most."""
    found = await _below(folder, depth)
    return sorted(found, key=lambda uri: (uri.path.rpartition("/")[2].lower(), uri.path))[:MOST]


async def _below(folder: vscode.Uri, depth: int) -> list[vscode.Uri]:
    found: list[vscode.Uri] = []
    for name, kind in await entries(folder):
        if len(found) >= MOST:
            break
        uri = vscode.Uri.join_path(folder, name)
        if kind & vscode.FileType.DIRECTORY:
            found += await _below(uri, depth - 1) if depth else []
        elif kind & vscode.FileType.FILE and not name.lower().endswith(PASSED_OVER):
            found.append(uri)
    return found


async def read_all(uris: list[vscode.Uri]) -> tuple[list[Read], list[str]]:
    """The texts of files that have one, side by side, and a sentence for each that is too large."""
    texts = await asyncio.gather(*(read_text(uri) for uri in uris), return_exceptions=True)
    read: list[Read] = []
    problems: list[str] = []
    for uri, text in zip(uris, texts, strict=True):
        if isinstance(text, NotRead):
            problems.append(str(text))
        elif isinstance(text, BaseException):
            raise text
        elif text is not None and text.strip():
            read.append(Read(uri.path, text.strip()))
    return read, problems

"""What is in a folder or below it, the upper levels first, without what nobody reads, up to a number of entries."""

from __future__ import annotations

import asyncio
import posixpath
from collections import deque
from dataclasses import dataclass, field

from pathspec import GitIgnoreSpec

import shim as vscode
from extensions.coder.access import inside
from extensions.coder.ignoring import spec_of
from extensions.coder.listing import APART

MOST = 200
"""Entries of a listing."""

MOST_FOLDERS = 2_000
"""Folders that one listing looks into at most."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a folder; `path` is absolute."""

    path: str
    is_folder: bool


@dataclass(slots=True)
class Listing:
    """What was found, in the order of the paths."""

    entries: list[Entry] = field(default_factory=list)
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder to look into, and the ignore files of it and those above, innermost last."""

    path: str
    ignores: tuple[tuple[str, GitIgnoreSpec], ...] = ()

    def ignores_entry(self, entry: Entry) -> bool:
        """Whether `.gitignore` leaves it out; the innermost file that speaks of it decides."""
        for base, spec in reversed(self.ignores):
            name = inside(base, entry.path)
            said = spec.check_file(f"{name}/" if entry.is_folder else name).include if name else None
            if said is not None:
                return said
        return False


async def listed(top: str, *, recursive: bool, token: vscode.CancellationToken, most: int = MOST) -> Listing:
    """What is in a folder, or anywhere below it. Raises `FileSystemError` where it cannot be listed."""
    found = Listing()
    folders = deque([await _with_ignores(Folder(top))])
    looked = 0
    while folders and not found.is_cut and not token.is_cancellation_requested:
        folder = folders.popleft()
        looked += 1
        names = await _names(folder, is_top=looked == 1)
        entries = await asyncio.to_thread(_entries, folder, names, recursive)
        for entry, is_link in entries:
            if len(found.entries) >= most:
                found.is_cut = True
                break
            found.entries.append(entry)
            if recursive and entry.is_folder and not is_link and not _is_skipped(entry.path):
                folders.append(Folder(entry.path, folder.ignores))
        if folders and looked >= MOST_FOLDERS:
            found.is_cut = True
        if folders and not found.is_cut:
            folders[0] = await _with_ignores(folders[0])
    found.entries.sort(key=lambda entry: entry.path.split("/"))
    return found


async def _names(folder: Folder, *, is_top: bool) -> list[tuple[str, vscode.FileType]]:
    try:
        return await vscode.workspace.fs.read_directory(vscode.Uri.file(folder.path))
    except vscode.FileSystemError:
        if is_top:
            raise
        return []  # it is gone, or nobody may look into it


def _entries(
    folder: Folder, names: list[tuple[str, vscode.FileType]], without_ignored: bool
) -> list[tuple[Entry, bool]]:
    """The entries of a folder, each with whether it is a link; folders first. There may be many thousands."""
    found = [
        (Entry(posixpath.join(folder.path, name), bool(kind & vscode.FileType.DIRECTORY)),
         bool(kind & vscode.FileType.SYMBOLIC_LINK))
        for name, kind in names
    ]  # fmt: skip
    kept = [one for one in found if not (without_ignored and folder.ignores_entry(one[0]))]
    return sorted(kept, key=lambda one: (not one[0].is_folder, one[0].path))


async def _with_ignores(folder: Folder) -> Folder:
    try:
        content = await vscode.workspace.fs.read_file(vscode.Uri.file(posixpath.join(folder.path, ".gitignore")))
    except vscode.FileSystemError:
        return folder
    spec = await asyncio.to_thread(lambda: spec_of(content.decode("utf-8", "replace").splitlines()))
    return Folder(folder.path, (*folder.ignores, (folder.path, spec)))


def _is_skipped(path: str) -> bool:
    name = posixpath.basename(path)
    return name in APART or name.startswith(".")

"""The files of a workspace as a model is shown them at first: the tops before the depths, and the project's own."""

from __future__ import annotations

import asyncio
import posixpath
from dataclasses import dataclass, field

from pathspec import GitIgnoreSpec

import shim as vscode
from extensions.coder.access import Access, inside
from extensions.coder.ignoring import spec_of
from extensions.coder.reading import NotRead, entries, read_text

APART = frozenset({
    "__pycache__", "bower_components", "build", "bundle", "coverage", "deps", "dist", "env", "node_modules", "out",
    "target", "temp", "tmp", "vendor", "venv", "Pods", "DerivedData",
})  # fmt: skip
"""Folders that are named and not looked into; those whose name begins with a dot besides."""

MOST_FOLDERS = 300
AT_ONCE = 8
"""Folders that are listed side by side: hundreds would begin in one turn of everybody's loop."""

LOCK = "🔒 "
"""Before a file that `.rooignore` closes."""

Names = list[tuple[str, vscode.FileType]]


@dataclass(frozen=True, slots=True)
class Listing:
    """Paths below the folder, those of folders with `/` at their end; `is_cut` says that there are more."""

    paths: list[str] = field(default_factory=list)
    is_cut: bool = False


async def listed(folder: vscode.Uri, access: Access, most: int) -> Listing:
    """What is in a folder, level by level until there are `most` paths, in the order of their names."""
    ignored = await _ignored(folder)
    paths: list[str] = []
    level = [folder]
    looked = 0
    while level and len(paths) < most and looked < MOST_FOLDERS:
        level, looked = level[: MOST_FOLDERS - looked], looked + len(level)
        names: list[Names] = []
        for at in range(0, len(level), AT_ONCE):
            names += await asyncio.gather(*map(entries, level[at : at + AT_ONCE]))
        found, level = await asyncio.to_thread(_of_level, folder.path, level, names, ignored, access)
        paths += found
    return Listing(sorted(paths[:most], key=lambda path: path.removeprefix(LOCK)), len(paths) > most or bool(level))


def _of_level(
    top: str, level: list[vscode.Uri], names: list[Names], ignored: GitIgnoreSpec, access: Access
) -> tuple[list[str], list[vscode.Uri]]:
    """What is in the folders of a level, and those below them; for threads, as each is asked of each rule."""
    paths: list[str] = []
    below: list[vscode.Uri] = []
    for parent, within in zip(level, names, strict=True):
        for name, kind in within:
            whole = posixpath.join(parent.path, name) + "/" * bool(kind & vscode.FileType.DIRECTORY)
            path = (inside(top, whole) or name) + "/" * whole.endswith("/")
            if name == ".git" or not name.isprintable() or ignored.match_file(path):
                continue  # a name of several lines would speak to the model in the machine's voice
            is_open = access.can_read(f"{whole}*" if whole.endswith("/") else whole)
            paths.append(path if is_open else LOCK + path)
            if whole.endswith("/") and is_open and not _is_apart(name, kind):
                below.append(vscode.Uri.join_path(parent, name))
    return paths, below


def _is_apart(name: str, kind: vscode.FileType) -> bool:
    return name in APART or name.startswith(".") or bool(kind & vscode.FileType.SYMBOLIC_LINK)


async def _ignored(folder: vscode.Uri) -> GitIgnoreSpec:
    try:
        text = await read_text(vscode.Uri.join_path(folder, ".gitignore"))
    except NotRead:
        text = None
    return await asyncio.to_thread(lambda: spec_of((text or "").splitlines()))

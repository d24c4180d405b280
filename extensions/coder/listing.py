"""The files of a workspace as a model is shown them at first: the tops before the depths, and the project's own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from pathspec import GitIgnoreSpec

import shim as vscode
from extensions.coder.access import Access, inside
from extensions.coder.ignoring import spec_of
from extensions.coder.reading import TooLarge, entries, read_text

APART = frozenset({
    "__pycache__", "bower_components", "build", "bundle", "coverage", "deps", "dist", "env", "node_modules", "out",
    "target", "temp", "tmp", "vendor", "venv", "Pods", "DerivedData",
})  # fmt: skip
"""Folders that are named and not looked into; those whose name begins with a dot besides."""

MOST_FOLDERS = 300
LOCK = "🔒 "
"""Before a file that `.rooignore` closes."""


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
        below: list[vscode.Uri] = []
        for parent, names in zip(level, await asyncio.gather(*map(entries, level)), strict=True):
            for name, kind in names:
                uri = vscode.Uri.join_path(parent, name)
                path = (inside(folder.path, uri.path) or name) + ("/" if kind & vscode.FileType.DIRECTORY else "")
                if name == ".git" or not name.isprintable() or ignored.match_file(path):
                    continue  # a name of several lines would speak to the model in the machine's voice
                is_open = access.can_read(f"{uri.path}/*" if path.endswith("/") else uri.path)
                paths.append(path if is_open else LOCK + path)
                if path.endswith("/") and is_open and not _is_apart(name, kind):
                    below.append(uri)
        level = below
    return Listing(sorted(paths[:most], key=lambda path: path.removeprefix(LOCK)), len(paths) > most or bool(level))


def _is_apart(name: str, kind: vscode.FileType) -> bool:
    return name in APART or name.startswith(".") or bool(kind & vscode.FileType.SYMBOLIC_LINK)


async def _ignored(folder: vscode.Uri) -> GitIgnoreSpec:
    try:
        text = await read_text(vscode.Uri.join_path(folder, ".gitignore"))
    except TooLarge:
        text = None
    return await asyncio.to_thread(lambda: spec_of((text or "").splitlines()))

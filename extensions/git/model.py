"""The repositories of one user's workspace: found where they are, and let go when they are gone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import shim as vscode
from extensions.git.originals import asked, original
from extensions.git.program import Git, GitError
from extensions.git.repository import Repository
from extensions.git.signing import Signing

MOST = 20
"""Repositories that are shown of one workspace."""

LOOKED_AT = 500
"""Folders of the workspace that are looked at for a repository."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A branch or tag: `label` is its short name."""

    name: str
    label: str
    description: str


class Voice:
    """What git says, for the output channel; one that still runs when all is disposed of has nobody left to tell."""

    def __init__(self, output: vscode.OutputChannel) -> None:
        self.is_over = False
        self._output = output

    def say(self, line: str) -> None:
        """Show a line."""
        if not self.is_over:
            self._output.append_line(line)


class Model:
    """Which repositories there are. It says how files are marked, and what they were."""

    def __init__(self) -> None:
        self.output = vscode.window.create_output_channel("Git")
        self.signing = Signing()
        self.opened = vscode.EventEmitter[Repository]()
        self.closed = vscode.EventEmitter[Repository]()
        self._changed = vscode.EventEmitter[Sequence[vscode.Uri] | None]()
        self.on_did_change_file_decorations = self._changed.event
        self._texts = vscode.EventEmitter[vscode.Uri]()
        self.on_did_change = self._texts.event
        """Fires with documents of the scheme `git` whose text may be another now."""
        self._repositories: dict[str, Repository] = {}
        self._finding = asyncio.Lock()
        self._voice = Voice(self.output)
        self._watchers = [
            vscode.workspace.create_file_system_watcher(
                vscode.RelativePattern(folder, "{.git,.git/HEAD,*/.git,*/.git/HEAD}"), ignore_change_events=True
            )
            for folder in self._folders
        ]
        for watcher in self._watchers:
            watcher.on_did_create(self._moved)
            watcher.on_did_delete(self._moved)
        self._folders_gone = [
            vscode.workspace.create_file_system_watcher(
                vscode.RelativePattern(folder, "*"), ignore_create_events=True, ignore_change_events=True
            )
            for folder in self._folders
        ]
        for watcher in self._folders_gone:
            watcher.on_did_delete(self._gone)

    def dispose(self) -> None:
        """Show nothing more."""
        self._voice.is_over = True
        vscode.Disposable.from_(*self._watchers, *self._folders_gone, *self.repositories, self.output).dispose()
        vscode.Disposable.from_(self._changed, self._texts, self.opened, self.closed).dispose()

    @property
    def _folders(self) -> list[vscode.Uri]:
        return [one.uri for one in vscode.workspace.workspace_folders or () if one.uri.scheme == "file"]

    @property
    def folder(self) -> vscode.Uri:
        """The workspace's first folder: what is made new is made there. Raises `GitError` where there is none."""
        if not self._folders:
            raise GitError("init", "error: no folder is open")
        return self._folders[0]

    @property
    def repositories(self) -> list[Repository]:
        """Those that are open, in order of their folders."""
        return [self._repositories[path] for path in sorted(self._repositories)]

    def git(self, folder: vscode.Uri) -> Git:
        """Git in a folder, whose words are in the output channel."""
        return Git(folder, self._voice.say)

    def of(self, path: str) -> Repository:
        """The innermost repository that has a path. Raises `GitError`."""
        having = [one for one in self.repositories if one.has(path)]
        if not having:
            raise GitError("status", f"fatal: not a git repository: {path[:200]}")
        return max(having, key=lambda one: len(one.root.path))

    # -- coming and going

    async def _moved(self, _: vscode.Uri) -> None:
        with suppress(GitError):  # the output channel has it
            await self.find()

    async def _gone(self, uri: vscode.Uri) -> None:
        if uri.path in self._repositories:
            await self._moved(uri)

    async def find(self) -> None:
        """Open the repositories that the workspace has by now: its folders, and those right below them."""
        async with self._finding:
            there = [path for folder in self._folders for path in await _roots(folder)]
            for path in self._repositories.keys() - set(there):
                self._close(path)
            for path in there[:MOST]:
                with suppress(GitError):  # one that is broken does not keep the others from being shown
                    await self.open(vscode.Uri.file(path))

    async def open(self, folder: vscode.Uri) -> Repository:
        """Show the repository of a folder. Raises `GitError` where that is none."""
        known = self._repositories.get(folder.path)
        if known is not None:
            return known
        said = await self.git(folder).text("rev-parse", "--is-inside-work-tree", "--show-prefix")
        inside, _, below = said.partition("\n")
        if folder.path in self._repositories:  # somebody else was faster
            return self._repositories[folder.path]
        if inside != "true" or below.strip():  # its own .git is none: git has found that of a folder above
            raise GitError("status", f"fatal: not a git repository: {folder.path[:200]}")
        repository = self._repositories[folder.path] = Repository(folder, self._voice.say)
        repository.changed.event(self._changed.fire)
        repository.moved.event(lambda _: self._reread(repository))
        with suppress(GitError):
            await repository.refresh()
        self.opened.fire(repository)
        return repository

    def _reread(self, repository: Repository) -> None:
        """What is staged or checked out is other: so may be what is open of it."""
        for document in vscode.workspace.text_documents:
            if document.uri.scheme == "git" and repository.has(document.uri.path):
                self._texts.fire(document.uri)

    def _close(self, path: str) -> None:
        repository = self._repositories.pop(path)
        repository.dispose()
        self._changed.fire(None)
        self.closed.fire(repository)

    # -- what is asked of them

    def provide_file_decoration(self, uri: vscode.Uri, token: vscode.CancellationToken) -> vscode.FileDecoration | None:
        """How a file is marked in a tree."""
        if uri.scheme != "file":
            return None
        having = [one for one in self._repositories.values() if one.has(uri.path)]
        return max(having, key=lambda one: len(one.root.path)).decoration(uri.path) if having else None

    async def provide_text_document_content(self, uri: vscode.Uri, token: vscode.CancellationToken) -> str:
        """The text of a document of the scheme `git`."""
        path, ref = asked(uri)
        repository = self.of(path)
        return await original(repository.git, repository.relative(path), ref)

    async def refs(self, repository: Repository, most: int) -> list[Ref]:
        """Branches, those of remotes and tags, the newest first."""
        form = "--format=%(refname)%00%(refname:short)%00%(objectname:short)%00%(committerdate:relative)"
        kinds = ("refs/heads", "refs/remotes", "refs/tags")
        said = await repository.git.text("for-each-ref", f"--count={most}", "--sort=-committerdate", form, *kinds)
        found = [line.split("\0") for line in said.splitlines()]
        return [
            Ref(name, label, f"{sha} {when}".strip()) for name, label, sha, when in found if not name.endswith("/HEAD")
        ]


async def _roots(folder: vscode.Uri) -> list[str]:
    """The folder, and those right in it, as far as they have `.git`."""
    try:
        names = await vscode.workspace.fs.read_directory(folder)
    except vscode.FileSystemError:
        return []
    base = folder.path.rstrip("/")
    found = [folder.path] if any(name == ".git" for name, _ in names) else []
    below = sorted(name for name, type in names if type == vscode.FileType.DIRECTORY and not name.startswith("."))
    for name in below[:LOOKED_AT]:
        with suppress(vscode.FileSystemError):
            await vscode.workspace.fs.stat(vscode.Uri.file(f"{base}/{name}/.git"))
            found.append(f"{base}/{name}")
    return found
